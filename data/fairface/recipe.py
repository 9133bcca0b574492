"""Audit the default matcher by race, age and gender on FairFace, and compare models by group.

Makes reports/fairface-dlib-resnet, reports/gate-by-group, reports/models-by-group and
data/calibration/worst_group/fairface.json.

Run: python data/fairface/recipe.py --fairface FOLDER --lfw FOLDER_OF_LFW --work FOLDER [--mobilefacenet FILE.onnx]

FairFace shows strangers only; LFW's mated pairs say what a threshold costs. Vectors are kept in the work folder and
read again; the first run takes half an hour on two cores. See README.md beside this file.
"""

import argparse
import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from measure import (
    GROUPINGS,
    POOLED_FMR,
    RACES,
    MatcherVectors,
    centred,
    mated_pairs,
    measure,
    pairs_of,
    possible_mates,
    price_of,
    worst_group_point,
)
from page import Centring, Mates, models_page, ratio, words

from facerec import Recognizer
from facerec.align.upright import upright_chips
from facerec.embed.dlib_resnet import dlib_resnet
from facerec.embed.load import describe_onnx, embedder_of
from facerec.measure import datasets
from facerec.measure.metrics import clustered_rate, threshold_at_fmr
from facerec.models.folder import Pixels, Terms, read_model, write_model
from facerec.points import write_points
from facerec.reporting import write
from facerec.similarity import cosines_of_all
from facerec.types import Embedder, Rate

ROOT = Path(__file__).parents[2]
COMMAND = "python data/fairface/recipe.py --fairface FOLDER --lfw FOLDER_OF_LFW --work FOLDER --mobilefacenet FILE.onnx"
REPORT = ROOT / "reports/fairface-dlib-resnet"
SHIPPED = ("--at", str(ROOT / "data/calibration/lfw.json"), "--fmr", "0.001")
GROUPS = ("--by", "race", "--by", "age", "--by", "gender")
ABOUT_PAIRS = (
    "--about",
    "the default pipeline on all pairs of 5,000 photos of FairFace, each taken as another person; no mated pairs",
    "--purpose",
    "Publishing the default model's false matches by race and age as they are",
)
ABOUT_GATE = (
    "--about",
    "on which of 5,000 photos of FairFace the default pipeline decides: a face is found, and its gate lets it pass",
    "--purpose",
    "Publishing whom the default gate holds back",
)
ABOUT = (
    "--labels-from",
    "FairFace's annotators, who looked at the photo: race, age and gender as they appeared to them",
    "--evaluation",
    "technology",
)
DEFAULT, ONE_PASS, MOBILE = "dlib-resnet", "dlib-resnet, one pass", "MobileFaceNet"


def embedders(onnx: Path | None, work: Path) -> dict[str, Embedder]:
    """The default, the same without the mirrored pass, and an example of a model that a user brings."""
    found = {DEFAULT: dlib_resnet(), ONE_PASS: dlib_resnet(flip=False)}
    if onnx is not None:
        folder = work / "mobilefacenet"
        if not folder.is_dir():
            about, contents = describe_onnx(
                onnx,
                name="mobilefacenet",
                crop="five-point-112.v1",
                pixels=Pixels.preset("imagenet"),
                terms=Terms(
                    "Apache-2.0 by its repository", commercial="no", reason="trained on photos for research only"
                ),
            )
            write_model(folder, about, contents)
        found[MOBILE] = embedder_of(read_model(folder))
    return found


def vectors_of(
    recognizer: Recognizer, models: Mapping[str, Embedder], root: Path, images: list[str], kept: Path
) -> dict[str, np.ndarray]:
    """Per model the vectors of the photos, NaN where no face is found or the gate refuses it; kept in a file."""
    if kept.is_file():
        stored = np.load(kept)
        if set(models) <= set(stored.files):
            return {name: stored[name] for name in models}
    found = {name: np.full((len(images), model.dimension), np.nan, np.float32) for name, model in models.items()}
    for number, image in enumerate(images):
        if number % 500 == 0:
            print(f"{number} of {len(images)} photos", flush=True)
        faces = recognizer.faces(root / image)
        if not len(faces):
            continue
        chosen = faces.detections.choose("largest")
        if recognizer.gate.problems(faces[chosen]):
            continue
        detection = faces.detections[[chosen]]
        for name, model in models.items():
            found[name][number] = model(upright_chips(model.crop, faces.photo, detection))[0]
    np.savez(kept, **found)
    return found


