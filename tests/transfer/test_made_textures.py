"""The made photos: as many as asked for, of their class, and what is drawn of each."""

import hashlib

import numpy as np

from facerec.transfer.labelled_photos import read_image_set
from facerec.transfer.made_textures import PER_CLASS, textures


def test_photos_of_each_class_stand_together_under_its_name():
    """Sorted by class and number; a photo's digest is of its pixels, and its file says where it stands."""
    found, labels = textures(per_class=4)

    assert found.classes == ("bricks", "checks", "dots", "rings", "stripes", "waves")
    assert found.files == tuple(f"{name}/{number:03d}" for name in found.classes for number in range(4))
    assert labels == [file.partition("/")[0] for file in found.files]
    assert set(found.parts) == {""}
    for pixels, digest in zip(found.pixels, found.digests, strict=True):
        assert pixels.shape == (160, 160, 3)
        assert pixels.dtype == np.uint8
        assert hashlib.sha256(pixels.tobytes()).hexdigest() == digest


def test_fewer_photos_are_the_first_of_more():
    """A photo follows from the seed, its class and its number alone."""
    few, many = textures(per_class=2)[0], textures(per_class=3)[0]

    assert set(few.digests) < set(many.digests)
    assert few.digests[2] == many.digests[3]


def test_as_a_source_they_have_their_labels():
    """A hundred of each; or some classes in the order asked for."""
    found = read_image_set("made:textures", classes=["waves", "dots"])

    assert (found.classes, len(found)) == (("waves", "dots"), 2 * PER_CLASS)
    assert {file.partition("/")[0]: label for file, label in zip(found.files, found.labels.tolist(), strict=True)} == {
        "dots": 1,
        "waves": 0,
    }
    assert len(found.left_out) == 4 * PER_CLASS
    assert {each.why for each in found.left_out} == {"class not asked for"}


def test_neither_light_nor_colour_says_the_class():
    """Mean colours of the classes lie nearer to each other than photos of one class do."""
    found, _ = textures(per_class=12)
    means = np.array([pixels.mean((0, 1)) for pixels in found.pixels]).reshape(6, 12, 3)

    assert means.mean(1).std(0).max() < 0.7 * means.std(1).mean()


def test_stripes_run_one_way_and_checks_two():
    """The structure of a photo of stripes has one direction, that of checks two at right angles."""
    found, _ = textures(per_class=8)

    def directions(name):
        shares = []
        for pixels, file in zip(found.pixels, found.files, strict=True):
            if file.startswith(name):
                grey = pixels.mean(2) - pixels.mean()
                power = np.abs(np.fft.fft2(grey * np.hanning(160)[:, None] * np.hanning(160))) ** 2
                power[:2, :2] = power[-2:, :2] = power[:2, -2:] = power[-2:, -2:] = 0
                y, x = np.meshgrid(*[np.fft.fftfreq(160)] * 2, indexing="ij")
                tensor = [[(power * a * b).sum() / power.sum() for a in (x, y)] for b in (x, y)]
                low, high = np.linalg.eigvalsh(np.where(np.isfinite(tensor), tensor, 0))
                shares.append(low / high)
        return np.median(shares)

    assert directions("stripes") < directions("checks")
