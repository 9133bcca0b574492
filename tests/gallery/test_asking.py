"""How programs ask: in pages, once under a key, in somebody's name; and what they note to compare with later."""

import json
import logging
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from facerec.errors import ArgumentError, GalleryKeyError, ReadOnlyGalleryError, ReusedKeyError
from facerec.gallery import LogHead, open_gallery
from facerec.gallery.decide import NOT_LOGGED
from facerec.gallery.records import Erasure

KEY = b"sixteen bytes or more"
_CONFTEST = Path(__file__).with_name("conftest.py")


# -- pages ------------------------------------------------------------------------------------------------------------


def _pages(gallery, size, between=lambda: None):
    after, found = 0, []
    while page := gallery.people(after=after, limit=size):
        assert len(page) <= size
        after = page[-1].number
        found += page
        between()
    return found


@pytest.fixture
def seven(gallery, build):
    """Seven people, of whom one was forgotten and one has photos."""
    for seed in range(8):
        photos = {"photos": [b"photo"], "keep_photos": True} if seed == 2 else {}
        gallery.enroll(f"person {seed}", build.face(seed), **photos)
    gallery.forget("person 4")
    return gallery


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 199, 200, 1000])
def test_pages_of_every_size_are_the_list(seven, size):
    """One page after another gives everybody once, in order, as the whole list does."""
    assert _pages(seven, size) == seven.people() == list(seven)
    assert [person.number for person in seven] == [1, 2, 3, 4, 6, 7, 8]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_who_comes_or_goes_between_pages_shifts_nobody(seven, build, size):
    """Nobody is doubled or left out who was there all the time; who was enrolled meanwhile comes last."""
    gone, seeds = iter(("person 0", "person 7")), iter(range(100, 200))

    def between():
        if (name := next(gone, None)) is not None:
            seven.forget(name)
            seven.enroll(f"new {next(seeds)}", build.face(next(seeds)))

    names = [person.name for person in _pages(seven, size, between)]
    stayed = [f"person {n}" for n in (1, 2, 3, 5, 6)]

    assert [name for name in names if name in stayed] == stayed
    assert names[-2:] == [person.name for person in seven][-2:]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("wrong", [{"after": -1}, {"limit": 0}, {"after": "x"}, {"limit": 1.5}])
def test_pages_that_cannot_be_are_refused(gallery, wrong):
    """Negative, empty and broken pages are errors of an argument."""
    with pytest.raises(ArgumentError, match="page"):
        gallery.people(**wrong)


# -- once under a key -------------------------------------------------------------------------------------------------


def test_asked_again_under_a_key_it_is_done_once(gallery, build, clock):
    """The same answer, one entry, one person; also after others came, and much later."""
    wanted = {"consent": "form 17", "photos": [b"photo"], "keep_photos": True, "key": "request 1"}
    first = gallery.enroll("ada", build.face(1), **wanted)
    entries = gallery.position()
    assert gallery.enroll("ada", build.face(1), **wanted) == first
    assert gallery.position() == entries
    gallery.enroll("bob", build.face(2), key="request 2")
    clock.pass_days(9)

    again = gallery.enroll("ada", build.face(1), **wanted)

    assert (again, gallery.position()) == (first, entries + 1)
    assert gallery.check().problems == ()


def test_an_answer_shows_the_person_as_stored_now(gallery, build):
    """What was done is as it was answered; who it was done for may have got another name or more faces."""
    first = gallery.enroll("ada", build.face(1), key="request 1")
    gallery.enroll("ada", build.face(2))
    gallery.rename("ada", "ada the first")
    again = gallery.enroll("ada", build.face(1), key="request 1")

    assert (again.log_entry, again.head, again.added, again.created) == (first.log_entry, first.head, 1, True)
    assert again.person == gallery.person("ada the first")
    assert "ada" not in gallery


