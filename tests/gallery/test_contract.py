"""What every engine of the gallery must do: enroll, update, decide, forget."""

import hashlib
import json
import math
import pickle
import threading
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from facerec.errors import ArgumentError, GalleryError, ModelMismatchError, UnknownPersonError
from facerec.gallery import Person
from facerec.quality import DEFAULT_GATE, NO_GATE, QualityGate
from facerec.testing import GOOD
from facerec.types import Matcher

POOR = {**GOOD, "sharpness": 1.0}

# -- who is enrolled --------------------------------------------------------------------------------------------------


def test_enroll_says_what_it_did(gallery, build, clock):
    """Enrolling answers with the person as stored and the number of new samples."""
    done = gallery.enroll("ada", build.face(1), consent="form 17", purpose="door", expires=clock.today())

    assert (done.created, done.added, done.already_present, done.photos_kept) == (True, 1, 0, 0)
    assert gallery.people() == [done.person] == [gallery.person("ada")]
    assert (done.person.consent, done.person.purpose, done.person.expires) == ("form 17", "door", clock.today())
    assert (done.person.samples, done.person.created, done.person.expired) == (1, clock.now, False)


@pytest.mark.local
def test_samples_keep_what_the_face_carried(gallery, build, clock):
    """Source, box, score and vector come back bit for bit."""
    face = build.face(1, source="ada 1.jpg", box=(0.1, 0.2, 30.3, 40.4), score=0.87)

    gallery.enroll("ada", face, photos=[b"the photo"])

    (sample,) = gallery.samples("ada")
    assert (sample.source, sample.score, sample.enrolled) == ("ada 1.jpg", 0.87, clock.now)
    assert np.array_equal(np.array(sample.box, np.float32), face.box)
    assert not sample.photo_kept
    assert sample.photo_sha256 == hashlib.sha256(b"the photo").hexdigest()
    assert np.array_equal(gallery.vectors("ada"), face.embedding[None])


def test_a_known_name_gets_more_samples(gallery, build):
    """Enrolling a person again adds to the same person."""
    first = gallery.enroll("ada", build.face(1))
    second = gallery.enroll("ada", [build.face(2), build.face(3)])

    assert not second.created
    assert second.person.id == first.person.id
    assert second.person.samples == 3


def test_a_vector_is_kept_once_per_person(gallery, build):
    """The same vector again is no error and no new sample, within one call too; other people may have it."""
    first = gallery.enroll("ada", [build.face(1), build.face(1)])
    again = gallery.enroll("ada", [build.face(1), build.face(2)])
    other = gallery.enroll("bob", build.face(1))

    assert (first.added, first.already_present) == (1, 1)
    assert (again.added, again.already_present) == (1, 1)
    assert other.added == 1


def test_enrolling_again_can_add_the_photo(gallery, build):
    """A sample that was stored without its photo gets it when it is enrolled with the photo."""
    gallery.enroll("ada", build.face(1))
    again = gallery.enroll("ada", build.face(1), photos=[b"photo"], keep_photos=True)

    assert (again.added, again.already_present, again.photos_kept) == (0, 1, 1)
    assert gallery.samples("ada")[0].photo_kept
    assert gallery.person("ada").photos == 1


def test_names_are_trimmed_and_composed(gallery, build):
    """Spaces around a name and the way its accents are coded make no second person."""
    gallery.enroll("  Zoe\u0308 ", build.face(1))
    gallery.enroll("Zo\u00eb", build.face(2))

    assert [person.name for person in gallery.people()] == ["Zo\u00eb"]


_LETTERS = ["", "   ", "a\nb", "a\x00b", "a\u202eb", "\ud800", "\ud800\U0001f600", "x" * 201, None, b"ada"]
_HIDDEN = ["a\u200bda", "ad\u00ada", "\ufeffada", "ada\u200e", "a\u2060da", "a\u180eda", "ada\U000e0061", "a\u034fda"]
_NOTHING = ["\u200e\u200f", "\u3164", "\uffa0", "\u115f", "\u1160", "\u2800", "\ufeff", "\u0301", "\ufe0f"]
_JOINERS = ["a\u200cda", "ada\u200d", "\u200dada", "\u0645\u200c", "a\u200d\U0001f469", "a\ufe0f"]


