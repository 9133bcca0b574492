"""The search index of a gallery: rows of 16 bits, by option or size, answer as rows of 32 do."""

from datetime import timedelta

import numpy as np
import pytest

from facerec.errors import DamagedGalleryError
from facerec.gallery import loaded

pytest.importorskip("onnxruntime")


def _crowd(build, count):
    """Vectors of a crowd: as alike as faces are."""
    rng = np.random.default_rng(7)
    vectors = build.vector(0) * 2.3 + rng.standard_normal((count, build.dimension)).astype(np.float32) * 0.35
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_rows_of_16_bits_decide_alike(gallery_factory, build, clock):
    """People, scores, order and sizes are the same, after enrolling, forgetting, expiring, moving and merging."""
    vectors = _crowd(build, 60)
    probes = build.faces(_crowd(build, 64)[40:])
    at = build.point(0.9)
    with gallery_factory(compact=True) as compact, gallery_factory(compact=False) as plain:
        for number, vector in enumerate(vectors):
            end = clock.today() + timedelta(days=number % 3)
            compact.enroll(f"person {number % 40}", build.face(vector), expires=end)
        for change in (
            lambda: None,
            lambda: compact.forget("person 3"),
            lambda: compact.merge("person 5", "person 6"),
            lambda: compact.move_samples("person 7", "person 8", compact.samples("person 7")[0].number),
            lambda: compact.enroll("person 90", build.face(vectors[3])),
            lambda: clock.pass_days(1),
        ):
            change()
            for one, other in zip(compact.identify(probes, at=at), plain.identify(probes, at=at), strict=True):
                assert one.candidates == other.candidates
                assert (one.decision, one.gallery_size, one.comparisons) == (
                    other.decision,
                    other.gallery_size,
                    other.comparisons,
                )


def test_large_galleries_keep_16_bits(gallery_factory, build, monkeypatch):
    """From a number of vectors on, without being asked; what is asked for holds at any size."""
    monkeypatch.setattr(loaded, "COMPACT_FROM", 3)
    for compact, enrolled, expected in ((None, 2, False), (None, 3, True), (True, 3, True), (False, 3, False)):
        with gallery_factory(f"{compact} {enrolled}.db", compact=compact) as gallery:
            for number in range(enrolled):
                gallery.enroll(f"person {number}", build.face(number))
            gallery.identify(build.faces([build.vector(1)]), at=build.point())

            assert (gallery._index._index._exact is not None) is expected


@pytest.mark.files
def test_a_vector_that_is_damaged_later_is_named(gallery_factory, build):
    """What the index fetches is checked like what it loads."""
    with gallery_factory(compact=True) as gallery:
        gallery.enroll("ada", build.face(1))
        gallery.identify(build.faces([build.vector(1)]), at=build.point())
        with gallery._store.connection.transaction("BEGIN IMMEDIATE") as sqlite:
            sqlite.execute("UPDATE samples SET vector = zeroblob(length(vector))")

        with pytest.raises(DamagedGalleryError, match="face 1 of 'ada'"):
            gallery.identify(build.faces([build.vector(1)]), at=build.point())
