"""Every error this project raises on purpose, in one tree; each class has a stable `code` for programs.

::

    FacerecError
    ├── ArgumentError, also a ValueError
    ├── MissingExtraError
    ├── ImageError ── LargePhotoError, CostlyPhotoError, SlowPhotoError, FatalPhotoError
    ├── FaceError ── NoFaceError, SeveralFacesError, PoorQualityError, DoubtfulFaceError, UnusablePhotosError
    ├── WeightsError ── MissingWeightsError, CorruptWeightsError, OtherRuntimeError, SlowModelError, FatalModelError
    ├── ModelMismatchError
    ├── CalibrationError ── NoPointError, DamagedPointError, ForeignScoresError
    ├── ScoreTableError ── MixedStampsError
    ├── PolicyError
    ├── SettingsError
    ├── OutputError
    ├── LimitedProcessError
    ├── DataSetError
    ├── TransferError
    ├── ServiceError ── BadRequestError, UnauthenticatedError, ForbiddenError, UnknownResourceError, WrongMethodError,
    │                   LargeRequestError, UnknownMediaError, ConditionMissingError, DoneBeforeError,
    │                   GalleryExistsError, TooManyRequestsError, OverloadedError, DeadlineError, EndedProcessError,
    │                   UnsafeSettingsError, ServiceUnreachableError
    └── GalleryError
        ├── UnknownPersonError, UnknownSampleError, ExpiredError, ExpiryPassedError, NameTakenError,
        │   LookAlikeError, PhotosNotKeptError, ArchiveError, ReusedKeyError, ChangedPersonError,
        │   GalleryKeyError, NotUndoneError
        └── GalleryBusyError, ClosedGalleryError, ReadOnlyGalleryError, FullDiskError, MissingGalleryError,
            MovedGalleryError, NotAGalleryError, NewerGalleryError, DamagedGalleryError, GalleryUnreachableError,
            UnsafeServerError

Catch ``FacerecError`` to catch all of them. Each message says what went wrong, where, what was expected, what
was found and what to do; the command line prints it as its one line. Errors live in a module of their own so that
every other module can raise them without import cycles.
"""

from typing import ClassVar

from facerec.visible_text import shortened_words


class FacerecError(Exception):
    """Base of every error that this project raises on purpose."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str = "") -> None:
        # Whatever a caller was given, a photo in base64 for instance, does not end in a log.
        super().__init__(shortened_words(message))

    def __init_subclass__(cls, *, code: str | None = None) -> None:
        super().__init_subclass__()
        if code is not None:
            cls.code = code


class ArgumentError(FacerecError, ValueError, code="bad_argument"):
    """An argument is out of its documented range, or an array is not of its documented shape or dtype."""


class MissingExtraError(FacerecError, code="missing_extra"):
    """A package that only some users need is not installed; the message holds the line that installs it."""


class ImageError(FacerecError, code="bad_image"):
    """A file, bytes or an array cannot be read as a photo: empty, truncated, not an image, too large."""


class LargePhotoError(ImageError, code="large_photo"):
    """A photo has more pixels or bytes than are read, or far more pixels than its bytes can say anything of."""


class CostlyPhotoError(ImageError, code="costly_photo"):
    """A photo is made so that decoding it takes far more time than its size explains: scans, runs, blocks, strips."""


class SlowPhotoError(ImageError, code="slow_photo"):
    """A photo was not read in the time that it was given; the process that read it was ended."""


class FatalPhotoError(ImageError, code="fatal_photo"):
    """A photo ended the process that read it, which crashed, or was denied memory."""


class FaceError(FacerecError, code="bad_face"):
    """A photo does not hold the faces that were asked for."""


class NoFaceError(FaceError, code="no_face"):
    """No face was found in a photo that must hold one; nothing was embedded in its stead."""


class SeveralFacesError(FaceError, code="several_faces"):
    """Several faces were found where exactly one is needed, and no rule to choose was given."""


class PoorQualityError(FaceError, code="poor_quality"):
    """A face is below the quality gate and is not enrolled; the message says in what."""


class DoubtfulFaceError(FaceError, code="doubtful_face"):
    """A face to be enrolled looks like somebody else's, or unlike its own person's; the message names each doubt."""


class UnusablePhotosError(FaceError, code="unusable_photos"):
    """Of several photos some cannot be enrolled, so none was; `reasons` has the number of each and its error."""

    def __init__(self, message: str = "", reasons: tuple[tuple[int, FacerecError], ...] = ()) -> None:
        super().__init__(message)
        self.reasons = reasons


class WeightsError(FacerecError, code="bad_weights"):
    """A model file is not usable."""


class MissingWeightsError(WeightsError, code="missing_weights"):
    """A model file is not where it was looked for; the message says which file, where, and its SHA-256."""


class CorruptWeightsError(WeightsError, code="corrupt_weights"):
    """A model file is there, but its SHA-256 or its contents are not what they must be."""


class OtherRuntimeError(WeightsError, code="other_runtime"):
    """A runtime's folder was written for another version of facerec, or for other recipes than those at work here."""


