"""Measure the default gate on what it must refuse: makes data/quality/report.md and report.json.

Run: python data/quality/recipe.py --lfw FOLDER_OF_LFW --fairface FOLDER_OF_FAIRFACE --no-faces FOLDERS

Photos of people that the gate was not tuned on, upright and spoiled: turned, painted over, dark, blurred, noisy,
pixelated, cut through; ``--no-faces`` adds pictures without a face. With ``--tuning``: the people and paintings that
limits may be chosen by; nothing is written. Takes half an hour on one core.
"""

import argparse
import json
import platform
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import PIL.Image
import PIL.ImageFilter
from faces import JUDGING, TUNING, fairface
from numpy.typing import NDArray
from paintings import FRESH, SHOWN, Painting, Photo
from paintings import TUNING as PAINTED_TO_TUNE

from facerec import NO_GATE, Recognizer
from facerec.measure import datasets
from facerec.measure.metrics import clustered_rate
from facerec.photos import folders, reader
from facerec.quality import QualityGate, default_gate
from facerec.similarity import cosines_of_all
from facerec.types import Face, Rate

Paintings: TypeAlias = Mapping[str, Sequence[Painting]]
Numbered: TypeAlias = list[tuple[int, Face]]
"""Faces with the number of the person."""

HERE = Path(__file__).parent
DRAWS = 1_000
"""Of people, with replacement, for the interval of a ratio."""

SEED = 5


