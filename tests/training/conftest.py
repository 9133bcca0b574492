"""The tests of training share made faces; the module is found beside them, also by the processes that they start."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from made_faces import WholeCrop, WholePhoto, draw_people, made_people


@pytest.fixture
def draw():
    """Writes folders of photos."""
    return draw_people


@pytest.fixture(scope="session")
def people(tmp_path_factory):
    """Twelve people with six photos each."""
    return made_people(tmp_path_factory.mktemp("people"))


@pytest.fixture
def detector():
    """A detector that counts."""
    return WholePhoto()


@pytest.fixture
def crop():
    """A crop recipe."""
    return WholeCrop()