@pytest.mark.parametrize("name", [*_LETTERS, *_HIDDEN, *_NOTHING, *_JOINERS])
def test_names_that_break_lists_are_refused(gallery, build, name):
    """Empty, overlong, unprintable and misleading names are refused, and so is what is not text."""
    with pytest.raises(ArgumentError, match="name"):
        gallery.enroll(name, build.face(1))

    assert gallery.people() == []


def test_hostile_names_are_just_names(gallery, build):
    """SQL, path and markup in a name are stored as they are."""
    for name in ("'; DROP TABLE people; --", "../../etc/passwd", "<b>ada</b>", "%s %n", "名前"):
        gallery.enroll(name, build.face(1))

        assert gallery.person(name).name == name


@pytest.mark.parametrize(
    "name",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a non-joiner
        "\u0d2e\u0d4b\u0d39\u0d28\u0d4d\u200d",  # Mohan in Malayalam, whose last letter is a chillu
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sri in Sinhala
        "\u845b\U000e0100\u57ce",  # a Japanese name with one of the forms of its first letter
        "\U0001f469\u200d\U0001f467",
        "Anne-Marie O'Neill",
        "Nguy\u1ec5n V\u0103n A",
    ],
)
def test_real_words_are_names(gallery, build, name):
    """Joiners and selectors stay where a script is spelled with them."""
    gallery.enroll(name, build.face(1))

    assert name in gallery


@pytest.mark.parametrize("pair", [("\u00c6sa", "AEsa"), ("Ada \u2460", "Ada 1"), ("Ada\u00b2", "Ada2")])
def test_names_that_differ_to_the_eye_are_two_people(gallery, build, pair):
    """One letter may be written in two ways of Unicode; a letter of its own, a number in a ring, an exponent differ."""
    for number, name in enumerate(pair):
        assert gallery.enroll(name, build.face(number)).created

    assert [person.name for person in gallery.people()] == list(pair)


@pytest.mark.files
def test_names_that_an_earlier_version_took_can_be_mended(gallery, build):
    """Somebody whose name holds a hidden character is still found by it, renamed, verified and forgotten."""
    gallery.enroll("ada", build.face(1))
    with gallery._store.connection.transaction("BEGIN IMMEDIATE") as sqlite:
        sqlite.execute("UPDATE people SET name = 'a\u200bda'")

    assert gallery.person("a\u200bda").samples == 1
    assert gallery.verify("a\u200bda", build.face(1), at=build.point())
    assert gallery.rename("a\u200bda", "ada").name == "ada"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"embedding": np.ones(8, np.float32)}, "length 1"),
        ({"embedding": np.full(8, np.nan, np.float32)}, "finite"),
        ({"embedding": np.zeros(8, np.float32)}, "length 1"),
        ({"embedding": np.eye(1, 7, dtype=np.float32)[0]}, "8 numbers"),
        ({"box": np.array([0, 0, np.inf, 1], np.float32)}, "box"),
        ({"score": math.nan}, "score"),
    ],
)
def test_unusable_faces_are_refused(gallery, build, change, complaint):
    """A vector that is not finite, unit, float32 and of the right length never gets in."""
    with pytest.raises(ArgumentError, match=complaint):
        gallery.enroll("ada", replace(build.face(1), **change))

    assert gallery.people() == []


@pytest.mark.local
@pytest.mark.parametrize("faces", [[], ["a face"], "faces"])
def test_what_is_no_face_is_refused(gallery, faces):
    """An empty sequence and things that are no faces are refused."""
    with pytest.raises(ArgumentError):
        gallery.enroll("ada", faces)


@pytest.mark.local
def test_all_faces_of_a_photo_are_not_one_person(gallery, build):
    """`Faces` are the people of one photo; the message says how to choose one."""
    with pytest.raises(ArgumentError, match=r"\.only\(\)"):
        gallery.enroll("ada", build.faces([build.vector(1), build.vector(2)]))


