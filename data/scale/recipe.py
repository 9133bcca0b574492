"""What photos, pairs, people and probes cost by their number, and what ten million photos and a billion pairs would.

    python data/scale/recipe.py --lfw FOLDER_OF_LFW [--quick]

Each size is measured in a process of its own, processor seconds and memory at the peak; a straight line through the
sizes gives the cost of each more, and what is beyond the measured is said to be so. Writes ``reports/scale``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "reports" / "scale"
DIMENSION, GROUPS = 128, 4


class Kind(NamedTuple):
    """Something that is counted: its sizes, and how many there may be one day."""

    what: str
    unit: str
    sizes: tuple[int, ...]
    quick: tuple[int, ...]
    one_day: int
    breaks: str


KINDS = {
    "photos": Kind(
        "photos to vectors, one process on one core",
        "photos",
        (100, 200, 400),
        (20, 40),
        10_000_000,
        "Time. Photos are independent: cores, machines and GPUs divide it; the disks that hold them come next.",
    ),
    "table": Kind(
        "an audit of pairs from Parquet in one pass, one grouping of four",
        "pairs",
        (1_000_000, 4_000_000, 16_000_000),
        (200_000, 400_000),
        1_000_000_000,
        "The disk that holds the table; memory grows with people and groups only.",
    ),
    "all-pairs": Kind(
        "all pairs of photos counted by group, errors of people at a threshold",
        "pairs",
        (5_000, 10_000, 20_000, 40_000),
        (1_000, 2_000),
        1_250_000_000,
        "Time: pairs are the square of photos, so ten million photos are 5 × 10¹³ pairs. Sample people, not pairs.",
    ),
    "people": Kind(
        "a thousand probes searched among people, exactly, one core",
        "people",
        (100_000, 300_000, 1_000_000),
        (10_000, 20_000),
        10_000_000,
        "Memory of each replica; half of it with rows of 16 bits, which are the default from 500,000 vectors on.",
    ),
}


def photos(size: int, lfw: Path) -> int:
    """Photos of LFW through the default pipeline."""
    from facerec.device import threads_per_network
    from facerec.recognizer import Recognizer

    found = sorted(lfw.rglob("*.jpg"))[: 10 * size : 10]
    with threads_per_network(1):
        recognizer = Recognizer(device="cpu")
        recognizer.faces(found[0])
        begin()
        for _ in recognizer.stream(found):
            pass
    return len(found)


def table(size: int, _: Path) -> int:
    """A made table, written and then audited."""
    sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
    from streaming_benchmark import THRESHOLD, write

    from audits.verification.streamed import Tables, audit_summed, sum_tables

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.parquet"
        write(path, size)
        begin(bytes_each=path.stat().st_size / size)
        audit_summed(sum_tables(Tables([path]), by=["race"], at=THRESHOLD))
    return size


def all_pairs(size: int, _: Path) -> int:
    """Made vectors of two photos a person."""
    sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
    from all_pairs_benchmark import made

    from facerec.measure.all_pairs.counts import Count
    from facerec.measure.all_pairs.running import count_pairs

    of_people = made(size)
    strangers = of_people.vectors[:1000] @ of_people.vectors[-1000:].T
    begin(bytes_each=4 * DIMENSION)
    count_pairs(of_people, Count((float(np.quantile(strangers, 0.999)),)), processes=1)
    return size * (size - 1) // 2


def people(size: int, _: Path) -> int:
    """Made vectors, one photo a person."""
    from threadpoolctl import threadpool_limits

    from facerec.gallery.matching import NEVER, SearchIndex

    rng = np.random.default_rng(0)
    index = SearchIndex(DIMENSION)
    for start in range(0, size, 8192):
        count = min(8192, size - start)
        vectors = rng.standard_normal((count, DIMENSION), dtype=np.float32) * 0.4 + 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        index.add(vectors, np.arange(start, start + count), np.full(count, NEVER, np.int32))
    probes = rng.standard_normal((1000, DIMENSION), dtype=np.float32) * 0.4 + 1
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    begin(bytes_each=4 * DIMENSION)
    with threadpool_limits(1):
        index.search(probes, top=5, today=1)
    return size


MEASURE: dict[str, Callable[[int, Path], int]] = {
    "photos": photos,
    "table": table,
    "all-pairs": all_pairs,
    "people": people,
}
_begun: dict[str, float] = {}


def begin(*, bytes_each: float = 0.0) -> None:
    """What came before is made ready and not measured."""
    _begun.update(clock=time.perf_counter(), processor=_processor(), bytes_each=bytes_each)


def _processor() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def one(kind: str, size: int, lfw: Path) -> dict[str, float]:
    """One size, in this process."""
    count = MEASURE[kind](size, lfw)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "count": count,
        "processor": _processor() - _begun["processor"],
        "clock": time.perf_counter() - _begun["clock"],
        "peak_mb": peak / 1024,
        "bytes_each": _begun["bytes_each"],
    }


def page(found: dict[str, list[dict[str, float]]]) -> Iterator[str]:
    """The page's lines."""
    yield "# What scale costs\n"
    yield (
        f"Measured on {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}; seconds of the "
        "processor, since the machine was shared. What is beyond the largest measured size is a straight line through "
        "the sizes, **not measured**. Made by `python data/scale/recipe.py`.\n"
    )
    yield "| what | measured up to | processor seconds for each million | one day | hours of one core | GB |"
    yield "|---|---:|---:|---:|---:|---|"
    for name, rows in found.items():
        kind = KINDS[name]
        slope, fixed = line(rows)
        hours = (slope * kind.one_day + fixed) / 3600
        size = rows[-1]["bytes_each"] * (kind.one_day if name != "all-pairs" else (2 * kind.one_day) ** 0.5) / 1e9
        room = {"photos": "–", "table": f"{size:,.1f} on disk"}.get(name, f"{size:,.2f} of vectors in memory")
        yield (
            f"| {kind.what} | {rows[-1]['count']:,.0f} {kind.unit} | {1e6 * slope:,.3g} | "
            f"{kind.one_day:,} {kind.unit} | {hours:,.3g} | {room} |"
        )
    yield "\n## What would break first\n"
    for name in found:
        yield f"- **{KINDS[name].what}**: {KINDS[name].breaks}"
    yield "\n## Every measurement\n"
    yield "| what | number | processor seconds | seconds by the clock | MB at the peak |\n|---|---:|---:|---:|---:|"
    for name, rows in found.items():
        for row in rows:
            times = f"{row['processor']:,.2f} | {row['clock']:,.2f}"
            yield f"| {name} | {row['count']:,.0f} | {times} | {row['peak_mb']:,.0f} |"


