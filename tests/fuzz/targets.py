"""Every kind of file that is fuzzed: for each kind of file a sound one, how it is damaged, and what reads it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import PIL.Image
import torch
from onnx import TensorProto, helper, numpy_helper

from audits.gate.plan import Plan, plan_text, read_plan
from audits.gate.policy import read_policy
from audits.tables.predictions import read_predictions
from audits.tables.searches import read_searches
from facerec.embed.trial import graph_dimension
from facerec.errors import ArgumentError, FacerecError
from facerec.files import read_json
from facerec.gallery import LogHead, Transfer, open_gallery
from facerec.gallery.archive import read_archive
from facerec.learning import feature_cache
from facerec.learning.checkpoint import read_checkpoint, save_checkpoint
from facerec.measure.datasets import lfw
from facerec.measure.tables import score_table
from facerec.measure.tables.vector_table import read_vectors
from facerec.models.folder import Pixels, Terms, WeightsIn, read_model, write_model
from facerec.models.folder.values import ModelDescription
from facerec.photos import read
from facerec.points import read_points, write_points
from facerec.testing import Clock, made_face, made_faces, made_gallery, made_point
from facerec.transfer import photo_index
from facerec.transfer.results import read_run
from facerec.transfer.two_runs import judged_on
from tests.fuzz.damage import damaged, odd_json

_ROOT = Path(__file__).parents[2]
_SIDE = 112
_RATE = b'{"value": 0.1, "low": 0.05, "high": 0.2}'
_AUDIT = (
    b'{"matcher": null, "threshold": {"value": 0.5}, "groups": {"gender": [{"group": "f", "subjects": 3, '
    b'"impostor": 90, "fmr": ' + _RATE + b', "genuine": 30, "fnmr": ' + _RATE + b"}]}}"
)

_RUN = (
    b'{"configuration": {"test share": 0.25, "seeds": 2}, "data": {"sha256": "ab"}, '
    b'"test": {"labels": [0, 1, 1], "clusters": [0, 0, 1]}}'
)

KINDS = (
    "photo JPEG", "photo PNG", "photo WEBP", "photo GIF", "photo BMP", "photo TIFF", "photo PPM", "photo JPEG2000",
    "photo AVIF", "table .csv", "table .csv, UTF-16", "table .csv.gz", "table in .csv.gz", "table .xlsx",
    "sheet in .xlsx", "book in .xlsx", "table .parquet", "vectors .csv", "vectors .parquet", "predictions .csv",
    "searches .csv", "points .json", "shipped points .json", "model.json", "audit.json in a model", "gallery.json",
    "vectors.npy", "policy .toml", "plan .toml", "pairs.txt", "graph .onnx", "cached features .json",
    "cached features .npy", "checkpoint", "gallery .db", "receipt .json", "head .json",
    "photo index", "run .json",
)  # fmt: skip
"""The names of all kinds, known before any is made."""


@dataclass(frozen=True)
class Target:
    """A kind of file.

    `sound` is one that is read without an error, or what `packed` makes a file of (an entry of a workbook, say), and
    what is damaged; `reads` takes the path that the file was written to, by the name `file` in a folder with what
    `beside` writes there. `cost` is how many times longer than a usual one an input takes: so many fewer are tried.
    """

    sound: bytes
    reads: Callable[[Path], object]
    file: str
    packed: Callable[[bytes], bytes] = bytes
    beside: Callable[[Path], object] = lambda _: None
    cost: int = 1

    def inputs(self, seed: int, number: int) -> Iterator[bytes]:
        """So many damaged files; every third of JSON has an odd value in a sound place."""
        odd = odd_json(self.sound, seed) if self.file.endswith(".json") else None
        for place, made in enumerate(damaged(self.sound, seed, number)):
            yield next(odd) if odd is not None and place % 3 == 2 else self.packed(made)


def targets(folder: Path) -> dict[str, Target]:
    """Every kind by its name; `folder` is empty and takes the files that are made first."""
    photos = {
        f"photo {kind}": Target(_photo(kind), lambda path: read(path.read_bytes()), f"photo.{kind.lower()}")
        for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
    }
    return photos | _tables(folder) | _documents(folder) | _arrays(folder) | _galleries(folder)


def _photo(kind: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    file = io.BytesIO()
    more = {"JPEG": {"progressive": True}, "TIFF": {"compression": "tiff_lzw"}}.get(kind, {})
    PIL.Image.fromarray(noise).save(file, kind, **more)
    return file.getvalue()


def _tables(folder: Path) -> dict[str, Target]:
    scores = pd.DataFrame(
        {
            "probe_image": [f"{place}.jpg" for place in range(16)],
            "reference_image": [f"{place}.png" for place in range(16)],
            "probe_subject": list("aabbccddeeffgghh"),
            "reference_subject": list("abbaccdfeeffhhgh"),
            "genuine": [left == right for left, right in zip("aabbccddeeffgghh", "abbaccdfeeffhhgh", strict=True)],
            "score": np.arange(16) / 16,
        }
    )
    vectors = pd.DataFrame(
        {"image": list("abcd"), "subject": list("wxyz"), "v0": [0.6, 0.8, 1, 0], "v1": [0.8, 0.6, 0, 1]}
    )
    listed = vectors[["image", "subject"]].assign(vector=vectors[["v0", "v1"]].to_numpy().tolist())
    predictions = pd.DataFrame(
        {"id": list("abcd"), "true": list("xyxy"), "predicted": list("xxyy"), "count": [1, 2, 3, 4]}
    )
    searches = pd.DataFrame({"probe_subject": list("abc"), "rank": 1, "candidate_subject": list("abd"), "score": 0.5})
    gallery = b"subject\na\nb\nd\n"

    def csv(table: pd.DataFrame) -> bytes:
        return table.to_csv(index=False).encode()

    book = _saved(folder / "sound.xlsx", partial(scores.to_excel, index=False))
    return {
        "table .csv": Target(csv(scores), score_table.read, "table.csv"),
        "table .csv, UTF-16": Target(csv(scores).decode().encode("utf-16"), score_table.read, "table.csv"),
        "table .csv.gz": Target(gzip.compress(csv(scores)), score_table.read, "table.csv.gz"),
        "table in .csv.gz": Target(csv(scores), score_table.read, "table.csv.gz", packed=gzip.compress),
        "table .xlsx": Target(book, score_table.read, "table.xlsx", cost=5),
        "sheet in .xlsx": Target(
            _part(book, "xl/worksheets/sheet1.xml"), score_table.read, "table.xlsx",
            partial(_with_part, book, "xl/worksheets/sheet1.xml"), cost=5,
        ),
        "book in .xlsx": Target(
            _part(book, "xl/workbook.xml"), score_table.read, "table.xlsx",
            partial(_with_part, book, "xl/workbook.xml"), cost=5,
        ),
        "table .parquet": Target(_saved(folder / "t.parquet", scores.to_parquet), score_table.read, "table.parquet"),
        "vectors .csv": Target(csv(vectors), read_vectors, "vectors.csv"),
        "vectors .parquet": Target(_saved(folder / "v.parquet", listed.to_parquet), read_vectors, "vectors.parquet"),
        "predictions .csv": Target(csv(predictions), read_predictions, "predictions.csv"),
        "searches .csv": Target(
            csv(searches), lambda path: read_searches(path, path.with_name("gallery.csv")), "searches.csv",
            beside=lambda at: (at / "gallery.csv").write_bytes(gallery),
        ),
    }  # fmt: skip


def _documents(folder: Path) -> dict[str, Target]:
    network = _network()
    points = folder / "points.json"
    write_points([made_point()], points)
    write_model(folder / "model", _described(network), network)
    with made_gallery(None, "ada", "bob") as people:
        people.export_to(folder / "archive")
        embedder = people.embedder
    archive = {each.name: each.read_bytes() for each in (folder / "archive").iterdir() if each.is_file()}

    def model_beside(at: Path) -> None:
        (at / "model.onnx").write_bytes(network)

    def archive_beside(at: Path) -> None:
        for name, contents in archive.items():
            (at / name).write_bytes(contents)

    def archive_of(path: Path) -> object:
        return read_archive(path.parent, embedder)

    pairs = b"2\t1\n" + b"ada\t1\t2\nada\t1\tbob\t1\n" * 2
    plan = Plan(by=("gender",), at_fmr=1e-3, frozen="2026-01-31")
    policy = (_ROOT / "data/policies/example.toml").read_bytes()
    return {
        "points .json": Target(points.read_bytes(), read_points, "points.json"),
        "shipped points .json": Target((_ROOT / "data/calibration/lfw.json").read_bytes(), read_points, "p.json"),
        "model.json": Target(
            (folder / "model" / "model.json").read_bytes(), lambda path: read_model(path.parent), "model.json",
            beside=model_beside,
        ),
        "audit.json in a model": Target(
            _AUDIT, lambda path: read_model(path.parent), "audit.json",
            beside=lambda at: [
                (at / each.name).write_bytes(each.read_bytes()) for each in (folder / "model").iterdir()
            ],
        ),
        "gallery.json": Target(archive["gallery.json"], archive_of, "gallery.json", beside=archive_beside),
        "vectors.npy": Target(archive["vectors.npy"], archive_of, "vectors.npy", beside=archive_beside),
        "policy .toml": Target(policy, read_policy, "policy.toml"),
        "plan .toml": Target(plan_text(plan, policy.decode()).encode(), read_plan, "plan.toml"),
        "pairs.txt": Target(pairs, lambda path: lfw(path.parent), "pairs.txt", beside=_photos_beside),
        "graph .onnx": Target(network, _try_graph, "net.onnx", cost=10),
    }  # fmt: skip


def _arrays(folder: Path) -> dict[str, Target]:
    """Of the caches and checkpoints of training, which answer that there is nothing, or whose it is."""
    key = "0" * 64
    kept = feature_cache.Kept(np.eye(3, dtype=np.float32), 1.0)
    feature_cache.write(folder / "cache", key, kept, about="made")
    state, identity = folder / "state.checkpoint", {"seed": 1}
    save_checkpoint(state, identity=identity, values={"step": 3}, tensors={"weight": torch.ones(3)})

    def beside(at: Path) -> None:
        for each in (folder / "cache").iterdir():
            (at / each.name).write_bytes(each.read_bytes())

    return {
        f"cached features {each.suffix}": Target(
            each.read_bytes(), lambda path: feature_cache.read(path.parent, key), each.name, beside=beside
        )
        for each in sorted((folder / "cache").iterdir())
    } | {
        "checkpoint": Target(
            state.read_bytes(), lambda path: read_checkpoint(path, identity=identity), "state.checkpoint"
        ),
        "photo index": Target(_index(folder), photo_index._read, "index.json"),
        "run .json": Target(_RUN, lambda path: judged_on(read_run(path.parent) or {}, path.parent), "run.json"),
    }


def _index(folder: Path) -> bytes:
    """Of two photos, one of which cannot be read."""
    entries = {
        "a.jpg": ((9, 8, 7), photo_index.Seen("ab" * 32, 5)),
        "b.jpg": ((1, 2, 3), photo_index.Seen("", 0, "no")),
    }
    photo_index._write(folder / "index.json", entries)
    return (folder / "index.json").read_bytes()


def _galleries(folder: Path) -> dict[str, Target]:
    """Of the file of a gallery, and of what it hands out to be read again."""
    with made_gallery(folder / "people.db", "ada", "bob", "eve") as people:
        people.enroll("ada", made_face("another"), photos=[b"a photo"], keep_photos=True)
        people.verify("ada", made_face("ada"), at=made_point())
        receipt = json.dumps(people.merge("eve", "bob").to_dict()).encode()
        people.back_up_to(folder / "backup.db")
    return {
        "gallery .db": Target((folder / "backup.db").read_bytes(), _ask_gallery, "people.db", cost=10),
        "receipt .json": Target(
            receipt, lambda path: Transfer.from_dict(read_json(path, error=ArgumentError)), "receipt.json"
        ),
        "head .json": Target(
            receipt, lambda path: LogHead.read(path.read_bytes().decode("utf-8", "replace")), "head.json"
        ),
    }


def _ask_gallery(path: Path) -> None:
    """Ask everything of a gallery; each question may be refused, and the last refusal is the answer."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    refused: FacerecError | None = None
    with open_gallery(path, clock=Clock()) as people:
        for ask in (
            people.people,
            people.log,
            people.check,
            lambda: people.identify(made_faces("ada"), at=made_point()),
            lambda: people.enroll("zoe", made_face("zoe")),
            lambda: people.move_samples("ada", "bob", 1),
            lambda: people.forget("bob"),
        ):
            try:
                ask()
            except FacerecError as error:
                refused = error
    if refused is not None:
        raise refused