@pytest.mark.local
@pytest.mark.parametrize(
    "photos", [{"photos": [b"1", b"2"]}, {"photos": [b""]}, {"photos": b"12"}, {"photos": ["1"]}, {"keep_photos": True}]
)
def test_photos_must_fit_the_faces(gallery, build, photos):
    """One photo per face, not empty, in bytes."""
    with pytest.raises(ArgumentError, match="photo"):
        gallery.enroll("ada", build.face(1), **photos)


def test_a_failed_call_changes_nothing(gallery, build):
    """If the last face of several is refused, none is stored and nothing is logged."""
    with pytest.raises(ModelMismatchError):
        gallery.enroll("ada", [build.face(1), build.face(2, digest="0" * 64)], consent="form")

    assert gallery.people() == []
    assert [entry.event for entry in gallery.log()] == ["created"]


@pytest.mark.files
def test_another_embedder_is_refused_at_the_door(gallery_factory, build):
    """Opening with another embedder names both, with digests, and the way out."""
    with gallery_factory() as gallery:
        bound = gallery.embedder
    with pytest.raises(ModelMismatchError) as refused:
        gallery_factory(embedder=build.embedder(digest="f" * 64, name="other"))

    for part in ("fake", bound.digest, "other", "f" * 64, "facerec gallery reembed"):
        assert part in str(refused.value)


def test_a_gallery_opens_without_an_embedder(gallery_factory, build):
    """Without an embedder the gallery does all it can do with one, and still checks the vectors."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
    with gallery_factory(embedder=None) as gallery:
        gallery.enroll("bob", build.face(2))

        assert gallery.verify("ada", build.face(1), at=build.point()).match
        with pytest.raises(ModelMismatchError):
            gallery.enroll("eve", build.face(3, digest="f" * 64))


@pytest.mark.local
def test_enrolling_updates_what_is_given_only(gallery, build, clock):
    """A consent given with more samples replaces the old one; what is not given stays."""
    tomorrow = clock.today() + timedelta(days=1)
    gallery.enroll("ada", build.face(1), consent="old", purpose="door")
    changed = gallery.enroll("ada", build.face(2), consent="new", expires=tomorrow).person

    assert (changed.consent, changed.purpose, changed.expires) == ("new", "door", tomorrow)
    assert gallery.log()[-2].event == "updated"
    assert gallery.log()[-2].details == {"fields": ["consent", "expires"]}


def test_update_tells_none_from_unchanged(gallery, build, clock):
    """``None`` removes a field; a field that is not named stays."""
    gallery.enroll("ada", build.face(1), consent="form", purpose="door", expires=clock.today())
    changed = gallery.update("ada", purpose=None, expires=None)

    assert (changed.consent, changed.purpose, changed.expires) == ("form", None, None)


@pytest.mark.parametrize("wrong", [{"consent": " "}, {"purpose": 7}, {"expires": "2031-01-01"}, {"consent": "a\nb"}])
def test_update_checks_its_fields(gallery, build, wrong):
    """Empty text, other types and line breaks are refused."""
    gallery.enroll("ada", build.face(1), consent="form")
    before = gallery.person("ada")
    with pytest.raises(ArgumentError):
        gallery.update("ada", **wrong)

    assert gallery.person("ada") == before


def test_rename_keeps_the_person(gallery, build):
    """Id, samples and log stay; the log shows the present name."""
    enrolled = gallery.enroll("ada", build.face(1)).person
    renamed = gallery.rename("ada", " Ada Lovelace ")

    assert renamed == replace(enrolled, name="Ada Lovelace")
    assert [entry.name for entry in gallery.log(name="Ada Lovelace")] == ["Ada Lovelace"] * 2
    with pytest.raises(UnknownPersonError, match="'ada'"):
        gallery.person("ada")


def test_rename_takes_no_name_that_is_taken(gallery, build):
    """Two people never become one; a person's own name is no clash."""
    gallery.enroll("ada", build.face(1))
    gallery.enroll("bob", build.face(2))

    with pytest.raises(GalleryError, match="'bob' is enrolled already"):
        gallery.rename("ada", "bob")
    assert gallery.rename("ada", "ada").name == "ada"


