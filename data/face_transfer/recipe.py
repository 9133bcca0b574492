"""What transfer buys on LFW: people of nine folds train, the tenth tests, ten times. Makes reports/face-transfer.

Run: python data/face_transfer/recipe.py --data FOLDER_OF_LFW --work FOLDER_FOR_STATE

What was computed is kept in the work folder, and a run that was cut off goes on. See README.md beside this file for the
protocol, and for why a threshold is never set on the people who are tested.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measured import Asis, Fold, FoldPairs, Setting, Vectors, folds_of, measure
from page import face_transfer_page, results_table, run_document

from facerec.align.crops import crop_recipe
from facerec.detect import Mtcnn
from facerec.device import use_one_thread_per_network
from facerec.embed.dlib_resnet import dlib_resnet
from facerec.embed.trained import network_forward, trained_forward
from facerec.measure import datasets
from facerec.models.folder import ModelFolder, read_model
from facerec.networks.backbone import Backbone, load_backbone
from facerec.networks.face_network import rebuild
from facerec.reporting import write
from facerec.training.embedder import train_embedder
from facerec.training.inputs import Held, held_vectors, inputs_of
from facerec.training.people import People, read_people
from facerec.training.recipe import TrainingRecipe
from facerec.training.start import new_network, pixels_of

ROOT = Path(__file__).parents[2]
CROP = "dlib-5pt-chip-150.v1"


@dataclass(frozen=True)
class Trained:
    """A way of learning from the people of nine folds."""

    backbone: str
    recipe: TrainingRecipe
    size: int | None = None
    folds: int = 10


# Chosen before the test folds were looked at; each training chooses its epoch on people of its own.
SETTINGS: dict[Setting, Asis | Trained] = {
    Setting("dlib_resnet", "as it is"): Asis("dlib_resnet"),
    Setting("dlib_resnet", "new head, frozen features"): Trained("dlib_resnet", TrainingRecipe(precision="float32")),
    Setting("dlib_resnet", "last stage fine-tuned"): Trained(
        "dlib_resnet", TrainingRecipe(unfreeze="last", epochs=8, precision="float32")
    ),
    Setting("efficientnet_lite0", "as it is"): Asis("efficientnet_lite0"),
    Setting("efficientnet_lite0", "new head, frozen features"): Trained(
        "efficientnet_lite0", TrainingRecipe(precision="float32")
    ),
    Setting("efficientnet_lite0", "last stage fine-tuned"): Trained(
        "efficientnet_lite0", TrainingRecipe(unfreeze="last", epochs=8, precision="float32")
    ),
    Setting("resnet18, random", "from scratch"): Trained(
        "resnet18.none",
        TrainingRecipe(unfreeze="all", batch_norm="train", epochs=6, learning_rate=1e-3, released_by=0.01),
        size=48,
        folds=1,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of LFW")
    parser.add_argument("--work", type=Path, required=True, help="where chips, features and results are kept")
    parser.add_argument("--out", type=Path, default=ROOT / "reports/face-transfer")
    given = parser.parse_args()
    pairs = datasets.lfw(given.data)
    photos = Path(pairs["probe_image"].iloc[0]).parent.parent
    given.work.mkdir(parents=True, exist_ok=True)
    people = lfw_people(given.data / photos, given.work)
    folds = folds_of(pairs, people, prefix=photos.as_posix())
    rows: list[Fold] = []
    for setting, way in SETTINGS.items():
        rows += [
            replace(
                kept(
                    given.work / "results", setting, fold, lambda fold=fold, way=way: run(way, people, fold, given.work)
                ),
                epoch=epoch_of(way, fold, given.work),
            )
            for fold in folds[: getattr(way, "folds", 10)]
        ]
        print(setting, flush=True)
    table = results_table(rows)
    write(face_transfer_page(rows, people), given.out)
    table.to_csv(given.out / "results.csv", index=False, lineterminator="\n")
    document = run_document(rows, given.data / "pairs.txt", {str(s): w for s, w in SETTINGS.items()})
    (given.out / "run.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(table.groupby(["backbone", "way"], sort=False)["accuracy"].agg(["mean", "count"]))


def lfw_people(photos: Path, work: Path) -> People:
    """All photos of LFW's pairs, aligned once."""
    use_one_thread_per_network()

    def progress(done: int, total: int) -> None:
        if done % 500 == 0:
            print(f"{done} of {total} photos", flush=True)

    return read_people(
        photos, detector=Mtcnn(), crop=crop_recipe(CROP), cache=work / "chips", workers=2, progress=progress
    )