def _photos_beside(at: Path) -> None:
    for name in ("ada/ada_0001.jpg", "ada/ada_0002.jpg", "bob/bob_0001.jpg"):
        (at / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (at / "images" / name).write_bytes(b"")


def _network() -> bytes:
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["colour"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["colour", "weights"], ["vector"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, _SIDE, _SIDE])
    vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["n", 4])
    weights = numpy_helper.from_array(np.eye(3, 4, dtype=np.float32) + 0.2, "weights")
    graph = helper.make_graph(nodes, "pooled", [image], [vector], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _described(network: bytes) -> ModelDescription:
    digest = hashlib.sha256(network).hexdigest()
    return ModelDescription(
        "made", "onnx", {}, "five-point-112.v1", (), Pixels.preset("0..1"), flip=True, dimension=4,
        weights=WeightsIn("model.onnx", digest, len(network)), terms=Terms("MIT", "yes", "stated"),
    )  # fmt: skip


def _try_graph(path: Path) -> object:
    return graph_dimension(
        path.read_bytes(), name=path.name, side=_SIDE, pixels=Pixels.preset("0..1"), flip=True, output=None
    )


def _saved(path: Path, write: Callable[[Path], object]) -> bytes:
    write(path)
    return path.read_bytes()


def _part(book: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        return parts.read(name)


def _with_part(book: bytes, name: str, contents: bytes) -> bytes:
    """A workbook with one of its parts replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as parts, zipfile.ZipFile(file, "w") as made:
        for each in parts.namelist():
            made.writestr(each, contents if each == name else parts.read(each))
    return file.getvalue()
