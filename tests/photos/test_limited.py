"""Photos read in a process of their own: the same pixels and errors; what hangs or crashes there costs itself only."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from PIL import features

from facerec.errors import (
    ArgumentError,
    CostlyPhotoError,
    FatalPhotoError,
    ImageError,
    LargePhotoError,
    LimitedProcessError,
    SlowPhotoError,
)
from facerec.limited import Limited
from facerec.photos import read, read_photo
from facerec.photos.limited import LimitedReader
from tests.fuzz.bombs import flat, jpeg_of_scans
from tests.fuzz.damage import damaged

pytestmark = pytest.mark.timeout(120)
TASKS = "tests.photos.limited_tasks:"


@pytest.fixture(scope="module")
def photos():
    """A reader that is closed in the end."""
    with LimitedReader(seconds=30) as made:
        yield made


def limited(task, **how):
    """A task that is held to a second, as photos are."""
    return Limited(TASKS + task, **{"seconds": 1.0, "slow": SlowPhotoError, "fatal": FatalPhotoError, **how})


def encoded(kind, mode="RGB", **options):
    """A small photo of noise in a format."""
    file = io.BytesIO()
    noise = PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8))
    (noise.convert("L").convert("I").convert(mode) if mode == "I;16" else noise.convert(mode)).save(
        file, kind, **options
    )
    return file.getvalue()


def outcome(reader, contents):
    """What comes of a photo: its pixels, or class and text of the error."""
    try:
        return reader(contents).tobytes()
    except ImageError as error:
        return type(error), str(error)


def children():
    """Process ids of the processes that this one began and that still run."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


KINDS_OF_PHOTOS = [
    *(("JPEG", mode, {}) for mode in ("RGB", "L", "CMYK")),
    ("JPEG", "RGB", {"progressive": True}),
    *(("PNG", mode, {}) for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("GIF", "P", {}),
    *(("BMP", mode, {}) for mode in ("RGB", "L")),
    *(("TIFF", mode, {"compression": how}) for mode, how in (("RGB", "raw"), ("L", "tiff_lzw"), ("CMYK", "jpeg"))),
    *(("PPM", mode, {}) for mode in ("RGB", "L")),
    ("JPEG2000", "RGB", {}),
    pytest.param("AVIF", "RGB", {}, marks=pytest.mark.skipif(not features.check("avif"), reason="no AVIF in Pillow")),
]


@pytest.mark.parametrize(("kind", "mode", "options"), KINDS_OF_PHOTOS)
def test_pixels_are_the_readers(photos, kind, mode, options):
    """Bit for bit, with the same notes, in memory that may be written to: every format and what it holds."""
    contents = encoded(kind, mode, **options)
    here, there = read_photo(contents), photos.read_photo(contents)

    assert np.array_equal(here.pixels, there.pixels)
    assert here.notes == there.notes
    assert there.pixels.flags.writeable
    assert there.pixels.flags.c_contiguous


def test_the_process_loads_no_torch(photos):
    """A process for each photo at a time must be small, and there soon."""
    before = children()
    with LimitedReader() as made:
        made.read(encoded("PNG"))
        (child,) = children() - before
        mapped = Path(f"/proc/{child}/maps").read_text()

    assert "numpy" in mapped
    assert not [name for name in ("torch", "pandas", "pyarrow", "onnxruntime", "scipy") if f"/{name}/" in mapped]


def test_every_source_of_bytes_is_read(photos, tmp_path):
    """A path, contents, a binary file from where it stands; notes and EXIF's orientation as of the reader."""
    exif = PIL.Image.Exif()
    exif[274] = 6
    PIL.Image.new("RGB", (40, 30)).save(tmp_path / "black.jpg", exif=exif)
    contents = (tmp_path / "black.jpg").read_bytes()

    expected = read_photo(contents)
    assert expected.pixels.shape == (40, 30, 3)
    assert expected.notes
    for source in (tmp_path / "black.jpg", str(tmp_path / "black.jpg"), contents, io.BytesIO(contents)):
        got = photos.read_photo(source)
        assert np.array_equal(got.pixels, expected.pixels)
        assert got.notes == expected.notes
    with pytest.raises(ArgumentError, match="only the contents of files"):
        photos.read(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (b"", ImageError),
        (b"no photo", ImageError),
        (encoded("PNG")[:100], ImageError),
        (flat("WEBP", 6000), LargePhotoError),
        (jpeg_of_scans(300), CostlyPhotoError),
        ("absent.jpg", ImageError),
        ("/dev/zero", ImageError),
    ],
)
def test_errors_are_the_readers(photos, source, kind):
    """Class and text, the photo's name in it."""
    with pytest.raises(ImageError) as here:
        read(source, name="ada.jpg")
    with pytest.raises(ImageError) as there:
        photos.read(source, name="ada.jpg")

    assert type(there.value) is type(here.value) is kind
    assert str(there.value) == str(here.value)


