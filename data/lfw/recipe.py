"""Measure the default pipeline on LFW: makes data/lfw/scores.csv, data/calibration/lfw.json and reports/lfw.

Run: python data/lfw/recipe.py --data FOLDER_OF_LFW      (or: make lfw DATA=FOLDER_OF_LFW)

With --detector blazeface it makes data/calibration/lfw-blazeface.json and reports/lfw-blazeface in their place.

Takes a few minutes on two cores. Needs LFW's photos (deep-funneled, 250 x 250), pairs.txt and, for the table by
gender, the manual lists; see README.md beside this file.
"""

import argparse
import hashlib
import json
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from page import GenderRow, lfw_page

from facerec import Recognizer
from facerec.detect.load import DEFAULT, detector_names
from facerec.measure import datasets, tables
from facerec.measure.evaluation import evaluate_scores
from facerec.measure.metrics import clustered_rate
from facerec.measure.operating_points import calibrate_all_pairs
from facerec.measure.photo_vectors import PhotoVectors
from facerec.points import write_points
from facerec.reporting import write
from facerec.similarity import cosines_of_all
from facerec.types import OperatingPoint, Rate

ROOT = Path(__file__).parents[2]
TARGETS = (1e-2, 1e-3, 1e-4)
# Published, so that every run gives the same pseudonyms. They keep names out of the table; whoever has LFW can undo
# them, as the public list of pairs would allow with any key.
PSEUDONYM_KEY = b"facerec/data/lfw"


def genders(pairs: pd.DataFrame) -> dict[str, str]:
    """Photo → gender in the manual lists, empty where they do not say."""
    sides = [
        pairs[[f"{side}_image", f"{side}_gender"]].set_axis(["image", "gender"], axis=1)
        for side in ("probe", "reference")
    ]
    return pd.concat(sides).drop_duplicates("image").set_index("image")["gender"].to_dict()


def by_gender(stack: np.ndarray, people: np.ndarray, gender: np.ndarray, point: OperatingPoint) -> list[GenderRow]:
    """Error rates of all pairs of photos of women, of men, and of one of each, at an operating point."""
    rows = []
    for name, first, second in (
        ("women", "female", "female"),
        ("men", "male", "male"),
        ("a woman and a man", "female", "male"),
    ):
        a, b = np.flatnonzero(gender == first), np.flatnonzero(gender == second)
        accepted = cosines_of_all(stack[a], stack[b]) >= point.threshold
        left = np.broadcast_to(people[a][:, None], accepted.shape)
        right = np.broadcast_to(people[b], accepted.shape)
        once = np.triu(np.ones_like(accepted), 1) if first == second else np.ones_like(accepted)
        genuine, impostor = once & (left == right), once & (left != right)
        fmr = clustered_rate(accepted[impostor], left[impostor], right[impostor])
        fnmr = Rate(0, 0)  # nobody is in both lists
        if first == second:
            fnmr = clustered_rate(~accepted[genuine], left[genuine], right[genuine])
        rows.append(GenderRow(name, point.target_fmr, fmr, fnmr))
    return rows


def said(done: int, photos: int) -> None:
    """A line now and then."""
    if done % 500 == 0:
        print(f"{done} of {photos} photos", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of LFW")
    parser.add_argument("--detector", choices=detector_names(), default=DEFAULT, help="what finds the faces")
    options = parser.parse_args()
    root, is_default = options.data, options.detector == DEFAULT
    made = "lfw" if is_default else f"lfw-{options.detector}"
    asked = "" if is_default else f" --detector {options.detector}"
    report = ROOT / "reports" / made
    pairs = datasets.lfw(root)
    recognizer = Recognizer(device="cpu", workers=2, detector=options.detector)
    images = sorted({*pairs["probe_image"], *pairs["reference_image"]})
    started = time.perf_counter()
    # LFW's photos were cut around the face of the person that they are named after.
    photos = PhotoVectors(recognizer, images, root, "central", progress=said)
    vectors = dict(photos)
    failures = photos.failures
    per_second = len(images) / (time.perf_counter() - started)

    scored = tables.score_vectors(pairs, vectors, matcher=recognizer.matcher, failures=failures.words)
    table = tables.pseudonymise(scored, key=PSEUDONYM_KEY)
    if is_default:
        tables.write(table, ROOT / "data/lfw/scores.csv")

    found = [image for image in images if vectors[image] is not None]
    stack = np.stack([vectors[image] for image in found])
    names = [image.split("/")[-2] for image in found]
    people = np.unique(names, return_inverse=True)[1].astype(np.int32)
    gender_of = genders(pairs)
    gender = np.array([gender_of.get(image, "") for image in found])
    women, men = int((gender == "female").sum()), int((gender == "male").sum())
    same = (women * (women - 1) + men * (men - 1)) / ((women + men) * (women + men - 1))
    points = calibrate_all_pairs(
        stack,
        names,
        TARGETS,
        data_set=f"LFW, all pairs of {len(found):,} photos ({same:.0%} of one gender)",
        matcher=recognizer.matcher,
        refused=Rate(len(failures.refused), len(images) - len(failures.unreadable) - len(failures.without_face)),
    )
    write_points(points, ROOT / f"data/calibration/{made}.json")

    rows = [row for point in points for row in by_gender(stack, people, gender, point)]
    title = "The default pipeline on LFW" if is_default else f"The pipeline with {options.detector} on LFW"
    page = lfw_page(
        table,
        points,
        rows,
        title=title,
        points_file=made,
        photos=len(images),
        without_face=len(failures.without_face),
        refused=len(failures.refused),
    )
    write(page, report)
    packages = ["facerec", "torch", "torchvision", "numpy", "pillow", "facenet-pytorch", "face_recognition_models"]
    packages += [] if is_default else ["ai-edge-litert"]
    run = {
        "command": "python data/lfw/recipe.py --data FOLDER_OF_LFW" + asked,
        "data": "LFW (deep-funneled), the photos of pairs.txt",
        "pairs_sha256": hashlib.sha256((root / "pairs.txt").read_bytes()).hexdigest(),
        "matcher": recognizer.matcher.to_dict(),
        "versions": {name: version(name) for name in packages},
        "python": platform.python_version(),
    }
    (report / "run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")

    evaluation = evaluate_scores(table)
    print(f"accuracy {evaluation.folds.mean:.4%} ± {evaluation.folds.std:.4%}; auc {evaluation.auc:.5f}")
    scored = evaluate_scores(table[table["score"].notna()])
    decided = scored.folds
    print(f"of the {int(decided.trials.sum())} pairs decided: {decided.mean:.4%} ± {decided.std:.4%}")
    print(
        f"eer {evaluation.eer:.4%}; {len(failures.without_face)} photos without a face, {len(failures.refused)} "
        f"refused by the gate; {per_second:.1f} photos/s"
    )
    for each in scored.true_matches:
        print(f"of the pairs decided, TMR at FMR {each.target_fmr:g}: {each.rate}")
    for point in points:
        print(f"{point.name}: threshold {point.threshold:.4f}, FMR {point.fmr}, FNMR {point.fnmr}")
    for row in rows:
        print(f"{row.pairs_of} at FMR {row.target_fmr:g}: FMR {row.fmr}, FNMR {row.fnmr}")


if __name__ == "__main__":
    main()
