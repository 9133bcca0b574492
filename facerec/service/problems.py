"""Errors of the library as problems of HTTP (RFC 9457): one table, and the only place that knows both."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from facerec import errors
from facerec.errors import FacerecError

_LOGGER = logging.getLogger("facerec.service")
MEDIA = "application/problem+json"
UNEXPECTED = "unexpected"
"""The code of what the library did not raise on purpose."""


class Problem(NamedTuple):
    """How a class of errors is told: the status, and a title that is the same for all of them."""

    status: int
    title: str


_INTERNAL = Problem(500, "Something went wrong on the server")
_FILES = Problem(500, "A file of the server is not as it must be")

PROBLEMS: Mapping[type[FacerecError], Problem] = MappingProxyType(
    {
        FacerecError: _INTERNAL,
        errors.ArgumentError: Problem(422, "A value is not what is needed"),
        errors.MissingExtraError: Problem(501, "The server lacks a package for this"),
        errors.ImageError: Problem(422, "A photo cannot be read"),
        errors.LargePhotoError: Problem(422, "A photo is too large"),
        errors.CostlyPhotoError: Problem(422, "A photo takes too long to read"),
        errors.SlowPhotoError: Problem(422, "A photo takes too long to read"),
        errors.FatalPhotoError: Problem(422, "A photo cannot be read"),
        errors.FaceError: Problem(422, "A photo does not show what is needed"),
        errors.NoFaceError: Problem(422, "No face was found"),
        errors.SeveralFacesError: Problem(422, "Several faces were found"),
        errors.PoorQualityError: Problem(422, "A face is not clear enough"),
        errors.DoubtfulFaceError: Problem(422, "A face raises a doubt"),
        errors.UnusablePhotosError: Problem(422, "Some photos cannot be used"),
        errors.ModelMismatchError: Problem(409, "The gallery belongs to another model"),
        errors.CalibrationError: _FILES,
        errors.NoPointError: Problem(422, "There is no such operating point"),
        errors.DamagedPointError: _FILES,
        errors.ForeignScoresError: Problem(409, "The scores belong to another model"),
        errors.ScoreTableError: Problem(422, "A table cannot be read"),
        errors.MixedStampsError: Problem(422, "A table mixes models"),
        errors.PolicyError: _FILES,
        errors.OutputError: Problem(507, "The server cannot write"),
        errors.LimitedProcessError: Problem(503, "The server cannot read photos now"),
        errors.DataSetError: _FILES,
        errors.TransferError: _INTERNAL,
        errors.WeightsError: _FILES,
        errors.MissingWeightsError: _FILES,
        errors.CorruptWeightsError: _FILES,
        errors.OtherRuntimeError: _FILES,
        errors.SlowModelError: _FILES,
        errors.FatalModelError: _FILES,
        errors.GalleryError: Problem(409, "The gallery cannot do this"),
        errors.UnknownPersonError: Problem(404, "Nobody like that is enrolled"),
        errors.UnknownSampleError: Problem(404, "There is no such face"),
        errors.ExpiredError: Problem(409, "The person has expired"),
        errors.ExpiryPassedError: Problem(422, "The expiry date has passed"),
        errors.NameTakenError: Problem(409, "Somebody has this name"),
        errors.LookAlikeError: Problem(409, "Somebody has a name that looks like this one"),
        errors.ReusedKeyError: Problem(409, "The Idempotency-Key was used for something else"),
        errors.ChangedPersonError: Problem(412, "The person was changed meanwhile"),
        errors.GalleryKeyError: Problem(503, "The log is kept with a key that the server lacks"),
        errors.NotUndoneError: Problem(409, "This cannot be undone any more"),
        errors.PhotosNotKeptError: Problem(409, "Photos were not kept"),
        errors.ArchiveError: Problem(422, "An archive cannot be used"),
        errors.GalleryBusyError: Problem(503, "The gallery is busy"),
        errors.ClosedGalleryError: Problem(503, "The server is ending"),
        errors.ReadOnlyGalleryError: Problem(503, "The gallery can only be read"),
        errors.FullDiskError: Problem(507, "The server has no space left"),
        errors.MissingGalleryError: Problem(404, "There is no such gallery"),
        errors.MovedGalleryError: Problem(503, "The gallery's file was moved"),
        errors.NotAGalleryError: _FILES,
        errors.NewerGalleryError: Problem(503, "The gallery is of a newer version"),
        errors.DamagedGalleryError: Problem(500, "The gallery is damaged"),
        errors.GalleryUnreachableError: Problem(503, "The database cannot be reached"),
        errors.UnsafeServerError: Problem(503, "The database is not safe to use"),
        errors.ServiceError: _INTERNAL,
        errors.BadRequestError: Problem(400, "The request cannot be understood"),
        errors.UnauthenticatedError: Problem(401, "A key is needed"),
        errors.ForbiddenError: Problem(403, "The key may not do this"),
        errors.UnknownResourceError: Problem(404, "There is nothing here"),
        errors.WrongMethodError: Problem(405, "This address does not take this method"),
        errors.LargeRequestError: Problem(413, "The request is too large"),
        errors.UnknownMediaError: Problem(415, "The body is of another type"),
        errors.ConditionMissingError: Problem(428, "If-Match is missing"),
        errors.DoneBeforeError: Problem(409, "This was done or begun before"),
        errors.GalleryExistsError: Problem(409, "There is such a gallery"),
        errors.TooManyRequestsError: Problem(429, "Too many requests"),
        errors.OverloadedError: Problem(503, "The server is busy"),
        errors.DeadlineError: Problem(503, "The request took too long"),
        errors.EndedProcessError: Problem(503, "The work was not done to its end"),
        errors.SettingsError: _INTERNAL,
        errors.UnsafeSettingsError: _INTERNAL,
        errors.ServiceUnreachableError: Problem(502, "Another service cannot be reached"),
    }
)
"""Every class of errors, the ones above others included; a test walks all of them."""

SENTENCES: Mapping[type[BaseException], str] = MappingProxyType(
    {
        errors.ArgumentError: "A name, a term or a face is not as it must be; nothing of it was stored.",
        errors.UnusablePhotosError: "Some photos cannot be used; nothing of this person was stored.",
        errors.NameTakenError: (
            "Somebody of it is enrolled already, and nothing was imported. Import with merge=true, which adds faces to "
            "who is there, or rename or forget them."
        ),
        errors.LookAlikeError: "Somebody is enrolled under a name that looks like this one; use theirs, or another.",
        errors.ArchiveError: (
            "The archive is incomplete, damaged or of another version, and nothing was imported; `facerec gallery "
            "import` of it says where. Export it again."
        ),
        errors.ModelMismatchError: "It was made by another model than the gallery's; nothing was changed.",
        errors.PhotosNotKeptError: (
            "Photos were not kept of everybody, and nothing was changed: the list of people says of whom (photos below "
            "samples). Enroll them again with keep_photos=true, or forget them."
        ),
        errors.NoFaceError: (
            "A face is not found in a photo, or not the one that was enrolled from it; nothing of it was changed."
        ),
        errors.MissingGalleryError: "The gallery is not there any more, or the key that asked does not reach it.",
        errors.UnauthenticatedError: (
            "The key that asked was withdrawn, or has expired, before the work began; nothing was done."
        ),
        errors.EndedProcessError: "The process that worked on it ended; what it did until then holds; ask again.",
    }
)
"""What is said of errors where it is kept, and no name may be; of others, their title."""

_RETRY = 2  # seconds, where an error does not say


def problem_of(error: BaseException) -> Problem:
    """How an error is told; what the library did not raise on purpose, as a fault of the server."""
    return PROBLEMS.get(type(error), _INTERNAL)  # type: ignore[arg-type]


def document(error: BaseException, *, request: str, shown: Callable[[str], str] = str) -> dict[str, Any]:
    """The body: what happened, and nothing of how the server is made where it is the server's fault."""
    return _document(error, f"/requests/{request}", lambda each: shown(str(each)))