def write_pairs(vectors: np.ndarray, labels: pd.DataFrame, file: Path, matcher: str) -> None:
    """The score table of all pairs of photos, under pseudonyms."""
    first, second = np.triu_indices(len(vectors), 1)
    names = pd.Index([f"p{number:04d}" for number in range(len(vectors))])
    table = {"genuine": np.zeros(len(first), bool), "score": cosines_of_all(vectors, vectors)[first, second]}
    for side, rows in (("probe", first), ("reference", second)):
        table[f"{side}_image"] = table[f"{side}_subject"] = pd.Categorical.from_codes(rows, names)
        for grouping in GROUPINGS:
            values = pd.Categorical(labels[grouping])
            table[f"{side}_{grouping}"] = pd.Categorical.from_codes(values.codes[rows], values.categories)
    table["matcher"] = pd.Categorical.from_codes(np.zeros(len(first), np.int8), [matcher])
    pd.DataFrame(table).to_parquet(file, index=False)


def write_decisions(usable: np.ndarray, labels: pd.DataFrame, file: Path) -> None:
    """Of which photos something is decided, under pseudonyms."""
    names = [f"p{number:04d}" for number in range(len(labels))]
    decided = pd.DataFrame({"subject": names, "prediction": np.where(usable, "decided", "undecided")})
    decided.join(labels.reset_index(drop=True)[[*GROUPINGS]]).to_csv(file, index=False)


def centrings(
    default: MatcherVectors, labels: pd.DataFrame, people: np.ndarray, genders: np.ndarray
) -> Iterator[Centring]:
    """The lesson: less 0, half and all of FairFace's mean vector."""
    fairface = default.fairface[~np.isnan(default.fairface).any(axis=1)]
    mean = fairface.mean(axis=0)
    for share in (0.0, 0.5, 1.0):
        moved = MatcherVectors(default.name, centred(default.fairface, mean, share), centred(default.lfw, mean, share))
        rows = measure(moved, labels, people, shipped=None)
        usable = ~np.isnan(moved.lfw).any(axis=1)
        threshold = lfw_threshold(moved.lfw[usable], people[usable])
        women, men = (
            lfw_strangers(moved.lfw[usable & (genders == each)], people[usable & (genders == each)], threshold)
            for each in ("female", "male")
        )
        race = {row.group: row for row in rows.of("race")}
        price = price_of(threshold, mated_pairs(moved.lfw, people))
        yield Centring(share, women, men, race["Black"].pooled, ratio(rows.of("race")), price)


def lfw_threshold(vectors: np.ndarray, people: np.ndarray) -> float:
    """The threshold for the target FMR over all non-mated pairs of LFW."""
    scores, first, second = pairs_of(vectors)
    return threshold_at_fmr(scores[people[first] != people[second]], POOLED_FMR)


def lfw_strangers(vectors: np.ndarray, people: np.ndarray, threshold: float) -> Rate:
    """FMR of the non-mated pairs of these photos."""
    scores, first, second = pairs_of(vectors)
    strangers = people[first] != people[second]
    return clustered_rate(scores[strangers] >= threshold, people[first[strangers]], people[second[strangers]])


def genders_of(pairs: pd.DataFrame, images: list[str]) -> np.ndarray:
    """What LFW's manual lists say of each photo, empty where nothing."""
    sides = [pairs[[f"{s}_image", f"{s}_gender"]].set_axis(["image", "gender"], axis=1) for s in ("probe", "reference")]
    known = pd.concat(sides).drop_duplicates("image").set_index("image")["gender"].to_dict()
    return np.array([known.get(image) or "" for image in images])


