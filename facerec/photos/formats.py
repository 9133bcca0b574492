"""The photo formats that are read, and each file cut down to the bytes that hold the pixels of its first frame.

Of a hostile or damaged file it is mostly the rest that hurts: metadata that a decoder parses with a warning or an odd
exception, text that unpacks to gigabytes, further frames, embedded previews. All but the orientation is taken out
before the decoder sees the file; so it never warns either, which a library used from several threads could not suppress
(Python's warning filters belong to the whole process). Formats are recognised by their first bytes, from this list
only; nothing here runs another program.

What makes a decoder work for minutes on a small file is refused here, too, before it begins (`CostlyPhotoError`): every
bound is ten times and more what cameras and programs write.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from PIL import TiffTags

from facerec.errors import CostlyPhotoError

_MOST_PARTS = 200_000
"""A file of more segments, chunks or blocks was made to keep the reader busy; 100 megapixels of PNG have 40,000."""

MOST_SCANS = 100
"""Of a progressive JPEG, each of which goes through all pixels again; encoders write 10, the most thorough 60."""

MOST_STRIPS = 100_000
"""Of a TIFF file, strips or tiles; those that are not compressed are read by Python, one by one."""

MOST_BYTES_IN_PYTHON = 4 << 20
"""Of the two kinds of photo that Pillow decodes in Python, a third of a second per megabyte."""

Reduced: TypeAlias = tuple[bytes, int]
"""The bytes for the decoder, and the EXIF orientation that was taken out of them, 1 … 8 (1 where there was none)."""


@dataclass(frozen=True)
class PhotoFormat:
    """One file format: what its first bytes look like, the decoder's module and class, what names of such files end in.

    `reduce` cuts a file down; ValueError or IndexError if it is damaged or ends early, `CostlyPhotoError` if it would
    take too long to decode. `advice` says what to do where the decoder is not installed.
    """

    name: str
    starts: bytes
    decoder: str
    suffixes: tuple[str, ...]
    reduce: Callable[[bytes], Reduced]
    advice: str = "update Pillow"

    @property
    def missing(self) -> str:
        """What to do before this format can be read here; empty where it can."""
        if importlib.util.find_spec(self.decoder.rpartition(".")[0]) is not None:
            return ""
        return f"{self.name} is not read by what is installed; {self.advice}"


def recognise(contents: bytes) -> PhotoFormat | None:
    """The format that the first bytes of `contents` are those of, or ``None``."""
    return next((each for each in FORMATS if re.match(each.starts, contents, re.DOTALL)), None)


@functools.cache
def suffixes() -> frozenset[str]:
    """What the name of a photo in a folder ends in, in either case: that of every format that can be read here."""
    return frozenset(suffix for each in FORMATS if not each.missing for suffix in each.suffixes)


def advice(suffix: str) -> str | None:
    """What to do so that files whose names end in `suffix` (lower case) can be read; ``None`` if they hold no photo."""
    return next((each.missing for each in FORMATS if suffix in each.suffixes), None)


def exif_orientation(exif: bytes) -> int:
    """The orientation, 1 … 8, that an EXIF block states; 1 where it states none or is damaged."""
    try:
        return _directory(exif.removeprefix(b"Exif\0\0")).orientation
    except ValueError:  # a damaged block states nothing; the pixels are there all the same
        return 1


def _unchanged(contents: bytes) -> Reduced:
    return contents, 1


_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd9\xff]")
"""A marker that a length follows; the others (fill bytes, restarts, start, end) stand alone."""

_JPEG_NEXT = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""As `_JPEG_MARKER`, or the end of the picture."""


