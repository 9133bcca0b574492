"""A runtime's folder: what is written is read again, and nothing that was changed since is used."""

import json
import shutil
from functools import partial
from pathlib import Path

import pytest

from facerec.detect.load import load_detector
from facerec.embed import dlib_resnet
from facerec.embed.load import load_embedder
from facerec.errors import CorruptWeightsError, MissingWeightsError, OtherRuntimeError, OutputError
from facerec.models.runtime import MANIFEST, RuntimeFolder, read_runtime, write_runtime


@pytest.fixture
def copy(runtime: Path, tmp_path: Path) -> Path:
    """A runtime's folder that may be damaged."""
    return Path(shutil.copytree(runtime, tmp_path / "copy"))


def changed(folder: Path, **fields: object) -> None:
    """Give fields of the manifest other values."""
    document = json.loads((folder / MANIFEST).read_text("utf-8"))
    (folder / MANIFEST).write_text(json.dumps(document | fields), "utf-8")


def pass_all(made: RuntimeFolder) -> None:
    """Find nothing to object to."""


def test_written_and_read(runtime: Path, tmp_path: Path) -> None:
    """What was read and written again is equal, byte by byte; the manifest says whose the models are."""
    first = read_runtime(runtime)
    contents = {each.file: first.contents(each) for each in first.description.files}

    second = write_runtime(tmp_path / "again", first.description, contents, check=pass_all)

    assert second.description == first.description
    assert second.digest == first.digest
    assert sorted(path.name for path in runtime.iterdir()) == sorted([MANIFEST, *contents])
    told = first.to_dict()
    assert told["embedder"]["terms"]["licence"].startswith("public domain")
    assert told["detector"]["terms"]["licence"].startswith("MIT")
    assert set(told["versions"]) == {"facerec", "torch", "onnx", "onnxruntime"}


def test_the_matcher_is_that_of_torch(runtime: Path) -> None:
    """Its parts are those by which operating points and galleries know the models."""
    about = read_runtime(runtime).description

    assert about.detector.recipe == load_detector().name
    assert about.embedder.digest == dlib_resnet.digest()
    assert about.similarity == "cosine.v1"


def test_an_existing_folder_is_left_alone(runtime: Path, copy: Path) -> None:
    """Also an empty one; and what cannot be read again does not appear."""
    about = read_runtime(runtime).description
    (copy.parent / "empty").mkdir()

    for folder in (copy, copy.parent / "empty"):
        with pytest.raises(OutputError, match="exists already"):
            write_runtime(folder, about, {}, check=pass_all)
    with pytest.raises(MissingWeightsError):
        write_runtime(copy.parent / "new", about, {}, check=pass_all)

    assert sorted(path.name for path in copy.parent.iterdir()) == ["copy", "empty"]


def test_a_check_that_fails_leaves_nothing(runtime: Path, tmp_path: Path) -> None:
    """It is called with a folder that can be loaded, under another name."""
    first = read_runtime(runtime)
    contents = {each.file: first.contents(each) for each in first.description.files}

    def refuse(made: RuntimeFolder) -> None:
        raise OtherRuntimeError(load_detector(runtime=made).name)

    with pytest.raises(OtherRuntimeError, match="second-look"):
        write_runtime(tmp_path / "new", first.description, contents, check=refuse)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["proposal.onnx", "refinement.onnx", "output.onnx", "embedder.onnx", "landmarks.npz"])
def test_a_changed_byte_is_found(copy: Path, file: str) -> None:
    """In every file, when it is loaded; the message names the file and both digests, and says what to do."""
    contents = bytearray((copy / file).read_bytes())
    contents[len(contents) // 2] ^= 1
    (copy / file).write_bytes(contents)
    folder = read_runtime(copy)
    load = partial(load_embedder, None) if file in ("embedder.onnx", "landmarks.npz") else load_detector

    with pytest.raises(CorruptWeightsError, match=rf"{file} is not the file .*SHA-256 .*facerec export NAME --runtime"):
        load(runtime=folder)


def test_a_missing_file_is_named(copy: Path) -> None:
    """A graph, the manifest, the whole folder."""
    (copy / "output.onnx").unlink()
    with pytest.raises(MissingWeightsError, match=r"lacks output\.onnx .SHA-256"):
        read_runtime(copy)
    (copy / MANIFEST).unlink()
    with pytest.raises(MissingWeightsError, match=f"{MANIFEST} cannot be read.*export it anew"):
        read_runtime(copy)
    with pytest.raises(MissingWeightsError, match="no such folder"):
        read_runtime(copy / "nowhere")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused(copy: Path, version: object) -> None:
    """The message says which, and what to do."""
    changed(copy, version=version)

    with pytest.raises(OtherRuntimeError, match="expected 1, which this facerec runs; export it anew"):
        read_runtime(copy)


def test_another_similarity_is_refused(copy: Path) -> None:
    """Its scores would not be those of the operating points."""
    changed(copy, similarity="euclidean.v1")

    with pytest.raises(OtherRuntimeError, match=r"similarity euclidean\.v1, here it is cosine\.v1"):
        read_runtime(copy)


def test_another_embedder_of_that_name_is_refused(copy: Path) -> None:
    """A digest that is not this project's own of that name."""
    document = json.loads((copy / MANIFEST).read_text("utf-8"))
    changed(copy, embedder=document["embedder"] | {"digest": "0" * 64})

    with pytest.raises(OtherRuntimeError, match="another dlib-resnet"):
        load_embedder(None, runtime=read_runtime(copy))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": "facerec runtime", "version": 1}',
        '{"format": "facerec runtime", "version": 1, "detector": 3, "embedder": {}}',
        "[" * 100_000,
        "\xff",
    ],
)
def test_what_is_no_manifest(copy: Path, text: str) -> None:
    """Whatever stands there, one error."""
    (copy / MANIFEST).write_text(text, "latin-1")

    with pytest.raises(CorruptWeightsError, match="export it anew"):
        read_runtime(copy)


@pytest.mark.parametrize("name", ["../proposal.onnx", "/etc/passwd", "..", ""])
def test_files_lie_in_the_folder(copy: Path, name: str) -> None:
    """A manifest does not lead elsewhere."""
    document = json.loads((copy / MANIFEST).read_text("utf-8"))
    document["embedder"]["graph"]["file"] = name
    (copy / MANIFEST).write_text(json.dumps(document), "utf-8")

    with pytest.raises((CorruptWeightsError, MissingWeightsError)):
        read_runtime(copy)


def test_the_folder_of_before(runtime: Path, copy: Path) -> None:
    """Who names a digest gets that folder or an error."""
    digest = read_runtime(runtime).digest
    changed(copy, versions={})

    assert read_runtime(runtime, digest=digest).digest == digest
    with pytest.raises(OtherRuntimeError, match="use the folder of before"):
        read_runtime(copy, digest=digest)