def run(way: Asis | Trained, people: People, fold: FoldPairs, work: Path) -> tuple[Vectors, float]:
    """The function from numbers of photos to unit vectors for one fold, and the seconds of its training."""
    if isinstance(way, Asis):
        return as_is(way.backbone, people, work), 0.0
    backbone = load_backbone(way.backbone)
    out = model_folder(way, fold, work)
    began = time.perf_counter()
    made = train_embedder(
        people,
        backbone,
        way.recipe,
        out=out,
        name=f"fold-{fold.number}",
        held_out=fold.test_people,
        size=way.size,
        cache=work / "features",
        device="cpu",
    )
    seconds = time.perf_counter() - began
    return vectors_of(made.folder, backbone, way, people, work), seconds


def model_folder(way: Trained, fold: FoldPairs, work: Path) -> Path:
    """Where the model of a fold is kept."""
    return work / "models" / f"{way.backbone}-{way.recipe.unfreeze}-{way.recipe.head}-{fold.number}"


def epoch_of(way: Asis | Trained, fold: FoldPairs, work: Path) -> int | None:
    """The epoch that a training kept; 0 is its start."""
    if isinstance(way, Asis):
        return None
    return int(read_model(model_folder(way, fold, work)).description.training.details["epoch chosen"])


def vectors_of(model: ModelFolder, backbone: Backbone, way: Trained, people: People, work: Path) -> Vectors:
    """A trained model's vectors; from what its frozen stages made of every photo, where that was kept."""
    about = model.description
    network = rebuild(about.architecture, model.weights(), name=about.name)
    network.eval()
    stages = {"none": len(network.trunk.stages), "last": len(network.trunk.stages) - 1, "all": 0}[way.recipe.unfreeze]
    inputs = inputs_of(
        network,
        people,
        about.pixels,
        stages=stages,
        weights=str(backbone.weights_sha256),
        number=torch.float32,
        cache=work / "features",
    )
    if isinstance(inputs, Held):
        return lambda photos: held_vectors(network, inputs, photos)
    forward = trained_forward(model)
    return lambda photos: unit(np.concatenate([forward(people.chips.take(part)) for part in parts(photos)]))


def as_is(name: str, people: People, work: Path) -> Vectors:
    """A backbone's own vectors, computed once: dlib's embedder, or a cosine between pooled ImageNet features."""
    file = work / f"as-it-is-{name}.npy"
    if not file.is_file():
        if name == "dlib_resnet":
            forward = dlib_resnet().forward
        else:
            backbone = load_backbone(name)
            network = new_network(backbone, TrainingRecipe(head="none", unfreeze="last"), size=150)
            forward = network_forward(network, pixels_of(backbone, 150, 150), flip=True)
        every = np.arange(len(people.files))
        made = unit(np.concatenate([forward(people.chips.take(part)) for part in parts(every)]))
        np.save(file.with_suffix(".partial.npy"), made)
        file.with_suffix(".partial.npy").replace(file)
    vectors = np.load(file, allow_pickle=False)
    return lambda photos: vectors[photos]


def parts(photos: np.ndarray) -> list[np.ndarray]:
    """In portions that fit the memory."""
    return np.array_split(photos, -(-len(photos) // 128))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Of unit length."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def kept(folder: Path, setting: Setting, fold: FoldPairs, compute: Callable[[], tuple[Vectors, float]]) -> Fold:
    """A fold's outcome: read again where it was measured before, else measured and kept."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{setting.file_name}-{fold.number}.npz"
    if not file.is_file():
        vectors, seconds = compute()
        measure(vectors, setting, fold, seconds).save(file)
    return Fold.load(file, setting, fold)


if __name__ == "__main__":
    pd.set_option("display.width", 120)
    main()
