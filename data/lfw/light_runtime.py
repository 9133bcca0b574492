"""LFW's 6,000 official pairs, decided with torch and with a runtime's graphs: every decision that differs, listed.

    facerec export dlib-resnet --runtime RUNTIME
    python data/lfw/light_runtime.py --data FOLDER_OF_LFW --runtime RUNTIME

Writes ``reports/light-runtime``: pairs by their numbers in ``pairs.txt``, from 1, and nobody's name.
"""

import argparse
import json
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from facerec import similarity
from facerec.device import threads_per_network
from facerec.errors import ImageError
from facerec.gallery.decide import decide
from facerec.measure import datasets
from facerec.recognizer import Recognizer
from facerec.types import Face, OperatingPoint

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "reports" / "light-runtime"
TARGETS = (1e-2, 1e-3, 1e-4)
MOST_CHIPS = 256
OTHERWISE = 0.05  # of a chip's pixels: where more of them differ, it was cut elsewhere and not only rounded


class Decided(NamedTuple):
    """What was said of a pair: "no face" where one of its photos has none."""

    score: float | None
    decision: str


class Differing(NamedTuple):
    """A pair on which the two do not agree at a target."""

    pair: int
    same_person: bool
    target: float
    torch: Decided
    light: Decided


def faces_of(recognizer: Recognizer, images: list[str], root: Path) -> tuple[dict[str, Face | None], float]:
    """The central face of each photo, ``None`` where there is none, and the processor seconds that they took."""
    started = time.process_time()
    found: dict[str, Face | None] = {}
    streamed = recognizer.stream((root / image for image in images), choice="central")
    for image, faces in zip(images, streamed, strict=True):
        if isinstance(faces, ImageError):
            raise faces
        found[image] = faces[0] if len(faces) else None
        if len(found) % 1000 == 0:
            print(f"{len(found)} of {len(images)} photos", flush=True)
    return found, time.process_time() - started


def decided(first: Face | None, second: Face | None, recognizer: Recognizer, point: OperatingPoint) -> Decided:
    """As ``Recognizer.verify`` decides."""
    if first is None or second is None:
        return Decided(None, "no face")
    score = similarity.cosine(first.embedding, second.embedding)
    problems = recognizer.gate.pair_problems(first, second, above=score - point.threshold)
    return Decided(score, decide(score, point, problems))


def differences(faces: dict[str, Face | None], others: dict[str, Face | None], of: str) -> np.ndarray:
    """The largest difference of an array of each face that both found, (n,)."""
    both = [(mine, others[image]) for image, mine in faces.items() if mine is not None and others[image] is not None]
    return np.array([float(abs(getattr(mine, of) - getattr(other, of)).max()) for mine, other in both])


def pixels_apart(faces: dict[str, Face | None], others: dict[str, Face | None]) -> np.ndarray:
    """The share of its chip's pixels in which each face that both found differs, (n,)."""
    both = [(mine, others[image]) for image, mine in faces.items() if mine is not None and others[image] is not None]
    return np.array([(mine.chip != other.chip).any(axis=-1).mean() for mine, other in both])


def on_equal_chips(faces: dict[str, Face | None], light: Recognizer) -> float:
    """The largest difference of a number of a vector, where both embed the chips that torch's detector led to."""
    found = [face for face in faces.values() if face is not None]
    furthest = 0.0
    for first in range(0, len(found), MOST_CHIPS):
        part = found[first : first + MOST_CHIPS]
        vectors = light.embedder(np.stack([face.chip for face in part if face.chip is not None]))
        furthest = max(furthest, float(abs(vectors - np.stack([face.embedding for face in part])).max()))
    return furthest


def told(each: Decided) -> str:
    """For a cell."""
    return each.decision if each.score is None else f"{each.decision}, {each.score:.6f}"


