"""Damaged galleries, archives, tables of vectors, workbooks, policies, receipts, checkpoints and networks.

As in ``test_fuzz.py``: each is read, or refused by an error of this project, and nothing else. Networks are tried in
processes of their own, since what reads them is not Python.
"""

import gzip
import io
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from audits.gate.plan import read_plan
from audits.gate.policy import read_policy
from facerec.errors import FacerecError
from facerec.gallery import EmbedderIdentity, LogHead, Transfer, open_gallery, restore_gallery
from facerec.gallery.archive import read_archive
from facerec.measure.tables.table_files import read_raw
from facerec.measure.tables.vector_table import read_vectors
from facerec.models.folder import read_model
from facerec.points import read_points, write_points
from facerec.testing import made_embedder, made_face, made_faces, made_gallery, made_point
from facerec.transfer.checkpoints import read_checkpoint, save_checkpoint
from tests.fuzz.damage import damaged
from tests.fuzz.test_fuzz import _INPUTS


@pytest.fixture
def gallery(tmp_path):
    """A gallery of three people, one with a kept photo, in one file."""
    with made_gallery(tmp_path / "people.db", "ada", "bob", "eve") as opened:
        opened.enroll("ada", made_face("another ada"), photos=[b"a photo"], keep_photos=True)
        opened.verify("ada", made_face("ada"), at=made_point())
        opened.export_to(tmp_path / "archive")
        opened.back_up_to(tmp_path / "backup.db")
    return tmp_path


@pytest.mark.parametrize("file", ["gallery.json", "vectors.npy"])
def test_damaged_archives(gallery, file):
    """What is read has the promised shapes; the files beside the damaged one are whole."""
    embedder = made_embedder()
    identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimension)
    path = gallery / "archive" / file
    for contents in damaged(path.read_bytes(), 4, _INPUTS):
        path.write_bytes(contents)
        try:
            found = read_archive(gallery / "archive", identity)
        except FacerecError:
            continue
        assert found.vectors.shape[1] == embedder.dimension


def test_damaged_galleries(gallery):
    """A file with damage anywhere is refused, or opened; then all that can be asked of it answers or is refused."""
    whole, path = (gallery / "backup.db").read_bytes(), gallery / "damaged.db"
    for number, contents in enumerate(damaged(whole, 5, _INPUTS)):
        for beside in gallery.glob("damaged.db*"):
            beside.unlink()
        path.write_bytes(contents)
        try:
            with open_gallery(path) as opened:
                for ask in (
                    opened.people,
                    opened.check,
                    opened.log,
                    lambda opened=opened: opened.identify(made_faces("ada"), at=made_point()),
                    lambda opened=opened, number=number: opened.enroll(f"x {number}", made_face("x")),
                    lambda opened=opened: opened.forget("bob"),
                ):
                    _ask(ask)
        except FacerecError:
            continue
    _ask(lambda: restore_gallery(path, gallery / "restored.db"))


def _ask(ask):
    try:
        ask()
    except FacerecError:
        return


