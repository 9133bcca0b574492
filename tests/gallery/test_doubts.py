"""Enrolling looks at what is enrolled: hand-made vectors at known angles, and a point whose tail is known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from facerec.errors import ArgumentError, DoubtfulFaceError, ModelMismatchError, NoPointError
from facerec.gallery.doubts import Limits, doubts_about
from facerec.testing import made_face
from facerec.types import ImpostorTail, Rate

# Of a million strangers 1 reaches .95, 100 reach .9 (the threshold), 10,000 reach .7, all reach 0.
TAIL = ImpostorTail((0.95, 0.92, 0.9, 0.7, 0.0), (1, 10, 1000, 10_000, 1_000_000), (1e6,) * 5, 1_000_000)


NOBODY = np.empty((0, 3), np.float32)


@pytest.fixture
def point(build):
    """Threshold .9, of which the tail of a million strangers is known."""
    return replace(build.point(0.9), fmr=Rate(1000, 1_000_000), tail=TAIL)


def at_angle(score, *, other=2, dimension=8):
    """A unit vector whose cosine with that of seed 1 is `score`."""
    base, aside = (np.random.default_rng(seed).standard_normal(dimension) for seed in (1, other))
    base /= np.linalg.norm(base)
    aside -= base * (aside @ base)
    return (score * base + math.sqrt(1 - score**2) * aside / np.linalg.norm(aside)).astype(np.float32)


def kinds(done):
    """Each doubt without its numbers."""
    return [(doubt.kind, doubt.source, doubt.other) for doubt in done.doubts]


class TestScoreOfFpir:
    """The score that a search of a gallery of that size needs, from the measured tail."""

    @pytest.mark.parametrize(
        ("fpir", "comparisons", "score"),
        [
            (0.01, 1, 0.9),  # FMR .01 is reached at .7, but the threshold is the least
            (0.01, 10, 0.9),
            (0.01, 100, 0.92),
            (0.01, 1000, 0.92),
            (0.01, 10_000, 0.95),
            (0.01, 100_000, math.nextafter(0.95, 1)),
        ],
    )
    def test_hand_table(self, point, fpir, comparisons, score):
        """Hand table."""
        assert point.score_of_fpir(fpir, comparisons) == score

    @pytest.mark.parametrize("comparisons", [1, 7, 300, 5000, 10_000])
    def test_the_rate_it_promises(self, point, comparisons):
        """The rate it promises."""
        score = point.score_of_fpir(0.01, comparisons)
        assert 1 - (1 - point.strangers(score).value) ** comparisons <= 0.01

    def test_without_a_tail(self, build):
        """Without a tail."""
        assert build.point().score_of_fpir(0.01, 10) is None


class TestAnotherName:
    """The same face under another name."""

    def test_is_told_with_whom(self, build, gallery, point):
        """Is told with whom."""
        gallery.enroll("ada", build.face(1), at=point)
        done = gallery.enroll("bob", build.face(at_angle(0.95), source="b.jpg"), at=point)
        assert kinds(done) == [("another name", "b.jpg", "ada")]
        assert "b.jpg looks like 'ada', who is enrolled (score 0.950" in done.doubts[0].text
        assert "bob" in gallery  # told, and enrolled all the same

    def test_not_below_the_score(self, build, gallery, point):
        """Not below the score."""
        gallery.enroll("ada", build.face(1), at=point)
        assert gallery.enroll("bob", build.face(at_angle(0.89)), at=point).doubts == ()

    def test_the_person_is_no_stranger_to_itself(self, build, gallery, point):
        """The person is no stranger to itself."""
        gallery.enroll("ada", build.face(1), at=point)
        assert gallery.enroll("ada", build.face(at_angle(0.96)), at=point).doubts == ()

    def test_the_larger_the_gallery_the_more_alike(self, build, gallery, point):
        """The larger the gallery the more alike."""
        rng = np.random.default_rng(0)
        crowd = rng.normal(size=(150, build.dimension))
        crowd[:, :] -= (crowd @ build.vector(1))[:, None] * build.vector(1)  # nobody of it is like 1
        for number, vector in enumerate(crowd / np.linalg.norm(crowd, axis=1, keepdims=True)):
            gallery.enroll(f"p{number}", build.face(vector.astype(np.float32)))
        gallery.enroll("ada", build.face(1))
        assert kinds(gallery.enroll("bob", build.face(at_angle(0.915, other=3)), at=point)) == []
        assert [doubt.limit for doubt in gallery.enroll("cy", build.face(1), at=point).doubts] == [0.92]

    def test_strict_stores_nothing(self, build, gallery, point):
        """Strict stores nothing."""
        gallery.enroll("ada", build.face(1), at=point)
        before = gallery.log()
        with pytest.raises(DoubtfulFaceError, match=r"'bob': nothing was stored: .*looks like 'ada'.*--strict"):
            gallery.enroll("bob", [build.face(1), build.face(2)], at=point, strict=True)
        assert "bob" not in gallery
        assert gallery.log() == before

    def test_whom_another_process_enrolled(self, build, gallery, gallery_factory, point):
        """Whom another process enrolled."""
        gallery.enroll("ada", build.face(1), at=point)
        with gallery_factory() as other:
            other.enroll("eve", build.face(5))
        assert kinds(gallery.enroll("bob", build.face(5, source="b.jpg"), at=point)) == [
            ("another name", "b.jpg", "eve")
        ]


class TestAnotherFace:
    """A stranger among a person's photos."""

    def test_a_stranger_among_photos(self, build, gallery, point):
        """A stranger among photos."""
        mine = [build.face(1, source="1.jpg"), build.face(at_angle(0.95), source="2.jpg")]
        stranger = build.face(at_angle(0.2, other=4), source="x.jpg")
        done = gallery.enroll("ada", [*mine, stranger], at=point)
        assert [(doubt.kind, doubt.source) for doubt in done.doubts] == [("another face", "x.jpg")]
        assert "is like no other photo of this person" in done.doubts[0].text

    def test_of_two_photos_it_is_told_once(self, build, gallery, point):
        """Of two photos it is told once."""
        done = gallery.enroll(
            "ada", [build.face(1, source="1.jpg"), build.face(at_angle(0.1), source="2.jpg")], at=point
        )
        assert kinds(done) == [("another face", "1.jpg", "2.jpg")]

    def test_compared_with_what_is_stored(self, build, gallery, point):
        """Compared with what is stored."""
        gallery.enroll("ada", build.face(1, source="1.jpg"))
        done = gallery.enroll("ada", build.face(at_angle(0.1), source="2.jpg"), at=point)
        assert kinds(done) == [("another face", "2.jpg", "1.jpg")]

    def test_as_alike_as_1_stranger_in_100_is_enough(self, build, gallery, point):
        """As alike as 1 stranger in 100 is enough."""
        gallery.enroll("ada", build.face(1))
        assert gallery.enroll("ada", build.face(at_angle(0.71)), at=point).doubts == ()

    def test_one_photo_alone_is_like_nothing(self, build, gallery, point):
        """One photo alone is like nothing."""
        assert gallery.enroll("ada", build.face(1), at=point).doubts == ()