def report(facts: dict[str, object], differing: list[Differing]) -> Iterator[str]:
    """The page's lines."""
    yield "# The light runtime on LFW\n"
    yield (
        f"{facts['pairs']:,} official pairs of {facts['photos']:,} photos, decided by `dlib-resnet` at its shipped "
        f"operating points, with torch {facts['torch']} and with {facts['light']}, on {facts['machine']}. Made by "
        "`python data/lfw/light_runtime.py`.\n"
    )
    yield f"**{facts['differing']} of {facts['decisions']:,} decisions differ** ({len(TARGETS)} targets).\n"
    yield (
        "Where the detector's points differ in their last bits, a pixel that the landmark trees look at can be its "
        f"neighbour, and the chip is cut otherwise from there on: in {facts['cut_otherwise']:.1%} of the photos more "
        f"than {OTHERWISE:.0%} of its pixels differ, in the others {facts['pixels_rounded_otherwise']:.2%} in the "
        "median, by rounding. That is behind every difference: equal chips give equal vectors.\n"
    )
    yield "| | |\n|---|---|"
    yield f"| photos in which one finds a face and the other none | {facts['found_by_one']} |"
    yield f"| a number of a vector, on equal chips, at most | {facts['vectors_on_equal_chips']:.1e} |"
    for name in ("box", "points", "vector"):
        median, most = facts[name]  # type: ignore[misc]
        unit = "" if name == "vector" else " pixels"
        yield f"| {name} of a face, from photo to end: median, largest difference | {median:.1e}, {most:.1e}{unit} |"
    median, most = facts["scores"]  # type: ignore[misc]
    yield f"| score of a pair: median, largest difference | {median:.1e}, {most:.1e} |"
    yield f"| processor seconds, light over torch | {facts['time_ratio']:.2f} |"
    yield "\n## Decisions that differ\n"
    if not differing:
        yield "None."
        return
    yield "| pair | same person | target FMR | torch | light |\n|---|---|---|---|---|"
    for each in differing:
        same = "yes" if each.same_person else "no"
        yield f"| {each.pair} | {same} | {each.target:g} | {told(each.torch)} | {told(each.light)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of LFW")
    parser.add_argument("--runtime", type=Path, required=True, help="made by facerec export dlib-resnet --runtime")
    options = parser.parse_args()
    pairs = datasets.lfw(options.data)
    images = sorted({*pairs["probe_image"], *pairs["reference_image"]})
    heavy, light = Recognizer(device="cpu", workers=2), Recognizer(runtime=options.runtime, workers=2)
    if heavy.matcher != light.matcher:
        message = f"{light.matcher} is not {heavy.matcher}"
        raise SystemExit(message)
    with threads_per_network(1):
        faces, seconds = faces_of(heavy, images, options.data)
    others, light_seconds = faces_of(light, images, options.data)

    differing, scores = [], []
    rows = list(zip(pairs["probe_image"], pairs["reference_image"], pairs["genuine"], strict=True))
    for target in TARGETS:
        point = heavy.operating_point(target)
        for number, (probe, reference, genuine) in enumerate(rows, 1):
            one = decided(faces[probe], faces[reference], heavy, point)
            other = decided(others[probe], others[reference], light, point)
            if one.decision != other.decision:
                differing.append(Differing(number, bool(genuine), target, one, other))
            if one.score is not None and other.score is not None:
                scores.append(abs(one.score - other.score))
    apart = {of: differences(faces, others, of) for of in ("box", "points", "embedding")}
    pixels = pixels_apart(faces, others)
    summary = {of: (float(np.median(each)), float(each.max())) for of, each in apart.items()}
    facts: dict[str, object] = {
        "pairs": len(rows),
        "photos": len(images),
        "decisions": len(rows) * len(TARGETS),
        "differing": len(differing),
        "found_by_one": sum((faces[image] is None) != (others[image] is None) for image in images),
        "cut_otherwise": float((pixels > OTHERWISE).mean()),
        "pixels_rounded_otherwise": float(np.median(pixels[pixels <= OTHERWISE])),
        "vectors_on_equal_chips": on_equal_chips(faces, light),
        "box": summary["box"],
        "points": summary["points"],
        "vector": summary["embedding"],
        "scores": (float(np.median(scores)), max(scores)),
        "time_ratio": light_seconds / seconds,
        "torch": torch.__version__,
        "light": light.runtime,
        "matcher": light.matcher.to_dict(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}",
    }
    REPORT.mkdir(parents=True, exist_ok=True)
    listed = [
        {"pair": e.pair, "same_person": e.same_person, "target": e.target}
        | {"torch": e.torch._asdict(), "light": e.light._asdict()}
        for e in differing
    ]
    text = json.dumps({**facts, "decisions_that_differ": listed}, indent=2) + "\n"
    (REPORT / "report.json").write_text(text, encoding="utf-8")
    (REPORT / "report.md").write_text("\n".join(report(facts, differing)) + "\n", encoding="utf-8")
    print(REPORT / "report.md")


if __name__ == "__main__":
    main()