def turned(photo: Photo, degrees: int) -> Photo:
    """Counter-clockwise, nothing cut off, black beside it."""
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(photo, degrees // 90))
    image = PIL.Image.fromarray(photo)
    return np.asarray(image.rotate(degrees, expand=True, resample=PIL.Image.Resampling.BICUBIC))


def dark(photo: Photo, draw: np.random.Generator) -> Photo:
    """4 to 30 % of the light, and the noise that comes with it."""
    return np.clip(photo * draw.uniform(0.04, 0.3) + draw.normal(0, 3, photo.shape), 0, 255).astype(np.uint8)


def blurred(photo: Photo, draw: np.random.Generator) -> Photo:
    """By 1.5 to 5 pixels."""
    return np.asarray(PIL.Image.fromarray(photo).filter(PIL.ImageFilter.GaussianBlur(draw.uniform(1.5, 5))))


def noisy(photo: Photo, draw: np.random.Generator) -> Photo:
    """Noise of 10 to 50 grey levels."""
    return np.clip(photo + draw.normal(0, draw.uniform(10, 50), photo.shape), 0, 255).astype(np.uint8)


def pixelated(photo: Photo, box: NDArray[np.float32], draw: np.random.Generator) -> Photo:
    """Squares of even colour, 14 to 28 over the width of the face."""
    step = float(box[2] - box[0]) / draw.uniform(14, 28)
    height, width = photo.shape[:2]
    few = max(1, round(width / step)), max(1, round(height / step))
    small = PIL.Image.fromarray(photo).resize(few, PIL.Image.Resampling.BOX)
    return np.asarray(small.resize((width, height), PIL.Image.Resampling.NEAREST))


def cut_through(photo: Photo, box: NDArray[np.float32], draw: np.random.Generator) -> Photo:
    """A quarter to a half of the face lies outside, on one side."""
    height, width = photo.shape[:2]
    left, right = box[[0, 2]].round().astype(int).clip(0, width - 1)
    top, bottom = box[[1, 3]].round().astype(int).clip(0, height - 1)
    gone = draw.uniform(0.25, 0.5)
    across, down = round(gone * (right - left)), round(gone * (bottom - top))
    parts = [
        (slice(0, height), slice(left + across, width)),
        (slice(0, height), slice(0, max(right - across, 1))),
        (slice(top + down, height), slice(0, width)),
        (slice(0, max(bottom - down, 1)), slice(0, width)),
    ]
    return np.ascontiguousarray(photo[parts[draw.integers(4)]])


TURNS = {f"turned by {degrees}°": degrees for degrees in (60, 90, 180, 270)}
COVERED = ("mask", "dark glasses", "mask, fresh", "dark glasses, fresh")
SPOILED = (*TURNS, *COVERED, "dark", "blurred", "noisy", "pixelated", "cut through")


def spoiled(photo: Photo, face: Face, key: str, paintings: Paintings) -> Iterator[tuple[str, Photo]]:
    """A photo in every way in which photos come."""
    for name, degrees in TURNS.items():
        yield name, turned(photo, degrees)
    for name in paintings:
        draw = np.random.default_rng(zlib.crc32(f"{key} {name}".encode()))
        yield name, paintings[name][int(draw.integers(len(paintings[name])))](photo, face.points, draw)
    draw = np.random.default_rng(zlib.crc32(key.encode()))
    yield "dark", dark(photo, draw)
    yield "blurred", blurred(photo, draw)
    yield "noisy", noisy(photo, draw)
    yield "pixelated", pixelated(photo, face.box, draw)
    yield "cut through", cut_through(photo, face.box, draw)


@dataclass
class Seen:
    """The face of each photo, None where none was found, by what was done to the photo."""

    people: list[str] = field(default_factory=list)
    faces: dict[str, list[Face | None]] = field(default_factory=dict)

    def add(self, person: str, found: Mapping[str, Face | None]) -> None:
        """Those of one person."""
        self.people.append(person)
        for name, face in found.items():
            self.faces.setdefault(name, []).append(face)


def look(recognizer: Recognizer, photos: list[tuple[str, Path]], paintings: Paintings, ways: Collection[str]) -> Seen:
    """The faces of photos, one of each person, upright and in those `ways` of `SPOILED`."""
    seen = Seen()
    for number, (person, path) in enumerate(photos):
        if number % 100 == 0:
            print(f"{number} of {len(photos)} people", flush=True)
        photo = reader.read(path)
        faces = recognizer.faces(photo)
        if not len(faces):
            continue  # nothing to paint on
        upright = faces.central()
        found: dict[str, Face | None] = {"upright": upright}
        for name, each in spoiled(photo, upright, path.name, paintings) if ways else ():
            if name in ways:
                there = recognizer.faces(each)
                found[name] = there.central() if len(there) else None
        seen.add(person, found)
    return seen


@dataclass(frozen=True)
class Decided:
    """All pairs of two lists of faces that pass the gate: which of them are decided, and which match."""

    decided: NDArray[np.bool_]
    match: NDArray[np.bool_]
    people: tuple[NDArray[np.int_], NDArray[np.int_]]

    def fmr(self) -> Rate:
        """Of pairs of different people, each once."""
        first, second = np.nonzero(self._strangers())
        return clustered_rate(self.match[first, second], self.people[0][first], self.people[1][second])

    def _strangers(self) -> NDArray[np.bool_]:
        apart = self.people[0][:, None] != self.people[1][None]
        once = np.triu(apart, 1) if self.people[0] is self.people[1] else apart
        return once & self.decided

    def drawn(self, weights: NDArray[np.float64]) -> float:
        """The rate with people drawn so many times."""
        strangers = self._strangers()
        left, right = weights[self.people[0]], weights[self.people[1]]
        pairs = left @ strangers @ right
        return float(left @ (strangers & self.match) @ right / pairs) if pairs else np.nan


def decided(gate: QualityGate, threshold: float, probes: Numbered, references: Numbered) -> Decided:
    """Each of `probes` with each of `references`, as ``Recognizer.verify`` decides."""
    same = probes is references
    numbers = np.array([number for number, _ in probes], int)
    others = numbers if same else np.array([number for number, _ in references], int)
    vectors = [np.stack([face.embedding for _, face in side]) for side in (probes, references)]
    scores = cosines_of_all(*vectors)
    needed = np.zeros(scores.shape)
    for name, (least, more) in gate.margins.items():
        have = [np.array([face.measures[name] for _, face in side]) for side in (probes, references)]
        needed = np.maximum(needed, more * ~(have[0][:, None] + have[1][None] >= least))
    match = scores >= threshold + needed
    return Decided(match | (scores < threshold), match, (numbers, others))


def passing(gate: QualityGate, faces: list[Face | None]) -> Numbered:
    """Those that the gate passes."""
    return [(number, face) for number, face in enumerate(faces) if face is not None and not gate.problems(face)]


def ratio(of: Decided, to: Decided, people: int) -> tuple[float, float, float]:
    """How many times as high the first rate is, with a 95 % interval: the people of both are drawn together."""
    draw = np.random.default_rng(SEED)
    times = draw.multinomial(people, np.full(people, 1 / people), size=DRAWS).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.array([np.float64(of.drawn(each)) / to.drawn(each) for each in times])
        point = np.float64(of.drawn(np.ones(people))) / to.drawn(np.ones(people))
    low, high = np.nanpercentile(drawn, [2.5, 97.5]) if not np.isnan(drawn).all() else (np.nan, np.nan)
    return float(point), float(low), float(high)


def rows_of(gate: QualityGate, threshold: float, seen: Seen) -> list[dict[str, object]]:
    """One row per way in which photos come."""
    rows: list[dict[str, object]] = []
    upright = passing(gate, seen.faces["upright"])
    reference = decided(gate, threshold, upright, upright)
    for name, faces in seen.faces.items():
        kept = passing(gate, faces)
        row = {"photos": name, "of": len(faces), "found": sum(each is not None for each in faces), "pass": len(kept)}
        for words, others in (("both", kept), ("one", upright)):
            if name == "upright" and words == "one":
                continue
            pairs = decided(gate, threshold, kept, others) if len(kept) > 1 else None
            row[f"fmr_{words}"] = None if pairs is None else pairs.fmr().to_dict()
            row[f"ratio_{words}"] = None if pairs is None else ratio(pairs, reference, len(seen.people))
        rows.append(row)
    return rows


def mated(gate: QualityGate, threshold: float, first: Seen, second: Seen) -> list[dict[str, object]]:
    """Two photos of each person: both spoiled alike, and the first against an upright second one."""
    place = {person: number for number, person in enumerate(second.people)}
    rows = []
    for name in second.faces:
        for words, way in (("both", name), ("one", "upright")):
            count = {"match": 0, "no match": 0, "undecided": 0}
            for number, person in enumerate(first.people):
                if person not in place:
                    continue
                probe, reference = first.faces[name][number], second.faces[way][place[person]]
                if probe is None or reference is None:
                    count["undecided"] += 1
                    continue
                score = float(cosines_of_all(probe.embedding[None], reference.embedding[None])[0, 0])
                if gate.pair_problems(probe, reference, above=score - threshold):
                    count["undecided"] += 1
                else:
                    count["match" if score >= threshold else "no match"] += 1
            rows.append({"photos": name, "spoiled": words, **count})
    return rows


def refused(gate: QualityGate, faces: list[Face], groups: pd.DataFrame) -> list[dict[str, object]]:
    """How many of each group the gate holds back, and how many it does not enroll."""
    held = {
        "not_decided": np.array([bool(gate.problems(each)) for each in faces]),
        "not_enrolled": np.array([bool(gate.enrollment_problems(each)) for each in faces]),
    }
    rows: list[dict[str, object]] = []
    for by in groups.columns:
        for group, inside in groups.groupby(by).indices.items():
            rates = {what: Rate(int(flags[inside].sum()), len(inside)).to_dict() for what, flags in held.items()}
            rows.append({"by": by, "group": str(group), **rates})
    return rows


def said(rate: Mapping[str, Any] | None) -> str:
    """A rate in per cent with its interval."""
    if rate is None or rate["value"] is None:
        return "none"
    return f"{100 * rate['value']:.2f} [{100 * rate['low']:.2f}, {100 * rate['high']:.2f}]"


def times(found: tuple[float, float, float] | None) -> str:
    """A ratio with its interval."""
    return "" if found is None or np.isnan(found[0]) else f"{found[0]:.1f} [{found[1]:.1f}, {found[2]:.1f}]"


def markdown(report: Mapping[str, Any]) -> str:
    """The tables."""
    lines = [
        "# What the default gate holds back",
        "",
        f"Gate: `{report['gate']}`; threshold {report['threshold']:.4f}.",
        "",
        f"Command: `{report['command']}`",
        "",
        "Rates in per cent with 95 % intervals that know that pairs share people; ratios to upright photos of the same",
        "people, by 1,000 draws of people. *Both*: two photos spoiled alike; *one*: a spoiled photo against an upright",
        "one. FMR is of decided pairs of strangers. *Fresh* masks and glasses were drawn when the gate was finished,",
        "the others were looked at while the margins were chosen; limits of single faces were tuned on other drawings.",
    ]
    for name, rows in report["spoiled"].items():
        lines += ["", f"## {name}", ""]
        lines += ["| photos | found | pass | FMR, both | times upright | FMR, one | times upright |", "|---" * 7 + "|"]
        lines += [
            f"| {r['photos']} | {r['found']} of {r['of']} | {r['pass']} | {said(r.get('fmr_both'))} | "
            f"{times(r.get('ratio_both'))} | {said(r.get('fmr_one'))} | {times(r.get('ratio_one'))} |"
            for r in rows
        ]
    lines += ["", "## Two photos of one person (LFW)", ""]
    lines += ["| photos | spoiled | match | no match | undecided |", "|---|---|---|---|---|"]
    for r in report["mated"]:
        n = r["match"] + r["no match"] + r["undecided"]
        share = 100 * r["undecided"] / n
        lines.append(f"| {r['photos']} | {r['spoiled']} | {r['match']} of {n} | {r['no match']} | {share:.0f} % |")
    for name, rows in report["refused"].items():
        lines += ["", f"## Upright photos that are held back, by group: {name}", ""]
        lines += ["| by | group | photos | not decided, % | not enrolled, % |", "|---|---|---|---|---|"]
        for r in rows:
            rates = f"{r['not_decided']['trials']} | {said(r['not_decided'])} | {said(r['not_enrolled'])}"
            lines.append(f"| {r['by']} | {r['group']} | {rates} |")
    if (empty := report["no_faces"]) is not None:
        told = f"{empty['pictures']} pictures: {empty['found']} with a face found, {empty['passed']} passed the gate."
        lines += ["", "## Pictures without a face", "", told]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lfw", type=Path, required=True, help="the folder of LFW")
    parser.add_argument("--fairface", type=Path, required=True, help="the folder of FairFace's validation photos")
    parser.add_argument("--no-faces", type=Path, nargs="+", default=[], help="folders of pictures without a face")
    parser.add_argument("--people", type=int, default=250, help="of each data set, whose photos are spoiled")
    parser.add_argument("--tuning", action="store_true", help="the people and paintings to tune on; nothing is written")
    given = parser.parse_args()
    recognizer = Recognizer(device="cpu", gate=NO_GATE)
    gate = default_gate(recognizer.matcher)
    threshold = recognizer.operating_point().threshold
    paintings = dict(PAINTED_TO_TUNE if given.tuning else SHOWN)
    if not given.tuning:
        paintings |= {f"{name}, fresh": each for name, each in FRESH.items()}

    pairs = datasets.lfw(given.lfw)
    columns = {side: [f"{side}_{what}" for what in ("image", "subject", "gender")] for side in ("probe", "reference")}
    sides = [pairs[names].set_axis(["image", "person", "gender"], axis=1) for names in columns.values()]
    lfw = pd.concat(sides).drop_duplicates("image").sort_values("image", ignore_index=True)
    several = lfw.groupby("person").image.apply(list)
    several = several[several.map(len) >= 2].sample(frac=1, random_state=SEED)
    several = several.iloc[: given.people] if given.tuning else several.iloc[len(several) // 2 :][: given.people]
    faces = fairface(given.fairface, TUNING if given.tuning else JUDGING)

    lfw_photos = [
        [(str(person), given.lfw / images[number]) for person, images in several.items()] for number in (0, 1)
    ]
    fairface_photos = [(name, given.fairface / name) for name in faces["file"]]
    others = lfw.sample(2_000, random_state=SEED)
    seen = {
        "LFW": look(recognizer, lfw_photos[0], paintings, SPOILED),
        "FairFace": look(recognizer, fairface_photos[: given.people], paintings, SPOILED),
    }
    second = look(recognizer, lfw_photos[1], paintings, COVERED)
    upright = {
        "LFW": look(recognizer, [(image, given.lfw / image) for image in others["image"]], {}, ()),
        "FairFace": look(recognizer, fairface_photos, {}, ()),
    }
    groups = {
        "LFW": others.set_index("image")[["gender"]],
        "FairFace": faces.set_index("file")[["race", "age", "gender"]],
    }
    empty = {"pictures": 0, "found": 0, "passed": 0}
    for path in folders.find_photos(given.no_faces).photos if given.no_faces else ():
        found = recognizer.faces(path)
        empty["pictures"] += 1
        empty["found"] += bool(len(found))
        empty["passed"] += any(not gate.problems(face) for face in found)
    report = {
        "command": "python data/quality/recipe.py --lfw FOLDER_OF_LFW --fairface FOLDER_OF_FAIRFACE --no-faces FOLDERS",
        "gate": gate.name,
        "threshold": threshold,
        "matcher": recognizer.matcher.to_dict(),
        "versions": {name: version(name) for name in ("facerec", "torch", "numpy", "pillow")},
        "python": platform.python_version(),
        "spoiled": {name: rows_of(gate, threshold, each) for name, each in seen.items()},
        "mated": mated(gate, threshold, seen["LFW"], second),
        "refused": {
            name: refused(
                gate,
                [face for face in each.faces["upright"] if face is not None],
                groups[name].loc[each.people].assign(all="everybody"),
            )
            for name, each in upright.items()
        },
        "no_faces": empty if given.no_faces else None,
    }
    text = markdown(report)
    print(text)
    if not given.tuning:
        (HERE / "report.md").write_text(text, encoding="utf-8")
        (HERE / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