def _jpeg(contents: bytes) -> Reduced:
    """Without application segments and comments, but for JFIF (APP0) and Adobe (APP14), which tell the colours."""
    kept, orientation, at = [contents[:2]], None, 2
    for _ in range(_MOST_PARTS):
        found = _JPEG_MARKER.search(contents, at)
        if found is None:
            break
        at, marker = found.start(), contents[found.start() + 1]
        if marker == 0xDA:
            return b"".join([*kept, contents[at : _end_of_scans(contents, at)]]), orientation or 1
        end = _after_segment(contents, at)
        if marker == 0xE1 and orientation is None and contents[at + 4 : at + 10] == b"Exif\0\0":
            orientation = exif_orientation(contents[at + 4 : end])
        if not (0xE1 <= marker <= 0xED or marker in (0xEF, 0xFE)):
            kept.append(contents[at:end])
        at = end
    message = "it ends before the image data begins"
    raise ValueError(message)


def _end_of_scans(contents: bytes, at: int) -> int:
    """Where a picture ends whose first scan begins at `at`; behind it other pictures may stand, or a film."""
    scans = 0
    for _ in range(_MOST_PARTS):
        found = _JPEG_NEXT.search(contents, at)
        if found is None:
            return len(contents)
        if found[0] == b"\xff\xd9":
            return found.end()
        scans += found[0] == b"\xff\xda"
        if scans > MOST_SCANS:
            message = f"it has more than {MOST_SCANS} scans; save it anew, not progressive"
            raise CostlyPhotoError(message)
        at = _after_segment(contents, found.start())
    message = f"it has more than {_MOST_PARTS:,} segments"
    raise CostlyPhotoError(message)


def _after_segment(contents: bytes, at: int) -> int:
    """The place after the segment of a JPEG whose marker is at `at`."""
    return at + 2 + max(2, int.from_bytes(contents[at + 2 : at + 4], "big"))


def _png(contents: bytes) -> Reduced:
    """Only the chunks that hold pixels, palette and transparency: no text, no profiles, no animation."""
    kept, orientation, at = [contents[:8]], None, 8
    for _ in range(_MOST_PARTS):
        kind = contents[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(contents[at : at + 4], "big")
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            kept.append(contents[at:end])
        elif kind == b"eXIf" and orientation is None:
            orientation = exif_orientation(contents[at + 8 : end - 4])
        if kind == b"IEND" or end >= len(contents):
            return b"".join(kept), orientation or 1
        at = end
    message = f"it has more than {_MOST_PARTS:,} chunks"
    raise CostlyPhotoError(message)


_GIF_TRANSPARENCY = b"\x21\xf9"


def _gif(contents: bytes) -> Reduced:
    """From the first frame on, if it lies on the canvas, which a decoder would enlarge to any size; no comments."""
    colours = 3 << (contents[10] & 7) + 1 if contents[10] & 0x80 else 0
    canvas_width, canvas_height = _two_little(contents, 6), _two_little(contents, 8)
    at, transparency = 13 + colours, b""
    for _ in range(_MOST_PARTS):
        if contents[at] == 0x2C:
            left, top, width, height = (_two_little(contents, at + 1 + 2 * field) for field in range(4))
            if left + width > canvas_width or top + height > canvas_height:
                message = "its first frame reaches beyond its canvas"
                raise ValueError(message)
            return contents[: 13 + colours] + transparency + contents[at:], 1
        end = _after_blocks(contents, at + 2) if contents[at] == 0x21 else at + 1
        if contents[at : at + 2] == _GIF_TRANSPARENCY:
            transparency = contents[at:end]
        at = end
    message = f"there is no frame in its first {_MOST_PARTS:,} blocks"
    raise CostlyPhotoError(message)


def _after_blocks(contents: bytes, at: int) -> int:
    """The place after a chain of blocks, each led by its length, ended by a length of 0."""
    for _ in range(_MOST_PARTS):
        if not contents[at]:
            return at + 1
        at += 1 + contents[at]
    message = f"one of its comments has more than {_MOST_PARTS:,} parts"
    raise CostlyPhotoError(message)


def _two_little(contents: bytes, at: int) -> int:
    return contents[at] | contents[at + 1] << 8


_SHORT, _LONG, _BYTE_STRINGS = 3, 4, (1, 2, 7)
_ORIENTATION = 274
_BYTES_OF_KIND = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}

