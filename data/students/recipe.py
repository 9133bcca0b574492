"""Teach students of the default embedder and measure them on LFW: makes reports/students.

Run: python data/students/recipe.py --faces FOLDER --lfw FOLDER_OF_LFW --work FOLDER

FOLDER holds any photos of faces, without names, of other people than LFW's; the published figures come from 5,000
photos of FairFace's validation part. WORK keeps aligned faces, the teacher's vectors and the students' folders, so that
a run that was cut off goes on. Twenty minutes or more on two cores.
"""

import argparse
import json
import platform
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from page import Measured, students_page
from safetensors.torch import load
from students import TRIALS, Trial

from facerec import similarity
from facerec.detect import Mtcnn
from facerec.embed.dlib_resnet import dlib_resnet
from facerec.embed.load import embedder_of
from facerec.measure import datasets, tables
from facerec.measure.evaluation import evaluate_scores
from facerec.models.folder import read_model
from facerec.networks.dlib_resnet import DlibResNet
from facerec.quality import NO_GATE
from facerec.reporting import write
from facerec.training.faces import read_faces
from facerec.training.people import People
from facerec.training.student import train_student
from facerec.training.student_start import load_student
from facerec.training.teacher import Teacher, agreement, load_teacher, teacher_vectors
from facerec.types import Chips, Embedder, Matcher

ROOT = Path(__file__).parents[2]
COMMAND = "python data/students/recipe.py --faces FOLDER --lfw FOLDER_OF_LFW --work FOLDER"
ROUNDS = {1: 41, 24: 9}


def taught(trial: Trial, faces: People, teacher: Teacher, work: Path) -> Embedder:
    """The student, taught now or before."""
    folder = work / "models" / trial.name
    if not folder.exists():
        made = train_student(
            faces,
            teacher,
            load_student(trial.student),
            trial.recipe,
            out=folder,
            size=trial.size,
            cache=work / "features",
            data_terms="see the source of the photos",
            command=COMMAND,
            progress=lambda now: print(f"{trial.name}: step {now.step} of {now.steps}", end="\r", flush=True),
        )
        print(f"{trial.name}: {made.best}")
    return embedder_of(read_model(folder))


def ten_folds(embedder: Embedder, lfw: People, work: Path, root: Path) -> pd.DataFrame:
    """LFW's official pairs, scored."""
    vectors = teacher_vectors(embedder, lfw, cache=work / "features")
    of = dict(zip(lfw.files, vectors, strict=True))
    pairs = datasets.lfw(root)
    images = {*pairs["probe_image"], *pairs["reference_image"]}
    # The chips of both were cut without a gate, as those that the students learn from.
    matcher = Matcher(lfw.detector, lfw.crop, embedder.name, embedder.digest, similarity.NAME, NO_GATE.name)
    return tables.score_vectors(pairs, {image: of.get(image) for image in images}, matcher=matcher)


def in_turns(contenders: dict[str, Embedder], chips: Chips, *, rounds: int) -> dict[str, float]:
    """Median milliseconds of each over turns, so that a busy moment hits all of them; after two that do not count."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 2):
        for name, embedder in contenders.items():
            began = time.perf_counter()
            embedder(chips)
            if turn >= 2:
                times[name].append((time.perf_counter() - began) * 1e3)
    return {name: median(measured) for name, measured in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, required=True, help="a folder of photos of faces to learn from")
    parser.add_argument("--lfw", type=Path, required=True, help="the folder of LFW")
    parser.add_argument("--work", type=Path, required=True, help="a folder for what is kept between runs")
    arguments = parser.parse_args()
    teacher = load_teacher("dlib-resnet")
    read = {"detector": Mtcnn(device="cpu"), "crop": teacher.embedder.crop, "cache": arguments.work / "chips"}
    faces = read_faces(arguments.faces, workers=2, **read)
    lfw = read_faces(arguments.lfw, workers=2, **read)
    contenders = {"teacher": teacher.embedder, "teacher, one pass": dlib_resnet(flip=False)}
    words = {"teacher": "as it is used: two passes", "teacher, one pass": "without averaging with mirror images"}
    numbers = {name: sum(p.numel() for p in DlibResNet().parameters()) for name in contenders}
    for trial in TRIALS:
        contenders[trial.name] = taught(trial, faces, teacher, arguments.work)
        words[trial.name] = trial.words
        about = read_model(arguments.work / "models" / trial.name)
        numbers[trial.name] = sum(tensor.numel() for tensor in load(about.weights()).values())
    tables = {name: ten_folds(each, lfw, arguments.work, arguments.lfw) for name, each in contenders.items()}
    torch.set_num_threads(1)
    chips = lfw.chips.take(np.arange(max(ROUNDS)))
    speeds = {count: in_turns(contenders, chips[:count], rounds=rounds) for count, rounds in ROUNDS.items()}
    rows = [
        Measured(
            name=name,
            words=words[name],
            parameters=numbers[name],
            milliseconds={count: times[name] for count, times in speeds.items()},
            evaluation=evaluate_scores(tables[name]),
            cosine=cosine_to_teacher(each, teacher, lfw, arguments.work),
        )
        for name, each in contenders.items()
    ]
    best = paired(tables)
    write(students_page(rows, best, learned_from=len(faces.files)), ROOT / "reports/students")
    run = {
        "command": COMMAND,
        "seed": TRIALS[0].recipe.seed,
        "faces": f"{faces.name}: {len(faces.files)} of {faces.photos} photos show a face, digest {faces.digest}",
        "lfw": f"{len(lfw.files)} of {lfw.photos} photos show a face",
        "teacher": teacher.embedder.digest,
        "recipes": {trial.name: json.loads(trial.recipe.text) | {"size": trial.size} for trial in TRIALS},
        "digests": {name: each.digest for name, each in contenders.items()},
        "versions": {name: version(name) for name in ("facerec", "torch", "numpy", "pillow", "timm")},
        "python": platform.python_version(),
    }
    (ROOT / "reports/students/run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        print(
            f"{row.name}: accuracy {row.evaluation.folds.mean:.2%}, {row.parameters:,} parameters, "
            f"{row.milliseconds[1]:.1f} ms for 1 face, {row.milliseconds[24]:.0f} ms for 24, "
            f"cosine to the teacher {row.cosine:.4f}"
        )


def cosine_to_teacher(embedder: Embedder, teacher: Teacher, lfw: People, work: Path) -> float:
    """Mean cosine of LFW's faces to the teacher's vectors."""
    theirs = teacher_vectors(teacher.embedder, lfw, cache=work / "features")
    mine = teacher_vectors(embedder, lfw, cache=work / "features")
    return agreement(mine, theirs).cosine


def paired(tables: dict[str, pd.DataFrame]) -> dict[str, tuple[int, int]]:
    """Pairs that only the teacher, and only the other, decides rightly, each at the thresholds of its own folds."""
    right = {name: correct_pairs(table) for name, table in tables.items()}
    return {
        name: (int((right["teacher"] & ~own).sum()), int((~right["teacher"] & own).sum()))
        for name, own in right.items()
        if name != "teacher"
    }


def correct_pairs(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Which pairs are decided rightly at the threshold that the other nine folds choose."""
    folds = evaluate_scores(table).folds
    threshold = dict(zip(folds.folds, folds.thresholds, strict=True))
    accepted = table["score"].fillna(-2.0) >= table["fold"].map(threshold)
    return (accepted == table["genuine"]).to_numpy(bool)


if __name__ == "__main__":
    main()