@pytest.mark.parametrize(
    "call",
    [
        lambda g, _: g.person("eve"),
        lambda g, _: g.samples("eve"),
        lambda g, _: g.vectors("eve"),
        lambda g, _: g.update("eve", consent="x"),
        lambda g, _: g.rename("eve", "adam"),
        lambda g, _: g.forget("eve"),
        lambda g, _: g.log(name="eve"),
        lambda g, b: g.verify("eve", b.face(1), at=b.point()),
    ],
)
def test_unknown_people_are_named(gallery, build, call):
    """Every call that needs a person says whom it did not find, and where to look."""
    with pytest.raises(UnknownPersonError, match=r"'eve'.*facerec gallery list"):
        call(gallery, build)


# -- a collection of people -------------------------------------------------------------------------------------------


def test_a_gallery_is_a_collection_of_people(gallery, build, clock):
    """Length, membership and iteration are over people, the expired included; a table has a row for each."""
    assert (len(gallery), list(gallery), gallery.to_frame().empty) == (0, [], True)
    gallery.enroll("Zoe\u0308", build.face(1), expires=clock.today(), consent="form 17")
    gallery.enroll("<b>ada</b>", [build.face(2), build.face(3)])
    clock.pass_days(1)

    assert len(gallery) == 2
    assert list(gallery) == gallery.people()
    assert all(isinstance(person, Person) for person in gallery)
    assert ("Zo\u00eb" in gallery, " Zoe\u0308 " in gallery, "bob" in gallery) == (True, True, False)
    assert ("" in gallery, 7 in gallery, None in gallery) == (False, False, False)
    table = gallery.to_frame()
    assert table["name"].tolist() == ["Zo\u00eb", "<b>ada</b>"]
    assert table["samples"].tolist() == [1, 2]
    assert table["expired"].tolist() == [True, False]
    assert list(gallery.to_frame()[:0].columns) == list(table.columns)


@pytest.mark.local
def test_a_gallery_shows_its_size(gallery_factory, build, store):
    """In a debugger or notebook: file, people, faces and embedder; and that it was closed."""
    with gallery_factory("<i>.db") as gallery:
        gallery.enroll("ada", [build.face(1), build.face(2)])

        assert repr(gallery).endswith(f"{gallery._store.name}: 1 person, 2 faces embedded by fake>")
        assert "&lt;i&gt;.db" in gallery._repr_html_() or store == "postgres"  # where no name holds such a sign
        assert "<i>" not in gallery._repr_html_()
    assert repr(gallery).endswith(": closed>")


@pytest.mark.local
def test_records_are_values(gallery, build, clock):
    """People, samples, receipts and log entries stand as JSON, and come whole out of another process."""
    done = gallery.enroll("ada", build.face(1), expires=clock.today())
    gallery.verify("ada", build.face(1), at=build.point())
    records = [done, gallery.person("ada"), *gallery.samples("ada"), *gallery.log(), gallery.check_log()]
    records += [gallery.embedder, gallery.compact(), gallery.forget("ada")]

    for record in records:
        json.dumps(record.to_dict(), allow_nan=False)
        assert pickle.loads(pickle.dumps(record)) == record
    assert done.to_dict()["person"]["expires"] == "2030-01-15"
    assert gallery.check_log().to_dict()["intact"] is True
    entry = pickle.loads(pickle.dumps(gallery.log()[-1]))
    with pytest.raises(TypeError):
        entry.details["vectors"] = 7


# -- decisions --------------------------------------------------------------------------------------------------------


def test_verify_takes_the_most_alike_sample(gallery, build):
    """The score of a claim is the best over the person's samples; the threshold itself is a match."""
    gallery.enroll("ada", [build.face(1), build.face(2)])
    probe = build.face(2)

    outcome = gallery.verify("ada", probe, at=build.point(threshold=1.0 - 1e-6))

    assert outcome.decision == "match"
    assert outcome.score == pytest.approx(1.0, abs=1e-6)
    assert outcome.score <= 1.0


def test_verify_says_no_and_undecided(gallery, build):
    """Below the threshold is no match; a face that the gate holds back is undecided whatever the score."""
    gallery.enroll("ada", build.face(1))

    assert gallery.verify("ada", build.face(2), at=build.point()).match is False
    held_back = gallery.verify("ada", build.face(1, measures=POOR), at=build.point())
    assert (held_back.decision, held_back.match, held_back.score) == ("undecided", None, 1.0)
    assert len(held_back.problems) == 1
    assert "too blurred" in held_back.problems[0]
    assert held_back.gate == DEFAULT_GATE.name