_PIXEL_TAGS = frozenset(
    (
        *(256, 257, 258, 259, 262, 266, 277, 284, 338, 339),  # size, depth, compression, colour, order of the samples
        *(273, 278, 279, 322, 323, 324, 325),  # where the strips or tiles are
        *(292, 293, 317, 320, 332, 347),  # options of the compression, colour map, inks
        *(512, 513, 514, 515, 519, 520, 521, 529, 530, 531, 532),  # JPEG inside TIFF, YCbCr
    )
)


_PLACES = frozenset((273, 279, 324, 325))  # where strips and tiles are, and their bytes


class _Entry(NamedTuple):
    """One line of a TIFF directory; `field` is its value or, where that is too long, the value's place in the file."""

    tag: int
    kind: int
    number: int
    field: bytes


class _Directory(NamedTuple):
    """The first directory of a TIFF file or of an EXIF block, which has the same form."""

    order: Literal["little", "big"]
    offset_bytes: int
    entries: list[_Entry]

    @property
    def orientation(self) -> int:
        for entry in self.entries:
            if entry.tag == _ORIENTATION and entry.number == 1 and entry.kind in (_SHORT, _LONG):
                value = int.from_bytes(entry.field[: _BYTES_OF_KIND[entry.kind]], self.order)
                return value if 1 <= value <= 8 else 1
        return 1


def _directory(contents: bytes) -> _Directory:
    """Read the first directory; ValueError if it lies outside `contents`."""
    order: Literal["little", "big"] = "big" if contents.startswith(b"MM") else "little"
    # BigTIFF (43 in place of 42) differs in nothing but the width of its numbers.
    offset_bytes, count_bytes = (8, 8) if 43 in contents[2:4] else (4, 2)

    def number(field: bytes) -> int:
        return int.from_bytes(field, order)

    at = number(contents[offset_bytes : 2 * offset_bytes])
    count = number(contents[at : at + count_bytes])
    length = 4 + 2 * offset_bytes
    at += count_bytes
    if at + count * length > len(contents) or count > 0xFFFF:
        message = "its directory lies outside the file"
        raise ValueError(message)
    lines = [contents[at + place * length :][:length] for place in range(count)]
    entries = [
        _Entry(number(line[:2]), number(line[2:4]), number(line[4:-offset_bytes]), line[-offset_bytes:])
        for line in lines
    ]
    return _Directory(order, offset_bytes, entries)


def _tiff(contents: bytes) -> Reduced:
    """With a new directory at the end, which holds only the tags that say how the pixels of the first frame lie."""
    found = _directory(contents)
    order, offset_bytes, entries = found
    kept, beyond = [], 0
    for entry in entries:
        if entry.tag not in _PIXEL_TAGS:
            continue
        if entry.tag in _PLACES and entry.number > MOST_STRIPS:
            message = f"it has {entry.number:,} strips or tiles, and at most {MOST_STRIPS:,} are read"
            raise CostlyPhotoError(message)
        size = _BYTES_OF_KIND.get(entry.kind, 0) * entry.number
        if size > offset_bytes:
            beyond += size
            if int.from_bytes(entry.field, order) + size > len(contents) or beyond > len(contents):
                message = f"the values of its tag {entry.tag} lie outside the file"
                raise ValueError(message)
        number_expected = TiffTags.lookup(entry.tag).length == 1 and entry.kind not in _BYTE_STRINGS
        if size == 0 or (entry.number > 1 and number_expected):
            message = f"its tag {entry.tag} has an unknown type or not the one value expected"
            raise ValueError(message)
        kept.append(
            entry.tag.to_bytes(2, order)
            + entry.kind.to_bytes(2, order)
            + entry.number.to_bytes(offset_bytes, order)
            + entry.field
        )
    padding = bytes(-len(contents) % 8)
    place = (len(contents) + len(padding)).to_bytes(offset_bytes, order)
    number = len(kept).to_bytes(8 if offset_bytes == 8 else 2, order)
    body = contents[:offset_bytes] + place + contents[2 * offset_bytes :] + padding
    return body + number + b"".join(kept) + bytes(offset_bytes), found.orientation


