"""Checkpoints: what goes in comes out, and what is none is refused."""

import errno
import os

import pytest
import torch

from facerec.errors import OutputError, TransferError
from facerec.learning import checkpoint as checkpoints
from facerec.learning.checkpoint import read_checkpoint, save_checkpoint
from facerec.transfer.results import Results

_IDENTITY = {"recipe": {"seed": 1}, "data": "abc"}


def test_values_and_tensors_come_back_bit_for_bit(tmp_path) -> None:
    """Floats, whole numbers, number formats, other layouts and shared memory included."""
    base = torch.randn(2, 3, 4, 4)
    tensors = {
        "plain": base,
        "shared": base[0],
        "channels_last": base.to(memory_format=torch.channels_last),
        "half": base.to(torch.bfloat16),
        "count": torch.tensor(7),
        "not finite": torch.tensor([float("nan"), -0.0, float("inf")]),
    }
    values = {"third": 1 / 3, "least": 5e-324, "step": 12, "list": [1.5, None, "ä"]}

    save_checkpoint(tmp_path / "state", identity=_IDENTITY, values=values, tensors=tensors)
    read_values, read_tensors = read_checkpoint(tmp_path / "state", identity=_IDENTITY)

    assert read_values == values
    assert read_tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert read_tensors[name].dtype == tensor.dtype
        assert read_tensors[name].shape == tensor.shape
        raw, expected = (each.contiguous().reshape(-1).view(torch.uint8) for each in (read_tensors[name], tensor))
        assert torch.equal(raw, expected)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_another_identity_is_refused(tmp_path) -> None:
    """The message says what differs, and how."""
    save_checkpoint(tmp_path / "state", identity=_IDENTITY, values={}, tensors={})

    with pytest.raises(TransferError, match=r"its data differ \(data is 'abc' there and 'xyz' here\)"):
        read_checkpoint(tmp_path / "state", identity=_IDENTITY | {"data": "xyz"})
    with pytest.raises(TransferError, match="its processes differ"):
        read_checkpoint(tmp_path / "state", identity=_IDENTITY | {"processes": 2})


@pytest.mark.parametrize("contents", [b"", b"no checkpoint", b"\xff" * 100, b"half"])
def test_a_damaged_file_is_refused(tmp_path, contents) -> None:
    """Whatever is in it, the message says what to do."""
    file = tmp_path / "state"
    save_checkpoint(file, identity=_IDENTITY, values={}, tensors={"weight": torch.ones(100)})
    file.write_bytes(file.read_bytes()[:-200] if contents == b"half" else contents)

    with pytest.raises(TransferError, match=r"cannot be read as a checkpoint .*; delete it to begin anew"):
        read_checkpoint(file, identity=_IDENTITY)


@pytest.mark.timeout(20)  # a pipe that nobody writes to is waited for for ever
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_refused(tmp_path, kind) -> None:
    """A checkpoint, and the description of a run beside it; neither is waited for."""
    for name in ("state", "run.json"):
        match kind:
            case "pipe":
                os.mkfifo(tmp_path / name)
            case "device":
                (tmp_path / name).symlink_to("/dev/zero")
            case _:
                (tmp_path / name).mkdir()

    with pytest.raises(TransferError, match=r"state cannot be read as a checkpoint \(.*it is "):
        read_checkpoint(tmp_path / "state", identity=_IDENTITY)
    with pytest.raises(TransferError, match=r"run\.json cannot be read: it is .* this folder cannot be continued"):
        Results(tmp_path, {"seed": 1})


def test_a_description_that_is_nested_too_deep_is_refused(tmp_path) -> None:
    """Of a checkpoint and of a run: by an error of this project."""
    tensors = {"weight": torch.ones(2)}
    header = {"format": checkpoints._FORMAT, "identity": "[" * 100_000, "values": "{}"}
    checkpoints.save_file(tensors, tmp_path / "state", metadata=header)
    (tmp_path / "run.json").write_text("[" * 100_000)

    with pytest.raises(TransferError, match="cannot be read as a checkpoint"):
        read_checkpoint(tmp_path / "state", identity=_IDENTITY)
    with pytest.raises(TransferError, match="is not JSON"):
        Results(tmp_path, {"seed": 1})


def test_other_tensors_are_no_checkpoint(tmp_path) -> None:
    """A safetensors file of something else is told from a checkpoint."""
    checkpoints.save_file({"weight": torch.ones(2)}, tmp_path / "state")

    with pytest.raises(TransferError, match="is not a checkpoint of"):
        read_checkpoint(tmp_path / "state", identity=_IDENTITY)


@pytest.mark.parametrize("full", [True, False])
def test_a_full_disk_leaves_the_state_before(tmp_path, monkeypatch, full) -> None:
    """The error is one of ours, and the file can still be read."""
    file = tmp_path / "state"
    save_checkpoint(file, identity=_IDENTITY, values={"step": 1}, tensors={})

    def fail(tensors, path, metadata) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device") if full else checkpoints.SafetensorError("I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "save_file", fail)
        with pytest.raises(OutputError, match=r"state cannot be written: (No space left|I/O error)"):
            save_checkpoint(file, identity=_IDENTITY, values={"step": 2}, tensors={})

    assert read_checkpoint(file, identity=_IDENTITY)[0] == {"step": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_folder_that_is_not_there(tmp_path) -> None:
    """A clear error, no traceback of the library."""
    with pytest.raises(OutputError, match="cannot be written"):
        save_checkpoint(tmp_path / "none" / "state", identity={}, values={}, tensors={})