_OTHERS = {
    "name": lambda g, b: g.enroll("bob", b.face(1), photos=[b"photo"], consent="a", key="request 1"),
    "face": lambda g, b: g.enroll(
        "ada", b.face(2, box=(9, 9, 30, 40)), photos=[b"photo"], consent="a", key="request 1"
    ),
    "more faces": lambda g, b: g.enroll("ada", [b.face(1), b.face(2)], consent="a", key="request 1"),
    "consent": lambda g, b: g.enroll("ada", b.face(1), photos=[b"photo"], consent="b", key="request 1"),
    "no consent": lambda g, b: g.enroll("ada", b.face(1), photos=[b"photo"], key="request 1"),
    "photo": lambda g, b: g.enroll("ada", b.face(1), photos=[b"other"], consent="a", key="request 1"),
    "no photo": lambda g, b: g.enroll("ada", b.face(1), consent="a", key="request 1"),
    "photo kept": lambda g, b: g.enroll(
        "ada", b.face(1), photos=[b"photo"], keep_photos=True, consent="a", key="request 1"
    ),
}


@pytest.mark.parametrize("call", _OTHERS.values(), ids=_OTHERS.keys())
def test_a_key_stands_for_one_enrollment(gallery, build, call):
    """Another name, face, photo or term under the same key is refused, and nothing is changed."""
    gallery.enroll("ada", build.face(1), photos=[b"photo"], consent="a", key="request 1")
    entries = gallery.position()
    with pytest.raises(ReusedKeyError):
        call(gallery, build)

    assert gallery.position() == entries


def test_keys_are_forgotten_with_the_person(gallery, build):
    """After forgetting the key is new, and so is whoever is enrolled under it."""
    first = gallery.enroll("ada", build.face(1), key="request 1")
    gallery.forget("ada")
    again = gallery.enroll("ada", build.face(1), key="request 1")

    assert again.created
    assert again.person.id != first.person.id


@pytest.mark.local
def test_what_was_refused_used_no_key(gallery, build):
    """A key under which nothing was stored is free."""
    with pytest.raises(ArgumentError):
        gallery.enroll("ada", [build.face(1), "no face"], key="request 1")

    assert gallery.enroll("bob", build.face(2), key="request 1").created


@pytest.mark.parametrize("key", ["", " ", 7, b"bytes", "a\nb", "x" * 2001])
def test_what_is_no_key_is_refused(gallery, build, key):
    """A key is text that is not empty."""
    with pytest.raises(ArgumentError, match="key"):
        gallery.enroll("ada", build.face(1), key=key)


