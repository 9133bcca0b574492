"""Damaged files of every kind that is read: they are read, or refused by an error of this project, and nothing else.

A few dozen of each here; ``make fuzz`` tries thousands, of the same seed (``tests/fuzz/campaign.py``).
"""

import os

import pytest

from facerec.errors import FacerecError
from tests.fuzz.targets import KINDS, targets

_INPUTS = int(os.environ.get("FUZZ_INPUTS", "40"))


@pytest.fixture(scope="module")
def all_kinds(tmp_path_factory):
    """The targets by name."""
    return targets(tmp_path_factory.mktemp("sound"))


def test_every_kind_is_tried(all_kinds):
    """What stands in the list is what there is."""
    assert set(all_kinds) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files(all_kinds, tmp_path, kind):
    """A sound one is read; of the others each becomes what it stands for, or an error of this project."""
    target = all_kinds[kind]
    target.beside(tmp_path)
    path = tmp_path / target.file
    path.write_bytes(target.packed(target.sound))
    target.reads(path)

    for contents in target.inputs(1, max(1, _INPUTS // target.cost)):
        path.write_bytes(contents)
        try:
            target.reads(path)
        except FacerecError:
            continue
