"""A claim against several faces lets in more strangers than one comparison: as many as a search, at most."""

from dataclasses import replace

import numpy as np
import pytest

from facerec.types import Rate
from facerec.types.in_short import errors_in_short, search_in_short


@pytest.mark.parametrize("samples", [1, 2, 7])
def test_a_claim_and_a_search_of_one_person_say_one_rate(gallery, build, samples):
    """1 − (1 − FMR)^k for k faces of the one person, in value, JSON and text."""
    gallery.enroll("ada", [build.face(seed) for seed in range(samples)])
    point = replace(build.point(), fmr=Rate(1000, 1_000_000))
    claim = gallery.verify("ada", build.face(50), at=point)
    (found,) = gallery.identify(build.faces([build.vector(50)]), at=point)

    assert claim.comparisons == found.comparisons == samples
    assert claim.expected_fmr == found.expected_fpir == point.expected_fpir(samples)
    assert claim.expected_fmr.value == pytest.approx(1 - 0.999**samples)
    assert claim.to_dict()["expected_fmr"] == found.to_dict()["expected_fpir"]
    told = f"about {samples} of 1,000 strangers"
    assert told in errors_in_short(point, claim.comparisons)
    assert told in search_in_short(point, found.gallery_size, found.comparisons)
    assert bool(claim.expected_in_words) == ("at most" in errors_in_short(point, samples)) == (samples > 1)


def test_others_of_the_gallery_are_not_claimed(gallery, build):
    """A claim is compared with the faces of the one person."""
    gallery.enroll("ada", [build.face(1), build.face(2)])
    gallery.enroll("bob", build.face(3))
    assert gallery.verify("ada", build.face(1), at=build.point()).comparisons == 2


def test_words_worked_by_hand(build, gallery):
    """Of 1,000 strangers 4, where one comparison accepts 2 and there are two."""
    gallery.enroll("ada", [build.face(1), build.face(2)])
    claim = gallery.verify("ada", build.face(1), at=replace(build.point(), fmr=Rate(2000, 2_000_000)))
    assert claim.expected_in_words == (
        "compared with 2 faces; at most about 0.2 % of strangers get in (95 %: 0.19 … 0.21 %)"
    )
    assert claim.expected_in_words in str(claim)


@pytest.mark.parametrize("spread", [0.2, 0.6, 2.0, 50.0])
@pytest.mark.parametrize("samples", [2, 5])
def test_an_upper_bound_where_truth_is_known(spread, samples):
    """Strangers, and people whose photos scatter by `spread`: the rate lies between one comparison's and the stated.

    Photos that have nothing in common are independent comparisons, of which the stated rate is the exact one.
    """
    rng = np.random.default_rng(7)
    people, probes, dimension = 400, 2_000, 16

    def unit(vectors):
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)

    middles = unit(rng.normal(size=(people, 1, dimension)))
    photos = unit(middles + spread * unit(rng.normal(size=(people, samples, dimension))))
    scores = photos @ unit(rng.normal(size=(probes, dimension))).T  # person, photo, probe
    threshold = np.quantile(scores, 0.99)
    one, claim = (scores >= threshold).mean(), (scores.max(axis=1) >= threshold).mean()
    stated = 1 - (1 - one) ** samples
    assert one < claim < 1.02 * stated
    if spread == 50.0:
        assert claim == pytest.approx(stated, rel=0.02)
    if spread == 0.2:
        assert claim < 0.8 * stated