def test_verify_and_identify_give_the_same_score(gallery, build):
    """The same face and person score exactly the same, whether claimed or searched for."""
    for seed in range(20):
        gallery.enroll(f"person {seed}", [build.face(seed), build.face(100 + seed)])
    probe = build.vector(7) + 0.1 * build.vector(500)
    probe = (probe / np.linalg.norm(probe)).astype(np.float32)

    (found,) = gallery.identify(build.faces([probe]), at=build.point())

    assert found.name == "person 7"
    assert found.score == gallery.verify("person 7", build.face(probe), at=build.point()).score


@pytest.mark.parametrize("seed", range(5))
def test_identify_equals_a_plain_search(gallery, build, seed):
    """Scores are the maximum per person, best first, for every face, as a loop over everything finds them."""
    rng = np.random.default_rng(seed)
    samples = {
        f"person {i}": [build.vector(int(s)) for s in rng.integers(0, 9999, rng.integers(1, 4))] for i in range(12)
    }
    for name, vectors in samples.items():
        gallery.enroll(name, [build.face(vector) for vector in vectors])
    probes = np.stack([build.vector(10_000 + i) for i in range(11)])

    found = gallery.identify(build.faces(probes), at=build.point(threshold=0.5), top=4)

    for probe, outcome in zip(probes.astype(np.float64), found, strict=True):
        expected = sorted(
            ((max(v.astype(np.float64) @ probe for v in vectors), name) for name, vectors in samples.items())
        )
        expected = expected[::-1][:4]
        assert [candidate.name for candidate in outcome.candidates] == [name for _, name in expected]
        assert [candidate.score for candidate in outcome.candidates] == [round(s, 7) for s, _ in expected]
        over = [name for score, name in expected if score >= 0.5]
        assert outcome.decision == ("no match", "match", "ambiguous")[min(len(over), 2)]
        assert outcome.name == (over[0] if len(over) == 1 else None)
        assert (outcome.gallery_size, outcome.comparisons) == (12, sum(map(len, samples.values())))
    assert [outcome.box[0] for outcome in found] == list(range(11))


def test_nobody_is_an_answer(gallery, build):
    """A stranger is nobody, with the most alike people as evidence."""
    gallery.enroll("ada", build.face(1))

    (found,) = gallery.identify(build.faces([build.vector(2)]), at=build.point())

    assert (found.decision, found.name) == ("no match", None)
    assert [candidate.name for candidate in found.candidates] == ["ada"]
    assert found.score == found.candidates[0].score < 0.9


def test_an_empty_gallery_knows_nobody(gallery, build):
    """Without anybody enrolled the score is NaN, never 0."""
    (found,) = gallery.identify(build.faces([build.vector(1)]), at=build.point())

    assert (found.decision, found.name, found.candidates) == ("no match", None, ())
    assert math.isnan(found.score)


def test_no_faces_give_no_answers(gallery, build):
    """A photo without faces has no outcomes."""
    gallery.enroll("ada", build.face(1))

    found = gallery.identify(build.faces(np.empty((0, 8), np.float32)), at=build.point())

    assert (len(found), found.source, bool(found)) == (0, "crowd.jpg", False)


def test_the_quality_gate_holds_single_faces_back(gallery, build):
    """Faces are judged one by one; an undecided face names nobody and is not logged as a match."""
    gallery.enroll("ada", build.face(1))
    measures = {**GOOD, "sharpness": np.array([100, 1])}
    faces = build.faces([build.vector(1), build.vector(1)], measures=measures)

    good, bad = gallery.identify(faces, at=build.point())

    assert (good.decision, good.name, good.problems) == ("match", "ada", ())
    assert (bad.decision, bad.name, len(bad.problems)) == ("undecided", None, 1)
    assert bad.candidates[0].name == "ada"
    assert sum(entry.event == "matched" for entry in gallery.log()) == 1


