"""The only reader of photos: whatever the user has becomes RGB, uint8, height × width × 3, upright.

Nothing behind this module sees a path, a file, another mode or a rotated photo, so nothing behind it needs to ask.
Whatever cannot be read is one `ImageError` that names the source. No global setting of Pillow is changed or relied
on, so reading from several threads, and beside other users of Pillow, is safe.
"""

from __future__ import annotations

import base64
import importlib
import inspect
import io
import math
import os
import re
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias, cast

import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.ImageFile
from numpy.typing import NDArray

from facerec.errors import ArgumentError, ImageError, LargePhotoError
from facerec.files import absent, as_given, open_regular
from facerec.photos import formats, pixels
from facerec.types import Image
from facerec.visible_text import shortened

MAX_PIXELS = 80_000_000
"""Largest photo that is read, in pixels. Checked on the size that the file states, before anything is decoded: a file
of a few kilobytes can state, and fill, gigabytes."""

MAX_BYTES = 512 * 1024 * 1024
"""Largest file that is read."""

ALWAYS_PIXELS = 12_000_000
"""A photo of as many pixels is read however few its bytes are; a larger one must have a byte for `MOST_PER_BYTE`."""

MOST_PER_BYTE = 400
"""Pixels for each byte of a large photo: a face in JPEG's worst quality has some 60; 38 bytes of WebP can state, and
fill, a gigabyte with one colour."""

Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | PIL.Image.Image | NDArray
"""What `read` takes."""

DAMAGED = (OSError, SyntaxError, ValueError, TypeError, IndexError, ArithmeticError, RuntimeError)
"""What Pillow's decoders raise for damaged data, as found by damaging files of every format in every place."""

TOO_LARGE = (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning, MemoryError)
"""What they raise where the size that a file states is checked, or memory for it is asked for, before we see it."""

_BLOCK = 1 << 22
_LONGEST_NAME = 255
_HEAD_LETTERS = 64  # of base64: 48 bytes, by which every format is known
_BASE64 = re.compile(r"[A-Za-z0-9+/\-_\s]+={0,2}\s*")
_STANDARD = str.maketrans("-_", "+/")  # base64 for URLs has other signs for two letters


class Photo(NamedTuple):
    """A photo that was read.

    `pixels` are as `read` gives them; `notes` say what a person should know of them: that the picture is nearly black
    or flat, that values were clipped, that its orientation is in doubt.
    """

    pixels: Image
    notes: tuple[str, ...]


def read(source: Source, *, name: str | None = None, bgr: bool = False) -> Image:
    """Read a photo; `read_photo` gives, besides, what there is to say of it.

    Parameters
    ----------
    source : path, bytes, binary file, PIL image or array
        A path is a ``str`` or ``os.PathLike``; a ``data:`` URL or base64 text is taken for what it holds, no other
        address is followed; ``bytes`` are the contents of a file. A file object is read from where it stands to its
        end. Formats: JPEG, PNG, WebP, GIF, BMP, TIFF, PNM, JPEG 2000, where Pillow has it AVIF, and with the extra
        ``heif`` HEIC; of several frames the first (of a PIL image the current one).
        An array is height × width × 3 (RGB, not BGR), height × width × 4 (RGBA) or height × width (grey), also with a
        last axis of 1; whatever numpy can read as an array will do, a tensor on the CPU for instance. For its values
        see Notes.
    name : str, optional
        What the photo is called in messages; by default the path, or what kind of source it is.
    bgr : bool
        Whether an array has its channels in the order blue, green, red, as OpenCV gives them.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3)
        RGB, C-contiguous, upright (the EXIF orientation is applied), in memory of its own. Colour profiles are not
        applied. Transparent parts show white, as in a viewer.

    Raises
    ------
    ImageError
        If there is no such file, it is a folder or no regular file, or may not be read.
        If it is empty, in none of the formats, damaged or cut off.
        If it has no pixels.
        If an array is not of a shape above, or its values are not of a range below.
    LargePhotoError
        An `ImageError`: if it has more than `MAX_PIXELS` pixels or `MAX_BYTES` bytes, or far too many pixels for its
        bytes (`MOST_PER_BYTE`).
    CostlyPhotoError
        An `ImageError`: if it would take minutes to decode (``facerec.photos.formats``).
    ArgumentError
        If `source` is none of these, or `bgr` is given for something other than an array.

    Notes
    -----
    What the numbers of an array or of a 16-bit file are taken to mean stands in ``facerec.photos.pixels.eight_bits``:
    0 … 1 and 0 … 255 are told apart, 16 bits are scaled and not clipped, anything else is an error.

    A PIL image that was made from another (turned, converted, cropped) keeps the EXIF orientation of its file, whether
    or not it was turned upright: it is turned unless its size says that it was. See `_needs_turning`.
    """
    return read_photo(source, name=name, bgr=bgr).pixels