def _bmp(contents: bytes) -> Reduced:
    """Unchanged; one in runs only if it is small."""
    header = int.from_bytes(contents[14:18], "little")
    compression = int.from_bytes(contents[30:34], "little") if header >= 40 else 0
    if compression in (1, 2):
        _refuse_slow(contents, "run-length encoded BMP")
    return contents, 1


_PNM_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_PNM_HEADER = re.compile(rb"P[456]" + (_PNM_GAP + rb"\d+") * 2)
_MOST_PNM_HEAD = 1 << 16  # its comments are read byte by byte


def _pnm(contents: bytes) -> Reduced:
    """Unchanged, if it is binary and its comments are short, or it is small."""
    plain = contents[1:2] in b"123"
    if plain:
        _refuse_slow(contents, "PNM in digits")
    elif not _PNM_HEADER.match(contents[:_MOST_PNM_HEAD]):
        message = f"no size and depth are in its first {_MOST_PNM_HEAD:,} bytes"
        raise ValueError(message)
    return contents, 1


def _refuse_slow(contents: bytes, kind: str) -> None:
    if len(contents) > MOST_BYTES_IN_PYTHON:
        message = (
            f"it is a {kind} of {len(contents):,} bytes, and at most {MOST_BYTES_IN_PYTHON:,} are read; save it as PNG"
        )
        raise CostlyPhotoError(message)


def _boxes(contents: bytes) -> Reduced:
    """With its EXIF block and texts renamed: AVIF and HEIF keep the orientation elsewhere, and they would be parsed."""
    boxes, data, pixels = contents.partition(b"mdat")
    return boxes.replace(b"Exif", b"free").replace(b"mime", b"free") + data + pixels, 1


FORMATS = (
    PhotoFormat(
        "JPEG", rb"\xff\xd8\xff", "PIL.JpegImagePlugin.JpegImageFile", (".jpg", ".jpeg", ".jpe", ".jfif"), _jpeg
    ),
    PhotoFormat("PNG", rb"\x89PNG\r\n\x1a\n", "PIL.PngImagePlugin.PngImageFile", (".png",), _png),
    PhotoFormat("WebP", rb"RIFF....WEBP", "PIL.WebPImagePlugin.WebPImageFile", (".webp",), _unchanged),
    PhotoFormat("GIF", rb"GIF8[79]a", "PIL.GifImagePlugin.GifImageFile", (".gif",), _gif),
    PhotoFormat("BMP", rb"BM", "PIL.BmpImagePlugin.BmpImageFile", (".bmp",), _bmp),
    PhotoFormat(
        "TIFF",
        rb"(II|MM)(\x00[\x2a\x2b]|[\x2a\x2b]\x00)",
        "PIL.TiffImagePlugin.TiffImageFile",
        (".tif", ".tiff"),
        _tiff,
    ),
    PhotoFormat("PNM", rb"P[1-6]\s", "PIL.PpmImagePlugin.PpmImageFile", (".ppm", ".pgm", ".pbm", ".pnm"), _pnm),
    PhotoFormat(
        "JPEG 2000",
        rb"\xff\x4f\xff\x51|\x00\x00\x00\x0cjP  \r\n\x87\n",
        "PIL.Jpeg2KImagePlugin.Jpeg2KImageFile",
        (".jp2", ".j2k", ".jpf", ".jpx"),
        _unchanged,
    ),
    PhotoFormat("AVIF", rb"....ftypavi[fs]", "PIL.AvifImagePlugin.AvifImageFile", (".avif",), _boxes),
    PhotoFormat(
        "HEIC",
        rb"....ftyp(hei[cxms]|hevc|mif1|msf1)",
        "pi_heif.HeifImageFile",
        (".heic", ".heif", ".hif"),
        _boxes,
        'run: pip install "facerec[heif]", or save as JPEG',
    ),
)
"""Every format that is read; of JPEG also the first picture of an MPO, of the others the first frame."""