def facerec(*arguments: str | Path) -> None:
    """Run the command line, as a user would."""
    program = Path(sys.executable).with_name("facerec")
    subprocess.run([program, *map(str, arguments)], check=True)  # noqa: S603 - our own program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--fairface", "--lfw", "--work"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--mobilefacenet", type=Path, help="compare with this model, too")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    labels = pd.read_csv(given.fairface / "fairface_label_val.csv")
    pairs = datasets.lfw(given.lfw)
    lfw_images = sorted({*pairs["probe_image"], *pairs["reference_image"]})
    people = np.unique([image.split("/")[-2] for image in lfw_images], return_inverse=True)[1].astype(np.int32)

    recognizer = Recognizer(device="cpu")
    models = embedders(given.mobilefacenet, given.work)
    fairface = vectors_of(recognizer, models, given.fairface, labels["file"].tolist(), given.work / "fairface.npz")
    lfw = vectors_of(recognizer, models, given.lfw, lfw_images, given.work / "lfw.npz")
    matchers = [MatcherVectors(name, fairface[name], lfw[name]) for name in models]
    default = matchers[0]
    shipped = recognizer.operating_point()

    usable = ~np.isnan(default.fairface).any(axis=1)
    table = given.work / "pairs.parquet"
    write_pairs(default.fairface[usable], labels[usable], table, recognizer.matcher.text)
    for place, at in (("", ("--at-fmr", f"{POOLED_FMR:g}")), ("at-shipped-point", SHIPPED)):
        facerec("audit", "verification", table, *GROUPS, *at, *ABOUT_PAIRS, *ABOUT, "--out", REPORT / place)
    decisions = given.work / "decisions.csv"
    write_decisions(usable, labels, decisions)
    whom = ("--no-label", "--positive", "decided", *GROUPS)
    facerec("audit", "classification", decisions, *whom, *ABOUT_GATE, *ABOUT, "--out", ROOT / "reports/gate-by-group")

    rows = [measure(each, labels, people, shipped=shipped.threshold if each is default else None) for each in matchers]
    mated = mated_pairs(default.lfw, people)
    worst = max(rows[0].of("race"), key=lambda row: row.pooled.value).group
    members = default.fairface[usable & (labels["race"] == worst).to_numpy()]
    point = worst_group_point(
        members,
        mated,
        data_set=f"FairFace, strangers of the race with most false matches ({words(worst)}); mated pairs of LFW",
        matcher=recognizer.matcher,
        target=POOLED_FMR,
    )
    made = ROOT / "data/calibration/worst_group/fairface.json"
    made.parent.mkdir(exist_ok=True)
    write_points(point, made)
    mates = []
    if MOBILE in models:
        second = matchers[-1]
        mates = [
            Mates(race, *possible_mates(default, second, labels, race, (rows[0].threshold, rows[-1].threshold)))
            for race in RACES
        ]
    centring = tuple(centrings(default, labels, people, genders_of(pairs, lfw_images)))
    write(models_page(rows, centring, mates, point, photos=int(usable.sum())), ROOT / "reports/models-by-group")
    run = {
        "command": COMMAND,
        "data": "FairFace, 5,000 photos of its validation set (CC BY 4.0); LFW (deep-funneled), photos of pairs.txt",
        "labels_sha256": hashlib.sha256((given.fairface / "fairface_label_val.csv").read_bytes()).hexdigest(),
        "matcher": recognizer.matcher.to_dict(),
        "versions": {name: version(name) for name in ("facerec", "torch", "numpy", "pillow", "facenet-pytorch")},
        "python": platform.python_version(),
    }
    (ROOT / "reports/models-by-group/run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    for row in rows[0].rows:
        print(f"{row.grouping} {row.group}: {row.photos} photos, FMR {row.pooled}, shipped {row.shipped}")
    print(f"{point.name}: threshold {point.threshold:.4f}, FMR {point.fmr}, FNMR {point.fnmr}")
    print(f"{len(labels) - int(usable.sum())} of {len(labels)} photos of FairFace without a usable face")


if __name__ == "__main__":
    main()