def read_photo(source: Source, *, name: str | None = None, bgr: bool = False) -> Photo:
    """Read a photo as `read` does, and say what there is to say of it."""
    notes: list[str] = []
    try:
        image = _read(source, notes)
        if not bgr or isinstance(source, np.ndarray):
            photo = np.ascontiguousarray(image[:, :, ::-1]) if bgr else image
            return Photo(photo, (*notes, *pixels.brightness_notes(photo)))
    except ImageError as error:
        message = f"{name_of(source) if name is None else shortened(name)} cannot be read as a photo: {error}"
        raise type(error)(message) from error
    message = f"bgr=True is for arrays, whose channels have no names; {name_of(source)} says itself which is red"
    raise ArgumentError(message)


def check(path: str | os.PathLike[str]) -> None:
    """Raise `ImageError`, as `read` would, if there is no file of a known format at `path`; nothing is decoded."""
    try:
        _format_of(_contents(os.fsdecode(path)))
    except ImageError as error:
        message = f"{name_of(path)} cannot be read as a photo: {error}"
        raise type(error)(message) from error


def contents(source: Source) -> bytes | None:
    """The bytes of the file that a photo came in; ``None`` of an image, an array or a file that was read.

    `ImageError`, as of `read`, where a path cannot be read.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        file = bytes(source)
        return file if formats.recognise(file) is not None else _held_in_bytes(file)
    if isinstance(source, str) and (held := _held_in_text(source)) is not None:
        return held
    if isinstance(source, str | os.PathLike):
        return _contents(os.fsdecode(source))
    return None


def is_file(source: Source) -> bool:
    """Whether a photo comes as a file: a path, the contents of one, base64 text, or an open one."""
    return isinstance(source, str | os.PathLike | bytes | bytearray | memoryview) or (
        hasattr(source, "read") and not isinstance(source, PIL.Image.Image | np.ndarray)
    )


def name_of(source: Source) -> str:
    """What a photo is called in messages: its path, the name of its file, or what kind of source it is."""
    if isinstance(source, str) and _is_text_of_bytes(source):
        return "image in base64"
    if isinstance(source, str | os.PathLike):
        return shortened(as_given(source))
    if isinstance(source, bytes | bytearray | memoryview):
        return "image bytes"
    if isinstance(source, PIL.Image.Image):
        return shortened(os.fsdecode(getattr(source, "filename", "") or "PIL image"))
    named = getattr(source, "name", None)
    if hasattr(source, "read"):
        return shortened(named) if isinstance(named, str) else "image file"
    return "array"


def _is_text_of_bytes(text: str) -> bool:
    """Whether a text holds a photo itself: a ``data:`` URL, or base64 that begins like a file of a known format."""
    if text[:5].lower() == "data:":
        return True
    # A long path may consist of the same letters, so that they alone do not tell.
    if len(text) <= _LONGEST_NAME or _BASE64.fullmatch(text) is None:
        return False
    head = base64.b64decode("".join(text[:_LONGEST_NAME].translate(_STANDARD).split())[:_HEAD_LETTERS])
    return formats.recognise(head) is not None


def _held_in_bytes(held: bytes) -> bytes:
    """What base64 in bytes, as Python's own encoder gives it, stands for; other bytes are their own contents."""
    letters = held.decode("ascii") if held.isascii() else ""
    return (_held_in_text(letters) if letters else None) or held


