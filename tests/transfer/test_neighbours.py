"""Nearest neighbours and centroids: many rows, ties, zeros, and classes without photos."""

import numpy as np

from facerec.transfer.neighbours import centroids, closeness, unit, votes


def test_rows_have_length_one_and_zeros_stay():
    """Whatever their length was; their direction is kept."""
    found = unit(np.array([[3, 4], [0, 0], [-2, 0]], np.float32))

    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0], [-1, 0]], rtol=1e-6)
    assert found.dtype == np.float32


def test_every_row_has_votes_of_its_own():
    """Of more than two thousand rows each is answered as it is alone, whichever block it is in."""
    random = np.random.default_rng(0)
    references, labels = random.normal(size=(7, 3)).astype(np.float32), np.array([0, 1, 2, 0, 1, 2, 2])
    vectors = random.normal(size=(2100, 3)).astype(np.float32)

    found = votes(vectors, references, labels, ks=(2, 5), classes=3)

    for row in (0, 1023, 1024, 2047, 2048, 2099):
        for k in (2, 5):
            alone = votes(vectors[row : row + 1], references, labels, ks=(k,), classes=3)[k][0]
            np.testing.assert_allclose(found[k][row], alone, atol=1e-5)
    for shares in found.values():
        np.testing.assert_allclose(shares.sum(1), 1)


def test_of_equally_near_ones_the_first_counts():
    """Three copies of one vector, of two classes: one neighbour is the first, two are the first two."""
    references = np.tile(np.array([[1, 2]], np.float32), (3, 1))

    found = votes(references[:1], references, np.array([1, 0, 0]), ks=(1, 2), classes=2)

    np.testing.assert_allclose(found[1], [[0, 1]])
    np.testing.assert_allclose(found[2], [[0.5, 0.5]])


def test_a_class_without_photos_is_near_to_nothing():
    """Its centroid is zero, and the others are means of directions, not of vectors."""
    vectors = np.array([[10, 0], [0, 1], [0, -5]], np.float32)

    found = centroids(vectors, np.array([0, 0, 2]), classes=3)

    np.testing.assert_allclose(found, [[0.5**0.5, 0.5**0.5], [0, 0], [0, -1]], atol=1e-6)


def test_closeness_by_hand():
    """At cosines 1, 0.9 and 0: exp(cosine / 0.07), so that a tenth of a cosine is a factor of four."""
    centres = np.array([[1, 0], [0.9, 0.19**0.5], [0, 1]], np.float32)

    found = closeness(np.array([[7, 0]], np.float32), centres)

    parts = np.exp(np.array([1, 0.9, 0]) / 0.07)
    np.testing.assert_allclose(found, [parts / parts.sum()], rtol=1e-4)
