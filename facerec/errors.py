"""Every error this project raises on purpose, in one tree.

    FacerecError
    ├── ArgumentError      an argument is out of its range or of the wrong shape      (also a ValueError)
    ├── MissingExtraError  a package that only some users need is not installed
    ├── ImageError         bytes that cannot be read as a photo
    ├── FaceError          a photo does not hold the faces that were asked for
    │   ├── NoFaceError        no face was found where one is needed
    │   └── SeveralFacesError  several faces were found where exactly one is needed
    ├── WeightsError       a model file is not usable
    │   ├── MissingWeightsError   it is not where it was looked for
    │   └── CorruptWeightsError   it is there, but is not the file it should be
    ├── ModelMismatchError vectors, thresholds or galleries of two different embedders meet
    ├── CalibrationError   an operating point cannot be made, found or read
    ├── ScoreTableError    a score table lacks a column, or a value is out of range
    ├── PolicyError        a policy file cannot be read as claims that an audit could decide
    ├── OutputError        a result cannot be written where it was asked for
    ├── DataSetError       a data set folder or manifest is not what it should be
    ├── TransferError      a transfer run cannot be made or resumed
    └── GalleryError       a gallery cannot do what was asked
        ├── UnknownPersonError    nobody of that name is enrolled
        └── GalleryBusyError      another process held the gallery for too long

Catch ``FacerecError`` to catch all of them. Each message says what went wrong, where, what was expected, what
was found and what to do; the command line prints it as its one line. Errors live in a module of their own so that
every other module can raise them without import cycles.
"""


class FacerecError(Exception):
    """Base of every error that this project raises on purpose."""


class ArgumentError(FacerecError, ValueError):
    """An argument is out of its documented range, or an array is not of its documented shape or dtype."""


class MissingExtraError(FacerecError):
    """A package that only some users need is not installed; the message holds the line that installs it."""

    code = "missing_extra"


class ImageError(FacerecError):
    """A file, bytes or an array cannot be read as a photo: empty, truncated, not an image, too large."""


class FaceError(FacerecError):
    """A photo does not hold the faces that were asked for."""


class NoFaceError(FaceError):
    """No face was found in a photo that must hold one; nothing was embedded in its stead."""


class SeveralFacesError(FaceError):
    """Several faces were found where exactly one is needed, and no rule to choose was given."""


class WeightsError(FacerecError):
    """A model file is not usable."""


class MissingWeightsError(WeightsError):
    """A model file is not where it was looked for; the message says which file, where, and its SHA-256."""


class CorruptWeightsError(WeightsError):
    """A model file is there, but its SHA-256 or its contents are not what they must be."""


class ModelMismatchError(FacerecError):
    """Vectors, thresholds or a gallery that were made by different embedders were used together."""


class CalibrationError(FacerecError):
    """An operating point cannot be made from these scores, is not shipped, or its file cannot be read."""


class ScoreTableError(FacerecError):
    """A score table lacks a required column, holds a value out of range, or cannot be read."""


class PolicyError(FacerecError):
    """A policy file is missing, no TOML, or a claim in it is not one: which file, which claim and key, and why."""


class OutputError(FacerecError):
    """A result cannot be written where it was asked for: no such folder, no permission, no space."""


class DataSetError(FacerecError):
    """A data set folder or manifest is missing a file, or a line of it cannot be understood."""


class TransferError(FacerecError):
    """A transfer run cannot be made or resumed: training went wrong, or the results are of another configuration."""


class GalleryError(FacerecError):
    """A gallery cannot do what was asked; nothing was changed."""


class UnknownPersonError(GalleryError):
    """Nobody of that name is enrolled in this gallery."""


class GalleryBusyError(GalleryError):
    """Another process held the gallery's write lock for longer than the waiting time."""