@cache
def _vectors() -> pd.DataFrame:
    made = np.random.default_rng(0).standard_normal((6, 8)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    columns = {"image": [f"{n}.jpg" for n in range(6)], "subject": list("aabbcc")}
    return pd.DataFrame({**columns, "vector": [list(map(float, row)) for row in made]})


def _written(kind: str) -> bytes:
    file = io.BytesIO()
    if kind == "vectors.parquet":
        _vectors().to_parquet(file)
    else:
        scores = pd.DataFrame({"genuine": [True, False] * 4, "score": np.arange(8) / 8})
        scores.to_excel(file, index=False) if kind == "scores.xlsx" else scores.to_csv(file, index=False)
    return gzip.compress(file.getvalue(), mtime=0) if kind.endswith(".gz") else file.getvalue()


@pytest.mark.parametrize("kind", ["vectors.parquet", "scores.xlsx", "scores.csv.gz", "scores.tsv"])
def test_damaged_tables_of_other_kinds(tmp_path, kind):
    """Tables of vectors, workbooks, compressed and tabbed tables."""
    path = tmp_path / kind
    for contents in damaged(_written(kind), 6, _INPUTS):
        path.write_bytes(contents)
        _ask(lambda: read_vectors(path) if kind.startswith("vectors") else read_raw(path))


_POLICY = b"""title = "Release gate"
confidence = 0.9

[[claim]]
name = "False matches are rare in every group"
kind = "rate"
rate = "fmr"
by = "race, gender"
at_most = 0.002
min_subjects = 100
"""


@pytest.mark.parametrize("kind", ["policy.toml", "plan.toml", "points.json", "receipt.json", "head.json"])
def test_damaged_documents(tmp_path, kind):
    """Policies, plans, points, receipts and heads that were right before the damage."""
    path = tmp_path / kind
    with made_gallery(None, "ada", "bob") as gallery:
        merged = json.dumps(gallery.merge("bob", "ada").to_dict()).encode()
    if kind == "points.json":
        write_points([made_point()], path)
    sources = {"policy.toml": _POLICY, "plan.toml": _POLICY, "receipt.json": merged, "head.json": merged}
    readers = {
        "policy.toml": read_policy,
        "plan.toml": read_plan,
        "points.json": read_points,
        "receipt.json": lambda file: Transfer.from_dict(json.loads(file.read_text("utf-8"))),
        "head.json": lambda file: LogHead.read(file.read_bytes().decode("utf-8", "replace")),
    }
    for contents in damaged(sources.get(kind) or path.read_bytes(), 7, _INPUTS):
        path.write_bytes(contents)
        if kind == "receipt.json":
            try:
                json.loads(contents)
            except (ValueError, RecursionError):
                continue  # the command reads it by the bounded reader, which the next file tests
        _ask(lambda: readers[kind](path))


def test_damaged_checkpoints(tmp_path):
    """States of trainings."""
    path = tmp_path / "state.safetensors"
    save_checkpoint(path, identity={"run": "a"}, values={"epoch": 1}, tensors={"weights": torch.ones(3, 4)})
    for contents in damaged(path.read_bytes(), 8, _INPUTS):
        path.write_bytes(contents)
        _ask(lambda: read_checkpoint(path, identity={"run": "a"}))


_MODEL = Path(__file__).parents[1] / "fixtures" / "version1" / "model"
_NETWORKS = """
import sys
from pathlib import Path
from facerec.embed.onnx_graph import open_graph
from facerec.errors import FacerecError
from tests.fuzz.damage import damaged
opened = 0
for contents in damaged(Path(sys.argv[1]).read_bytes(), 9, int(sys.argv[2])):
    try:
        open_graph(contents, name="damaged.onnx", size=8)
    except FacerecError:
        continue
    opened += 1
print("done", opened > 0)
"""


def test_damaged_networks(tmp_path):
    """A damaged ONNX graph ends neither the process nor with another error."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["v"]),
    ]
    image = helper.make_tensor_value_info("image", kind, ["n", 3, 8, 8])
    graph = helper.make_graph(nodes, "g", [image], [helper.make_tensor_value_info("v", kind, ["n", 3])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path / "network.onnx"
    path.write_bytes(model.SerializeToString())

    command = [sys.executable, "-c", _NETWORKS, str(path), str(_INPUTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3000)

    assert (done.returncode, done.stdout) == (0, "done True\n"), done.stderr[-2000:]


def test_damaged_model_folders(tmp_path):
    """Descriptions of a model that this project made."""
    if not _MODEL.is_dir():
        pytest.skip("the model of version 1 is not among the fixtures")
    folder = Path(shutil.copytree(_MODEL, tmp_path / "model"))
    for path in sorted(folder.glob("*.json")):
        whole = path.read_bytes()
        for contents in damaged(whole, 10, _INPUTS):
            path.write_bytes(contents)
            _ask(lambda: read_model(folder))
        path.write_bytes(whole)