class TestSamePicture:
    """One photo twice."""

    def test_twice_in_one_call(self, build, gallery, point):
        """Twice in one call."""
        done = gallery.enroll("ada", [build.face(1, source="1.jpg"), build.face(1, source="copy.jpg")], at=point)
        assert kinds(done) == [("same picture", "copy.jpg", "1.jpg")]

    def test_saved_anew(self, build, gallery, point):
        """Saved anew."""
        gallery.enroll("ada", build.face(1, source="1.jpg"))
        done = gallery.enroll("ada", build.face(at_angle(0.9995), source="2.jpg"), at=point)
        assert kinds(done) == [("same picture", "2.jpg", "1.jpg")]

    def test_enrolling_a_photo_again_changes_nothing_and_is_fine(self, build, gallery, point):
        """Enrolling a photo again changes nothing and is fine."""
        gallery.enroll("ada", build.face(1), at=point, strict=True)
        again = gallery.enroll("ada", build.face(1), at=point, strict=True)
        assert (again.already_present, again.doubts) == (1, ())


class TestLimits:
    """The scores themselves, from which on and below which something is said."""

    def test_whoever_is_just_as_alike_as_it_takes_is_told(self):
        """Whoever is just as alike as it takes is told."""
        ada = [made_face(embedding=[1, 0, 0])]
        found = doubts_about(ada, [("bob", 0.9)], NOBODY, [], Limits(0.9, 0.5))
        assert [(doubt.kind, doubt.other) for doubt in found] == [("another name", "bob")]
        assert doubts_about(ada, [("bob", 0.9)], NOBODY, [], Limits(math.nextafter(0.9, 1), 0.5)) == ()

    def test_just_as_alike_as_strangers_may_be_is_enough(self):
        """Just as alike as strangers may be is enough."""
        pair = [made_face(embedding=[1, 0, 0]), made_face("b", embedding=[0.5, math.sqrt(0.75), 0])]
        assert doubts_about(pair, [None, None], NOBODY, [], Limits(1, 0.5)) == ()
        assert len(doubts_about(pair, [None, None], NOBODY, [], Limits(1, 0.51))) == 1

    def test_only_the_very_vector_is_one_that_is_stored(self):
        """Only the very vector is one that is stored."""
        stranger = made_face(embedding=[0, 1, 0])  # the third number is that of the stored vector
        found = doubts_about([stranger], [None], np.array([[1, 0, 0]], np.float32), ["old.jpg"], Limits(1, 0.5))
        assert [(doubt.kind, doubt.other) for doubt in found] == [("another face", "old.jpg")]

    def test_no_more_is_asked_of_a_persons_photos_than_of_a_match(self, point):
        """No more is asked of a person's photos than of a match."""
        assert Limits.of(point, 1).another_face == 0.7
        loose = replace(point, threshold=0.6, target_fmr=0.1, fmr=Rate(20_000, 1_000_000))
        assert Limits.of(loose, 1).another_face == 0.6

    @pytest.mark.parametrize(("score", "same"), [(0.997, 0), (0.999, 1)])
    def test_two_good_photos_are_two_pictures(self, build, gallery, point, score, same):
        """Two good photos are two pictures."""
        gallery.enroll("ada", build.face(1, source="1.jpg"))
        assert len(gallery.enroll("ada", build.face(at_angle(score)), at=point).doubts) == same


