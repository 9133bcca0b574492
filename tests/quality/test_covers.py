"""Whether eyes and mouth can be seen, without a word about colours."""

from pathlib import Path

import numpy as np
import pytest

from facerec.detect import Mtcnn
from facerec.photos import reader
from facerec.quality import CHIP
from facerec.quality.covers import ROWS, gradients, seen

RNG = np.random.default_rng(3)
CHIPS = RNG.integers(60, 200, (3, 112, 112, 3), dtype=np.uint8)


def test_gradients_worked_by_hand() -> None:
    """Upright edges all over have the direction of the first bin alone, level ones that of the fifth of eight."""
    stripes = np.zeros((1, 112, 112, 3), np.uint8)
    stripes[:, :, np.arange(112) % 8 < 4] = 200

    for picture, number in ((stripes, 0), (stripes.transpose(0, 2, 1, 3), 4)):
        cells = gradients(picture)[:, 1:-1, 1:-1]
        np.testing.assert_allclose(cells[..., number], 1, rtol=0.2)  # of the mean over these cells
        assert np.delete(cells, number, axis=-1).max() < 1e-3


def test_a_direction_between_the_last_bin_and_the_first_counts_for_both() -> None:
    """Half for each: directions are those of a circle."""
    y, x = np.indices((112, 112))
    slope = 60 + 1.5 * x - 1.5 * np.tan(np.pi / 16) * y  # half a bin before the first
    picture = np.repeat(np.rint(slope).astype(np.uint8)[None, ..., None], 3, axis=3)

    cells = gradients(picture)[:, 1:-1, 1:-1]

    np.testing.assert_allclose(cells[..., [0, 7]], np.sqrt(0.5), atol=0.1)
    assert cells[..., 1:7].max() < 0.3


def test_gradients_are_shares_of_the_mean_over_the_inner_cells() -> None:
    """What lies around the face has no part in it: there the photo may be even, or end."""
    chips = CHIPS.copy()
    for edge in (np.s_[:, :14], np.s_[:, -14:], np.s_[:, :, :14], np.s_[:, :, -14:]):
        chips[edge] = 130

    magnitudes = (gradients(chips) ** 2).sum(axis=3)

    np.testing.assert_allclose(magnitudes[:, 1:-1, 1:-1].mean(axis=(1, 2)), 1, atol=1e-3)


def test_colour_and_light_do_not_count() -> None:
    """Channels in another order, half the contrast, another level: the same gradients. An even chip has none."""
    cells = gradients(CHIPS)

    assert cells.shape == (3, 8, 8, 8)
    np.testing.assert_allclose(gradients(CHIPS[..., ::-1]), cells, atol=1e-5)
    np.testing.assert_allclose(gradients(CHIPS // 2 * 2), gradients(CHIPS // 2), atol=1e-3)
    np.testing.assert_allclose(gradients(CHIPS + np.uint8(40)), cells, atol=1e-5)
    assert not gradients(np.full_like(CHIPS, 77)).any()
    assert seen("mouth", gradients(CHIPS[:0])).shape == (0,)


def test_chips_do_not_depend_on_their_neighbours() -> None:
    """One by one the same as together."""
    for part in ROWS:
        alone = [seen(part, gradients(chip[None]))[0] for chip in CHIPS]
        np.testing.assert_allclose(seen(part, gradients(CHIPS)), alone, rtol=1e-4)


def test_each_rule_looks_at_its_part() -> None:
    """What is below the nose does not count for the eyes, nor what is above the eyes for the mouth."""
    cells = gradients(CHIPS)
    lower_cells, upper_cells = cells.copy(), cells.copy()
    lower_cells[:, 6:] = upper_cells[:, :3] = 0

    assert (seen("eyes", lower_cells) == seen("eyes", cells)).all()
    assert (seen("mouth", upper_cells) == seen("mouth", cells)).all()


@pytest.fixture(scope="module")
def chips(data: Path) -> np.ndarray:
    """Of twelve people."""
    detector, found = Mtcnn(), []
    for folder in sorted((data / "lfw/images").iterdir())[100:3700:300]:
        photo = reader.read(min(folder.iterdir()))
        detections = detector(photo)
        found.append(CHIP(photo, detections[[detections.choose("central")]])[0])
    return np.stack(found)


@pytest.mark.parametrize("level", [20, 90, 240])
def test_a_cover_is_seen(chips: np.ndarray, level: int) -> None:
    """An even patch over mouth or eyes, of whatever level: its rule falls for every face, and more than the other."""
    bare = gradients(chips)
    for part, rows in (("mouth", slice(68, 112)), ("eyes", slice(40, 64))):
        hidden = chips.copy()
        hidden[:, rows, 12:100] = level
        covered = gradients(hidden)
        other = "eyes" if part == "mouth" else "mouth"
        fall = seen(part, bare) - seen(part, covered)
        assert (fall > 0.5).all()
        assert np.median(fall) > np.median(seen(other, bare) - seen(other, covered))