@pytest.mark.files
def test_two_processes_that_ask_at_once_are_answered_the_same(gallery_factory, tmp_path):
    """Each enrolls the same people under the same keys, as fast as they can: one entry each, and one answer."""
    script = (
        "import json, runpy, sys\n"
        f"build = runpy.run_path({str(_CONFTEST)!r})\n"
        "from facerec.gallery import open_gallery\n"
        "with open_gallery(sys.argv[1], build['make_embedder']()) as people:\n"
        "    print('open', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    for n in range(20):\n"
        "        done = people.enroll(f'P{n}', build['make_face'](n), key=f'request {n}')\n"
        "        print(json.dumps([done.log_entry, done.head, done.person.id, done.created]))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "people.db")]
    gallery_factory().close()
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for each in both:
        assert each.stdout.readline() == "open\n"
    answers = [each.communicate("go\n", timeout=60)[0] for each in both]

    assert answers[0] == answers[1]
    with gallery_factory() as gallery:
        assert (len(gallery), gallery.position()) == (20, 21)
        assert gallery.check().problems == ()


# -- positions and heads ----------------------------------------------------------------------------------------------


def test_the_position_counts_what_is_done(gallery_factory, build):
    """It grows with every entry, whoever made it, and with nothing else."""
    with gallery_factory() as here, gallery_factory() as there:
        assert here.position() == there.position() == 1
        here.enroll("ada", build.face(1))
        there.verify("ada", build.face(1), at=build.point())
        assert here.position() == there.position() == 3
        here.people(), here.log(), here.check(), here.identify(build.faces([]), at=build.point())
        with pytest.raises(ArgumentError):
            here.enroll("", build.face(1))
        assert here.position() == there.position() == 3


@pytest.mark.local
def test_a_head_is_written_and_read(gallery, build, tmp_path):
    """As text, and in the JSON of a receipt, a backup, a check; each is the head at that time."""
    done = gallery.enroll("ada", build.face(1))
    assert LogHead.parse(str(gallery.head())) == gallery.head() == LogHead(done.log_entry, done.head)
    told = [done, gallery.check_log(), gallery.check(), gallery.update("ada", consent="form") and gallery.head()]
    told += [gallery.back_up_to(tmp_path / "copy.db"), gallery.forget("ada")]
    heads = [LogHead.read(json.dumps(each.to_dict())) for each in told]
    heads.append(LogHead.read(f"  {gallery.head()}\n"))

    assert [head.entries for head in heads] == [2, 2, 2, 3, 4, 5, 5]
    assert gallery.check(against=heads).intact
    other = LogHead(3, "0" * 64)  # of the same length as one of them, which is in order
    assert not gallery.check(against=[*heads, other]).intact
    assert not gallery.check(against=[other, *heads]).intact


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7:",
        ":" + "a" * 64,
        "0:" + "a" * 64,
        "7:" + "A" * 64,
        "7:" + "a" * 63,
        "7:" + "a" * 65,
        "-1:" + "a" * 64,
        *("{", "{}", '{"entries": 1}', '{"entries": null, "digest": 7}', "[" * 9000, "{" + '"a":{' * 99999),
        *(None, 7),
    ],
    ids=lambda text: str(text)[:20],
)
def test_what_is_no_head_is_refused(text):
    """One error of an argument, whatever it is."""
    with pytest.raises(ArgumentError, match=r"no JSON|a head of a log"):
        LogHead.read(text)


# -- who asks, and why ------------------------------------------------------------------------------------------------


@pytest.mark.local
def test_who_asked_and_why_stands_in_every_entry(gallery, build, tmp_path):
    """Of all that one handle does, and of nothing else; the gallery is the same one."""
    desk = gallery.by("desk 2", reason="visit")
    desk.enroll("ada", build.face(1), consent="a")
    desk.enroll("ada", build.face(2), consent="b")
    desk.verify("ada", build.face(1), at=build.point())
    desk.identify(build.faces([build.vector(1)]), at=build.point())
    desk.rename("ada", "eve")
    desk.export_to(tmp_path / "out")
    desk.forget("eve")
    gallery.enroll("bob", build.face(3))
    gallery.by(reason="audit").update("bob", consent="c")

    said = [(entry.details.get("actor"), entry.details.get("reason")) for entry in gallery.log()]
    assert said == [(None, None), *[("desk 2", "visit")] * 8, (None, None), (None, "audit")]
    assert gallery.check().problems == ()


@pytest.mark.local
@pytest.mark.parametrize("given", [{"actor": " "}, {"reason": "a\nb"}, {"actor": 7}, {"reason": "x" * 2001}])
def test_nobody_and_nothing_is_no_actor(gallery, given):
    """Texts that break a log are refused."""
    with pytest.raises(ArgumentError, match=next(iter(given))):
        gallery.by(**given)


# -- keys of the log --------------------------------------------------------------------------------------------------


@pytest.mark.local
def test_a_log_with_a_key_is_written_with_it_only(gallery_factory, build):
    """Without the key everything can be read, nothing changed, and no decision logged; with a wrong one nothing."""
    with gallery_factory(key=KEY) as gallery:
        gallery.enroll("ada", build.face(1))
        assert gallery.check().intact
        head = gallery.head()
    with gallery_factory() as gallery:
        assert [person.name for person in gallery] == ["ada"]
        assert not gallery.check_log().intact  # nobody can tell without the key
        assert "give the key" in gallery.check().problems[0]
        for change in (
            lambda: gallery.enroll("bob", build.face(2)),
            lambda: gallery.forget("ada"),
            lambda: gallery.update("ada", consent="a"),
            lambda: gallery.verify("ada", build.face(1), at=build.point()),
            lambda: gallery.identify(build.faces([build.vector(1)]), at=build.point()),
        ):
            with pytest.raises(GalleryKeyError, match="Open the gallery with its key"):
                change()
        assert gallery.identify(build.faces([build.vector(1)]), at=build.point(), logged=False)[0].name == "ada"
        assert gallery.head() == head
    with pytest.raises(GalleryKeyError, match="another key"):
        gallery_factory(key=KEY + b".")


