"""Reading a model's folder: every field checked, every file proved to be the one that is described."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facerec import similarity
from facerec.errors import ArgumentError, CorruptWeightsError, MissingWeightsError, ModelMismatchError, WeightsError
from facerec.files import read_json, read_regular, sha256_of
from facerec.models.folder.values import (
    WEIGHTS_FILES,
    ModelDescription,
    Parent,
    Pixels,
    Terms,
    Training,
    WeightsIn,
)
from facerec.models.weights import MOST_BYTES
from facerec.points import notes_on, read_points
from facerec.types import Matcher, OperatingPoint

DESCRIPTION = "model.json"
POINTS = "operating_points.json"
AUDIT = "audit.json"
CARD = "card.md"
FORMAT = "facerec model"
VERSION = 1

_HOLDS = f"a model's folder holds {DESCRIPTION}, its weights and {CARD}"


@dataclass(frozen=True)
class ModelFolder:
    """A model's folder that was read and checked.

    Attributes
    ----------
    path : Path
    description : ModelDescription
    points : tuple of OperatingPoint
        Empty where nobody measured any.
    audit : mapping or None
        The document of an audit of this model; ``None`` where there is none.
    """

    path: Path
    description: ModelDescription
    points: tuple[OperatingPoint, ...]
    audit: Mapping[str, Any] | None

    def weights(self) -> bytes:
        """The file of weights; the bytes returned are the bytes that were checked.

        Raises
        ------
        MissingWeightsError
            If the file is gone.
        CorruptWeightsError
            If its SHA-256 is not the one that ``model.json`` states.
        WeightsError
            If it cannot be read.
        """
        stated = self.description.weights
        path = self.path / stated.file
        contents = read_regular(path, limit=MOST_BYTES, error=WeightsError, missing=MissingWeightsError, advice=_HOLDS)
        digest = hashlib.sha256(contents).hexdigest()
        if digest != stated.sha256:
            raise _wrong(path, stated.sha256, digest)
        return contents


def read_model(folder: str | Path) -> ModelFolder:
    """Read a model's folder.

    Parameters
    ----------
    folder : path

    Returns
    -------
    ModelFolder

    Raises
    ------
    MissingWeightsError
        If there is no such folder, or ``model.json`` or the file of weights is missing from it.
    CorruptWeightsError
        If ``model.json`` is not JSON, is of another format or version, or a field is missing or out of range.
        If the weights' SHA-256 is not the one that it states, or its digest does not follow from its fields.
        If ``operating_points.json`` holds points of another matcher, or ``audit.json`` is not JSON.
    CalibrationError
        If ``operating_points.json`` cannot be read.
    WeightsError
        If a file cannot be read.
    """
    path = Path(folder)
    document = _json_of(path / DESCRIPTION)
    description = _description(document, path / DESCRIPTION)
    weights = path / description.weights.file
    if not weights.is_file():
        message = (
            f"{path} lacks {description.weights.file} (SHA-256 {description.weights.sha256}), which its {DESCRIPTION} "
            "names; copy it there, or add the model again from where it came"
        )
        raise MissingWeightsError(message)
    digest = sha256_of(weights, error=WeightsError)
    if digest != description.weights.sha256:
        raise _wrong(weights, description.weights.sha256, digest)
    points = read_points(path / POINTS) if (path / POINTS).is_file() else ()
    try:
        refuse_foreign(points, description)
    except ModelMismatchError as problem:
        message = f"{path / POINTS} holds points of another matcher: {problem}"
        raise CorruptWeightsError(message) from problem
    audit = _json_of(path / AUDIT) if (path / AUDIT).is_file() else None
    return ModelFolder(path, description, points, audit)


def matcher_of(description: ModelDescription, *, detector: str, gate: str) -> Matcher:
    """The matcher that a model is part of, with the detector and the gate that it is used with."""
    return Matcher(detector, description.crop, description.name, description.digest, similarity.NAME, gate)


def refuse_foreign(points: Iterable[OperatingPoint], description: ModelDescription) -> None:
    """Refuse operating points that do not hold for a model.

    Raises
    ------
    ModelMismatchError
        If one was measured with another embedder, crop or similarity, by ``facerec.types.matcher.RULES``.
    """
    for point in points:
        measured = point.matcher
        notes_on(point, matcher_of(description, detector=measured.detector, gate=measured.gate))


def description_as_json(description: ModelDescription) -> dict[str, Any]:
    """The document ``model.json``."""
    pixels, weights, terms, training = (
        description.pixels,
        description.weights,
        description.terms,
        description.training,
    )
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": description.name,
        "kind": description.kind,
        "architecture": dict(description.architecture),
        "crop": description.crop,
        "crop_weights": list(description.crop_weights),
        "pixels": {
            "mean": list(pixels.mean),
            "std": list(pixels.std),
            "channels": pixels.channels,
            "size": pixels.size,
        },
        "flip": description.flip,
        "similarity": "cosine",
        "dimension": description.dimension,
        "weights": {"file": weights.file, "sha256": weights.sha256, "size": weights.size},
        "digest": description.digest,
        "terms": {"licence": terms.licence, "commercial": terms.commercial, "reason": terms.reason},
        "training": {
            "data": training.data,
            "data_terms": training.data_terms,
            "command": training.command,
            "seed": training.seed,
            "versions": dict(training.versions),
            "details": dict(training.details),
        },
        "parents": [{"name": p.name, "digest": p.digest, "role": p.role} for p in description.parents],
    }


def _description(document: Mapping[str, Any], path: Path) -> ModelDescription:
    if document.get("format") != FORMAT or document.get("version") != VERSION:
        message = f'{path} does not describe a model; expected "format": "{FORMAT}", "version": {VERSION}'
        raise CorruptWeightsError(message)
    try:
        weights = WeightsIn(**document["weights"])
        _check_value("similarity", document["similarity"], "cosine")
        _check_value("weights.file", weights.file, WEIGHTS_FILES[document["kind"]])
        pixels = document["pixels"]
        description = ModelDescription(
            name=document["name"],
            kind=document["kind"],
            architecture=document["architecture"],
            crop=document["crop"],
            crop_weights=tuple(document["crop_weights"]),
            pixels=Pixels(tuple(pixels["mean"]), tuple(pixels["std"]), pixels["channels"], pixels["size"]),
            flip=bool(document["flip"]),
            dimension=int(document["dimension"]),
            weights=weights,
            terms=Terms(**document["terms"]),
            training=Training(**document["training"]),
            parents=tuple(Parent(**parent) for parent in document["parents"]),
        )
        digest = description.digest
    except KeyError as error:
        message = f"{path}: the field {error.args[0]!r} is missing, or has a value that is not known"
        raise CorruptWeightsError(message) from error
    except (ArgumentError, TypeError, ValueError, AttributeError) as error:
        message = f"{path}: a field is not what it should be: {error}"
        raise CorruptWeightsError(message) from error
    if digest != document.get("digest"):
        message = (
            f"{path} was changed by hand: its digest {str(document.get('digest'))[:12]}… does not follow from its "
            f"fields, which give {digest[:12]}…; add the model again"
        )
        raise CorruptWeightsError(message)
    return description


def _check_value(field: str, value: object, expected: str) -> None:
    if value != expected:
        message = f"{field} must be {expected}; it is {value!r}"
        raise ArgumentError(message)


def _json_of(path: Path) -> dict[str, Any]:
    document = read_json(
        path, error=WeightsError, missing=MissingWeightsError, damaged=CorruptWeightsError, advice=_HOLDS
    )
    if not isinstance(document, dict):
        message = f"{path} must hold one JSON object; it holds {type(document).__name__}"
        raise CorruptWeightsError(message)
    return document


def _wrong(path: Path, expected: str, got: str) -> CorruptWeightsError:
    message = (
        f"{path} is not the file that {DESCRIPTION} describes: expected the SHA-256 {expected}, got {got}; "
        "copy the model again from where it came"
    )
    return CorruptWeightsError(message)
