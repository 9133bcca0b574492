"""Whatever a photo comes as, the same array comes out; whatever is no photo, one clear error comes out."""

import base64
import io
import os
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL.features
import PIL.Image
import PIL.ImageFile
import pytest
from PIL import ImageOps

from facerec.errors import ArgumentError, ImageError
from facerec.photos import reader

# A gradient as a phone stores it: 64 × 48 pixels lying on their side, which both the file's own box and its EXIF say.
# By pillow-heif 1.8.1: Image.fromarray(gradient).save("gradient.heic", quality=60, exif=orientation_6.tobytes())
GRADIENT = Path(__file__).with_name("gradient.heic")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/status")


@pytest.fixture(scope="module")
def photo():
    """An asymmetric picture, smooth enough for lossy formats."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([x * 4, y * 5, (x + y) * 2], axis=2).astype(np.uint8)


def encoded(array, kind="PNG", mode=None, **options):
    """The bytes of a file."""
    image = PIL.Image.fromarray(array)
    buffer = io.BytesIO()
    (image.convert(mode) if mode else image).save(buffer, kind, **options)
    return buffer.getvalue()


def oriented(array, orientation, kind):
    """The bytes of a file that stores `array` in some orientation and says which."""
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    image = PIL.Image.fromarray(array)
    stored = image if undo is None else image.transpose(PIL.Image.Transpose(undo))
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "a camera"
    buffer = io.BytesIO()
    stored.save(buffer, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    return buffer.getvalue()


# ---------------------------------------------------------------------------------------------------------- sources


def test_every_source_gives_the_same_array(photo, tmp_path):
    """A path, its text, bytes, a file, a pipe, a PIL image and an array are the same photo."""
    contents = encoded(photo)
    path = tmp_path / "photo.png"
    path.write_bytes(contents)
    sources = [path, str(path), contents, bytearray(contents), memoryview(contents), io.BytesIO(contents), photo]
    for source in [*sources, PIL.Image.open(path), PIL.Image.fromarray(photo)]:
        found = reader.read(source)
        np.testing.assert_array_equal(photo, found)
        assert (found.dtype, found.flags.c_contiguous, found.flags.owndata) == (np.uint8, True, True)
    with path.open("rb", buffering=0) as file:
        np.testing.assert_array_equal(photo, reader.read(file))
    reading, writing = os.pipe()
    os.write(writing, contents)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        np.testing.assert_array_equal(photo, reader.read(pipe))


def test_a_file_is_checked_without_decoding_it(photo, tmp_path):
    """What is no file, or in no known format, is told as `read` tells it; whether data are damaged shows later."""
    good, cut, text = (tmp_path / name for name in ("good.png", "cut.png", "text.png"))
    good.write_bytes(encoded(photo))
    cut.write_bytes(encoded(photo)[:100])
    text.write_text("text")

    reader.check(good)
    reader.check(cut)
    for path in (text, tmp_path / "absent.png", tmp_path):
        with pytest.raises(ImageError) as checked:
            reader.check(path)
        with pytest.raises(ImageError) as read:
            reader.read(path)
        assert str(checked.value) == str(read.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_text_that_holds_a_photo_equals_its_bytes(kind, tmp_path, monkeypatch):
    """A data: URL and bare base64, in one line or many, are the bytes that they stand for; a path stays a path."""
    contents = encoded(np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8), kind)
    text = base64.b64encode(contents).decode()
    for form in (f"data:image/{kind.lower()};base64,{text}", text, base64.encodebytes(contents).decode(), text + "\n"):
        np.testing.assert_array_equal(reader.read(form), reader.read(contents))
        assert reader.contents(form) == contents
        assert reader.name_of(form) == "image in base64"
    # However long, and even if all its letters are those of base64.
    monkeypatch.chdir(tmp_path)
    long = "/".join(["folder" * 20] * 3)
    (tmp_path / long).mkdir(parents=True)
    (tmp_path / long / "photo").write_bytes(contents)
    np.testing.assert_array_equal(reader.read(f"{long}/photo"), reader.read(contents))


@pytest.mark.parametrize(
    "text", ["data:", "data:image/png,abc", "data:image/png;base64,a*b", "data:image/png;base64,abcde"]
)
def test_text_that_holds_no_photo_is_said_to_be_so(text):
    """What is no base64, or is cut off, is one error that does not repeat the text."""
    with pytest.raises(ImageError, match=r"^image in base64 cannot be read as a photo: it is no base64 text"):
        reader.read(text)


@pytest.mark.parametrize("axes", [3, 4])
def test_channels_may_stand_in_the_order_of_opencv(photo, axes):
    """bgr=True of an array equals the array with its channels turned; of anything else it is refused."""
    array = np.concatenate([photo, np.full((48, 64, 1), 255, np.uint8)], axis=2)[..., :axes]
    turned = array[..., [2, 1, 0, 3][:axes]]

    np.testing.assert_array_equal(reader.read(turned, bgr=True), photo)
    assert reader.read(turned, bgr=True).flags.c_contiguous
    for source in (encoded(photo), PIL.Image.fromarray(photo), "photo.png"):
        with pytest.raises((ArgumentError, ImageError)):
            reader.read(source, bgr=True)


@pytest.mark.parametrize("length", [300, 100_000])
def test_messages_repeat_no_book(length):
    """At most 120 letters of a path, a name or a text; the beginning and the end."""
    text = "b" * length
    for source, options in (("/" + text, {}), (text + ".jpg", {}), ("data:" + text, {}), (b"x", {"name": text})):
        with pytest.raises(ImageError) as caught:
            reader.read(source, **options)
        assert "b" * 121 not in str(caught.value)
        assert len(str(caught.value)) < 400
    assert reader.name_of("/tmp/" + text + "/ada.jpg").endswith("bbb/ada.jpg")


def test_an_array_is_copied(photo):
    """What the user does to an array afterwards does not change the photo, nor the other way round."""
    array = photo.copy()
    found = reader.read(array)
    array[:] = 0
    np.testing.assert_array_equal(photo, found)


def test_views_of_any_order_are_read_as_they_look(photo):
    """Flipped, transposed and Fortran-ordered views, and tensors, give what indexing gives."""
    torch = pytest.importorskip("torch")
    for view in (photo[::-1, ::-2], photo.transpose(1, 0, 2), np.asfortranarray(photo)):
        np.testing.assert_array_equal(np.array(view), reader.read(view))
    np.testing.assert_array_equal(photo, reader.read(torch.tensor(photo)))
    with pytest.raises(ImageError, match="channels come last"):
        reader.read(torch.zeros(3, 40, 50))
    with pytest.raises(ImageError, match="numpy cannot read"):
        reader.read(torch.zeros(40, 50, 3, requires_grad=True))


def test_floats_up_to_one_are_the_same_photo(photo):
    """An array of 0 … 1, in which other detectors silently find nothing, is scaled."""
    np.testing.assert_array_equal(photo, reader.read(photo.astype(np.float32) / 255))


@pytest.mark.parametrize("source", [None, 7, ["a.jpg"], object()], ids=["None", "number", "list", "object"])
def test_anything_else_is_refused(source):
    """The message says what a photo can be given as."""
    with pytest.raises(ArgumentError, match="path, bytes, a binary file, a PIL image or an array"):
        reader.read(source)


# ---------------------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("BMP", {}),
        ("PPM", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", {"big_tiff": True}),
        ("JPEG2000", {}),
        ("JPEG2000", {"no_jp2": True}),
    ],
)
def test_lossless_formats_give_the_pixels_back(photo, kind, options):
    """Writing and reading is the identity."""
    np.testing.assert_array_equal(photo, reader.read(encoded(photo, kind, **options)))


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", None, {"quality": 95}),
        ("JPEG", None, {"quality": 95, "progressive": True, "comment": b"x" * 1_000, "icc_profile": b"y" * 200_000}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("TIFF", None, {"compression": "jpeg", "quality": 95}),
        ("TIFF", "CMYK", {}),
        ("TIFF", "LAB", {}),
        ("GIF", None, {}),
        ("PNG", "P", {}),
        ("PNG", "RGBA", {}),
        ("WEBP", None, {"quality": 95}),
        ("AVIF", None, {"quality": 95}),
    ],
)
def test_lossy_formats_give_nearly_the_pixels_back(photo, kind, mode, options):
    """Writing and reading moves the mean pixel by a few levels at most."""
    if kind == "AVIF" and not PIL.features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    found = reader.read(encoded(photo, kind, mode, **options))
    assert np.abs(found.astype(int) - photo).mean() < (20 if mode == "P" or kind == "GIF" else 4)


def test_what_pillow_decodes_is_what_is_read(photo):
    """Cutting the metadata out of a file does not touch a pixel: the result equals Pillow's own, bit by bit."""
    for kind in ("JPEG", "TIFF", "PNG", "GIF", "WEBP", "AVIF"):
        if kind == "AVIF" and not PIL.features.check("avif"):
            continue
        contents = encoded(photo, kind)
        np.testing.assert_array_equal(
            np.asarray(PIL.Image.open(io.BytesIO(contents)).convert("RGB")), reader.read(contents)
        )


