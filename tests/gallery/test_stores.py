"""Several stores, one gallery: whatever is asked of both, each answers the same, and what it stores is whole."""

import os
import random
from datetime import timedelta

import pytest

from facerec.errors import FacerecError
from facerec.gallery import Gallery, open_gallery
from facerec.gallery.rows import KINDS, PhotoRow, SourceRow
from facerec.gallery.rules import identity
from facerec.gallery.stores.memory import MemoryStore
from facerec.gallery.stores.sqlite.rows import SqliteRows

_NAMES = [f"person {number}" for number in range(9)]


def _asked(chance, build, clock):
    """A question to a gallery, sensible or not, that may be put to several of the same content."""
    one, other = chance.choice(_NAMES), chance.choice(_NAMES)
    seeds = [chance.randrange(40) for _ in range(chance.randint(1, 3))]
    faces = [build.face(seed, source=f"{seed}.jpg") for seed in seeds]
    photos = {"photos": [f"photo {seed}".encode() for seed in seeds], "keep_photos": chance.random() < 0.5}
    days = chance.choice((None, None, 0, 3))
    expires = None if days is None else clock.today() + timedelta(days=days)
    consent, at = chance.choice((None, "form 17", "form 18")), chance.randrange(4)
    top, past = chance.randint(1, 3), chance.randrange(30)

    probes = build.faces([face.embedding for face in faces])

    def some(gallery):
        numbers = [sample.number for sample in gallery.samples(one)]
        return numbers[at : at + 2] or numbers[:1]

    return chance.choice(
        [
            lambda g: g.enroll(one, faces, consent=consent, expires=expires, **photos),
            lambda g: g.enroll(one, faces, key=f"request {past}"),
            lambda g: g.update(one, consent=consent, purpose="door"),
            lambda g: g.rename(one, other),
            lambda g: g.forget(one),
            lambda g: g.remove_samples(one, some(g)),
            lambda g: g.move_samples(one, other, some(g)),
            lambda g: g.merge(one, other),
            lambda g: g.split(one, other, some(g), consent=consent),
            lambda g: g.undo(g.receipts[-1 - past % len(g.receipts)]),
            lambda g: g.verify(one, faces[0], at=build.point(), logged=past % 3 != 0),
            lambda g: [repr(each.to_dict()) for each in g.identify(probes, at=build.point(), top=top)],
            lambda g: g.people(after=past, limit=top),
            lambda g: g.log(name=one, last=past),
            lambda g: g.purge_expired(),
            lambda g: g.compact(),
            lambda g: g.by("desk").update(one, purpose=None),
        ]
    )


def _answer(gallery, ask):
    try:
        done = ask(gallery)
    except FacerecError as error:
        return error.code, str(error)
    if hasattr(done, "receiver_after"):
        gallery.receipts.append(done)
    return done


class _Made:
    """What `uuid.uuid4` gives, as far as it is used."""

    def __init__(self, number):
        self.hex, self.int = f"{number:032x}", number


def _second(server, name, build, clock, called):
    if server is None:
        return Gallery(MemoryStore(identity(build.embedder()), name=name), clock=clock)
    gallery = open_gallery(server.address(called), build.embedder(), clock=clock)
    gallery._store.name = name  # which answers hold
    return gallery


_CASES = [
    *(("memory", seed, 250) for seed in range(3)),
    *(pytest.param(("memory", seed, 250), marks=pytest.mark.slow) for seed in range(3, 200)),
    ("postgres", 10, 60),  # a server's answers cost time
    *(pytest.param(("postgres", seed, 250), marks=pytest.mark.slow) for seed in range(10)),
]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_two_stores_answer_the_same(build, clock, tmp_path, monkeypatch, case, request):  # noqa: PLR0917
    """Many questions, refused ones among them: the same answers, errors, heads and rows, and all whole."""
    second, seed, questions = case
    name = str(tmp_path / "people.db")
    server = request.getfixturevalue("postgres_server") if second == "postgres" else None
    numbers = {"salt": 0, "id": 0}

    def salt():
        numbers["salt"] += 1
        return numbers["salt"].to_bytes(16, "big")

    def made_id():
        numbers["id"] += 1
        return _Made(numbers["id"])

    for module in ("facerec.gallery.changes", "facerec.gallery.repair", "facerec.gallery.ledger"):
        monkeypatch.setattr(f"{module}.uuid.uuid4", made_id)
    monkeypatch.setattr("facerec.gallery.sealing.new_salt", salt)
    chance, galleries = random.Random(seed), []
    for make in (
        lambda: open_gallery(name, build.embedder(), clock=clock),
        lambda: _second(server, name, build, clock, f"stores-{os.getpid()}-{seed}"),
    ):
        numbers.update(salt=0, id=0)
        galleries.append(make())
        galleries[-1].receipts = []
    in_file, in_memory = galleries
    for _ in range(questions):
        ask, before = _asked(chance, build, clock), dict(numbers)
        if not in_file.receipts:
            in_file.receipts.append(None)
            in_memory.receipts.append(None)
        try:
            expected = _answer(in_file, ask)
        except AttributeError:  # of a receipt that is none yet
            continue
        numbers.update(before)
        assert _answer(in_memory, ask) == expected
        assert in_memory.head() == in_file.head()
        if chance.random() < 0.1:
            clock.pass_days(1)
    found = in_file.check()
    assert found == in_memory.check()
    assert found.problems == ()
    with in_file._store.reading() as one, in_memory._store.reading() as other:
        for kind in KINDS:
            assert list(one.select(kind)) == list(other.select(kind))
            if kind not in (PhotoRow, SourceRow):  # whose numbers are those of other rows
                assert one.last_number(kind) == other.last_number(kind)
        assert one.gallery() == other.gallery()
        assert isinstance(one, SqliteRows)
    for gallery in galleries:
        gallery.close()
