"""A runtime's folder: graphs of a detector and an embedder, with which faces are found and embedded without torch.

``facerec export NAME --runtime DIR`` writes one. Its manifest, ``runtime.json``, holds the SHA-256 of every file, whose
it is and what may be done with it, and the parts of the matcher that it makes: those of the torch networks it was
exported from, because its vectors were found equal. Operating points, galleries and the gate hold on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from facerec import similarity
from facerec.errors import ArgumentError, CorruptWeightsError, MissingWeightsError, OtherRuntimeError, WeightsError
from facerec.files import appearing, is_file, is_folder, read_regular
from facerec.models.folder.values import Pixels, Terms, WeightsIn, checked_name
from facerec.models.weights import MOST_BYTES
from facerec.types.plain import plain
from facerec.visible_text import quoted

MANIFEST = "runtime.json"
FORMAT = "facerec runtime"
VERSION = 1
NETWORKS = ("proposal", "refinement", "output")
"""The detector's networks, in the order in which a photo meets them."""

_MOST_MANIFEST = 1 << 20
_AGAIN = "export it anew where torch is: facerec export NAME --runtime DIR"


@dataclass(frozen=True)
class RuntimeDetector:
    """The detector in a runtime's folder.

    `name` is as after ``--detector``, `recipe` as it stands in a matcher at its defaults; `networks` are the graphs by
    the names in `NETWORKS`.
    """

    name: str
    recipe: str
    networks: Mapping[str, WeightsIn]
    terms: Terms

    def __post_init__(self) -> None:
        if set(self.networks) != set(NETWORKS):
            message = f"a detector has the networks {', '.join(NETWORKS)}; got {', '.join(self.networks) or 'none'}"
            raise ArgumentError(message)
        object.__setattr__(self, "networks", MappingProxyType(dict(self.networks)))


@dataclass(frozen=True)
class RuntimeEmbedder:
    """The embedder in a runtime's folder.

    `name`, `digest`, `dimension` and `crop` are those of the torch embedder, `pixels` and `flip` what happens around
    the `graph`; `landmarks` is the file that the crop recipe needs, ``None`` where it needs none. `output` is which
    output of the graph is the vector, where it has several.
    """

    name: str
    digest: str
    dimension: int
    crop: str
    pixels: Pixels
    flip: bool
    graph: WeightsIn
    landmarks: WeightsIn | None
    terms: Terms
    output: str | None = None

    def __post_init__(self) -> None:
        checked_name(self.name)
        if not isinstance(self.flip, bool) or not isinstance(self.dimension, int) or self.dimension < 1:
            message = f"an embedder has a dimension of 1 or more, and flips or does not; got {self}"
            raise ArgumentError(message)


@dataclass(frozen=True)
class RuntimeDescription:
    """All that the manifest says: the two models, the similarity, and the versions of what exported them."""

    detector: RuntimeDetector
    embedder: RuntimeEmbedder
    similarity: str
    versions: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "versions", MappingProxyType(dict(self.versions)))

    @property
    def files(self) -> tuple[WeightsIn, ...]:
        """Every file beside the manifest."""
        landmarks = self.embedder.landmarks
        rest = (self.embedder.graph,) if landmarks is None else (self.embedder.graph, landmarks)
        return (*(self.detector.networks[name] for name in NETWORKS), *rest)


@dataclass(frozen=True)
class RuntimeFolder:
    """A runtime's folder whose manifest was read; `digest` is the manifest's SHA-256, and so stands for every file."""

    path: Path
    digest: str
    description: RuntimeDescription

    def contents(self, stated: WeightsIn) -> bytes:
        """One of the files; the bytes returned are the bytes that were checked.

        Raises
        ------
        MissingWeightsError
            If it is gone.
        CorruptWeightsError
            If its size or its SHA-256 is not the one that the manifest states.
        WeightsError
            If it cannot be read.
        """
        path = self.path / stated.file
        contents = read_regular(path, limit=MOST_BYTES, error=WeightsError, missing=MissingWeightsError, advice=_AGAIN)
        got = hashlib.sha256(contents).hexdigest()
        if got != stated.sha256 or len(contents) != stated.size:
            message = (
                f"{path} is not the file that {MANIFEST} describes: expected {stated.size} bytes with the SHA-256 "
                f"{stated.sha256}, got {len(contents)} with {got}; {_AGAIN}"
            )
            raise CorruptWeightsError(message)
        return contents

    def to_dict(self) -> dict[str, Any]:
        """Where it is, its digest, and what the manifest says."""
        return {"runtime": str(self.path), "digest": self.digest, **_document(self.description)}


