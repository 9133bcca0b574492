"""Count scores by group for the threshold slider: no photo, no name, only how many pairs fall into which bin.

Run: python docs/lecture/score_histograms.py --fairface FOLDER --work FOLDER

FairFace shows strangers only, so that its groups have non-mated pairs and no mated ones; LFW's official pairs, whose
scores stand in data/lfw/scores.csv, have both, by gender. Vectors are kept in the work folder and read again; the first
run takes a quarter of an hour. The counts go to score_histograms.json beside this file and into the interactive page.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LOW, HIGH, BINS = 0.6, 1.0, 400
"""Cosines below LOW count in the first bin: no threshold lies there."""
STRANGERS = (
    "Strangers of one race. FairFace has no second photo of anybody, so no mated pairs and no FNMR by group: the FNMR "
    "shown is LFW's, of everybody."
)
PAIRS = "Pairs of LFW's official 6,000; non-mated pairs of one gender. Few of women: look at the counts."


def histogram(scores: np.ndarray) -> list[int]:
    """Pairs per bin; a score belongs to the bin whose lower edge it reaches, as a match reaches a threshold.

    A pair without a score (no face found, or refused by the gate) can match at no threshold: it is in the first bin.
    """
    edges = np.linspace(LOW, HIGH, BINS + 1)
    places = np.clip(np.searchsorted(edges, np.nan_to_num(scores, nan=-1.0), side="right") - 1, 0, BINS - 1)
    return np.bincount(places, minlength=BINS).tolist()


def fairface_vectors(folder: Path, images: list[str], kept: Path) -> np.ndarray:
    """Vectors of the default pipeline, NaN where no face is found or the gate refuses it."""
    if kept.is_file():
        return np.load(kept)
    from facerec import Recognizer

    recognizer = Recognizer(device="cpu")
    vectors = np.full((len(images), 128), np.nan, np.float32)
    for place, image in enumerate(images):
        if place % 250 == 0:
            print(f"{place} of {len(images)} photos", flush=True)
        faces = recognizer.faces(folder / image)
        if not len(faces):
            continue
        face = faces[faces.detections.choose("largest")]
        if not recognizer.gate.problems(face):
            vectors[place] = face.embedding
    np.save(kept, vectors)
    return vectors


def by_race(folder: Path, work: Path) -> Iterator[tuple[str, list[int]]]:
    """Non-mated scores of FairFace within each race; every photo counts as another person."""
    labels = pd.read_csv(folder / "fairface_label_val.csv")
    vectors = fairface_vectors(folder, labels["file"].tolist(), work / "fairface.npy")
    for race in sorted(labels["race"].unique()):
        own = vectors[(labels["race"] == race).to_numpy()].astype(np.float64)
        own = own[~np.isnan(own).any(axis=1)]
        own /= np.linalg.norm(own, axis=1, keepdims=True)
        yield race.replace("_", " "), histogram((own @ own.T)[np.triu_indices(len(own), 1)])


def main() -> None:
    """Count, and write the counts beside this file and into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fairface", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    given = parser.parse_args()
    pairs = pd.read_csv(ROOT / "data/lfw/scores.csv")
    mated, strangers = (pairs[pairs["genuine"] == kind] for kind in (True, False))
    one_gender = strangers[strangers["probe_gender"] == strangers["reference_gender"]]

    def of(pairs: pd.DataFrame, gender: str) -> list[int]:
        return histogram(pairs.loc[pairs["probe_gender"] == gender, "score"].to_numpy())

    of_lfw = [
        {"name": gender, "non_mated": of(one_gender, gender), "mated": of(mated, gender)}
        for gender in sorted(pairs["probe_gender"].dropna().unique())
    ]
    races = [{"name": name, "non_mated": each, "mated": None} for name, each in by_race(given.fairface, given.work)]
    everybody = histogram(mated["score"].to_numpy())
    found = {
        "low": LOW,
        "high": HIGH,
        "sets": [
            {"name": "FairFace, by race", "note": STRANGERS, "groups": races, "mated_of_all": everybody},
            {"name": "LFW, by gender", "note": PAIRS, "groups": of_lfw, "mated_of_all": everybody},
        ],
    }
    text = json.dumps(found, separators=(",", ":"))
    (HERE / "score_histograms.json").write_text(text + "\n", encoding="utf-8")
    page = HERE / "interactive.html"
    if page.is_file():
        marked = re.compile(r'(<script type="application/json" id="scores">).*?(</script>)', re.DOTALL)
        html = marked.sub(lambda found: found[1] + text + found[2], page.read_text(encoding="utf-8"))
        page.write_text(html, encoding="utf-8")


if __name__ == "__main__":
    main()