@pytest.mark.local
def test_a_key_can_be_added_once(gallery_factory, build):
    """From then on the log is kept with it; what was there before stays as it is."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
        with gallery_factory() as other:
            head = gallery.add_key(KEY)
            assert head == gallery.head()
            gallery.enroll("bob", build.face(2))
            with pytest.raises(GalleryKeyError):  # opened before there was one
                other.enroll("cleo", build.face(3))
        assert gallery.check(against=head).intact
        with pytest.raises(GalleryKeyError, match="cannot be changed"):
            gallery.add_key(KEY)
    with gallery_factory(key=KEY) as gallery:
        assert gallery.check().intact
        assert [entry.event for entry in gallery.log()] == ["created", "enrolled", "keyed", "enrolled"]


@pytest.mark.local
@pytest.mark.parametrize("key", [b"", b"fifteen bytes..", "sixteen letters and more", 7])
def test_short_keys_are_refused(gallery_factory, gallery, key):
    """Fewer than 16 bytes can be guessed."""
    with pytest.raises(ArgumentError, match="at least 16"):
        gallery.add_key(key)
    with pytest.raises(ArgumentError, match="at least 16"):
        gallery_factory("other.db", key=key)


@pytest.mark.local
def test_a_key_for_a_gallery_without_is_refused(gallery_factory, build):
    """Else whoever removed the mark could write without it."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
    with pytest.raises(GalleryKeyError, match="has no key, or lost its mark"):
        gallery_factory(key=KEY)


# -- decisions without an entry ---------------------------------------------------------------------------------------


@pytest.mark.local
def test_a_decision_without_an_entry_says_so(gallery, build):
    """The log stays as it is; claims and searches carry the note, and decide as they would with an entry."""
    gallery.enroll("ada", build.face(1))
    logged = gallery.verify("ada", build.face(1), at=build.point())
    head = gallery.head()

    claim = gallery.verify("ada", build.face(1), at=build.point(), logged=False)
    (found,) = gallery.identify(build.faces([build.vector(1)]), at=build.point(), logged=False)

    assert gallery.head() == head
    assert (claim.decision, claim.score) == (logged.decision, logged.score)
    assert found.name == "ada"
    assert NOT_LOGGED in claim.notes
    assert NOT_LOGGED in found.notes
    assert NOT_LOGGED not in logged.notes


@pytest.mark.files
def test_read_only_media_decide_without_an_entry_only(gallery_factory, build, tmp_path, clock):
    """Where nothing can be written a decision is refused, unless it is asked for without an entry."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
    path = tmp_path / "people.db"
    before = path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facerec.gallery.stores.sqlite.connection.os.access", lambda *_: False)
        with open_gallery(path, clock=clock) as gallery:
            for decide in (
                lambda **named: gallery.verify("ada", build.face(1), at=build.point(), **named).notes,
                lambda **named: gallery.identify(build.faces([build.vector(1)]), at=build.point(), **named)[0].notes,
            ):
                with pytest.raises(ReadOnlyGalleryError, match="--no-log"):
                    decide()
                assert NOT_LOGGED in decide(logged=False)
            assert gallery.check().problems == ()
    assert path.read_bytes() == before


# -- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.local
def test_nobody_who_expired_comes_back_with_the_clock(gallery_factory, build, clock, caplog):
    """Set back, the time of the newest entry holds: for claims, searches, lists and new dates; it is said once."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1), expires=clock.today())
        gallery.enroll("bob", build.face(2))
        clock.pass_days(3)
        gallery.verify("bob", build.face(2), at=build.point())
    clock.pass_days(-2.5)
    with gallery_factory() as gallery, caplog.at_level(logging.WARNING, "facerec"):
        (found,) = gallery.identify(build.faces([build.vector(1)]), at=build.point())
        assert [candidate.name for candidate in found.candidates] == ["bob"]
        assert gallery.person("ada").expired
        assert [receipt.name for receipt in gallery.purge_expired()] == ["ada"]
        done = gallery.enroll("cleo", build.face(3))
        assert done.person.created == clock.now + timedelta(days=2.5)
        times = [entry.time for entry in gallery.log()]
        assert times == sorted(times)
        said = [record.message for record in caplog.records if "clock of this computer" in record.message]
        assert len(said) == 1
        assert "2 days, 12:00:00 behind" in said[0]