def test_what_adobe_says_of_the_colours_is_believed(photo):
    """A JPEG of RGB whose components are numbered 1, 2, 3, as Photoshop writes it: only Adobe's segment tells them."""
    contents = bytearray(encoded(photo, "JPEG", quality=95, keep_rgb=True))
    frame, scan = contents.index(b"\xff\xc0"), contents.index(b"\xff\xda")
    assert b"Adobe" in contents[:scan]
    for number in range(3):
        assert contents[frame + 10 + 3 * number] == contents[scan + 5 + 2 * number] == ord("RGB"[number])
        contents[frame + 10 + 3 * number] = contents[scan + 5 + 2 * number] = number + 1
    found = reader.read(bytes(contents))

    assert np.abs(found.astype(int) - photo).mean() < 4


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled(kind):
    """A 16-bit file spans black to white; clipping it to 8 bits would make it white all over."""
    values = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    found = reader.read(encoded(values, kind))
    np.testing.assert_array_equal(np.stack([values // 257] * 3, axis=2), found)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "MPO", "AVIF"])
def test_the_first_of_several_frames_is_read(photo, kind):
    """An animation, a stack of pages and a phone's picture pair give their first frame."""
    if kind == "AVIF" and not PIL.features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    first, second = PIL.Image.fromarray(photo), PIL.Image.fromarray(255 - photo)
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=[second])
    assert np.abs(reader.read(buffer.getvalue()).astype(int) - photo).mean() < 12


def test_transparent_parts_show_white(photo):
    """A transparent palette entry, an alpha channel and a transparent colour are white, as in a viewer."""
    flat = np.full((8, 8, 3), (10, 200, 30), np.uint8)
    palette = PIL.Image.fromarray(flat).quantize(2)
    for options in ({"transparency": 0}, {"transparency": bytes([0, 255])}):
        buffer = io.BytesIO()
        palette.save(buffer, "PNG", **options)
        assert (reader.read(buffer.getvalue()) == 255).all()
    assert (reader.read(encoded(flat, transparency=(10, 200, 30))) == 255).all()
    assert (reader.read(np.dstack([flat, np.zeros((8, 8), np.uint8)])) == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "JPEG", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(photo, kind, orientation):
    """All eight orientations of one picture are the same upright photo, and agree with Pillow's own turning."""
    if kind == "AVIF" and not PIL.features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    contents = oriented(photo, orientation, kind)
    found = reader.read(contents)
    assert found.shape == photo.shape
    turned = ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(contents)))
    np.testing.assert_array_equal(np.asarray(turned), found)
    np.testing.assert_array_equal(found, reader.read(PIL.Image.open(io.BytesIO(contents))))
    if kind not in {"JPEG", "AVIF"}:
        np.testing.assert_array_equal(photo, found)


@pytest.mark.parametrize("number", [0, 9, 4096])
def test_an_orientation_that_exif_does_not_know_turns_nothing(photo, number):
    """The photo is read as it is stored."""
    exif = PIL.Image.Exif()
    exif[0x0112] = number
    np.testing.assert_array_equal(photo, reader.read(encoded(photo, "PNG", exif=exif)))


def test_the_first_of_two_exif_blocks_counts(photo):
    """As Pillow and viewers read it: what an editor appended does not turn the photo again."""
    blocks = [PIL.Image.Exif() for _ in range(2)]
    blocks[0][0x0112], blocks[1][0x0112] = 6, 3
    first, second = (b"Exif\0\0" + block.tobytes()[6:] for block in blocks)
    contents = encoded(photo, "JPEG", exif=first)
    at = contents.index(b"Exif") - 4
    end = at + 2 + int.from_bytes(contents[at + 2 : at + 4], "big")
    both = contents[:end] + b"\xff\xe1" + (len(second) + 2).to_bytes(2, "big") + second + contents[end:]

    np.testing.assert_array_equal(reader.read(both), reader.read(contents))
    np.testing.assert_array_equal(np.rot90(reader.read(encoded(photo, "JPEG")), -1), reader.read(both))


def test_the_first_of_two_exif_chunks_counts(photo):
    """A PNG follows the same rule as a JPEG, whichever the second one says."""
    chunks = []
    for number in (6, 3):
        exif = PIL.Image.Exif()
        exif[0x0112] = number
        contents = encoded(photo, "PNG", exif=exif)
        at = contents.index(b"eXIf") - 4
        chunks.append(contents[at : at + 12 + int.from_bytes(contents[at : at + 4], "big")])
    plain = encoded(photo, "PNG")
    both = plain[:33] + b"".join(chunks) + plain[33:]

    np.testing.assert_array_equal(np.rot90(photo, -1), reader.read(both))


def test_an_orientation_set_in_memory_is_applied(photo):
    """A PIL image whose EXIF the user changed is read upright; one that was turned already is not turned again."""
    image = PIL.Image.fromarray(photo)
    image.getexif()[0x0112] = 6
    np.testing.assert_array_equal(np.rot90(photo, -1), reader.read(image))
    np.testing.assert_array_equal(np.rot90(photo, -1), reader.read(ImageOps.exif_transpose(image)))


# ----------------------------------------------------------------------------------------------------------- errors


def test_what_is_no_readable_file_is_said_to_be_so(tmp_path):
    """A missing file, a folder, a pipe, an empty file and a path with a null character are named with the reason."""
    (tmp_path / "empty.jpg").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.jpg")
    reasons = {"absent.jpg": "no such file", ".": "a folder", "empty.jpg": "empty", "pipe.jpg": "not a regular file"}
    for name, reason in reasons.items():
        path = tmp_path / name
        with pytest.raises(ImageError, match=reason) as caught:
            reader.read(path)
        assert str(path) in str(caught.value)
    for path, reason in (("a\0b", "null"), ("x" * 5000, "too long"), ("empty.jpg/x", "no such file|Not a directory")):
        with pytest.raises(ImageError, match=reason):
            reader.read(path)


def test_a_file_without_permission_is_said_to_be_so(tmp_path, monkeypatch, photo):
    """The reason is the permissions."""
    path = tmp_path / "private.png"
    path.write_bytes(encoded(photo))

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ImageError, match=r"private\.png.*permissions"):
        reader.read(path)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"", "empty"),
        (b"hello, world", "none of the formats.*JPEG, PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "none of the formats"),
        (b"8BPS\0\1" + bytes(100), "none of the formats"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "none of the formats"),
        (b"\xff\xd8\xff\xe0", "JPEG data are damaged or cut off"),
        (b"\x89PNG\r\n\x1a\n", "PNG data are damaged or cut off"),
        (b"GIF89a", "GIF data are damaged or cut off"),
        (b"II*\0", "TIFF data are damaged or cut off"),
    ],
    ids=["empty", "text", "PostScript", "Photoshop", "SVG", "JPEG", "PNG", "GIF", "TIFF"],
)
def test_bytes_that_are_no_photo_are_refused(contents, reason):
    """The message says what is wrong; formats that would run other programs are not even tried."""
    with pytest.raises(ImageError, match=f"^image bytes cannot be read as a photo: .*{reason}"):
        reader.read(contents)