def test_equal_scores_come_in_the_order_of_enrollment(gallery, build):
    """Ties do not depend on chance."""
    for name in ("zoe", "ada", "mia"):
        gallery.enroll(name, build.face(1))

    (found,) = gallery.identify(build.faces([build.vector(1)]), at=build.point(), top=2)

    assert [candidate.name for candidate in found.candidates] == ["zoe", "ada"]


@pytest.mark.local
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"top": 0}, ArgumentError),
        ({"gate": "none"}, ArgumentError),
        ({"at_digest": "f" * 64}, ModelMismatchError),
        ({"digest": "f" * 64}, ModelMismatchError),
        ({"vector": np.ones(8)}, ArgumentError),
        ({"vector": np.eye(1, 7)[0]}, ArgumentError),
    ],
)
def test_identify_refuses_what_does_not_fit(gallery, build, arguments, error):
    """Vectors and operating points of another embedder, and arguments out of range, are refused, even when empty."""
    arguments = dict(arguments)
    at = build.point(digest=arguments.pop("at_digest", build.digest))
    faces = build.faces([arguments.pop("vector", build.vector(1))], digest=arguments.pop("digest", build.digest))
    with pytest.raises(error):
        gallery.identify(faces, at=at, **arguments)


def test_verify_refuses_what_does_not_fit(gallery, build):
    """A probe or an operating point of another embedder is refused."""
    gallery.enroll("ada", build.face(1))
    with pytest.raises(ModelMismatchError, match="fake"):
        gallery.verify("ada", build.face(1, digest="f" * 64), at=build.point())
    with pytest.raises(ModelMismatchError, match=r"FMR 0\.001 on no data"):
        gallery.verify("ada", build.face(1), at=build.point(digest="f" * 64))


# -- expiry and forgetting --------------------------------------------------------------------------------------------


def test_expired_people_are_listed_but_not_matched(gallery, build, clock):
    """The expiry date is the last day of matching; from the next day on the person is passed over."""
    gallery.enroll("ada", build.face(1), expires=clock.today())
    gallery.enroll("bob", build.face(2))
    faces = build.faces([build.vector(1)])

    assert gallery.identify(faces, at=build.point())[0].name == "ada"
    clock.pass_days(1)
    (found,) = gallery.identify(faces, at=build.point())
    assert found.name is None
    assert [candidate.name for candidate in found.candidates] == ["bob"]
    assert [(person.name, person.expired) for person in gallery.people()] == [("ada", True), ("bob", False)]
    with pytest.raises(GalleryError, match=r"'ada' expired on 2030-01-15"):
        gallery.verify("ada", build.face(1), at=build.point())


def test_a_new_date_brings_a_person_back(gallery, build, clock):
    """An updated expiry counts at the next search, in both directions."""
    gallery.enroll("ada", build.face(1), expires=clock.today())
    faces = build.faces([build.vector(1)])
    clock.pass_days(2)
    assert gallery.identify(faces, at=build.point())[0].candidates == ()

    gallery.update("ada", expires=clock.today())
    assert gallery.identify(faces, at=build.point())[0].name == "ada"

    clock.pass_days(1)
    assert gallery.identify(faces, at=build.point())[0].name is None


def test_the_past_is_no_expiry_date(gallery, build, clock):
    """Nobody is enrolled or updated with a date that has passed."""
    yesterday = clock.today() - timedelta(days=1)
    with pytest.raises(GalleryError, match="has passed"):
        gallery.enroll("ada", build.face(1), expires=yesterday)
    gallery.enroll("ada", build.face(1))
    with pytest.raises(GalleryError, match="has passed"):
        gallery.update("ada", expires=yesterday)


def test_samples_for_the_expired_need_a_new_date(gallery, build, clock):
    """More samples of somebody who expired would never be matched, so a later date must come with them."""
    gallery.enroll("ada", build.face(1), expires=clock.today())
    clock.pass_days(1)
    with pytest.raises(GalleryError, match="expired on"):
        gallery.enroll("ada", build.face(2))

    assert not gallery.enroll("ada", build.face(2), expires=clock.today()).person.expired


