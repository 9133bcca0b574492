"""Photos that cost far more to decode than to send, one function each, of any size.

Each is a file that its format allows: nothing in it is damaged, so that only a bound on work refuses it.
"""

from __future__ import annotations

import io
import struct

import PIL.Image


def jpeg_of_scans(scans: int, *, side: int = 64) -> bytes:
    """A progressive JPEG of one colour with this many scans, each a refinement that changes nothing."""
    file = io.BytesIO()
    PIL.Image.new("L", (side, side), 128).save(file, "JPEG", progressive=True)
    contents = file.getvalue()
    last = contents.rindex(b"\xff\xda")
    return contents[:last] + contents[last:-2] * (scans - contents[:last].count(b"\xff\xda")) + b"\xff\xd9"


def bmp_of_runs(side: int) -> bytes:
    """A run-length encoded BMP in which every pixel is a run of its own."""
    row = b"\x01\x00\x01\x01" * (side // 2) + b"\x00\x00"
    data = row * side + b"\x00\x01"
    palette = b"\x00\x00\x00\x00\xff\xff\xff\x00" * 128
    start = 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(data), 0, 0, 256, 0)
    return struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start) + header + palette + data


def ppm_with_comment(length: int) -> bytes:
    """A binary PNM whose header holds a comment of this many bytes."""
    return b"P6\n#" + b"a" * length + b"\n2 2\n255\n" + bytes(12)


def plain_ppm(side: int) -> bytes:
    """A PNM in which every number is written out in digits."""
    return b"P3\n%d %d\n255\n" % (side, side) + b"255 127 0 " * (side * side)


def gif_of_blocks(blocks: int) -> bytes:
    """A GIF with this many blocks of one byte before its first frame."""
    return _gif(b"\x21\xff" + b"\x01a" * blocks + b"\x00")


def gif_with_comment(length: int) -> bytes:
    """A GIF with a comment of this many bytes before its first frame, in the longest blocks there are."""
    return _gif(b"\x21\xfe" + (b"\xff" + b"a" * 255) * (length // 255) + b"\x00")


def _gif(blocks: bytes) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("L", (8, 8), 128).save(file, "GIF")
    contents = file.getvalue()
    at = 13 + (3 << (contents[10] & 7) + 1 if contents[10] & 0x80 else 0)
    return contents[:at] + blocks + contents[at:]


def tiff_of_tiles(tiles: int) -> bytes:
    """An uncompressed grey TIFF whose rows are strips of one pixel each, all at one place of the file."""
    values = struct.pack(f"<{tiles}I", *[8] * tiles), struct.pack(f"<{tiles}I", *[1] * tiles)
    offsets = 16
    counts = offsets + len(values[0])
    directory = counts + len(values[1])
    tags = (
        (256, 3, 1, 1), (257, 4, 1, tiles), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, tiles, offsets),
        (277, 3, 1, 1), (278, 3, 1, 1), (279, 4, tiles, counts),
    )  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = struct.pack("<2sHI", b"II", 42, directory) + b"\x80" + bytes(7)
    return head + values[0] + values[1] + struct.pack("<H", len(tags)) + entries + bytes(4)


def flat(kind: str, side: int, *, mode: str = "RGB") -> bytes:
    """A picture of one colour, which its format holds in next to nothing."""
    file = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    PIL.Image.new(mode, (side, side)).save(file, kind, **options)
    return file.getvalue()
