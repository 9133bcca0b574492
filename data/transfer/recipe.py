"""What pre-training buys, on three sets of pictures: the published tables of ``facerec transfer``, made anew.

::

    apt-get install tuxpaint-stamps-default        # GPL-2: pictures of animals, fruit and flowers, many of them drawn
    python data/transfer/recipe.py --flowers DIR --stamps /usr/share/tuxpaint/stamps --work DIR --reports reports

``--flowers`` is a folder with one folder per kind of flower; textures are made on the spot. Of each set two runs are
made: every ImageNet network that is here with probes, on few photos and many; and one network with every protocol on
all photos. Trainings take 100 to 108 steps, so that fine-tuning has its try: three minutes each on one core, some hours
in all. What is there in the work folder is gone on with.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
from pathlib import Path
from typing import Any

from facerec.networks.weight_files import names_here
from facerec.transfer.bench import run_bench
from facerec.transfer.report import write_report
from facerec.transfer.verdict import judge

STAMPS = {
    "birds": "animals/birds",
    "flowers": "plants/flowers",
    "fruit": "food/fruit",
    "insects": "animals/insects",
    "mammals": "animals/mammals",
    "vegetables": "food/vegetables",
}
"""Classes, and the folder of each below the stamps."""

LEARNED, TESTED = 60, 100
"""Flowers of each kind to learn from and choose on, and to test on: the first ones in the order of their digests."""

ONE = {
    "backbones": ("efficientnet_lite0",),
    "protocols": ("linear", "knn", "fine-tune", "lp-ft", "scratch"),
    "shots": (None,),
    "seeds": 3,
}
MANY = {"protocols": ("linear", "knn"), "seeds": 5}


def main() -> None:
    """Prepare the sets, measure each, and write the reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("flowers", "stamps", "work", "reports"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="DIR")
    parser.add_argument("--only", choices=("flowers", "stamps", "textures"), help="one set instead of all three")
    given = parser.parse_args()
    sets: dict[str, tuple[str | Path, float, int, tuple[int | None, ...]]] = {
        "flowers": (given.work / "flowers", 0.25, 13, (1, 5, 20, None)),
        "stamps": (given.work / "stamps", 0.4, 25, (1, 5, None)),  # nine vegetables to learn from
        "textures": ("made:textures", 0.25, 9, (1, 5, 20, None)),
    }
    for name, (data, test, epochs, shots) in sets.items():
        if given.only not in (None, name):
            continue
        if name == "flowers":
            prepare_flowers(given.flowers, given.work / name)
        elif name == "stamps":
            prepare_stamps(given.stamps, given.work / name)
        for kind, asked in (("-networks", MANY | {"shots": shots} | networks()), ("", ONE | {"epochs": epochs})):
            folder = given.work / f"transfer-{name}{kind}"
            bench = run_bench(data, folder, test=test, finished=tell, **asked)
            write_report(bench, judge(bench), folder, publish=True)
            publish(folder, given.reports / folder.name)


def networks() -> dict[str, Any]:
    """All of ImageNet's networks that are on this machine."""
    return {"backbones": tuple(names_here(None))}


def prepare_stamps(source: Path, target: Path) -> None:
    """Copy the stamps of six kinds into a folder for each."""
    for name, below in STAMPS.items():
        for path in sorted((source / below).rglob("*.png")):
            _copy(path, target / name / "-".join(path.relative_to(source / below).parts))


def prepare_flowers(source: Path, target: Path) -> None:
    """Copy some flowers of each kind into parts to learn from and to test on."""
    for kind in sorted(path for path in source.iterdir() if path.is_dir()):
        photos = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in kind.iterdir() if path.is_file()}
        for place, digest in enumerate(sorted(photos)[: LEARNED + TESTED]):
            part = "train" if place < LEARNED else "test"
            _copy(photos[digest], target / part / kind.name / photos[digest].name)


def publish(folder: Path, target: Path) -> None:
    """Copy what may be passed on: the report, the table, what the run was; no photo, no name of one, no cell."""
    target.mkdir(parents=True, exist_ok=True)
    for stale in target.glob("report-figure-*"):
        stale.unlink()
    for path in (*folder.glob("report*"), folder / "results.csv", folder / "run.json"):
        shutil.copyfile(path, target / path.name)


def tell(outcome: Any, labels: Any, done: int, total: int, rest: float) -> None:
    """A line for each cell."""
    accuracy = outcome.accuracy(labels).value
    print(f"{done}/{total} {outcome.cell}: {accuracy:.1%}, about {rest / 60:.0f} min to go", flush=True)


def _copy(source: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


if __name__ == "__main__":
    main()