def _held_in_text(text: str) -> bytes | None:
    """The bytes that a text holds; ``None`` where it is a path."""
    if not _is_text_of_bytes(text):
        return None
    head, comma, body = text.partition(",") if text[:5].lower() == "data:" else ("data:;base64", ",", text)
    message = "it is no base64 text, or is cut off; a data: URL has the form data:image/jpeg;base64,…"
    if not comma or not head.lower().endswith(";base64"):
        raise ImageError(message)
    try:
        return base64.b64decode("".join(body.translate(_STANDARD).split()), validate=True)
    except ValueError as error:  # binascii.Error is one
        raise ImageError(message) from error


def _read(source: Source, notes: list[str]) -> Image:
    """As `read`, but the errors do not name the source."""
    if isinstance(source, PIL.Image.Image):
        return _from_image(source, notes)
    if (held := contents(source)) is not None:
        return _from_contents(held, notes)
    if not isinstance(source, np.ndarray) and hasattr(source, "read"):
        return _from_contents(rest_of_stream(cast("BinaryIO", source)), notes)
    if hasattr(source, "__array__") or hasattr(source, "__array_interface__"):
        return _from_array(source, notes)
    message = f"a photo is given as a path, bytes, a binary file, a PIL image or an array; got {type(source).__name__}"
    raise ArgumentError(message)


def _contents(path: Path | str) -> bytes:
    if not os.fspath(path):
        message = "the path is empty"
        raise ImageError(message)
    try:
        with open_regular(path) as file:
            return _rest_of(file)
    except FileNotFoundError as error:
        raise ImageError(absent(path, "file")) from error
    except OSError as error:
        raise ImageError(_reason(error)) from error


def rest_of_stream(file: BinaryIO) -> bytes:
    """What is left to read of a file that the caller opened; `ImageError`, which does not name it, if it cannot be."""
    if inspect.iscoroutinefunction(file.read):
        message = "its read() is asynchronous; give the file inside it (of an UploadFile: upload.file), or what it read"
        raise ImageError(message)
    rest = _rest_of(file)
    if not rest and (place := _place(file)):
        message = f"nothing is left to read: it stands at byte {place:,}, its end; go back first, file.seek(0)"
        raise ImageError(message)
    return rest


def _place(file: BinaryIO) -> int:
    """Where a file stands; 0 if it cannot tell."""
    try:
        return file.tell()
    except (AttributeError, OSError, ValueError):
        return 0


def _rest_of(file: BinaryIO) -> bytes:
    blocks, total = [], 0
    try:
        # One byte more than the limit is enough to know that there are more; raw files may give less than asked for.
        while total <= MAX_BYTES and (block := file.read(min(_BLOCK, MAX_BYTES + 1 - total))):
            if not isinstance(block, bytes):
                message = f"its read() gives {type(block).__name__}, not bytes; open it with mode 'rb'"
                raise ImageError(message)
            blocks.append(block)
            total += len(block)
    except (OSError, ValueError) as error:  # ValueError: the file is closed
        raise ImageError(_reason(error)) from error
    return b"".join(blocks)


def _format_of(held: bytes) -> formats.PhotoFormat:
    if not held:
        message = "it is empty (0 bytes)"
        raise ImageError(message)
    if len(held) > MAX_BYTES:
        message = f"it is larger than {MAX_BYTES} bytes"
        raise LargePhotoError(message)
    photo_format = formats.recognise(held)
    if photo_format is None:
        known = ", ".join(each.name for each in formats.FORMATS if not each.missing)
        message = f"it is in none of the formats that are read (those are {known})"
        raise ImageError(message)
    return photo_format


def _from_contents(held: bytes, notes: list[str]) -> Image:
    photo_format = _format_of(held)
    try:
        reduced, orientation = photo_format.reduce(held)
        image = _decoder(photo_format)(io.BytesIO(reduced))
        _check_size(*image.size)
        _check_worth(*image.size, len(held))
        image.load()
        _check_size(*image.size)  # of an HEIC file it is known for sure once it is decoded
        # WebP is decoded as it is, and its decoder hands the EXIF block on unread.
        if exif := image.info.get("exif"):
            orientation = formats.exif_orientation(exif)
        return pixels.from_image(image, orientation, notes)
    except TOO_LARGE as error:
        message = f"its size is far beyond the limit of {MAX_PIXELS} pixels ({_reason(error)})"
        raise LargePhotoError(message) from error
    except DAMAGED as error:
        message = f"the {photo_format.name} data are damaged or cut off ({_reason(error)})"
        raise ImageError(message) from error


