"""Writing a model's folder, whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facerec.errors import ArgumentError, ModelMismatchError, OutputError
from facerec.files import read_json, replacing
from facerec.models.folder.read import (
    AUDIT,
    CARD,
    DESCRIPTION,
    POINTS,
    ModelFolder,
    description_as_json,
    matcher_of,
    read_model,
    refuse_foreign,
)
from facerec.models.folder.values import ModelDescription
from facerec.points.files import write_points
from facerec.types import Matcher, OperatingPoint


def write_model(
    folder: Path,
    description: ModelDescription,
    weights: bytes,
    *,
    points: Sequence[OperatingPoint] = (),
    audit: Mapping[str, Any] | None = None,
) -> ModelFolder:
    """Write a model's folder.

    Parameters
    ----------
    folder : Path
        Must not exist; the folder above it is made.
    description : ModelDescription
    weights : bytes
        The file that ``description.weights`` describes.
    points : sequence of OperatingPoint
        Measured with this model.
    audit : mapping, optional
        The document of an audit of this model.

    Returns
    -------
    ModelFolder
        As `read_model` reads it again.

    Raises
    ------
    OutputError
        If `folder` exists, or cannot be written to; nothing is left behind.
    ModelMismatchError
        If a point was measured with another embedder, crop or similarity.
    """
    refuse_foreign(points, description)
    with _appearing(folder) as partial:
        (partial / description.weights.file).write_bytes(weights)
        (partial / DESCRIPTION).write_text(_as_text(description_as_json(description)), encoding="utf-8", newline="\n")
        if points:
            write_points(points, partial / POINTS)
        if audit is not None:
            (partial / AUDIT).write_text(_as_text(audit), encoding="utf-8", newline="\n")
        (partial / CARD).write_text(_card(description, points, audit), encoding="utf-8", newline="\n")
        read_model(partial)  # what cannot be read again must not appear
    return read_model(folder)


def attach_points(folder: Path, points: Sequence[OperatingPoint]) -> ModelFolder:
    """Put operating points into a model's folder, in place of those for the same data set and target; renew the card.

    Parameters
    ----------
    folder : Path
    points : sequence of OperatingPoint
        Measured with this model.

    Returns
    -------
    ModelFolder
        As it is now.

    Raises
    ------
    ModelMismatchError
        If a point was measured with another embedder, crop or similarity; nothing is written.
    OutputError
        If the folder cannot be written to.
    FacerecError
        As `read_model`.
    """
    model = read_model(folder)
    refuse_foreign(points, model.description)
    if points:
        new = {(point.data_set, point.target_fmr) for point in points}
        kept = [point for point in model.points if (point.data_set, point.target_fmr) not in new]
        write_points([*kept, *points], folder / POINTS)
    return _renew_card(folder)


def attach_audit(folder: Path, audit: Path) -> ModelFolder:
    """Put the document of an audit into a model's folder, in place of an earlier one; renew the card.

    Parameters
    ----------
    folder : Path
    audit : Path
        ``audit.json`` as ``facerec audit verification`` writes it, of scores of this model. It names the matcher that
        its table is stamped with; where it names none, the card says that nobody knows whose scores they were.

    Returns
    -------
    ModelFolder
        As it is now.

    Raises
    ------
    ArgumentError
        If `audit` is not such a document.
    ModelMismatchError
        If it is of another matcher's scores; nothing is written.
    OutputError
        If the folder cannot be written to.
    FacerecError
        As `read_model`.
    """
    model = read_model(folder)
    document = read_json(audit, error=ArgumentError)
    try:
        _card(model.description, model.points, document)
        stamp = Matcher.parse(document["matcher"]) if document.get("matcher") else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{audit} is not the audit.json of facerec audit verification ({type(error).__name__}: {error})"
        raise ArgumentError(message) from error
    if stamp is not None:
        _refuse_other_scores(stamp, model.description, audit)
    with replacing(folder / AUDIT) as partial:
        partial.write_text(_as_text(document), encoding="utf-8", newline="\n")
    return _renew_card(folder)


def _renew_card(folder: Path) -> ModelFolder:
    model = read_model(folder)
    with replacing(folder / CARD) as partial:
        partial.write_text(_card(model.description, model.points, model.audit), encoding="utf-8", newline="\n")
    return model


def _refuse_other_scores(stamp: Matcher, description: ModelDescription, audit: Path) -> None:
    own = matcher_of(description, detector=stamp.detector, gate=stamp.gate)
    if refused := own.differences(stamp).refused:
        message = f"{audit} is an audit of another matcher's scores than {description.name}'s: {'; '.join(refused)}"
        raise ModelMismatchError(message)


def _as_text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """Give a hidden folder beside `folder` that takes its name when the block ends without an error."""
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    try:
        if folder.exists():
            message = f"{folder} exists already; remove it or choose another name"
            raise OutputError(message)
        partial.mkdir(parents=True)
        yield partial
        os.rename(partial, folder)  # noqa: PTH104 - Path.rename says the same and hides that it is one step
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}"
        raise OutputError(message) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _card(description: ModelDescription, points: Sequence[OperatingPoint], audit: Mapping[str, Any] | None) -> str:
    from facerec.models.folder.card import render_card  # whoever only reads a model needs no page builder

    return render_card(description, points, audit)
