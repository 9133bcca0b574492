"""The index of photos: what was seen is not opened again, what changed is, and what is none of ours is not trusted."""

import json
import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from facerec.transfer import photo_index
from facerec.transfer.photo_index import open_photos

NAMES = [f"{name}/{number}.png" for name in "ab" for number in range(3)]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six photos that nobody touched for an hour."""
    for place, name in enumerate(NAMES):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(place).integers(0, 256, (12, 16, 3), np.uint8)
        PIL.Image.fromarray(pixels).save(path)
    return tmp_path / "photos"


@pytest.fixture(autouse=True)
def own_index(monkeypatch, tmp_path):
    """An index of this test's own."""
    monkeypatch.setattr(photo_index, "index_folder", lambda: tmp_path / "index")


@pytest.fixture
def settled(monkeypatch):
    """Files count as settled at once."""
    monkeypatch.setattr(photo_index, "_SETTLED", -1_000_000_000)


@pytest.fixture
def opened(monkeypatch):
    """Names of the photos that are opened."""
    names: list[str] = []
    look_at = photo_index._look_at
    monkeypatch.setattr(photo_index, "_look_at", lambda root, file: names.append(file) or look_at(root, file))
    return names


def test_what_was_seen_is_not_opened_again(photos, settled, opened):
    """The second time every answer comes from the index, and is the same."""
    first = open_photos(photos, NAMES)
    assert sorted(opened) == NAMES
    opened.clear()

    again = open_photos(photos, NAMES)

    assert opened == []
    assert again.seen == first.seen
    assert again.decoded == {}
    assert sorted(first.decoded) == NAMES


@pytest.mark.parametrize("change", ["contents", "time", "size", "contents, with the times of before"])
def test_what_changed_is_opened_again(photos, settled, opened, change):
    """Other contents of the same size, another time, another size: each is seen, and only that photo is opened."""
    before = open_photos(photos, NAMES)
    opened.clear()
    path = photos / NAMES[2]
    old = path.stat()
    if change == "time":
        os.utime(path, (1, 1))
    else:
        shape = (13, 16, 3) if change == "size" else (12, 16, 3)
        PIL.Image.fromarray(np.random.default_rng(99).integers(0, 256, shape, np.uint8)).save(path)
        if "of before" in change:  # as cp -p and rsync leave a file
            os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
            assert (path.stat().st_size, path.stat().st_mtime_ns) == (old.st_size, old.st_mtime_ns)

    after = open_photos(photos, NAMES)

    assert opened == [NAMES[2]]
    assert (after.seen[2].digest == before.seen[2].digest) == (change == "time")
    assert after.seen[:2] + after.seen[3:] == before.seen[:2] + before.seen[3:]


def test_what_changed_a_moment_ago_is_not_kept(photos, opened):
    """A disk's clock ticks slowly: such a file could change again and keep its times."""
    open_photos(photos, NAMES)
    opened.clear()

    open_photos(photos, NAMES)

    assert sorted(opened) == NAMES


def test_a_photo_that_cannot_be_read_stays_known_as_such(photos, settled, opened):
    """It is left out with its reason, and not tried again."""
    (photos / "a/0.png").write_bytes(b"no photo")
    first = open_photos(photos, NAMES)
    opened.clear()

    again = open_photos(photos, NAMES)

    assert opened == []
    assert again.seen[0] == first.seen[0]
    assert "a/0.png" not in again.seen[0].problem
    assert again.seen[0].problem


@pytest.mark.parametrize("content", ["", "[]", '{"format": "another", "photos": {}}', '{"format": 1}', "{", "broken"])
def test_an_index_that_is_none_is_made_anew(photos, settled, opened, content):
    """Damaged, of another kind, with rows of another shape: the photos are opened, and the index is whole again."""
    open_photos(photos, NAMES)
    (path,) = photo_index.index_folder().glob("*.json")
    if content == "broken":
        document = json.loads(path.read_text())
        content = json.dumps(document | {"photos": {name: ["x", 1] for name in document["photos"]}})
    path.write_text(content)
    opened.clear()

    open_photos(photos, NAMES)
    assert sorted(opened) == NAMES
    opened.clear()
    open_photos(photos, NAMES)
    assert opened == []