def _decoder(photo_format: formats.PhotoFormat) -> type[PIL.ImageFile.ImageFile]:
    """The format's decoder; ``PIL.Image.open`` would warn of a large photo before its size can be checked."""
    if missing := photo_format.missing:
        raise ImageError(missing)
    module, _, name = photo_format.decoder.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        message = f"it has no pixels ({width} × {height})"
        raise ImageError(message)
    if width * height > MAX_PIXELS:
        message = f"{width} × {height} pixels are more than the limit of {MAX_PIXELS} pixels; shrink it first"
        raise LargePhotoError(message)


def _check_worth(width: int, height: int, held: int) -> None:
    if width * height > max(ALWAYS_PIXELS, held * MOST_PER_BYTE):
        message = f"{held:,} bytes cannot hold a photo of {width} × {height} pixels, only one colour; shrink it first"
        raise LargePhotoError(message)


def _from_image(image: PIL.Image.Image, notes: list[str]) -> Image:
    _check_size(*image.size)
    try:
        image.load()
        exif = image.info.get("exif")
        orientation = formats.exif_orientation(exif) if isinstance(exif, bytes) else image.getexif().get(274, 1)
        # A number that is none of the eight says nothing, as in a file.
        turn = orientation in range(2, 9) and _needs_turning(image, orientation, notes)
        return pixels.from_image(image, orientation if turn else 1, notes)
    except DAMAGED as error:
        message = f"the data are damaged or cut off ({_reason(error)})"
        raise ImageError(message) from error


def _needs_turning(image: PIL.Image.Image, orientation: int, notes: list[str]) -> bool:
    """Whether a PIL image still lies as its file stores it, of whose EXIF it has the orientation, 2 … 8.

    One straight from a file does. One made from it has the same EXIF whatever was done to it. Where the orientation is
    a quarter turn, sides tell: those of the file as EXIF states them, or else that cameras store photos lying, wider
    than high. Whatever is not certain is noted.
    """
    if isinstance(image, PIL.ImageFile.ImageFile):
        return True
    sides = image.getexif().get_ifd(PIL.ExifTags.IFD.Exif)
    stated = [sides.get(tag) for tag in (PIL.ExifTags.Base.ExifImageWidth, PIL.ExifTags.Base.ExifImageHeight)]
    width, height = (each if isinstance(each, int) and each > 0 else 0 for each in stated)
    ratio = image.width / image.height
    if orientation >= 5 and width and height and width != height:
        as_stored, as_turned = (math.isclose(ratio, each, rel_tol=0.02) for each in (width / height, height / width))
        if as_stored:
            return True
        turned = as_turned
    else:
        turned = orientation >= 5 and ratio < 1
    how = "was turned upright before, by its sides, and is not turned" if turned else "is turned by it"
    notes.append(
        f"the PIL image has the EXIF orientation {orientation} of its file and {how}; if that is wrong, give the file, "
        "or PIL.ImageOps.exif_transpose(image) of the image as it was opened"
    )
    return not turned


def _from_array(source: object, notes: list[str]) -> Image:
    try:
        array = np.asarray(source)
    except (TypeError, ValueError, RuntimeError) as error:  # as tensors on a GPU or with a gradient do
        message = f"numpy cannot read it as an array ({_reason(error)})"
        raise ImageError(message) from error
    if array.ndim == 2 and 1 in array.shape and array.dtype == np.uint8 and formats.recognise(array.tobytes()[:64]):
        array = array.ravel()  # a file's bytes in a row, as some versions of cv2.imencode give them
    if array.ndim >= 2:
        _check_size(array.shape[1], array.shape[0])
    return pixels.from_array(array, notes)


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return shortened(text) or type(error).__name__
