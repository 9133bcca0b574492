"""A model's folder on the disk: read with every field checked and every file proved; written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from facerec import similarity
from facerec.errors import (
    ArgumentError,
    CorruptWeightsError,
    FacerecError,
    MissingWeightsError,
    ModelMismatchError,
    WeightsError,
)
from facerec.files import appearing, is_there, read_json, read_regular, replacing, sha256_of
from facerec.models.folder.values import WEIGHTS_FILES, ModelDescription, Parent, Pixels, Terms, Training, WeightsIn
from facerec.models.weights import MOST_BYTES
from facerec.points import notes_on, read_points, write_points
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

    `points` are empty where nobody measured any; `audit` is the document of an audit of this model, ``None`` where
    there is none.
    """

    path: Path
    description: ModelDescription
    points: tuple[OperatingPoint, ...]
    audit: Mapping[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """What it is in few words, as JSON holds it."""
        about = self.description
        told = {name: getattr(about, name) for name in ("name", "kind", "digest", "dimension", "crop")}
        terms = {"licence": about.terms.licence, "commercial": about.terms.commercial}
        counts = {"operating_points": len(self.points), "audited": self.audit is not None}
        return {**told, **terms, "folder": str(self.path), **counts}

    def weights(self) -> bytes:
        """The file of weights; the bytes returned are the bytes that were checked.

        `MissingWeightsError` if it is gone, `CorruptWeightsError` if its SHA-256 is not the one that ``model.json``
        states, `WeightsError` if it cannot be read.
        """
        stated = self.description.weights
        path = self.path / stated.file
        contents = read_regular(path, limit=MOST_BYTES, error=WeightsError, missing=MissingWeightsError, advice=_HOLDS)
        _check_digest(path, stated.sha256, hashlib.sha256(contents).hexdigest())
        return contents


def read_model(folder: str | Path) -> ModelFolder:
    """Read a model's folder.

    Raises
    ------
    MissingWeightsError
        If there is no such folder, or ``model.json`` or the file of weights is missing from it.
    CorruptWeightsError
        If ``model.json`` is not JSON, is of another format or version, or a field is missing or out of range.
        If the weights' SHA-256 or size is not the one that it states, or its digest does not follow from its fields.
        If ``operating_points.json`` holds points of another matcher, or ``audit.json`` is not the document of an audit.
    CalibrationError
        If ``operating_points.json`` cannot be read.
    WeightsError
        If a file cannot be read.
    """
    path = Path(folder)
    description = _description(_json_of(path / DESCRIPTION), path / DESCRIPTION)
    stated = description.weights
    weights = path / stated.file
    if not weights.is_file():
        message = (
            f"{path} lacks {stated.file} (SHA-256 {stated.sha256}), which its {DESCRIPTION} "
            "names; copy it there, or add the model again from where it came"
        )
        raise MissingWeightsError(message)
    _check_digest(weights, stated.sha256, sha256_of(weights, error=WeightsError))
    if weights.stat().st_size != stated.size:
        message = (
            f"{path / DESCRIPTION} was changed by hand: it states {stated.size} bytes of {stated.file}, which has "
            f"{weights.stat().st_size}; add the model again"
        )
        raise CorruptWeightsError(message)
    points = read_points(path / POINTS) if is_there(path / POINTS) else ()
    try:
        _refuse_foreign(points, description)
    except ModelMismatchError as problem:
        message = f"{path / POINTS} holds points of another matcher: {problem}"
        raise CorruptWeightsError(message) from problem
    audit = None
    if is_there(path / AUDIT):
        audit = _json_of(path / AUDIT)
        _check_audit(audit, path / AUDIT, description, points, error=CorruptWeightsError)
    return ModelFolder(path, description, points, audit)


def matcher_of(description: ModelDescription, *, detector: str, gate: str) -> Matcher:
    """The matcher that a model is part of, with the detector and the gate that it is used with."""
    return Matcher(detector, description.crop, description.name, description.digest, similarity.NAME, gate)


def write_model(
    folder: Path,
    description: ModelDescription,
    weights: bytes,
    *,
    points: Sequence[OperatingPoint] = (),
    audit: Mapping[str, Any] | None = None,
) -> ModelFolder:
    """Write a model's folder, which must not exist, and read it again; the folder above it is made.

    `weights` is the file that ``description.weights`` describes; `points` were measured with this model, and `audit` is
    the document of an audit of it.

    Raises
    ------
    OutputError
        If `folder` exists, or cannot be written to; nothing is left behind.
    ModelMismatchError
        If a point was measured with another embedder, crop or similarity.
    """
    _refuse_foreign(points, description)
    with appearing(folder) as partial:
        (partial / description.weights.file).write_bytes(weights)
        _write_text(partial / DESCRIPTION, _as_text(_document(description)))
        if points:
            write_points(points, partial / POINTS)
        if audit is not None:
            _write_text(partial / AUDIT, _as_text(audit))
        _write_text(partial / CARD, _card(description, points, audit))
        read_model(partial)  # what cannot be read again must not appear
    return read_model(folder)


def attach_points(folder: Path, points: Sequence[OperatingPoint]) -> ModelFolder:
    """Put operating points into a model's folder, in place of those for the same target; renew the card.

    Returns the folder as it is now. Errors are those of `read_model`, and:

    Raises
    ------
    ModelMismatchError
        If a point was measured with another embedder, crop or similarity; nothing is written.
    ArgumentError
        If two of the points are for the same target: only one can decide.
    OutputError
        If the folder cannot be written to.
    """
    model = read_model(folder)
    _refuse_foreign(points, model.description)
    if points:
        new = {point.target_fmr for point in points}
        if len(new) < len(points):
            told = ", ".join(point.name for point in points)
            message = f"several of these points are for one FMR, and only one can decide: {told}; give one for each"
            raise ArgumentError(message)
        kept = [point for point in model.points if point.target_fmr not in new]
        write_points([*kept, *points], folder / POINTS)
    return _renew_card(folder)


def attach_audit(folder: Path, audit: Path) -> ModelFolder:
    """Put the document of an audit into a model's folder, in place of an earlier one; renew the card.

    Of ``audit.json`` as ``facerec audit verification`` writes it, of scores of this model. It names the matcher that
    its table is stamped with; where it names none, the card says that nobody knows whose scores they were. Returns the
    folder as it is now. Errors are those of `read_model`, and:

    Raises
    ------
    ArgumentError
        If `audit` is not such a document.
    ModelMismatchError
        If it is of another matcher's scores; nothing is written.
    OutputError
        If the folder cannot be written to.
    """
    model = read_model(folder)
    about = model.description
    document = read_json(audit, error=ArgumentError)
    stamp = _check_audit(document, audit, about, model.points, error=ArgumentError)
    if stamp is not None:
        own = matcher_of(about, detector=stamp.detector, gate=stamp.gate)
        if refused := own.differences(stamp).refused:
            message = f"{audit} is an audit of another matcher's scores than {about.name}'s: {'; '.join(refused)}"
            raise ModelMismatchError(message)
    with replacing(folder / AUDIT) as partial:
        _write_text(partial, _as_text(document))
    return _renew_card(folder)


def _check_audit(
    document: Any,  # noqa: ANN401 - whatever the file holds
    file: Path,
    about: ModelDescription,
    points: Sequence[OperatingPoint],
    *,
    error: type[FacerecError],
) -> Matcher | None:
    """The matcher whose scores were audited, where it is known; `error` if a card could not show the document."""
    try:
        _card(about, points, document)
        return Matcher.parse(document["matcher"]) if document.get("matcher") else None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as problem:
        message = f"{file} is not the audit.json of facerec audit verification ({type(problem).__name__}: {problem})"
        raise error(message) from problem


def _refuse_foreign(points: Iterable[OperatingPoint], description: ModelDescription) -> None:
    """Raise `ModelMismatchError` for a point of another embedder, crop or similarity (``facerec.types.matcher``)."""
    for point in points:
        measured = point.matcher
        notes_on(point, matcher_of(description, detector=measured.detector, gate=measured.gate))


def _document(description: ModelDescription) -> dict[str, Any]:
    """The document ``model.json``: the fields, and beside two of them what follows from them."""
    beside = {"flip": {"similarity": "cosine"}, "weights": {"digest": description.digest}}
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    for name, value in vars(description).items():
        document |= {name: value, **beside.get(name, {})}
    return document


def _description(document: Mapping[str, Any], path: Path) -> ModelDescription:
    if document.get("format") != FORMAT or document.get("version") != VERSION:
        message = f'{path} does not describe a model; expected "format": "{FORMAT}", "version": {VERSION}'
        raise CorruptWeightsError(message)
    try:
        given = {field.name: document[field.name] for field in fields(ModelDescription)}
        for name in ("architecture", "pixels", "weights", "terms", "training"):
            _check_kind(name, given[name], dict, "a JSON object")
        _check_kind("crop_weights", given["crop_weights"], list, "a list")
        _check_kind("parents", given["parents"], list, "a list")
        for parent in given["parents"]:
            _check_kind("each of parents", parent, dict, "a JSON object")
        _check_kind("flip", given["flip"], bool, "true or false")
        given |= {
            "crop_weights": tuple(given["crop_weights"]),
            "pixels": Pixels(**{field.name: given["pixels"][field.name] for field in fields(Pixels)}),
            "dimension": int(given["dimension"]),
            "weights": WeightsIn(**given["weights"]),
            "terms": Terms(**given["terms"]),
            "training": Training(**given["training"]),
            "parents": tuple(Parent(**parent) for parent in given["parents"]),
        }
        _check_count("dimension", document["dimension"])
        _check_count("weights.size", given["weights"].size)
        _check_value("similarity", document["similarity"], "cosine")
        _check_value("weights.file", given["weights"].file, WEIGHTS_FILES[given["kind"]])
        description = ModelDescription(**given)
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


def _check_kind(field: str, value: object, kind: type, told: str) -> None:
    if not isinstance(value, kind):
        message = f"{field} must be {told}; it is {value!r}"
        raise ArgumentError(message)


def _check_count(field: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f"{field} must be a whole number of 1 or more; it is {value!r}"
        raise ArgumentError(message)


def _json_of(path: Path) -> dict[str, Any]:
    document = read_json(
        path, error=WeightsError, missing=MissingWeightsError, damaged=CorruptWeightsError, advice=_HOLDS
    )
    if not isinstance(document, dict):
        message = f"{path} must hold one JSON object; it holds {type(document).__name__}"
        raise CorruptWeightsError(message)
    return document


def _check_digest(path: Path, expected: str, got: str) -> None:
    if got != expected:
        message = (
            f"{path} is not the file that {DESCRIPTION} describes: expected the SHA-256 {expected}, got {got}; "
            "copy the model again from where it came"
        )
        raise CorruptWeightsError(message)


def _as_text(document: Mapping[str, Any]) -> str:
    def plain(value: object) -> dict[str, Any]:
        return dict(value) if isinstance(value, Mapping) else vars(value)

    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=plain) + "\n"


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _card(description: ModelDescription, points: Sequence[OperatingPoint], audit: Mapping[str, Any] | None) -> str:
    from facerec.models.folder.card import render_card  # whoever only reads a model needs no page builder

    return render_card(description, points, audit)


def _renew_card(folder: Path) -> ModelFolder:
    model = read_model(folder)
    with replacing(folder / CARD) as partial:
        _write_text(partial, _card(model.description, model.points, model.audit))
    return model