def line(rows: list[dict[str, float]]) -> tuple[float, float]:
    """Processor seconds for one more, and before the first, by least squares of relative errors."""
    count, seconds = (np.array([row[name] for row in rows]) for name in ("count", "processor"))
    design = np.stack([count, np.ones(len(rows))], axis=1) / seconds[:, None]
    slope, fixed = np.linalg.lstsq(design, np.ones(len(rows)), rcond=None)[0]
    return float(slope), max(float(fixed), 0.0)


def main() -> None:
    """Measure all, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lfw", type=Path, required=True, help="the folder of LFW")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the recipe")
    parser.add_argument("--out", type=Path, default=REPORT)
    parser.add_argument("--one", nargs=2, metavar=("KIND", "SIZE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(one(asked.one[0], int(asked.one[1]), asked.lfw)))
        return
    found: dict[str, list[dict[str, float]]] = {}
    for name, kind in KINDS.items():
        for size in kind.quick if asked.quick else kind.sizes:
            command = [sys.executable, __file__, "--lfw", str(asked.lfw), "--one", name, str(size)]
            done = subprocess.run(
                command, stdout=subprocess.PIPE, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
            )
            found.setdefault(name, []).append(json.loads(done.stdout))
            print(name, size, f"{found[name][-1]['processor']:.1f} s", flush=True)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "report.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (asked.out / "report.md").write_text("\n".join(page(found)) + "\n", encoding="utf-8")
    print(asked.out / "report.md")


if __name__ == "__main__":
    main()
