"""``facerec enroll``: one person, or a folder of them, and everything that is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facerec.points import read_points, write_points
from facerec.types import ImpostorTail

G = ("--gallery", "g.db")


def test_enrolling_one_person(colours, facerec, draw):
    """The answer says what is stored, with consent, purpose and expiry."""
    draw("1.png", "red")
    draw("2.png", "wine")

    outcome = facerec(
        "enroll", "ada", "1.png", "2.png", *G, "--consent", "form 17", "--purpose", "door", "--expires", "2999-12-31",
        "--keep-photos", "--json",
    )  # fmt: skip

    person = outcome.document["person"]
    assert outcome.status == 0
    assert (outcome.document["added"], outcome.document["photos_kept"]) == (2, 2)
    assert (person["name"], person["consent"], person["purpose"]) == ("ada", "form 17", "door")
    assert person["expires"] == "2999-12-31"


def test_text_says_what_is_missing(colours, facerec, draw):
    """Enrolling without a consent on record is possible, and said."""
    draw("1.png", "red")

    assert facerec("enroll", "ada", "1.png", *G).out == "ada: enrolled, 1 new face, no consent recorded\n"
    assert facerec("enroll", "ada", "1.png", *G).out == (
        "ada: added to, 0 new faces, 1 already there, no consent recorded\n"
    )


def test_what_is_replaced_is_told_and_logged(colours, facerec, draw):
    """Another consent takes the place of the one that is recorded, which is not lost."""
    draw("1.png", "red")
    draw("2.png", "wine")
    facerec("enroll", "ada", "1.png", *G, "--consent", "form 17")

    done = facerec("enroll", "ada", "1.png", "2.png", *G, "--consent", "x")

    assert done.out == "ada: added to, 1 new face, 1 already there\n"
    assert "ada: consent 'form 17' → 'x', for all faces; the gallery's log keeps what was there" in done.err
    assert "updated     ada  consent 'form 17' → 'x'" in facerec("gallery", "log", *G).out
    change = {"term": "consent", "former": "form 17", "now": "x", "text": "consent 'form 17' → 'x'"}
    entry = facerec("gallery", "log", *G, "--json").document["entries"][2]
    assert (entry["event"], entry["changes"], entry["source"]) == ("updated", [change], None)
    assert '""former"": ""form 17""' in facerec("gallery", "log", *G, "--csv").out
    facerec("gallery", "export", "out", *G)
    facerec("enroll", "ada", "1.png", "--gallery", "h.db", "--consent", "y")
    told = facerec("gallery", "import", "out", "--merge", "--gallery", "h.db").out
    assert "ada: 1 face added, 1 already there; consent 'x' → 'y'" in told


def test_all_photos_are_checked_first(colours, facerec, draw):
    """One bad photo refuses the person, with a reason for each, and no gallery is made."""
    draw("good.png", "red")
    draw("two.png", "red", "green")
    draw("none.png", "black")
    draw("small.png", "red", size=32)
    (colours / "bad.png").write_bytes(b"no photo")

    outcome = facerec("enroll", "ada", "good.png", "two.png", "none.png", "small.png", "bad.png", *G)

    assert outcome.status == 2
    assert outcome.err.startswith("facerec: error: nothing was stored, because 4 of 5 photos cannot be enrolled: ")
    for reason in ("2 faces found in two.png", "no face found in none.png", "small.png is too small", "bad.png cannot"):
        assert reason in outcome.err
    assert not (colours / "g.db").exists()


def test_low_quality_on_request(colours, facerec, draw):
    """A face below the gate is enrolled only where that is asked for."""
    draw("small.png", "red", size=32)

    assert facerec("enroll", "ada", "small.png", *G).status == 2
    told = facerec("enroll", "ada", "small.png", *G, "--no-gate", "--json")
    former = facerec("enroll", "ada", "small.png", *G, "--accept-low-quality")

    assert (told.status, told.document["gate"]) == (0, "none")
    assert "gate none" in facerec("gallery", "log", *G).out
    assert former.status == 2
    assert "--accept-low-quality is called --no-gate now; see: facerec enroll --help" in former.err


def test_face_of_several(colours, facerec, draw):
    """``--face`` chooses where a photo shows several people."""
    draw("two.png", "red", "green")

    assert facerec("enroll", "ada", "two.png", *G).status == 2
    chosen = facerec("enroll", "ada", "two.png", *G, "--face", "largest")
    assert (chosen.status, chosen.err) == (0, "note: two.png: 2 faces were found; the largest one is meant\n")


@pytest.mark.parametrize(
    "line",
    [
        ("enroll", *G),
        ("enroll", "ada", *G),
        ("enroll", "ada", "1.png", "--folder", ".", *G),
        ("enroll", "ada", "1.png"),
    ],
)
def test_whom_to_enroll_must_be_clear(colours, facerec, line):
    """A name and photos, or a folder; and a gallery."""
    outcome = facerec(*line)

    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 1


def test_bad_expiry_is_refused(colours, facerec, draw):
    """A date that is none, or has passed, is one line."""
    draw("1.png", "red")

    malformed = facerec("enroll", "ada", "1.png", *G, "--expires", "tomorrow")
    past = facerec("enroll", "ada", "1.png", *G, "--expires", "2001-01-01")

    assert (malformed.status, past.status) == (2, 2)
    assert "2001-01-01 has passed" in past.err


def test_folder_of_people(colours, facerec, draw):
    """Everybody of a folder is enrolled; photos that cannot be used are listed with their reason."""
    draw("people/ada/1.png", "red")
    draw("people/ada/2.png", "black")
    draw("people/bob/1.png", "green")
    (colours / "people" / "bob" / "2.jpg").write_bytes(b"no photo")

    outcome = facerec("enroll", "--folder", "people", *G, "--json")

    document = outcome.document
    assert outcome.status == 0
    assert [each["person"]["name"] for each in document["enrolled"]] == ["ada", "bob"]
    assert document["not_enrolled"] == []
    assert [each["path"] for each in document["skipped"]] == ["people/ada/2.png", "people/bob/2.jpg"]
    assert "no face found" in document["skipped"][0]["reason"]


def test_a_folder_follows_the_choice_of_a_face(colours, facerec, draw):
    """Nobody is guessed at in a photo of two people: it is skipped, unless the choice among them is made."""
    draw("people/ada/1.png", "red")
    draw("people/ada/2.png", "wine", "green")

    told = facerec("enroll", "--folder", "people", *G, "--json").document
    chosen = facerec("enroll", "--folder", "people", *G, "--face", "largest", "--json").document

    assert [each["path"] for each in told["skipped"]] == ["people/ada/2.png"]
    assert "2 faces found in people/ada/2.png" in told["skipped"][0]["reason"]
    assert [each["added"] for each in told["enrolled"]] == [1]
    assert (chosen["skipped"], [each["added"] for each in chosen["enrolled"]]) == ([], [1])


def test_somebody_without_a_usable_photo_is_status_2(colours, facerec, draw):
    """The others are enrolled, and who is missing is told."""
    draw("people/ada/1.png", "red")
    draw("people/bob/1.png", "black")

    outcome = facerec("enroll", "--folder", "people", *G)

    assert outcome.status == 2
    assert outcome.out.splitlines() == [
        "ada: enrolled, 1 new face, no consent recorded",
        "bob: not enrolled",
        (
            "  skipped: no face found in people/bob/1.png; the picture is nearly black: 99 % of it is at most 0 of "
            "255; a face must be visible and large enough"
        ),
        "1 person enrolled with 1 new face; 1 photo skipped",
    ]
    assert outcome.err == "facerec: error: 1 person was not enrolled: bob\n"


def test_two_folders_of_one_name_are_not_enrolled(colours, facerec, draw):
    """Names that differ only in how Unicode writes them would mix two people; the others are enrolled."""
    draw("people/Zo\u00eb/1.png", "red")
    draw("people/Zoe\u0308/1.png", "green")
    draw("people/ada/1.png", "blue")
    draw("people/a\u200bb/1.png", "wine")

    outcome = facerec("enroll", "--folder", "people", *G, "--json")

    assert outcome.status == 2
    assert [each["person"]["name"] for each in outcome.document["enrolled"]] == ["ada"]
    assert outcome.document["not_enrolled"] == ["Zoe\u0308", "Zo\u00eb", "a\u200bb"]
    assert [each["why"] for each in outcome.document["skipped"]] == ["no name of a person"] * 3
    assert "stand for one name" in outcome.document["skipped"][0]["reason"]


def test_bad_entries_of_a_folder_cost_themselves(colours, facerec, draw):
    """As a network drive or a user leaves a folder: each person is enrolled, all else is counted with its reason."""
    draw("people/ada/1.png", "red")
    draw("people/@eaDir/1.png", "green")
    draw("people/ada/@eaDir/1.png/thumb.png", "blue")
    draw("people/loose.png", "wine")
    draw("people/drafts/1.png", "green")
    (colours / "people" / "empty").mkdir()
    (colours / "people" / "ada" / "gone.png").symlink_to("nowhere")

    line = ("enroll", "--folder", "people", *G, "--exclude", "drafts")
    told, document = facerec(*line), facerec(*line, "--json").document

    assert told.status == 2
    assert told.out.splitlines() == [
        "ada: enrolled, 1 new face, no consent recorded",
        "empty: not enrolled",
        "1 person enrolled with 1 new face; 0 photos skipped",
    ]
    assert told.err.splitlines() == [
        (
            "left out: 5 files (2 system folder, 1 broken link, 1 excluded, 1 outside any folder), "
            "1 folder (1 empty folder)"
        ),
        "  ada/gone.png: it is a link to nothing",
        "  empty/: it is empty",
        "  loose.png: lies outside any person's folder",
        "  @eaDir/: a system keeps it for itself",
        "  ada/@eaDir/: a system keeps it for itself",
        "  … 6 in all; --json lists them",
        "facerec: error: 1 person was not enrolled: empty",
    ]
    assert {each["path"]: each["why"] for each in document["files_left_out"]} == {
        "@eaDir/": "system folder",
        "ada/@eaDir/": "system folder",
        "ada/gone.png": "broken link",
        "drafts/": "excluded",
        "empty/": "empty folder",
        "loose.png": "outside any folder",
    }


@pytest.fixture
def tail(colours):
    """``tail.json``: a point that knows how alike strangers are."""
    (point,) = read_points(colours / "point.json")
    tail = ImpostorTail((0.999, 0.9, 0.1), (1, 300, 30_000), (3e4,) * 3, 30_000)
    write_points(replace(point, tail=tail), colours / "tail.json")
    return ("--at", "tail.json")


def test_doubts_are_told(tail, facerec, draw):
    """One face under two names is enrolled, and said; in JSON too."""
    draw("1.png", "red")
    facerec("enroll", "ada", "1.png", *G, *tail)

    told = facerec("enroll", "bob", "1.png", *G, *tail)
    document = facerec("enroll", "cy", "1.png", *G, *tail, "--json").document

    assert told.status == 0
    assert told.err.startswith("bob: the face in 1.png looks like 'ada', who is enrolled (score 1.000")
    assert [(each["kind"], each["other"]) for each in document["doubts"]] == [("another name", "ada")]


def test_strict_refuses_who_is_doubtful(tail, facerec, draw):
    """Status 2, and nothing is stored; in a folder it costs that person only."""
    draw("1.png", "red")
    facerec("enroll", "ada", "1.png", *G, *tail)
    draw("people/bob/1.png", "red")
    draw("people/cy/1.png", "green")

    alone = facerec("enroll", "bob", "1.png", *G, *tail, "--strict")
    folder = facerec("enroll", "--folder", "people", *G, *tail, "--strict", "--json")

    assert alone.status == 2
    assert "'bob': nothing was stored: the face in 1.png looks like 'ada'" in alone.err
    assert folder.status == 2
    assert [each["person"]["name"] for each in folder.document["enrolled"]] == ["cy"]
    assert [(each["path"], each["why"]) for each in folder.document["skipped"]] == [("people/bob/", "doubtful")]


def test_strict_needs_a_point(colours, facerec, draw):
    """No point is shipped for this model: nobody could tell who is doubtful."""
    draw("1.png", "red")

    outcome = facerec("enroll", "ada", "1.png", *G, "--strict")

    assert outcome.status == 2
    assert "no operating point" in outcome.err


def test_exclusion_needs_a_folder(colours, facerec, draw):
    """An option that would do nothing is refused."""
    draw("1.png", "red")

    assert "add --folder DIR" in facerec("enroll", "ada", "1.png", *G, "--exclude", "x").err


def test_real_people(photos, facerec):
    """A folder of real people becomes a gallery in which each is found again."""
    examples = photos / "examples" / "knn_examples"

    enrolled = facerec("enroll", "--folder", examples / "train", *G, "--json")
    found = facerec("identify", examples / "test" / "obama1.jpg", *G, "--at", "point.json", "--json")

    assert enrolled.status == 0
    assert len(enrolled.document["enrolled"]) == 5
    assert found.status == 0
    assert [face["name"] for face in found.document["faces"]] == ["obama"]