def test_a_phones_photo_is_read_with_the_extra_for_it():
    """HEIC is decoded, stands upright (turned once, though box and EXIF both say it), and is an error if cut off."""
    pytest.importorskip("pi_heif")
    y, x = np.mgrid[0:48, 0:64]
    upright = np.rot90(np.stack([x * 4, y * 5, np.full_like(x, 128)], axis=2), -1)

    found = reader.read_photo(GRADIENT)

    assert found.notes == ()
    assert found.pixels.shape == upright.shape
    assert np.abs(found.pixels.astype(int) - upright).max() < 12
    with pytest.raises(ImageError, match=r"the HEIC data are damaged or cut off"):
        reader.read(GRADIENT.read_bytes()[:500])


def test_a_phones_photo_without_the_extra_is_an_error_with_its_line(monkeypatch):
    """The error says what to install; HEIC is not among the formats that are read."""
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    told = r"""gradient\.heic cannot .*: HEIC is not read .*; run: pip install "facerec\[heif\]", or save as JPEG$"""

    with pytest.raises(ImageError, match=told):
        reader.read(GRADIENT)

    with pytest.raises(ImageError, match=r"none of the formats that are read \(those are JPEG(?!.*HEIC)"):
        reader.read(b"no photo")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "JPEG2000"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_photo_that_is_cut_off_is_refused(kind, part):
    """A file whose end is missing is an error and never a photo that is grey below."""
    noise = np.random.default_rng(2).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    contents = encoded(noise, kind)
    with pytest.raises(ImageError, match=r"damaged or cut off|none of the formats"):
        reader.read(contents[: int(len(contents) * part)])