def nameless(error: BaseException, *, instance: str) -> dict[str, Any]:
    """The same for where it is kept: sentences that quote nothing, since texts of errors may name people."""
    return _document(error, instance, lambda each: SENTENCES.get(type(each), f"{problem_of(each).title}."))


def _document(error: BaseException, instance: str, said: Callable[[BaseException], str]) -> dict[str, Any]:
    found = problem_of(error)
    ours = isinstance(error, FacerecError) and found.status != HTTPStatus.INTERNAL_SERVER_ERROR
    detail = said(error) if ours else f"The server's own log says more, under {instance.rpartition('/')[2]}."
    reasons = [
        {"pointer": f"/photos/{number}", "code": reason.code, "detail": said(reason)}
        for number, reason in getattr(error, "reasons", ())
    ]
    more = {"errors": reasons} if reasons else {}
    code = error.code if isinstance(error, FacerecError) else UNEXPECTED
    return {
        "type": f"/problems/{code}",
        "title": found.title,
        "status": found.status,
        "detail": detail,
        "instance": instance,
        "code": code,
        **more,
    }


def log_fault(about: str, error: BaseException) -> None:
    """Say in the server's own log what went wrong, and where; not in what words, which may name people."""
    _LOGGER.error("%s %s", about, _where(error))


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = " > ".join(f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in frames)
    cause = "" if error.__cause__ is None else f" from {_where(error.__cause__)}"
    return f"{type(error).__name__} at {places}{cause}"


def headers(error: BaseException) -> dict[str, str]:
    """What else is told: when to ask again, and how to say who asks."""
    status = problem_of(error).status
    found: dict[str, str] = {}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        found["Retry-After"] = str(getattr(error, "retry_after", None) or _RETRY)
    if status == HTTPStatus.UNAUTHORIZED:
        found["WWW-Authenticate"] = "Bearer"
    return found