def read_runtime(folder: str | Path, *, digest: str | None = None) -> RuntimeFolder:
    """Read the manifest of a runtime's folder; each graph is checked when it is loaded (`RuntimeFolder.contents`).

    Raises
    ------
    MissingWeightsError
        If there is no such folder, or the manifest or a file that it names is not in it.
    OtherRuntimeError
        If the manifest is of another version, or of another similarity than this project's.
        If its SHA-256 is not the `digest` that is expected: the folder is another one than before.
    CorruptWeightsError
        If the manifest is no JSON, or a field of it is missing or out of range.
    WeightsError
        If it cannot be read.
    """
    path = Path(folder)
    if not is_folder(path):
        message = f"{path} is no runtime's folder: there is no such folder; {_AGAIN}"
        raise MissingWeightsError(message)
    manifest = path / MANIFEST
    text = read_regular(manifest, limit=_MOST_MANIFEST, error=WeightsError, missing=MissingWeightsError, advice=_AGAIN)
    description = _description(text, manifest)
    found = hashlib.sha256(text).hexdigest()
    if digest not in (None, found):
        message = f"{manifest} has the SHA-256 {found[:12]}…, expected {str(digest)[:12]}…: use the folder of before"
        raise OtherRuntimeError(message)
    if description.similarity != similarity.NAME:
        message = f"{manifest} is for the similarity {description.similarity}, here it is {similarity.NAME}; {_AGAIN}"
        raise OtherRuntimeError(message)
    for stated in description.files:
        if not is_file(path / stated.file):
            message = f"{path} lacks {stated.file} (SHA-256 {stated.sha256}), which its {MANIFEST} names; {_AGAIN}"
            raise MissingWeightsError(message)
    return RuntimeFolder(path.absolute(), found, description)


def write_runtime(
    folder: Path,
    description: RuntimeDescription,
    contents: Mapping[str, bytes],
    *,
    check: Callable[[RuntimeFolder], None],
) -> RuntimeFolder:
    """Write a runtime's folder, which must not exist, and read it again; `contents` are the files by their names.

    `check` is called with the folder before it takes its name; what it raises leaves nothing behind.

    Raises
    ------
    OutputError
        If `folder` exists, or cannot be written to; nothing is left behind.
    """
    with appearing(folder) as partial:
        for name, content in contents.items():
            (partial / name).write_bytes(content)
        text = json.dumps(_document(description), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        (partial / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
        made = read_runtime(partial)
        check(made)
    return read_runtime(folder)


def stated(file: str, contents: bytes) -> WeightsIn:
    """What a manifest says of a file with these contents."""
    return WeightsIn(file, hashlib.sha256(contents).hexdigest(), len(contents))


def _document(description: RuntimeDescription) -> dict[str, Any]:
    return {"format": FORMAT, "version": VERSION, **plain(description)}


def _description(text: bytes, manifest: Path) -> RuntimeDescription:
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            message = f'expected an object with "format": "{FORMAT}"'
            raise ArgumentError(message)
        if document.get("version") != VERSION:
            other = f"{manifest} is of version {quoted(document.get('version'))}"
            message = f"{other}, expected {VERSION}, which this facerec runs; {_AGAIN}"
            raise OtherRuntimeError(message)
        detector, embedder = dict(document["detector"]), dict(document["embedder"])
        detector["networks"] = {name: _file(each) for name, each in detector["networks"].items()}
        embedder["graph"] = _file(embedder["graph"])
        embedder["landmarks"] = None if embedder["landmarks"] is None else _file(embedder["landmarks"])
        embedder["pixels"] = Pixels(**embedder["pixels"])
        for each in (detector, embedder):
            each["terms"] = Terms(**each["terms"])
        return RuntimeDescription(
            RuntimeDetector(**{each.name: detector[each.name] for each in fields(RuntimeDetector)}),
            RuntimeEmbedder(**{each.name: embedder[each.name] for each in fields(RuntimeEmbedder)}),
            document["similarity"],
            document["versions"],
        )
    except KeyError as error:
        message = f"{manifest} lacks the field {error.args[0]!r}; {_AGAIN}"
        raise CorruptWeightsError(message) from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        message = f"{manifest} is no manifest of a runtime: {error}; {_AGAIN}"
        raise CorruptWeightsError(message) from error


def _file(given: Any) -> WeightsIn:  # noqa: ANN401 - whatever the manifest holds
    file = WeightsIn(given["file"], given["sha256"], given["size"])
    if Path(file.file).name != file.file or not isinstance(file.size, int) or len(file.sha256) != 64:
        message = f"a file has a name without folders, a size and a SHA-256 of 64 digits; got {quoted(given)}"
        raise ArgumentError(message)
    return file
