"""Features on disk: what was kept comes back under its own key, and nothing else does."""

import json

import numpy as np
import pytest

from facerec.errors import OutputError
from facerec.learning.feature_cache import Kept, read, write

KEY, OTHER = "ab" * 32, "cd" * 32
VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_what_was_kept_comes_back(tmp_path):
    """Vectors of any layout and the seconds that they took; the folder is made, and says whose they are."""
    write(tmp_path / "a" / "b", KEY, Kept(np.asfortranarray(VECTORS), 2.5), about="whose")

    found = read(tmp_path / "a" / "b", KEY)
    assert np.array_equal(found.vectors, VECTORS)
    assert found.seconds == 2.5
    about = json.loads((tmp_path / "a" / "b" / f"{KEY}.json").read_text())
    assert (about["about"], about["photos"], about["key"]) == ("whose", 3, KEY)
    assert read(tmp_path / "a" / "b", OTHER) is None
    assert read(tmp_path / "nowhere", KEY) is None


def test_what_fails_its_check_is_not_there(tmp_path):
    """Files under another key's name, other vectors, and vectors without what vouches for them."""
    write(tmp_path, KEY, Kept(VECTORS, 1.0), about="")
    for end in ("npy", "json"):
        (tmp_path / f"{OTHER}.{end}").write_bytes((tmp_path / f"{KEY}.{end}").read_bytes())
    assert read(tmp_path, OTHER) is None

    np.save(tmp_path / f"{KEY}.npy", VECTORS + 1)
    assert read(tmp_path, KEY) is None
    np.save(tmp_path / f"{KEY}.npy", VECTORS)
    assert read(tmp_path, KEY) is not None
    (tmp_path / f"{KEY}.json").unlink()
    assert read(tmp_path, KEY) is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    """A file stands in its place."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(OutputError, match="the folder for features cannot be made"):
        write(tmp_path / "file", KEY, Kept(VECTORS, 1.0), about="")
