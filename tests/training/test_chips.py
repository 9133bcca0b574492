"""Aligned faces in parts: each photo has its own chip or its own reason, whatever the parts."""

import hashlib

import numpy as np
import pytest

from facerec.errors import OutputError
from facerec.training import chips
from facerec.training.chips import stored

DIGESTS = [hashlib.sha256(bytes([n])).hexdigest() for n in range(11)]
NONE = {0: "blurred", 3: "turned away", 4: "nobody", 5: "dark", 10: "small"}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Of three photos."""
    monkeypatch.setattr(chips, "PART", 3)


def align(number):
    """The photo's number as a colour, or why there is none."""
    return NONE.get(number, np.full((2, 2, 3), number, np.uint8))


@pytest.mark.parametrize("workers", [1, 3])
def test_chips_and_reasons_are_of_their_photos(tmp_path, workers):
    """Also where a whole part has none, where the first has none, and when they are read again."""
    have = [n for n in range(11) if n not in NONE]

    for how in (align, None):  # the second time nothing is aligned
        told = []
        found, failed = stored(
            tmp_path, DIGESTS, how, recipe="r", size=2, workers=workers, progress=lambda *of, told=told: told.append(of)
        )
        assert failed == NONE
        assert len(found) == len(have)
        assert found.take(np.arange(6))[:, 0, 0, 0].tolist() == have
        assert found.take(np.array([4, 0]))[:, 1, 1, 2].tolist() == [have[4], have[0]]
        assert told[-1] == (11, 11)
        assert [done for done, _ in told] == sorted(done for done, _ in told)
        assert {of for _, of in told} == {11}
    assert [done for done, _ in told] == [3, 6, 9, 11]


def test_each_photo_is_told(tmp_path):
    """One after the other, of all."""
    told = []

    stored(tmp_path, DIGESTS, align, recipe="r", size=2, progress=lambda *of: told.append(of))

    assert sorted(set(told)) == [(done, 11) for done in range(1, 12)]


@pytest.mark.parametrize("change", [{"recipe": "another"}, {"digests": [*DIGESTS[:2], DIGESTS[7]]}, {"size": 3}])
def test_what_decides_a_chip_decides_its_part(tmp_path, change):
    """Another recipe, another photo, another size: aligned anew."""
    asked = []

    def big(number):
        asked.append(number)
        return np.zeros((given["size"],) * 2 + (3,), np.uint8)

    for given in ({"recipe": "r", "size": 2, "digests": DIGESTS[:3]},) * 2:
        stored(tmp_path, given["digests"], big, recipe=given["recipe"], size=given["size"])
    assert asked == [0, 1, 2]
    given = given | change
    found, _ = stored(tmp_path, given["digests"], big, recipe=given["recipe"], size=given["size"])

    assert asked == [0, 1, 2] * 2
    assert found.take(np.arange(3)).shape == (3, given["size"], given["size"], 3)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    """A file stands in its place."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(OutputError, match="the folder for aligned faces cannot be made"):
        stored(tmp_path / "file", DIGESTS, align, recipe="r", size=2)