def test_a_lazy_pil_image_that_is_cut_off_is_refused(photo):
    """Pillow reads pixels late; what it then finds is an `ImageError`, too."""
    contents = encoded(photo)
    with pytest.raises(ImageError, match=r"^PIL image .*damaged or cut off"):
        reader.read(PIL.Image.open(io.BytesIO(contents[: len(contents) // 2])))


def bombs():
    """Small files that state a huge size, each in the words of its format."""
    png = encoded(np.zeros((1, 1), np.uint8))
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + png[24:29]
    yield "PNG", png[:12] + header + zlib.crc32(header).to_bytes(4, "big") + png[33:]
    jpeg = encoded(np.zeros((16, 16, 3), np.uint8), "JPEG")
    at = jpeg.index(b"\xff\xc0")
    yield "JPEG", jpeg[: at + 5] + b"\xff\xdc\xff\xdc" + jpeg[at + 9 :]
    gif = encoded(np.zeros((2, 2), np.uint8), "GIF")
    yield "GIF", gif[:6] + b"\xff\xff\xff\xff" + gif[10:]
    yield "PPM", b"P6 30000 30000 255\n" + bytes(100)
    bmp = bytearray(encoded(np.zeros((2, 2, 3), np.uint8), "BMP"))
    bmp[18:26] = (40_000).to_bytes(4, "little") * 2
    yield "BMP", bytes(bmp)
    tiff = bytearray(encoded(np.zeros((2, 2, 3), np.uint8), "TIFF"))
    for tag in (256, 257):
        at = tiff.index(tag.to_bytes(2, "little") + b"\x04\x00\x01\x00\x00\x00")
        tiff[at + 8 : at + 12] = (65_000).to_bytes(4, "little")
    yield "TIFF", bytes(tiff)
    webp = encoded(np.zeros((2, 2, 4), np.uint8), "WEBP", lossless=True)
    at = webp.index(b"VP8L") + 9
    yield "WEBP", webp[:at] + ((16383 | 16383 << 14) & 0xFFFFFFFF).to_bytes(4, "little") + webp[at + 4 :]


@pytest.mark.parametrize(("kind", "contents"), [pytest.param(*bomb, id=bomb[0]) for bomb in bombs()])
def test_bombs_are_refused_by_their_header(kind, contents):
    """A few bytes that state gigapixels are refused for their size."""
    with pytest.raises(ImageError, match=f"limit of {reader.MAX_PIXELS} pixels"):
        reader.read(contents)


def peak_memory(code):
    """The most memory, in MB, that a Python of its own held while it ran `code`."""
    # Not ru_maxrss: a process inherits that of the one that started it.
    code += "\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1024


@linux
def test_bombs_cost_no_memory(tmp_path):
    """Refusing all of them takes less memory than a small photo."""
    for kind, contents in bombs():
        (tmp_path / kind).write_bytes(contents)
    peak = peak_memory(f"""if True:
        from pathlib import Path
        from facerec import errors
        from facerec.photos import reader
        for path in Path({str(tmp_path)!r}).iterdir():
            try:
                reader.read(path)
            except errors.ImageError:
                pass
    """)
    assert peak < 100


def test_the_limit_of_pixels_is_exact(monkeypatch, photo):
    """As many pixels as the limit are read, one more is not, from a file, a PIL image or an array."""
    contents = encoded(photo)
    monkeypatch.setattr(reader, "MAX_PIXELS", photo.shape[0] * photo.shape[1])
    assert reader.read(contents).shape == photo.shape
    monkeypatch.setattr(reader, "MAX_PIXELS", photo.shape[0] * photo.shape[1] - 1)
    for source in (contents, photo, PIL.Image.fromarray(photo)):
        with pytest.raises(ImageError, match="64 × 48 pixels are more than the limit of 3071 pixels"):
            reader.read(source)


def test_the_limit_is_ours_and_not_pillows(photo, monkeypatch):
    """Pillow would warn of a photo this large; its own setting is neither asked nor changed."""
    limit = PIL.Image.MAX_IMAGE_PIXELS
    contents = encoded(photo, "JPEG")
    reader.read(contents)
    assert limit == PIL.Image.MAX_IMAGE_PIXELS
    assert limit > reader.MAX_PIXELS
    assert not PIL.ImageFile.LOAD_TRUNCATED_IMAGES


def test_too_many_bytes_are_refused(monkeypatch, photo, tmp_path):
    """A file that is larger than the limit is not read to its end."""
    monkeypatch.setattr(reader, "MAX_BYTES", 1000)
    (tmp_path / "large.png").write_bytes(bytes(1001))
    for source in (bytes(1001), tmp_path / "large.png", io.BytesIO(bytes(5000))):
        with pytest.raises(ImageError, match="larger than 1000 bytes"):
            reader.read(source)


def test_text_that_unpacks_to_gigabytes_is_not_unpacked(photo):
    """A PNG with a text chunk a thousand times its packed size is a photo like any other."""
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("note", "x" * 70_000_000, zip=True)
    np.testing.assert_array_equal(photo, reader.read(encoded(photo, pnginfo=info)))


def test_damaged_metadata_do_not_matter(photo):
    """EXIF data that Pillow warns about are passed over in silence, and the photo is read."""
    for block in (
        b"Exif\0\0",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(20),
        b"x" * 50,
    ):
        for kind in ("JPEG", "PNG", "WEBP"):
            found = reader.read(encoded(photo, kind, exif=block))
            assert np.abs(found.astype(int) - photo).mean() < 4


def test_damaged_metadata_of_avif_do_not_matter(photo):
    """AVIF's decoder parses the EXIF block while it opens the file, so the block is hidden from it."""
    if not PIL.features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    contents = oriented(photo, 6, "AVIF")
    at = contents.index(b"\0*\0\0\0\x08")
    hurt = contents[: at + 6] + b"\xff\xff" + contents[at + 8 :]
    np.testing.assert_array_equal(reader.read(contents), reader.read(hurt))


def test_a_gif_whose_frame_is_larger_than_its_canvas_is_refused(photo):
    """The canvas is small and the frame states gigapixels: Pillow would enlarge the canvas to it."""
    contents = encoded(photo, "GIF")
    at = contents.index(b"\x2c\0\0\0\0\x40\0\x30\0")
    with pytest.raises(ImageError, match="first frame reaches beyond its canvas"):
        reader.read(contents[: at + 5] + b"\xff\xff\xff\xff" + contents[at + 9 :])


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (0, 0), (0, 7)])
def test_photos_without_pixels_are_refused(shape):
    """Zero height or width is an error."""
    with pytest.raises(ImageError, match="no pixels"):
        reader.read(np.zeros(shape, np.uint8))
    with pytest.raises(ImageError, match="no pixels"):
        reader.read(PIL.Image.new("RGB", (shape[1], shape[0])))


def test_a_text_file_or_a_closed_file_is_said_to_be_so(tmp_path):
    """What a file object that gives no bytes needs is said."""
    (tmp_path / "text").write_text("x")
    with (tmp_path / "text").open(encoding="utf-8") as file, pytest.raises(ImageError, match=r"text.*mode 'rb'"):
        reader.read(file)
    with pytest.raises(ImageError, match=r"text.*closed"):
        reader.read(file)


def test_what_is_no_source_gets_the_right_hint():
    """An upload itself, a file at its end, no path at all, the bytes of a file in a row of an array."""

    class Upload:
        async def read(self):
            return b""

    at_its_end = io.BytesIO(encoded(np.zeros((4, 4, 3), np.uint8)))
    at_its_end.read()
    row = np.frombuffer(at_its_end.getvalue(), np.uint8)
    for source, hint in (
        (Upload(), r"asynchronous; .* upload\.file"),
        (at_its_end, r"stands at byte \d+, its end; go back first, file\.seek\(0\)"),
        (io.BytesIO(), "it is empty"),
        ("", "the path is empty"),
        (row, r"array\.tobytes\(\)"),
        (row[:, None], r"array\.tobytes\(\)"),
        ("https://example.org/a.jpg", "addresses are not followed"),
    ):
        with pytest.raises(ImageError, match=hint):
            reader.read(source)


def _opened(stored, orientation, stated=None):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    if stated is not None:
        exif.get_ifd(0x8769).update({0xA002: stated[0], 0xA003: stated[1]})
    return PIL.Image.open(io.BytesIO(encoded(stored, "JPEG", exif=exif, quality=100)))


@pytest.mark.parametrize("stated", [None, (40, 24)], ids=["sides unknown", "sides in EXIF"])
@pytest.mark.parametrize("orientation", [6, 8])
def test_an_image_that_its_user_turned_is_not_turned_again(orientation, stated):
    """PIL's rotate keeps the EXIF of the file: sides that are turned already say that the picture is."""
    stored = np.linspace(0, 255, 24 * 40 * 3).astype(np.uint8).reshape(24, 40, 3)
    opened = _opened(stored, orientation, stated)
    upright = reader.read(opened)
    turned = opened.rotate(-90 if orientation == 6 else 90, expand=True)

    again, kept, converted = (reader.read_photo(each) for each in (turned, opened.resize((20, 12)), opened.copy()))

    np.testing.assert_array_equal(again.pixels, upright)
    assert "was turned upright before" in again.notes[0]
    assert kept.pixels.shape == (20, 12, 3)
    np.testing.assert_array_equal(converted.pixels, upright)
    assert [("is turned by it" in " ".join(each.notes)) for each in (kept, converted)] == [stated is None] * 2
    assert reader.read_photo(opened).notes == ()
    assert reader.read_photo(ImageOps.exif_transpose(opened)).notes == ()


def test_a_crop_and_a_half_turn_are_turned_and_noted():
    """Where sides tell nothing the orientation is believed, and said."""
    stored = np.linspace(0, 255, 24 * 40 * 3).astype(np.uint8).reshape(24, 40, 3)
    square = _opened(stored, 6, (40, 24)).crop((0, 0, 24, 24))
    half = _opened(stored, 3).copy()

    for image, turns in ((square, -1), (half, 2)):
        found = reader.read_photo(image)
        np.testing.assert_array_equal(found.pixels, np.rot90(np.asarray(image), turns))
        assert "is turned by it" in found.notes[0]


def test_names_in_messages(tmp_path):
    """A name that is given wins; else the path, the file's name or the kind; control characters are shown escaped."""
    for source, options, start in (
        (b"x", {"name": "photo 7 of the album"}, "photo 7 of the album"),
        (b"x", {}, "image bytes"),
        (io.BytesIO(b"x"), {}, "image file"),
        (np.zeros(3), {}, "array"),
        (tmp_path / "absent.jpg", {}, str(tmp_path / "absent.jpg")),
        ("a\nb\x1b[31m.jpg", {}, r"'a\nb\x1b[31m.jpg'"),
        ("caf\udce9.jpg", {}, r"'caf\udce9.jpg'"),
    ):
        with pytest.raises(ImageError) as caught:
            reader.read(source, **options)
        assert str(caught.value).startswith(f"{start} cannot be read as a photo: ")
        assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------------------- hostile, parallel, large


def seeds(photo):
    """Small files of every format, with metadata."""
    small = photo[::2, ::2]
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    yield encoded(small, "JPEG", exif=exif, comment=b"x")
    yield encoded(small, "JPEG", "CMYK", progressive=True)
    yield encoded(small, "PNG", exif=exif)
    yield encoded(small, "PNG", "P", transparency=bytes(range(200)))
    yield encoded(small, "GIF", save_all=True, append_images=[PIL.Image.fromarray(255 - small)])
    yield encoded(small, "WEBP", exif=exif)
    yield encoded(small, "WEBP", "RGBA", lossless=True)
    yield encoded(small, "BMP")
    yield encoded(small, "BMP", "P")
    yield encoded(small, "TIFF", exif=exif)
    yield encoded(small, "TIFF", compression="jpeg")
    yield encoded(small, "TIFF", big_tiff=True)
    yield encoded(small[:, :, 0].astype(np.uint16) * 257, "TIFF")
    yield encoded(small, "PPM")
    yield b"P3\n# plain\n2 2\n255\n" + b"1 2 3 " * 4
    yield encoded(small, "JPEG2000")
    if PIL.features.check("avif"):
        yield encoded(small, "AVIF", exif=exif)


def damaged(contents, rng):
    """`contents` cut off, or with bytes changed, taken out or put in, mostly near the beginning."""
    found = bytearray(contents)
    end = len(found) if rng.random() < 0.4 else min(len(found), 200)
    at = int(rng.integers(end))
    match rng.integers(4):
        case 0:
            del found[max(1, at) :]
        case 1:
            for place in rng.integers(0, end, 3):
                found[place] = rng.choice([0, 1, 127, 128, 255, rng.integers(256)])
        case 2:
            del found[at : at + int(rng.integers(1, 20))]
        case 3:
            found[at:at] = rng.bytes(int(rng.integers(1, 20)))
    return bytes(found)


def test_damaged_files_give_a_photo_or_an_image_error(photo):
    """Whatever happens to the bytes of any format, no other exception and no warning comes out."""
    rng = np.random.default_rng(20)
    outcomes = {"photo": 0, "error": 0}
    for contents in seeds(photo):
        for _ in range(50):
            try:
                found = reader.read(damaged(contents, rng))
            except ImageError:
                outcomes["error"] += 1
            else:
                outcomes["photo"] += 1
                assert found.dtype == np.uint8
                assert found.shape[2] == 3
    assert min(outcomes.values()) > 150


def test_threads_do_not_disturb_one_another(photo):
    """Eight threads that read good and damaged files get what one gets."""
    files = list(seeds(photo)) + [contents[: len(contents) // 2] for contents in seeds(photo)]

    def outcome(contents):
        try:
            return reader.read(contents).tobytes()
        except ImageError as error:
            return str(error)

    alone = [outcome(contents) for contents in files]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(outcome, files * 8)) == alone * 8


@linux
def test_a_large_photo_takes_little_memory(tmp_path):
    """Reading a JPEG of 24 megapixels, turned by EXIF, takes less than 250 MB in all."""
    path = tmp_path / "large.jpg"
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.linear_gradient("L").resize((6000, 4000)).convert("RGB").save(path, exif=exif)
    peak = peak_memory(f"from facerec.photos import read; assert read({str(path)!r}).shape == (6000, 4000, 3)")
    assert peak < 250


def test_real_photos_are_read_as_pillow_reads_them(data):
    """JPEGs, 32-bit PNGs and a GIF as people have them."""
    files = [
        path
        for folder in ("face_samples", "hymenoptera_data")
        for path in sorted((data / folder).rglob("*"))
        if path.suffix in {".png", ".gif", ".jpeg"} or (path.suffix == ".jpg" and "obama" in path.name)
    ]
    assert {path.suffix for path in files} >= {".png", ".gif", ".jpg"}
    for path in files:
        with PIL.Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if not upright.has_transparency_data or np.asarray(upright.convert("RGBA"))[..., 3].min() == 255:
                np.testing.assert_array_equal(np.asarray(upright.convert("RGB")), reader.read(path))
            else:
                assert reader.read(path).shape[:2] == (upright.height, upright.width)