def test_clocks_that_differ_by_seconds_are_not_told(gallery_factory, build, clock, caplog):
    """Two computers never agree to the second; times in the log do not run backwards for that."""
    with gallery_factory() as gallery, caplog.at_level(logging.WARNING, "facerec"):
        gallery.enroll("ada", build.face(1))
        clock.pass_days(-30 / 86400)
        gallery.enroll("bob", build.face(2))
        first, second = (entry.time for entry in gallery.log()[1:])

    assert first == second
    assert caplog.records == []


def test_a_clock_that_goes_on_is_believed_again(gallery, build, clock):
    """As soon as it passes the newest entry, the time is the clock's."""
    clock.pass_days(1)
    gallery.enroll("ada", build.face(1))
    clock.pass_days(-0.5)
    gallery.enroll("bob", build.face(2))
    clock.pass_days(1)
    gallery.enroll("cleo", build.face(3))

    assert gallery.log()[-1].time == clock.now


# -- copies -----------------------------------------------------------------------------------------------------------


@pytest.mark.local
def test_a_receipt_names_the_copies_that_still_hold_the_person(gallery_factory, build, clock, tmp_path):
    """Those made while the person was enrolled, by kind, entry and time; not those from before."""
    with gallery_factory() as gallery:
        gallery.enroll("bob", build.face(2))
        gallery.export_to(tmp_path / "before")
        clock.pass_days(1)
        gallery.enroll("ada", [build.face(1), build.face(11)])
        gallery.export_to(tmp_path / "out")
        first = clock.now
        clock.pass_days(1)
        gallery.back_up_to(tmp_path / "copy.db")
        removed = gallery.remove_samples("ada", gallery.samples("ada")[0].number)
        receipt = gallery.forget("ada")

    assert [(copy.kind, copy.made) for copy in receipt.copies] == [("exported", first), ("backed_up", clock.now)]
    assert receipt.copies == removed.copies
    assert [copy.log_entry for copy in receipt.copies] == [5, 6]


@pytest.mark.local
def test_an_erasure_that_is_due_is_shown(gallery_factory, build, monkeypatch):
    """By the gallery and by its check, until it is done."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(1))
        kind = type(gallery._store)
        with monkeypatch.context() as patch:
            patch.setattr(kind, "erase", lambda _: Erasure(complete=False, advice="later"))
            receipt = gallery.forget("ada")
        assert (receipt.erased_from_file, receipt.advice) == (False, "later")
        assert gallery.erasure_due
        assert gallery.check().erasure_due
        assert gallery.check().intact
        assert gallery.compact().complete
        assert not gallery.erasure_due
        assert not gallery.check().erasure_due


@pytest.mark.local
def test_a_key_is_every_handles(gallery, build):
    """Whichever handle of a gallery is given the key, with an actor or without, all of them go on with it."""
    gallery.by("desk").add_key(b"k" * 16)
    gallery.enroll("ada", build.face(1))

    assert gallery.check().intact
    assert gallery.by("another desk").enroll("bob", build.face(2)).created
