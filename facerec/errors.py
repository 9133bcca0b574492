"""Every error this project raises on purpose, in one tree; each class has a stable `code` for programs.

    FacerecError
    ├── ArgumentError      an argument is out of its range or of the wrong shape      (also a ValueError)
    ├── MissingExtraError  a package that only some users need is not installed
    ├── ImageError         bytes that cannot be read as a photo
    ├── FaceError          a photo does not hold the faces that were asked for
    │   ├── NoFaceError        no face was found where one is needed
    │   ├── SeveralFacesError  several faces were found where exactly one is needed
    │   └── PoorQualityError   a face is below the quality gate
    ├── WeightsError       a model file is not usable
    │   ├── MissingWeightsError   it is not where it was looked for
    │   └── CorruptWeightsError   it is there, but is not the file it should be
    ├── ModelMismatchError vectors, thresholds or galleries of two different matchers meet
    ├── CalibrationError   an operating point cannot be made, found or read
    │   ├── NoPointError       none is shipped or in the file for what was asked
    │   ├── DamagedPointError  its file was changed or damaged since it was written
    │   └── ForeignScoresError somebody asserts another matcher than the scores are stamped with
    ├── ScoreTableError    a table lacks a column, or a value is out of range
    │   └── MixedStampsError   rows of one table were made by different matchers
    ├── PolicyError        a policy file cannot be read as claims that an audit could decide
    ├── OutputError        a result cannot be written where it was asked for
    ├── DataSetError       a data set folder or manifest is not what it should be
    ├── TransferError      a transfer run cannot be made or resumed
    └── GalleryError       a gallery cannot do what was asked
        ├── UnknownPersonError    nobody of that name is enrolled
        ├── ExpiredError          the person's time in the gallery is over
        ├── ExpiryPassedError     an expiry date lies in the past
        ├── NameTakenError        somebody else has that name
        ├── PhotosNotKeptError    what needs the photos finds that they were not kept
        ├── ArchiveError          an exported folder cannot be written or read
        ├── GalleryBusyError      another process held the gallery for too long
        ├── ClosedGalleryError    it was closed, or belongs to another process
        ├── ReadOnlyGalleryError  its file or folder may not be written
        ├── FullDiskError         there is no space left
        ├── MissingGalleryError   there is no such file, or its folder is missing
        ├── NotAGalleryError      the file is something else
        ├── NewerGalleryError     it was made by a newer version
        └── DamagedGalleryError   the file is not as it was written

Catch ``FacerecError`` to catch all of them. Each message says what went wrong, where, what was expected, what
was found and what to do; the command line prints it as its one line. Errors live in a module of their own so that
every other module can raise them without import cycles.
"""

from typing import ClassVar


class FacerecError(Exception):
    """Base of every error that this project raises on purpose."""

    code: ClassVar[str] = "error"


class ArgumentError(FacerecError, ValueError):
    """An argument is out of its documented range, or an array is not of its documented shape or dtype."""

    code = "bad_argument"


class MissingExtraError(FacerecError):
    """A package that only some users need is not installed; the message holds the line that installs it."""

    code = "missing_extra"


class ImageError(FacerecError):
    """A file, bytes or an array cannot be read as a photo: empty, truncated, not an image, too large."""

    code = "bad_image"


class FaceError(FacerecError):
    """A photo does not hold the faces that were asked for."""

    code = "bad_face"


class NoFaceError(FaceError):
    """No face was found in a photo that must hold one; nothing was embedded in its stead."""

    code = "no_face"


class SeveralFacesError(FaceError):
    """Several faces were found where exactly one is needed, and no rule to choose was given."""

    code = "several_faces"


class PoorQualityError(FaceError):
    """A face is below the quality gate and is not enrolled; the message says in what."""

    code = "poor_quality"


class WeightsError(FacerecError):
    """A model file is not usable."""

    code = "bad_weights"


class MissingWeightsError(WeightsError):
    """A model file is not where it was looked for; the message says which file, where, and its SHA-256."""

    code = "missing_weights"


class CorruptWeightsError(WeightsError):
    """A model file is there, but its SHA-256 or its contents are not what they must be."""

    code = "corrupt_weights"


class ModelMismatchError(FacerecError):
    """Vectors, thresholds or a gallery that were made by different matchers were used together."""

    code = "model_mismatch"


class CalibrationError(FacerecError):
    """An operating point cannot be made from these scores, or its file cannot be read."""

    code = "bad_point"


class NoPointError(CalibrationError):
    """No operating point is shipped, or in the file, for what was asked; the message says how to measure one."""

    code = "no_point"


class DamagedPointError(CalibrationError):
    """An operating point is not the one that was written: its digest, or its own counts, contradict it."""

    code = "damaged_point"


class ForeignScoresError(CalibrationError):
    """A matcher was asserted for scores whose stamp names another; the message says in what they differ."""

    code = "foreign_scores"


class ScoreTableError(FacerecError):
    """A table lacks a required column, holds a value out of range, or cannot be read."""

    code = "bad_table"


class MixedStampsError(ScoreTableError):
    """Rows of one table were made by different matchers, or some were made by nobody known."""

    code = "mixed_stamps"


class PolicyError(FacerecError):
    """A policy file is missing, no TOML, or a claim in it is not one: which file, which claim and key, and why."""

    code = "bad_policy"


class OutputError(FacerecError):
    """A result cannot be written where it was asked for: no such folder, no permission, no space."""

    code = "bad_output"


class DataSetError(FacerecError):
    """A data set folder or manifest is missing a file, or a line of it cannot be understood."""

    code = "bad_data_set"


class TransferError(FacerecError):
    """A transfer run cannot be made or resumed: training went wrong, or the results are of another configuration."""

    code = "bad_run"


class GalleryError(FacerecError):
    """A gallery cannot do what was asked; nothing was changed."""

    code = "gallery"


class UnknownPersonError(GalleryError):
    """Nobody of that name is enrolled in this gallery."""

    code = "unknown_person"


class ExpiredError(GalleryError):
    """The person's time in the gallery is over; a later date, or forgetting, is what remains."""

    code = "expired"


class ExpiryPassedError(GalleryError):
    """An expiry date that was given has passed already."""

    code = "expiry_passed"


class NameTakenError(GalleryError):
    """Somebody else in this gallery has that name."""

    code = "name_taken"


class PhotosNotKeptError(GalleryError):
    """Vectors cannot be made anew, because photos were not kept; the message says whose."""

    code = "photos_not_kept"


class ArchiveError(GalleryError):
    """A folder that a gallery was exported to cannot be written, or is incomplete, damaged or of another version."""

    code = "bad_archive"


class GalleryBusyError(GalleryError):
    """Another process held the gallery's write lock for longer than the waiting time."""

    code = "busy"


class ClosedGalleryError(GalleryError):
    """The gallery was closed, or was opened by the parent of this process."""

    code = "closed"


class ReadOnlyGalleryError(GalleryError):
    """The gallery's file or folder may not be written, and a gallery logs what it decides."""

    code = "read_only"


class FullDiskError(GalleryError):
    """The disk that holds the gallery is full."""

    code = "full"


class MissingGalleryError(GalleryError):
    """There is no such gallery, or its folder does not exist."""

    code = "missing_gallery"


class NotAGalleryError(GalleryError):
    """The file is not a gallery; it was left as it is."""

    code = "not_a_gallery"


class NewerGalleryError(GalleryError):
    """The gallery was made by a newer version of facerec."""

    code = "newer_version"


class DamagedGalleryError(GalleryError):
    """The gallery's file is not as it was written."""

    code = "damaged"
