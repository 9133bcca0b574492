"""Files: what is read is regular, bounded and finite, and what is written is whole."""

import hashlib
import os
from pathlib import Path

import pytest

from facerec.errors import DataSetError, MissingWeightsError, OutputError, WeightsError
from facerec.files import is_folder, is_there, read_json, read_regular, replacing, sha256_of
from facerec.photos.folders import find_photos


def _read(path, **options):
    return read_regular(path, **({"limit": 10, "error": WeightsError} | options))


def test_a_regular_file_is_read_and_its_digest_taken(tmp_path):
    """Of a file, or of a link to one, up to the limit."""
    (tmp_path / "file").write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to("file")

    assert _read(tmp_path / "link") == b"0123456789"
    assert sha256_of(tmp_path / "link", error=WeightsError) == hashlib.sha256(b"0123456789").hexdigest()
    with pytest.raises(WeightsError, match="file cannot be read: it is larger than 9 bytes; split it"):
        _read(tmp_path / "file", limit=9, advice="split it")


@pytest.mark.parametrize("read", [_read, read_json, sha256_of])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("folder", "it is a folder"),
        ("pipe", "it is not a regular file"),
        ("/dev/zero", "it is not a regular file"),
        ("absent", "there is no such file"),
        ("nul\0", "null"),
    ],
)
def test_what_is_no_regular_file_is_one_clear_error_at_once(tmp_path, read, name, said):
    """A pipe is not waited for and a device is not read: the error of the caller's class says what it is."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(DataSetError, match=said):
        read(tmp_path / name, error=DataSetError)


def test_a_missing_file_may_be_an_error_of_its_own(tmp_path):
    """Only absence is `missing`; what is there and cannot be read is `error`."""
    with pytest.raises(MissingWeightsError):
        _read(tmp_path / "absent", missing=MissingWeightsError)
    with pytest.raises(WeightsError) as caught:
        _read(tmp_path, missing=MissingWeightsError)
    assert type(caught.value) is WeightsError


@pytest.mark.parametrize(
    "text",
    ["", "{", "\xff", "NaN", "[-Infinity]", "1e999", "1" + "0" * 400, "9" * 5000, "[" * 200_000, '"\0"'],
    ids=lambda text: text[:9],
)
def test_json_that_is_none_is_one_clear_error(tmp_path, text):
    """Cut off, not UTF-8, beyond the largest float, nested without end: one class, with the path."""
    path = tmp_path / "file.json"
    path.write_text(text, encoding="latin-1")

    with pytest.raises(DataSetError, match=r"file\.json is not JSON: .*; make it again"):
        read_json(path, error=WeightsError, damaged=DataSetError, advice="make it again")


def test_json_is_read_as_it_is(tmp_path):
    """Whole numbers stay whole, whatever their size below the largest float."""
    (tmp_path / "file.json").write_text('{"a": [1, 2.5, -1e-3, null, "\\u00e9"], "b": 12345678901234567890}')

    found = read_json(tmp_path / "file.json", error=DataSetError)
    assert found == {"a": [1, 2.5, -0.001, None, "é"], "b": 12345678901234567890}
    assert isinstance(found["a"][0], int)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    """A block that fails leaves the old file and nothing beside it; one that ends has flushed what it wrote."""
    path = tmp_path / "file.txt"
    with replacing(path) as partial:
        partial.write_text("old")

    def fail():
        with replacing(path) as partial:
            partial.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"file\.txt cannot be written: No space"):
        fail()

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_flushed_is_open_for_writing(tmp_path, monkeypatch):
    """Some systems refuse to flush a descriptor that is only read from."""
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.write(descriptor, b"")))

    with replacing(tmp_path / "file") as partial:
        Path(partial).write_bytes(b"x")

    assert flushed == [0]


@pytest.mark.parametrize("text", ["x" * 3000, "with\0null", ""])
def test_a_text_that_can_be_no_path_is_nowhere(text):
    """Too long a name, or one with a null character, raises nothing: there is no such file."""
    assert not is_there(text)
    assert not is_folder(text)
    with pytest.raises(DataSetError):
        find_photos([text or "nowhere"])