def test_what_was_seen_before_an_interrupt_is_known(photos, settled, monkeypatch):
    """A start that is cut off leaves what it saw."""
    look_at = photo_index._look_at

    def interrupted(root, file):
        if file == NAMES[4]:
            raise KeyboardInterrupt
        return look_at(root, file)

    monkeypatch.setattr(photo_index, "_look_at", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_photos(photos, NAMES)
    names = []
    monkeypatch.setattr(photo_index, "_look_at", lambda root, file: names.append(file) or look_at(root, file))

    open_photos(photos, NAMES)

    assert NAMES[4] in names
    assert NAMES[0] not in names


def test_a_cache_that_cannot_be_written_costs_time_only(photos, settled, opened, monkeypatch, tmp_path):
    """The photos are opened each time, and nothing fails."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(photo_index, "index_folder", lambda: tmp_path / "file")

    for _ in range(2):
        opened.clear()
        assert len(open_photos(photos, NAMES).seen) == len(NAMES)
        assert sorted(opened) == NAMES


def test_few_photos_are_held_where_there_is_little_room(photos, monkeypatch):
    """As many as fit."""
    monkeypatch.setattr(photo_index, "HELD_BYTES", 2 * 12 * 16 * 3)

    assert len(open_photos(photos, NAMES).decoded) == 2


def test_what_is_known_is_of_the_photo(photos):
    """Digest of its bytes, hash of its looks; progress counts those that are opened, up to all of them."""
    import hashlib

    told = []
    found = open_photos(photos, NAMES, progress=lambda *of: told.append(of))

    for name, seen in zip(NAMES, found.seen, strict=True):
        assert seen.digest == hashlib.sha256((photos / name).read_bytes()).hexdigest()
        assert seen.look == photo_index.look_of(np.asarray(PIL.Image.open(photos / name)))
        assert seen.problem == ""
        np.testing.assert_array_equal(found.decoded[name], np.asarray(PIL.Image.open(photos / name)))
    assert told == [(done, 6) for done in range(1, 7)]


def test_a_look_hardly_changes_with_size_and_light():
    """64 bits, of which a smaller and darker copy has nearly all, and the mirrored photo does not."""
    noise = np.random.default_rng(3).integers(0, 200, (6, 6, 3), np.uint8)
    photo = PIL.Image.fromarray(noise).resize((96, 96), PIL.Image.Resampling.BICUBIC)
    looks = [
        photo_index.look_of(np.asarray(each))
        for each in (photo, photo.resize((48, 48)), photo.point(lambda value: value * 0.8), photo.transpose(0))
    ]

    assert all(0 <= look < 1 << 64 for look in looks)
    apart = [(looks[0] ^ look).bit_count() for look in looks]
    assert apart[1] <= 4
    assert apart[2] <= 4
    assert apart[3] > 15


def test_files_of_other_folders_and_other_files_stay_known(photos, settled, opened, tmp_path):
    """Each folder has an index of its own, and what is asked for in parts is known as a whole."""
    open_photos(photos, NAMES[:3])
    open_photos(photos, NAMES[3:])
    opened.clear()

    open_photos(photos, NAMES)
    assert opened == []
    photos.rename(tmp_path / "moved")
    open_photos(tmp_path / "moved", NAMES[:1])
    assert opened == NAMES[:1]
    assert len(list(photo_index.index_folder().glob("*.json"))) == 2


@pytest.mark.parametrize(("age", "kept"), [(0.9, False), (1.5, True)])
def test_a_second_settles_a_file(photos, opened, monkeypatch, age, kept):
    """What changed less than a second before the start is opened again, what is older is not."""
    newest = max(max((photos / name).stat().st_mtime_ns, (photos / name).stat().st_ctime_ns) for name in NAMES)
    oldest = min((photos / name).stat().st_ctime_ns for name in NAMES)
    at = (newest if kept else oldest) + round(age * 1e9)
    monkeypatch.setattr(photo_index.time, "time_ns", lambda: at)
    open_photos(photos, NAMES)
    opened.clear()

    open_photos(photos, NAMES)

    assert (len(opened) == 0) == kept
