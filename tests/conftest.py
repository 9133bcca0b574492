"""Where the tests find real data: a folder that the environment names, or the one beside the checkout."""

import os
from pathlib import Path

import pytest

_BESIDE_THE_CHECKOUT = Path(__file__).parents[2] / "shared" / "data"


def _data_folder() -> Path | None:
    named = os.environ.get("FACEREC_DATA")
    folder = Path(named) if named else _BESIDE_THE_CHECKOUT
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real photos; a test that asks for it skips where there is none."""
    folder = _data_folder()
    if folder is None:
        pytest.skip("no real photos here: set FACEREC_DATA to a folder that holds lfw/ and face_samples/")
    return folder
