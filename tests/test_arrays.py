"""Arrays of numbers in files: what numpy writes is read as numpy reads it, and all else is refused in words."""

import io

import numpy as np
import pytest

from facerec.arrays import array_of, map_array, read_array
from facerec.errors import TransferError

KINDS = ["<f2", "<f4", "<f8", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8", "|i1", "|u1", "|b1"]


def saved(array, **how):
    """What ``numpy.save`` writes of it."""
    file = io.BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (0, 5), (2, 3, 4, 1)])
def test_what_numpy_writes_is_read(tmp_path, kind, shape):
    """Kind, shape and numbers, read, mapped and from contents."""
    array = np.random.default_rng(0).integers(0, 2, shape).astype(kind)
    path = tmp_path / "array.npy"
    path.write_bytes(saved(array))

    read = [read_array(path, error=TransferError), array_of(saved(array), path=path, error=TransferError)]
    for got in [*read, map_array(path, error=TransferError)]:
        assert (got.dtype, got.shape) == (array.dtype, array.shape)
        assert np.array_equal(got, array)
    assert read[0].flags.writeable


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"\x93NUMPY\x01\x00",
        saved(np.eye(3))[:-1],
        saved(np.eye(3)) + b"\x00",
        saved(np.eye(3)).replace(b"(3, 3)", b"(9, 3)"),
        saved(np.eye(3)).replace(b"(3, 3)", b"(3, -3"),
        saved(np.eye(3)).replace(b"(3, 3), }", b"(10**9,),"),
        saved(np.eye(3)).replace(b"'shape'", b"'''shap"),
        saved(np.eye(3)).replace(b"<f8", b"|O8"),
        saved(np.array(["a", None]), allow_pickle=True),
        saved(np.asfortranarray(np.ones((2, 3)))),
        saved(np.array(["text"])),
    ],
)
def test_what_is_none_is_refused(tmp_path, contents):
    """By the error that was asked for, which names the file."""
    path = tmp_path / "array.npy"
    path.write_bytes(contents)

    for read in (read_array, map_array):
        with pytest.raises(TransferError, match=r"array\.npy cannot be read as an array of numbers: it "):
            read(path, error=TransferError)
    with pytest.raises(TransferError, match="cannot be read"):
        array_of(contents, path=path, error=TransferError)


def test_what_is_no_file_is_refused(tmp_path):
    """A folder, a device, nothing."""
    for path in (tmp_path, "/dev/zero", tmp_path / "absent.npy"):
        with pytest.raises(TransferError, match="cannot be read as an array of numbers"):
            read_array(path, error=TransferError)