class SlowModelError(WeightsError, code="slow_model"):
    """A network was not tried out in the time that it was given; the process that ran it was ended."""


class FatalModelError(WeightsError, code="fatal_model"):
    """A network ended the process that tried it out, which crashed, or was denied memory."""


class ModelMismatchError(FacerecError, code="model_mismatch"):
    """Vectors, thresholds or a gallery that were made by different matchers were used together."""


class CalibrationError(FacerecError, code="bad_point"):
    """An operating point cannot be made from these scores, or its file cannot be read."""


class NoPointError(CalibrationError, code="no_point"):
    """No operating point is shipped, or in the file, for what was asked; the message says how to measure one."""


class DamagedPointError(CalibrationError, code="damaged_point"):
    """An operating point is not the one that was written: its digest, or its own counts, contradict it."""


class ForeignScoresError(CalibrationError, code="foreign_scores"):
    """A matcher was asserted for scores whose stamp names another; the message says in what they differ."""


class ScoreTableError(FacerecError, code="bad_table"):
    """A table lacks a required column, holds a value out of range, or cannot be read; ``problems`` are all of them."""

    def __init__(self, *problems: str) -> None:
        told = [f"\n  {number}) {problem}" for number, problem in enumerate(problems, 1)]
        super().__init__(f"{len(told)} problems:{''.join(told)}" if len(told) > 1 else "".join(problems))
        self.problems = problems


class MixedStampsError(ScoreTableError, code="mixed_stamps"):
    """Rows of one table were made by different matchers, or some were made by nobody known."""


class PolicyError(FacerecError, code="bad_policy"):
    """A policy file is missing, no TOML, or a claim in it is not one: which file, which claim and key, and why."""


class SettingsError(FacerecError, code="bad_settings"):
    """``facerec.toml`` is malformed, or names a key that there is not."""


class OutputError(FacerecError, code="bad_output"):
    """A result cannot be written where it was asked for: no such folder, no permission, no space."""


class LimitedProcessError(FacerecError, code="no_limited_process"):
    """A process that is to do some work, or a cluster of them, cannot be begun or reached, or was closed."""


class DataSetError(FacerecError, code="bad_data_set"):
    """A data set folder or manifest is missing a file, or a line of it cannot be understood."""


class TransferError(FacerecError, code="bad_run"):
    """A transfer run cannot be made or resumed: training went wrong, or the results are of another configuration."""


class GalleryError(FacerecError, code="gallery"):
    """A gallery cannot do what was asked; nothing was changed."""