def test_forget_gives_a_receipt(gallery, build, clock):
    """The receipt says who, how much and when; afterwards only the id is left, in the log."""
    person = gallery.enroll("ada", [build.face(1), build.face(2)], photos=[b"1", b"2"], keep_photos=True).person
    gallery.enroll("bob", build.face(3))
    receipt = gallery.forget("ada")

    assert (receipt.person_id, receipt.name, receipt.vectors, receipt.photos) == (person.id, "ada", 2, 2)
    assert (receipt.forgotten, receipt.erased_from_file, receipt.advice) == (clock.now, True, "")
    assert [p.name for p in gallery.people()] == ["bob"]
    last = gallery.log()[-1]
    assert (last.number, last.event, last.person_id, last.name) == (receipt.log_entry, "forgotten", person.id, None)


def test_the_forgotten_are_never_found(gallery, build):
    """After forgetting, the search that had loaded the person finds the others only."""
    for seed, name in enumerate(("ada", "bob", "cleo")):
        gallery.enroll(name, [build.face(seed), build.face(10 + seed)])
    faces = build.faces([build.vector(seed) for seed in range(3)])
    assert [found.name for found in gallery.identify(faces, at=build.point())] == ["ada", "bob", "cleo"]

    gallery.forget("bob")

    found = gallery.identify(faces, at=build.point())
    assert [each.name for each in found] == ["ada", None, "cleo"]
    assert {c.name for each in found for c in each.candidates} == {"ada", "cleo"}


def test_a_name_can_be_used_again(gallery, build):
    """Somebody new of a forgotten name is another person."""
    before = gallery.enroll("ada", build.face(1)).person
    gallery.forget("ada")
    after = gallery.enroll("ada", build.face(2)).person

    assert after.id != before.id
    assert gallery.identify(build.faces([build.vector(1)]), at=build.point())[0].name is None


@pytest.mark.local
def test_purge_forgets_the_expired_only(gallery, build, clock):
    """One receipt per expired person; without any, nothing happens."""
    gallery.enroll("ada", build.face(1), expires=clock.today())
    gallery.enroll("bob", build.face(2), expires=clock.today() + timedelta(days=9))
    gallery.enroll("cleo", build.face(3))
    assert gallery.purge_expired() == []

    clock.pass_days(1)
    assert [(receipt.name, receipt.erased_from_file) for receipt in gallery.purge_expired()] == [("ada", True)]
    assert [person.name for person in gallery.people()] == ["bob", "cleo"]


# -- the log ----------------------------------------------------------------------------------------------------------


@pytest.mark.local
def test_the_log_tells_the_story(gallery, build, tmp_path):
    """Every deed is one entry with its evidence; probes are named, people are joined by id."""
    at = build.point()
    gallery.enroll("ada", build.face(1))
    gallery.verify("ada", build.face(2, source="claim.jpg"), at=at)
    gallery.identify(build.faces([build.vector(1), build.vector(3)], source="crowd.jpg"), at=at, gate=NO_GATE)
    gallery.rename("ada", "eve")
    gallery.export_to(tmp_path / "out")

    log = gallery.log()
    assert [entry.event for entry in log] == ["created", "enrolled", "verified", "matched", "renamed", "exported"]
    assert [entry.number for entry in log] == list(range(1, 7))
    assert (log[2].source, log[2].details["decision"], log[2].details["threshold"]) == ("claim.jpg", "no match", 0.9)
    assert (log[3].source, log[3].details["target_fmr"]) == ("crowd.jpg", 1e-3)
    assert log[3].details["score"] == pytest.approx(1)
    assert (log[3].details["decision"], log[3].details["data_set"]) == ("match", "no data")
    assert [entry.details["gate"] for entry in log[1:4]] == [DEFAULT_GATE.name] * 2 + ["none"]
    for entry in log[1:4]:
        assert Matcher.parse(entry.details["matcher"]) == build.matcher(gate=entry.details["gate"])
    assert {entry.name for entry in log[1:5]} == {"eve"}
    assert gallery.log(last=2) == log[-2:]
    assert gallery.log(last=0) == []
    with pytest.raises(ArgumentError, match="last"):
        gallery.log(last=-1)