class TestWhoLooks:
    """Looking needs a point that says how alike strangers are."""

    def test_nobody_without_a_point(self, build, gallery):
        """Nobody without a point."""
        assert gallery.enroll("ada", build.face(1)).doubts is None

    @pytest.mark.local
    def test_strict_needs_a_point(self, build, gallery):
        """Strict needs a point."""
        with pytest.raises(ArgumentError, match="strict needs an operating point"):
            gallery.enroll("ada", build.face(1), strict=True)

    def test_a_point_without_a_tail_cannot_tell(self, build, gallery):
        """A point without a tail cannot tell."""
        with pytest.raises(NoPointError, match="does not say how many strangers"):
            gallery.enroll("ada", build.face(1), at=build.point())
        assert "ada" not in gallery

    def test_of_another_embedder(self, build, gallery, point):
        """Of another embedder."""
        other = replace(point, matcher=build.matcher("0" * 64))
        with pytest.raises(ModelMismatchError):
            gallery.enroll("ada", build.face(1), at=other)

    def test_the_log_keeps_how_many_but_no_name(self, build, gallery, point):
        """The log keeps how many but no name."""
        gallery.enroll("ada", build.face(1), at=point)
        gallery.enroll("bob", build.face(1), at=point)
        assert gallery.log(name="bob")[-1].details["doubts"] == {"another name": 1}
        assert gallery.log(name="ada")[-1].details["doubts"] == {}

    def test_doubts_as_json(self, build, gallery, point):
        """Doubts as json."""
        gallery.enroll("ada", build.face(1), at=point)
        (doubt,) = gallery.enroll("bob", build.face(1, source="b.jpg"), at=point).to_dict()["doubts"]
        assert set(doubt) == {"kind", "source", "other", "score", "limit", "text"}
