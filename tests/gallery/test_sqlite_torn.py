"""A disk that kept only a part of what was written: the gallery is as before a change or as after it, nothing between.

The file and its -wal file are copied at every point where a change could end. Between two such points, writes are cut
at a boundary of sectors, or some sectors are left as they were, and what is left is opened as after a power cut.
"""

import random
from contextlib import contextmanager

import pytest

from facerec.gallery.stores.sqlite.connection import Connection

pytestmark = pytest.mark.files

_SECTOR = 512


def _numbers(gallery, name):
    return [sample.number for sample in gallery.samples(name)]


_CHANGES = {
    "enroll": lambda g, b: g.enroll("fay", [b.face(50), b.face(51)], photos=[b"x" * 9000] * 2, keep_photos=True),
    "more faces": lambda g, b: g.enroll("ada", b.face(52), consent="form 18"),
    "update": lambda g, _: g.update("ada", purpose="door"),
    "rename": lambda g, _: g.rename("ada", "ada the first"),
    "decide": lambda g, b: g.identify(b.faces([b.vector(1)]), at=b.point()),
    "move": lambda g, _: g.move_samples("ada", "bob", _numbers(g, "ada")[0]),
    "merge": lambda g, _: g.merge("ada", "bob"),
    "split": lambda g, _: g.split("ada", "fay", _numbers(g, "ada")[0]),
    "remove": lambda g, _: g.remove_samples("ada", _numbers(g, "ada")[0]),
    "forget": lambda g, _: g.forget("ada"),
    "import": lambda g, _: g.import_from(g.folder),
    "reembed": lambda g, b: g.reembed(b.embedder(), lambda sample, _: b.face(60 + sample.number)),
    "key": lambda g, _: g.add_key(b"sixteen bytes or more"),
    "compact": lambda g, _: g.compact(),
}


def _state(gallery):
    people = gallery.people()
    return (
        people,
        [gallery.samples(person.name) for person in people],
        [gallery.vectors(person.name).tobytes() for person in people],
        gallery.log(),
    )


class Disk:
    """What stands on the disk at every point where a change could end."""

    def __init__(self, path):
        self.path, self.points = path, []

    def note(self):
        """Copy the file and its -wal file."""
        beside = self.path.with_name(f"{self.path.name}-wal")
        self.points.append((self.path.read_bytes(), beside.read_bytes() if beside.exists() else b""))

    def steps(self):
        """Each two points between which something was written."""
        return [(old, new) for old, new in zip(self.points, self.points[1:], strict=False) if old != new]


def _torn(old, new, chance):
    """`new` as it may stand where some of the sectors that differ from `old` were not written."""
    size = max(len(old), len(new))
    old, made = old.ljust(size, b"\0"), bytearray(new.ljust(size, b"\0"))
    share = chance.choice((0.1, 0.5, 0.9))
    for at in range(0, size, _SECTOR):
        if made[at : at + _SECTOR] != old[at : at + _SECTOR] and chance.random() < share:
            made[at : at + _SECTOR] = old[at : at + _SECTOR]
    return bytes(made)


def _left(old, new, chance, count):
    """Pairs of file and -wal file as a power cut between two points may leave them."""
    (old_file, old_wal), (new_file, new_wal) = old, new
    yield old
    yield new
    if old_file == new_file:  # a commit: the -wal file grows, and was not made durable yet
        first = 0 if not new_wal.startswith(old_wal) else len(old_wal)  # it began anew, or was added to
        cuts = [*range(first - first % _SECTOR, len(new_wal), _SECTOR), len(new_wal) - 1, len(new_wal)]
        cuts = cuts if count is None else chance.sample(cuts, min(count, len(cuts)))
        for cut in cuts:
            yield old_file, new_wal[:cut] + old_wal[cut:]  # what stood there before stays where nothing was written
        for _ in cuts:
            yield old_file, _torn(old_wal, new_wal, chance)
    elif not new_wal:  # a checkpoint: the -wal file is durable, and cut when the file is
        for _ in range(40 if count is None else count):
            yield _torn(old_file, new_file, chance), old_wal


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES.keys())
@pytest.mark.parametrize("count", [6, pytest.param(None, marks=pytest.mark.slow)])
def test_a_power_cut_leaves_the_state_before_or_after(gallery_factory, build, tmp_path, monkeypatch, change, count):  # noqa: PLR0917 - fixtures
    """Cut at every sector, or torn: it opens, is intact, and holds all of the change or nothing of it."""
    with gallery_factory("archived.db") as archived:
        archived.enroll("gil", build.face(70))
        archived.export_to(tmp_path / "archive")
    with gallery_factory() as gallery:
        for name, seeds in (("ada", (1, 2, 3)), ("bob", (11,))):
            photos = [f"photo {seed}".encode() for seed in seeds]
            gallery.enroll(name, [build.face(seed) for seed in seeds], photos=photos, keep_photos=True)
        gallery.folder = tmp_path / "archive"
        disk, used = Disk(tmp_path / "people.db"), Connection.outside_transactions
        began = Connection.transaction

        @contextmanager
        def outside(self):
            with used(self) as sqlite:
                yield sqlite
            disk.note()

        @contextmanager
        def transaction(self, begin):
            with began(self, begin) as sqlite:
                yield sqlite
            disk.note()

        before = _state(gallery)
        with monkeypatch.context() as patch:
            patch.setattr(Connection, "outside_transactions", outside)
            patch.setattr(Connection, "transaction", transaction)
            disk.note()
            change(gallery, build)
        after, head = _state(gallery), gallery.head()
    chance, seen = random.Random(0), set()
    assert disk.steps()
    for old, new in disk.steps():
        for number, (file, wal) in enumerate(_left(old, new, chance, count)):
            path = tmp_path / f"left {number}.db"
            path.write_bytes(file)
            path.with_name(f"{path.name}-wal").write_bytes(wal)
            with gallery_factory(path.name) as gallery:
                found, checked = _state(gallery), gallery.check()
                assert found in (before, after)
                assert checked.log.intact or checked.log.problem.endswith("give the key to check them")
                assert len(checked.problems) == (not checked.log.intact)
                seen.add(found == after)
                assert found != after or gallery.head() == head
                assert not gallery.erasure_due
            for each in tmp_path.glob("left*"):
                each.unlink()
    assert seen == ({True} if before == after else {True, False})
