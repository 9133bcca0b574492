"""Who may be enrolled twice: every couple that matches, the most alike first, and nothing decided."""

from datetime import timedelta
from itertools import combinations, product

import numpy as np
import pytest

from facerec.errors import ArgumentError, ModelMismatchError
from facerec.similarity import cosine
from facerec.testing import Clock, made_face, made_gallery, made_matcher, made_point, made_vector


def near(name, share):
    """A vector that is somebody else's but for a share."""
    vector = made_vector(name) + share * made_vector(f"{name} again")
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture
def gallery():
    """Ada enrolled three times under three names, with second photos; Bob and Cyd once each, with nothing alike."""
    made = made_gallery(None, "ada", "bob", "cyd")
    made.enroll("A. Lovelace", [made_face(embedding=near("ada", share)) for share in (0.2, 0.1)])
    made.enroll("Ada L.", [made_face("dan"), made_face(embedding=near("ada", 0.3))])
    return made


def test_couples_by_hand(gallery):
    """Each couple once, with the score of the two most alike faces; best first."""
    found = gallery.duplicates(at=made_point(0.9))
    vectors = {
        "ada": [made_vector("ada")],
        "A. Lovelace": [near("ada", 0.2), near("ada", 0.1)],
        "Ada L.": [made_vector("dan"), near("ada", 0.3)],
        "bob": [made_vector("bob")],
        "cyd": [made_vector("cyd")],
    }
    order = list(gallery)
    expected = []
    for one, other in combinations([person.name for person in order], 2):
        score = max(cosine(a, b) for a, b in product(vectors[one], vectors[other]))
        if score >= 0.9:
            expected.append((score, one, other))
    expected.sort(key=lambda row: -row[0])

    assert [(each.score, each.first, each.second) for each in found.couples] == expected
    assert len(expected) == 3
    ids = {person.name: person.id for person in order}
    assert all((ids[each.first], ids[each.second]) == (each.first_id, each.second_id) for each in found.couples)
    assert (found.found, found.people, found.comparisons) == (3, 5, 19)
    assert found.expected_by_chance.value == 19 * 1e-3
    assert found.to_dict()["expected_by_chance"]["value"] == 19 * 1e-3


def test_the_threshold_itself_matches(gallery):
    """A couple that reaches the threshold exactly is found, and by the next number it is not."""
    (best, *_) = gallery.duplicates(at=made_point(0.9)).couples
    assert gallery.duplicates(at=made_point(best.score)).found == 1
    assert gallery.duplicates(at=made_point(np.nextafter(best.score, 2))).found == 0


def test_at_most_so_many_are_told(gallery):
    """The best of them, and how many there are."""
    everybody, two = (gallery.duplicates(at=made_point(0.9), most=most) for most in (10, 2))
    assert two.couples == everybody.couples[:2]
    assert two.found == 3
    with pytest.raises(ArgumentError, match="most must be at least 1"):
        gallery.duplicates(at=made_point(0.9), most=0)


def test_the_expired_are_passed_over_and_nothing_is_written():
    """Whoever may not be matched is not; the log says nothing, as nothing was decided."""
    clock = Clock()
    gallery = made_gallery(None, "ada", clock=clock)
    gallery.enroll("twin", made_face("ada"), expires=clock.today() + timedelta(days=1))
    before = gallery.position()
    assert gallery.duplicates(at=made_point(0.9)).found == 1
    clock.pass_days(2)
    found = gallery.duplicates(at=made_point(0.9))
    assert (found.found, found.people, found.comparisons) == (0, 1, 0)
    assert gallery.position() == before
    assert made_gallery(None).duplicates(at=made_point(0.9)).people == 0


def test_a_point_of_another_embedder_is_refused(gallery):
    """Its threshold says nothing about these vectors."""
    with pytest.raises(ModelMismatchError, match="says nothing about their scores"):
        gallery.duplicates(at=made_point(0.9, matcher=made_matcher("other")))