def test_the_log_is_whole(gallery, build):
    """An untouched log checks out, with the newest digest as its head."""
    gallery.enroll("ada", build.face(1))
    found = gallery.check_log()

    assert (found.intact, found.entries, found.head) == (True, 2, gallery.log()[-1].digest)


def test_forgetting_takes_the_probes_names_along(gallery, build):
    """What the photos were called in which a person was met goes with the person; the entries stay."""
    gallery.enroll("ada", build.face(1))
    gallery.identify(build.faces([build.vector(1)], source="ada at the door.jpg"), at=build.point())
    gallery.forget("ada")

    log = gallery.log()
    assert [entry.event for entry in log] == ["created", "enrolled", "matched", "forgotten"]
    assert all(entry.source is None and entry.name is None for entry in log)
    assert gallery.check_log().intact


@pytest.mark.local
def test_whoever_is_forgotten_during_a_search_leaves_no_photos_name(gallery_factory, build):
    """The entry of what was found is written, but not what the photo was called: nobody could take it out again."""
    with gallery_factory() as here, gallery_factory() as there:

        class Meanwhile(QualityGate):
            def problems(self, face):
                if "ada" in there:
                    there.forget("ada")
                return super().problems(face)

        here.enroll("ada", build.face(1))
        faces = build.faces([build.vector(1)], source="ada at the door.jpg")

        assert here.identify(faces, at=build.point(), gate=Meanwhile())[0].name == "ada"
        assert [entry.event for entry in here.log()] == ["created", "enrolled", "forgotten", "matched"]
        assert here.log()[-1].person_id == here.log()[1].person_id
        assert here.log()[-1].source is None


# -- several users ----------------------------------------------------------------------------------------------------


def test_everything_is_there_after_reopening(gallery_factory, build):
    """What was acknowledged is read back by the next process."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", [build.face(1), build.face(2)], consent="form")
        people, samples, log = gallery.people(), gallery.samples("ada"), gallery.log()
    with gallery_factory() as gallery:
        assert (gallery.people(), gallery.samples("ada"), gallery.log()) == (people, samples, log)


def test_two_openings_see_each_other(gallery_factory, build, clock):
    """Enrolled, forgotten, expired: the other opening's next search knows."""
    faces = build.faces([build.vector(1), build.vector(2)])
    with gallery_factory() as here, gallery_factory() as there:
        here.enroll("ada", build.face(1))
        assert [found.name for found in there.identify(faces, at=build.point())] == ["ada", None]
        here.enroll("bob", build.face(2))
        assert [found.name for found in there.identify(faces, at=build.point())] == ["ada", "bob"]
        here.forget("ada")
        assert [found.name for found in there.identify(faces, at=build.point())] == [None, "bob"]
        here.update("bob", expires=clock.today())
        clock.pass_days(1)
        assert [found.name for found in there.identify(faces, at=build.point())] == [None, None]


def test_threads_share_a_gallery(gallery, build):
    """Four threads enroll, verify and identify at once through one gallery; nothing is lost or mixed."""
    failures = []

    def work(thread):
        try:
            for number in range(8):
                seed = 100 * thread + number
                gallery.enroll(f"person {seed}", build.face(seed))
                (found,) = gallery.identify(build.faces([build.vector(seed)]), at=build.point(threshold=0.9999))
                assert found.name == f"person {seed}"
                assert gallery.verify(f"person {seed}", build.face(seed), at=build.point()).match
        except Exception as error:  # noqa: BLE001 - reported by the test below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(gallery.people()) == 32
    assert gallery.check_log().intact


@pytest.mark.local
def test_a_closed_gallery_says_so(gallery_factory, build):
    """Every use after closing is one clear error; closing again is allowed."""
    gallery = gallery_factory()
    gallery.close()
    gallery.close()

    for use in (gallery.people, lambda: gallery.enroll("ada", build.face(1)), gallery.check_log, gallery.compact):
        with pytest.raises(GalleryError, match="has been closed"):
            use()


@pytest.mark.files
def test_waiting_times_are_not_negative(gallery_factory):
    """A negative or missing waiting time is refused."""
    with pytest.raises(ArgumentError, match="wait"):
        gallery_factory(wait=-1)