class UnknownPersonError(GalleryError, code="unknown_person"):
    """Nobody of that name is enrolled in this gallery; `name` is it, where somebody was asked for by name."""

    def __init__(self, message: str = "", *, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name


class UnknownSampleError(GalleryError, code="unknown_sample"):
    """A person has no face of that number."""


class ExpiredError(GalleryError, code="expired"):
    """The person's time in the gallery is over; a later date, or forgetting, is what remains."""


class ExpiryPassedError(GalleryError, code="expiry_passed"):
    """An expiry date that was given has passed already."""


class NameTakenError(GalleryError, code="name_taken"):
    """Somebody else in this gallery has that name."""


class LookAlikeError(GalleryError, code="look_alike"):
    """A name looks like that of somebody else who is enrolled, though it is spelled with other characters."""


class ReusedKeyError(GalleryError, code="reused_key"):
    """The key of an enrollment that was made is given for another one."""


class ChangedPersonError(GalleryError, code="changed_person"):
    """A person was changed since whoever wants to change it read it."""


class GalleryKeyError(GalleryError, code="gallery_key"):
    """The key of a gallery's log is missing, another one, or given for a log that has none."""


class NotUndoneError(GalleryError, code="not_undone"):
    """What a receipt says was moved is not as it was left, so it cannot be moved back."""


class PhotosNotKeptError(GalleryError, code="photos_not_kept"):
    """Vectors cannot be made anew, because photos were not kept; the message says whose."""


class ArchiveError(GalleryError, code="bad_archive"):
    """A folder that a gallery was exported to cannot be written, or is incomplete, damaged or of another version."""


class GalleryBusyError(GalleryError, code="busy"):
    """Another process held the gallery's write lock for longer than the waiting time."""


class ClosedGalleryError(GalleryError, code="closed"):
    """The gallery was closed, or was opened by the parent of this process."""


class ReadOnlyGalleryError(GalleryError, code="read_only"):
    """The gallery's file or folder may not be written, and a gallery logs what it decides."""


class FullDiskError(GalleryError, code="full"):
    """The disk that holds the gallery is full."""


class MissingGalleryError(GalleryError, code="missing_gallery"):
    """There is no such gallery, or its folder does not exist."""


class MovedGalleryError(GalleryError, code="moved_gallery"):
    """The file was deleted, moved or replaced while the gallery was open; nothing is acknowledged any more."""


class NotAGalleryError(GalleryError, code="not_a_gallery"):
    """The file is not a gallery; it was left as it is."""


class NewerGalleryError(GalleryError, code="newer_version"):
    """The gallery was made by a newer version of facerec."""


class DamagedGalleryError(GalleryError, code="damaged"):
    """The gallery's file is not as it was written."""


class GalleryUnreachableError(GalleryError, code="unreachable"):
    """The server of a gallery in a database does not run, does not let this role in, or broke the connection."""


class UnsafeServerError(GalleryError, code="unsafe_server"):
    """The server of a database is too old for a gallery, or may lose what it acknowledged."""


class ServiceError(FacerecError, code="service"):
    """The service cannot do what was asked. `retry_after`, in seconds, says when it may."""

    def __init__(self, message: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BadRequestError(ServiceError, code="bad_request"):
    """A request is not what this address takes; the message says which part of it."""


class UnauthenticatedError(ServiceError, code="no_key"):
    """A request carries no key, or one that is unknown, expired or withdrawn."""


class ForbiddenError(ServiceError, code="not_allowed"):
    """The key may not do this; the message says what it lacks."""


class UnknownResourceError(ServiceError, code="unknown_resource"):
    """There is nothing at this address, or nothing that this key may know of."""


class WrongMethodError(ServiceError, code="wrong_method"):
    """There is something at this address, but it does not take this method."""


class LargeRequestError(ServiceError, code="large_request"):
    """A request, a photo in it or their number is larger than the service takes."""


class UnknownMediaError(ServiceError, code="unknown_media"):
    """The body of a request is of a type that this address does not take."""


class ConditionMissingError(ServiceError, code="condition_missing"):
    """A change must say what it was decided by: the header If-Match is missing."""


class DoneBeforeError(ServiceError, code="done_before"):
    """A request of this Idempotency-Key was begun or done, and its answer is not there any more."""


class GalleryExistsError(ServiceError, code="gallery_exists"):
    """A gallery that is to be made is there already."""


class TooManyRequestsError(ServiceError, code="too_many_requests"):
    """The key asked more often, or for more photos, than it may in this time."""


class OverloadedError(ServiceError, code="overloaded"):
    """As many photos wait as may wait."""


class DeadlineError(ServiceError, code="deadline"):
    """A request was not done in the time that one may take."""


class EndedProcessError(ServiceError, code="ended_process"):
    """The process that worked on a job ended before the job did; what it did until then holds."""


class UnsafeSettingsError(ServiceError, code="unsafe_settings"):
    """The service does not start with these settings; the message says what to change."""


class ServiceUnreachableError(ServiceError, code="service_unreachable"):
    """A service does not answer, breaks the connection, or what answers at its address is none; for who asks one."""