def test_damaged_photos_are_as_for_the_reader(photos):
    """Every one becomes the same pixels, or the same error."""
    for contents in damaged(encoded("TIFF"), 5, 60):
        assert outcome(photos.read, contents) == outcome(read, contents)


def test_what_hangs_is_ended():
    """After its time, not later; the next task has a new process."""
    with limited("echo_or_hang") as task:
        task({}, b"first")
        before = task({"pid": True})[0]["pid"]
        began = time.monotonic()
        with pytest.raises(SlowPhotoError, match="it was not done after 1 seconds"):
            task({"hang": True})
        assert time.monotonic() - began < 5
        assert str(before) not in children()
        assert task({"a": 1}, b"again") == ({"a": 1}, bytearray(b"again"))


@pytest.mark.parametrize(
    ("how", "said"), [("exit", "status 3"), ("crash", "Segmentation fault"), ("raise", "status 1")]
)
def test_what_dies_is_told(how, said):
    """A crash of the process is an error of this photo, and nothing else."""
    with limited("die", seconds=30) as task:
        with pytest.raises(FatalPhotoError, match=said):
            task({"how": how})
        with pytest.raises(FatalPhotoError, match=said):
            task({"how": how})


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds processes to such a limit")
def test_memory_is_bounded(tmp_path):
    """What takes more than it was given is refused there, and this process does not grow."""
    with LimitedReader(memory=200 << 20) as photos:
        side = 6000
        noise = np.random.default_rng(0).integers(0, 256, (side, side), np.uint8)
        PIL.Image.fromarray(noise).save(tmp_path / "large.png", compress_level=0)
        with pytest.raises((FatalPhotoError, LargePhotoError)):
            photos.read(tmp_path / "large.png")
        assert photos.read(encoded("PNG")).shape == (24, 32, 3)


@pytest.mark.parametrize("how", ["long", "text", "list"])
def test_answers_are_not_trusted(how):
    """A process that was taken over can answer neither more than was agreed nor anything but JSON and bytes."""
    with limited("lie", most=100, seconds=30) as task, pytest.raises(FatalPhotoError, match="its answer"):
        task({"how": how})


def test_only_errors_of_this_project_come_back():
    """Whatever name a process gives its error."""
    with limited("lie", seconds=30) as task, pytest.raises(LimitedProcessError, match="mine"):
        task({"how": "error"})


def test_no_process_is_left(photos):
    """After closing, and after a time-out; what was closed says so."""
    photos.read(encoded("PNG"))
    before = children()
    with LimitedReader() as task:
        task.read(encoded("PNG"))
        assert len(children()) > len(before)
    assert children() == before
    with pytest.raises(LimitedProcessError, match="closed"):
        task.read(encoded("PNG"))


def test_no_process_is_left_when_python_ends(tmp_path):
    """Also where nobody closed it, and where Python was killed in the middle."""
    program = (
        "import sys, threading, time; from facerec.limited import Limited; from facerec.errors import *\n"
        "task = Limited('tests.photos.limited_tasks:echo_or_hang', seconds=1, slow=SlowPhotoError, fatal=ImageError)\n"
        "print(task({'pid': True})[0]['pid'], flush=True)\n"
        "if sys.argv[1] == 'kill':\n"
        "    threading.Timer(0.3, lambda: print('.', flush=True)).start()\n"
        "    task.seconds = 60; task({'hang': True})\n"
    )
    for how in ("end", "kill"):
        process = subprocess.Popen([sys.executable, "-c", program, how], stdout=subprocess.PIPE, text=True)
        pid = int(process.stdout.readline())
        if how == "kill":
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        deadline = time.monotonic() + 20
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not Path(f"/proc/{pid}").exists()


def test_threads_have_processes_of_their_own(photos):
    """Several at once read the same as one after the other."""
    sources = [encoded(kind) for kind in ("JPEG", "PNG", "BMP", "TIFF")] * 5
    found = [None] * len(sources)

    def work(place):
        found[place] = photos.read(sources[place])

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(sources))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(np.array_equal(got, read(source)) for got, source in zip(found, sources, strict=True))


def test_what_cannot_begin_says_why():
    """A task that is none, a limit that is none."""
    with limited("absent") as task, pytest.raises(LimitedProcessError, match="absent"):
        task({})
    with pytest.raises(ArgumentError, match="above 0"):
        LimitedReader(seconds=0)


def test_libraries_say_nothing_on_the_terminal(photos, capfd):
    """Libtiff writes there what it thinks of a damaged file; from a process of its own nothing comes."""
    file = io.BytesIO()
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)).save(
        file, "TIFF", compression="tiff_lzw"
    )
    for contents in damaged(file.getvalue(), 7, 60):
        try:
            photos.read(contents)
        except ImageError:
            continue

    assert capfd.readouterr().err == ""
