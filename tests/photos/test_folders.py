"""The walk through folders: every file is a photo or left out, once, and a bad entry costs itself only."""

import os
import random
import socket
import sys
from pathlib import Path

import pytest

from facerec.errors import ArgumentError, DataSetError
from facerec.photos import folders, formats
from facerec.photos.folders import SYSTEM_FOLDERS, find_photos, photos_by_folder, top_folders
from facerec.photos.left_out import LeftOut, counts, lines, summary


def touch(folder, *names):
    """Make empty files of these names below a folder, and give the folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def below(folder, found):
    """The photos found, as paths below a folder."""
    return [photo.relative_to(folder).as_posix() for photo in found.photos]


def why(found):
    """What was left out, and what it is counted as."""
    return {each.path: each.why for each in found.left_out}


def unlistable(monkeypatch, *names):
    """Have folders of these names refuse to be listed, for root too."""
    listed = os.scandir

    def scandir(path="."):
        if Path(path).name in names:
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)


# -- laws over random trees --------------------------------------------------------------------------------------------

NAMES = (
    *("ada.jpg", "Bob.JPEG", "c.png", "d.webp", "e.Tiff", "f.bmp", "g.gif", "h.ppm", "i.jp2", "j.avif"),
    *("notes.txt", "film.mp4", "no suffix", ".DS_Store", "._ada.jpg", "Thumbs.db", "k.raw", "l.jpg.part"),
)
FOLDERS = ("ada", "2019", "b c", "@eaDir", "#recycle", "lost+found", "__MACOSX", ".Trash-1000", "thumbs", "Zoë")


def tree(root, seed, *, entries=60):
    """A folder as a user may have it: files, folders in folders, links and other things, drawn by `seed`."""
    draw = random.Random(seed)
    places = [root]
    for number in range(entries):
        place = draw.choice(places)
        kind = draw.choices(("file", "folder", "link", "broken", "loop", "fifo"), (8, 4, 1, 1, 1, 1))[0]
        path = place / f"{number}-{draw.choice(NAMES)}"
        if kind == "folder":
            path = place / draw.choice(FOLDERS)
            path.mkdir(exist_ok=True)
            places.append(path)
        elif kind == "file":
            path = path if draw.random() < 0.8 else place / draw.choice(NAMES)
            path.touch()
        elif kind == "link":
            path.symlink_to(draw.choice(places) if draw.random() < 0.5 else root.parent / "target.jpg")
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            path.symlink_to(path if kind == "loop" else root / "gone")
    return root


def entries(root):
    """All below a folder that is no folder itself, links to folders included."""
    found = {
        Path(place, name).relative_to(root)
        for place, inside, files in os.walk(root)
        for name in (*files, *(each for each in inside if Path(place, each).is_symlink()))
    }
    return {path.as_posix() for path in found}


@pytest.mark.parametrize("exclude", [(), ("thumbs", "*.png", "ada/*")], ids=["all", "some excluded"])
@pytest.mark.parametrize("seed", range(12))
def test_every_file_is_a_photo_or_left_out_once(tmp_path, seed, exclude):
    """Nothing gets lost and nothing comes twice, whatever lies in a folder; and the numbers of files add up."""
    (tmp_path / "target.jpg").touch()
    root = tree(touch(tmp_path / "tree", "0.jpg"), seed)

    found = find_photos([root], exclude=exclude)

    taken = below(root, found)
    told = [os.path.relpath(each.path, root) + "/" * each.path.endswith("/") for each in found.left_out]
    for entry in entries(root):
        covers = [one for one in told if one == entry or (one.endswith("/") and entry.startswith(one))]
        assert len(covers) + taken.count(entry) == 1, entry
    assert len(taken) + sum(each.files for each in found.left_out) == len(entries(root))
    assert taken == sorted(taken, key=lambda path: path.split("/"))
    assert sum(counts(found.left_out).values()) == sum(each.files or 1 for each in found.left_out)


@pytest.mark.parametrize(
    "bad", ["fifo", "broken link", "link", "socket", "file", "folder", "name", "unlistable", "hidden"]
)
@pytest.mark.parametrize("seed", range(3))
def test_a_bad_entry_changes_nothing_else(tmp_path, monkeypatch, seed, bad):
    """What was found before is found, and left out for the same reasons, after a bad entry came into any folder."""
    (tmp_path / "target.jpg").touch()
    root = tree(touch(tmp_path / "tree", "0.jpg", "ada/1.jpg", "bob/1.jpg"), seed)
    before, grouped = find_photos([root]), photos_by_folder(root)
    inside = {each for each in (root, *root.rglob("*")) if each.is_dir() and not each.is_symlink()}
    walked = [
        each for each in inside if not any(part.lower() in SYSTEM_FOLDERS or part[0] == "." for part in each.parts)
    ]
    place = random.Random(seed).choice(sorted(walked))
    path = place / "new.jpg"
    if bad == "fifo":
        os.mkfifo(path)
    elif bad == "broken link":
        path.symlink_to("nowhere")
    elif bad == "link":
        path.symlink_to(root)
    elif bad == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            monkeypatch.chdir(place)
            made.bind("new.jpg")
    elif bad == "file":
        path.with_suffix(".txt").touch()
    elif bad == "folder":
        path.mkdir()
    elif bad == "hidden":
        touch(place, ".new/1.jpg")
    elif bad == "name":
        try:
            (place / os.fsdecode(b"caf\xe9.txt")).touch()
        except OSError:
            pytest.skip("this file system takes UTF-8 names only")
    else:
        touch(place, "locked/1.jpg")
        unlistable(monkeypatch, "locked")

    after, regrouped = find_photos([root]), photos_by_folder(root)

    assert after.photos == before.photos
    assert set(before.left_out) <= set(after.left_out)
    assert len(after.left_out) == len(before.left_out) + (bad != "folder")
    kept = {name: photos for name, photos in regrouped.folders.items() if name in grouped.folders}
    assert kept == grouped.folders
    assert not any(
        photos for name, photos in regrouped.folders.items() if name not in grouped.folders and bad != "link"
    )


# -- what is a photo ---------------------------------------------------------------------------------------------------


def test_folders_expand_sorted(tmp_path):
    """Photos in deeper folders count, other and hidden files do not, and capitals make no difference."""
    touch(tmp_path, "b/2.JPG", "b/1.png", "a.jpeg", "notes.txt", ".hidden.jpg", ".cache/x.jpg", "b/.thumbs/y.png")

    found = find_photos([tmp_path])

    assert below(tmp_path, found) == ["a.jpeg", "b/1.png", "b/2.JPG"]
    assert why(found) == {
        f"{tmp_path}/notes.txt": "no photo by its name",
        f"{tmp_path}/.hidden.jpg": "hidden",
        f"{tmp_path}/.cache/": "hidden",
        f"{tmp_path}/b/.thumbs/": "hidden",
    }


@pytest.mark.parametrize("photo_format", formats.FORMATS, ids=lambda each: each.name)
def test_every_format_that_is_read_is_found_in_folders(tmp_path, photo_format):
    """A folder's photos are those that the reader reads; of a format that is not installed, it says what to do."""
    for number, suffix in enumerate(photo_format.suffixes):
        touch(tmp_path, f"{number}{suffix.upper()}")
    touch(tmp_path, "a.jpg")

    found = find_photos([tmp_path])

    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in photo_format.suffixes)
    if photo_format.missing:
        assert [(each.why, each.reason) for each in found.left_out] == [
            ("format not installed", photo_format.missing)
        ] * len(photo_format.suffixes)
    else:
        assert len(found.photos) == len(photo_format.suffixes) + 1 > 1


@pytest.fixture
def without_heic(monkeypatch):
    """As where the extra ``heif`` is not installed, whatever is here."""
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    formats.suffixes.cache_clear()
    yield
    monkeypatch.undo()
    formats.suffixes.cache_clear()


@pytest.mark.usefixtures("without_heic")
def test_a_format_that_is_not_installed(tmp_path):
    """A telephone's folder says what to install, not only that it holds no photos."""
    touch(tmp_path, "IMG_1.HEIC", "IMG_2.HEIC", "IMG_1.MOV")

    with pytest.raises(
        DataSetError, match=r'holds no photos; .*2 format not installed, 1 no photo.*; HEIC .*"facerec\[heif\]"'
    ):
        find_photos([tmp_path])

    touch(tmp_path, "IMG_3.JPG")
    found = find_photos([tmp_path])
    assert below(tmp_path, found) == ["IMG_3.JPG"]
    assert why(found) == {
        str(tmp_path / "IMG_1.HEIC"): "format not installed",
        str(tmp_path / "IMG_1.MOV"): "no photo by its name",
        str(tmp_path / "IMG_2.HEIC"): "format not installed",
    }


def test_a_telephones_folder_is_read_with_the_extra(tmp_path):
    """Where ``heif`` is installed HEIC, in any case of letters, is a photo among the others."""
    pytest.importorskip("pi_heif")
    touch(tmp_path, "IMG_1.HEIC", "IMG_2.heif", "IMG_3.JPG")

    found = find_photos([tmp_path])

    assert below(tmp_path, found) == ["IMG_1.HEIC", "IMG_2.heif", "IMG_3.JPG"]
    assert found.left_out == ()


@pytest.mark.parametrize("name", sorted(SYSTEM_FOLDERS | {"@eaDir", "System Volume Information", "$RECYCLE.BIN"}))
def test_folders_of_the_system_are_no_albums(tmp_path, name):
    """What a network drive, an archive or a file system keeps for itself is neither a photo nor a person."""
    touch(tmp_path, "ada/1.jpg", f"{name}/1.jpg/THUMB.jpg", f"{name}/2.jpg", f"ada/{name}/3.jpg", f"bob/{name}.jpg")

    found = photos_by_folder(tmp_path)

    assert found.folders == {"ada": ("ada/1.jpg",), "bob": (f"bob/{name}.jpg",)}
    assert why(found) == {f"{name}/": "system folder", f"ada/{name}/": "system folder"}
    assert summary(found.left_out) == "3 files (3 system folder)"


def test_links(tmp_path):
    """A link to a photo is one; a link to a folder is followed where it is named, or stands for a person."""
    touch(tmp_path, "elsewhere/1.jpg", "people/bob/2.jpg")
    (tmp_path / "people" / "ada").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "people" / "bob" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "people" / "bob" / "3.jpg").symlink_to(tmp_path / "elsewhere" / "1.jpg")

    walked, named = find_photos([tmp_path / "people"]), find_photos([tmp_path / "people" / "ada"])
    grouped = photos_by_folder(tmp_path / "people")

    assert below(tmp_path / "people", walked) == ["bob/2.jpg", "bob/3.jpg"]
    assert set(why(walked).values()) == {"link to a folder"}
    assert below(tmp_path / "people", named) == ["ada/1.jpg"]
    assert grouped.folders == {"ada": ("ada/1.jpg",), "bob": ("bob/2.jpg", "bob/3.jpg")}
    assert why(grouped) == {"bob/more": "link to a folder"}


# -- what is given -----------------------------------------------------------------------------------------------------


def test_order_and_repeats(tmp_path):
    """Paths stay in the order given, a named file needs no known suffix, and nothing comes twice, nor both ways."""
    touch(tmp_path, "z.jpg", "a/1.jpg", "scan")
    given = [str(tmp_path / "z.jpg"), tmp_path / "scan", tmp_path / "a", tmp_path]

    found = find_photos(given)

    assert below(tmp_path, found) == ["z.jpg", "scan", "a/1.jpg"]
    assert found.left_out == ()
    assert find_photos(iter([])).photos == ()


def test_what_is_named_is_taken_hidden_or_not(tmp_path):
    """Whoever names a hidden folder, or one of the system, means it."""
    touch(tmp_path, ".album/1.jpg", "@eaDir/2.jpg")

    assert below(tmp_path, find_photos([tmp_path / ".album", tmp_path / "@eaDir"])) == [".album/1.jpg", "@eaDir/2.jpg"]


def test_an_empty_folder_among_others_costs_itself(tmp_path):
    """Where several are given, as a shell expands them, one without photos is told and the others are read."""
    touch(tmp_path, "a/1.jpg", "b/notes.txt")

    found = find_photos([tmp_path / "a", tmp_path / "b"])

    assert below(tmp_path, found) == ["a/1.jpg"]
    assert [each.why for each in found.left_out] == ["no photo by its name", "folder without a photo"]


def test_refused(tmp_path):
    """A missing path, folders without any photo and a path outside a list are errors."""
    touch(tmp_path, "empty/notes.txt")
    with pytest.raises(DataSetError, match=r"gone\.jpg: there is no such file or folder"):
        find_photos([tmp_path / "gone.jpg"])
    with pytest.raises(DataSetError, match=r"empty: the folder holds no photos; their names end in \.avif, \.bmp"):
        find_photos([tmp_path / "empty"])
    for single in (str(tmp_path), tmp_path):
        with pytest.raises(ArgumentError, match="a list of paths; got the single path"):
            find_photos(single)


def test_a_folder_that_cannot_be_listed(tmp_path, monkeypatch):
    """It is an error where it was given, and one bad entry where it lies in the way."""
    touch(tmp_path, "locked/1.jpg", "people/ada/1.jpg", "people/locked/1.jpg")
    unlistable(monkeypatch, "locked")

    for read in (lambda path: find_photos([path]), photos_by_folder, top_folders):
        with pytest.raises(DataSetError, match="locked: cannot be listed: Permission denied"):
            read(tmp_path / "locked")
    assert photos_by_folder(tmp_path / "people").folders == {"ada": ("ada/1.jpg",), "locked": ()}
    assert why(find_photos([tmp_path / "people"])) == {f"{tmp_path}/people/locked/": "cannot be listed"}


# -- what is excluded --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("thumbs", ["2019/a.jpg", "2019/b.png", "x/2019/a.jpg"]),
        ("THUMBS/", ["2019/a.jpg", "2019/b.png", "x/2019/a.jpg"]),
        ("*.PNG", ["2019/a.jpg", "2019/thumbs/a.jpg", "x/2019/a.jpg"]),
        ("2019", []),
        ("2019/*.jpg", ["2019/b.png", "x/2019/a.jpg"]),
        ("./2019/*", ["x/2019/a.jpg"]),
        ("*/2019/*", ["2019/a.jpg", "2019/b.png", "2019/thumbs/a.jpg"]),
        ("/x/", ["2019/a.jpg", "2019/b.png", "2019/thumbs/a.jpg"]),
        ("?.jpg", ["2019/b.png"]),
    ],
)
def test_patterns(tmp_path, pattern, left):
    """A pattern without a slash is for names, one with a slash for paths below the folder; capitals count alike."""
    names = ("2019/a.jpg", "2019/b.png", "2019/thumbs/a.jpg", "x/2019/a.jpg", "z")
    (tmp_path / "capitals").mkdir()
    folder, shouted = touch(tmp_path / "low", *names), touch(tmp_path / "capitals", *map(str.upper, names))

    found = find_photos([folder, folder / "z"], exclude=[pattern])
    found_shouted = find_photos([shouted, shouted / "Z"], exclude=[pattern])

    assert below(folder, found) == [*left, "z"]
    assert below(shouted, found_shouted) == [name.upper() for name in (*left, "z")]
    assert sum(each.files for each in found.left_out if each.why == "excluded") == 4 - len(left)


def test_a_named_file_is_excluded_too(tmp_path, monkeypatch):
    """As a shell expands ``*`` to names, a pattern meets them like those in a folder."""
    monkeypatch.chdir(touch(tmp_path, "a.jpg", "b.jpg", "raw/1.jpg", "raw/2.jpg"))

    found = find_photos(["a.jpg", "b.jpg", "raw"], exclude=["b.*", "raw"])

    assert [path.name for path in found.photos] == ["a.jpg"]
    assert [(each.path, each.files) for each in found.left_out] == [("b.jpg", 1), ("raw/", 2)]
    with pytest.raises(DataSetError, match=r"b\.jpg: excluded by 'b\.jpg'"):
        find_photos(["b.jpg"], exclude=["b.jpg"])


@pytest.mark.parametrize("pattern", ["", "/", "./"])
def test_a_pattern_that_names_nothing(tmp_path, pattern):
    """It would exclude nothing, or all: an error."""
    with pytest.raises(ArgumentError, match="a pattern to exclude is a name or a path"):
        find_photos([touch(tmp_path, "a.jpg")], exclude=[pattern])


# -- a folder per person -----------------------------------------------------------------------------------------------


def test_one_folder_per_person(tmp_path):
    """People and photos come sorted; deeper folders belong to the person at the top."""
    touch(tmp_path, "007/b.jpg", "007/a.jpg", "Ann Lee/2020/x.png", "007/notes.txt", ".git/y.jpg", "readme.md")

    found = photos_by_folder(str(tmp_path))

    assert found.root == tmp_path
    assert found.folders == {"007": ("007/a.jpg", "007/b.jpg"), "Ann Lee": ("Ann Lee/2020/x.png",)}
    assert why(found) == {
        ".git/": "hidden",
        "007/notes.txt": "no photo by its name",
        "readme.md": "no photo by its name",
    }


def test_people_sort_by_name(tmp_path):
    """A person's photos stay together even where one name is the beginning of another."""
    touch(tmp_path, "Ann-Lee/1.jpg", "Ann/1.jpg", "Ann/2.jpg")

    assert photos_by_folder(tmp_path).folders == {"Ann": ("Ann/1.jpg", "Ann/2.jpg"), "Ann-Lee": ("Ann-Lee/1.jpg",)}


def test_a_link_to_what_is_here_anyway_is_nobody(tmp_path):
    """Of links in a folder of people only one that leads elsewhere is a person; none repeats others' photos."""
    top, elsewhere = tmp_path / "people", tmp_path / "cleo"
    for folder in (top / "ada", elsewhere):
        folder.mkdir(parents=True)
        (folder / "1.jpg").touch()
    (top / "cleo").symlink_to(elsewhere)
    (top / "everybody").symlink_to(top)
    (top / "above").symlink_to(tmp_path)
    (top / "ada again").symlink_to(top / "ada")

    found = photos_by_folder(top)

    assert dict(found.folders) == {"ada": ("ada/1.jpg",), "cleo": ("cleo/1.jpg",)}
    assert {each.path: each.reason.partition(" to ")[0] for each in found.left_out} == {
        "everybody": "links back",
        "above": "links back",
        "ada again": "links",
    }


def test_bad_entries_beside_people(tmp_path):
    """A loose photo, an empty folder and one of other files cost themselves; who has no photo is in the list."""
    touch(tmp_path, "ada/1.jpg", "bob/notes.txt", "eve/.keep", "stray.jpg")

    found = photos_by_folder(tmp_path)

    assert found.folders == {"ada": ("ada/1.jpg",), "bob": (), "eve": ()}
    ends = ", ".join(sorted(formats.suffixes()))
    assert [str(each) for each in found.left_out if each.why != "hidden"] == [
        f"bob/: the folder holds no photos; their names end in {ends}; left out: 1 file (1 no photo by its name)",
        "bob/notes.txt: is no photo by its name",
        "eve/: it is empty",
        "stray.jpg: lies outside any person's folder",
    ]


def test_no_folder_of_a_person(tmp_path):
    """No folder, or none with a name, is an error that says what is there."""
    touch(tmp_path / "flat", "1.jpg", "2.jpg", "@eaDir/1.jpg")
    with pytest.raises(DataSetError, match="there is no such folder"):
        photos_by_folder(tmp_path / "none")
    with pytest.raises(
        DataSetError, match=r"holds no folders; one folder per dog .*2 outside any folder, 1 system folder"
    ):
        photos_by_folder(tmp_path / "flat", one_per="dog")


def test_names_that_are_no_text(tmp_path):
    """A name in another encoding cannot stand in a table: left out, though a walk for photos alone takes it."""
    try:
        touch(tmp_path, "a/1.jpg", os.fsdecode(b"a/caf\xe9.jpg"), os.fsdecode(b"caf\xe9/1.jpg"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")

    found = photos_by_folder(tmp_path)

    assert found.folders == {"a": ("a/1.jpg",)}
    assert [str(each) for each in found.left_out] == [
        r"a/caf\xe9.jpg: its name is not UTF-8; rename it",
        r"caf\xe9/: its name is not UTF-8; rename it",
    ]
    assert len(find_photos([tmp_path]).photos) == 3


def test_a_part_of_a_larger_folder(tmp_path):
    """Paths begin with what stands before them, and patterns meet the whole path."""
    touch(tmp_path, "train/cat/1.jpg", "train/cat/2.jpg", "train/dog/1.jpg", "train/loose.jpg")

    found = photos_by_folder(tmp_path / "train", exclude=["train/cat/2.*", "cat/1.jpg"], below="train/")

    assert found.folders == {"cat": ("train/cat/1.jpg",), "dog": ("train/dog/1.jpg",)}
    assert why(found) == {"train/cat/2.jpg": "excluded", "train/loose.jpg": "outside any folder"}


# -- how it is told ----------------------------------------------------------------------------------------------------


def test_lines():
    """The counts, and the first few, those that nobody expected first; nothing where nothing was left out."""
    hidden = [LeftOut(f".{number}", "hidden", "it is hidden") for number in range(4)]
    told = lines(
        [*hidden, LeftOut("a/@eaDir/", "system folder", "its own", 40), LeftOut("a.heic", "unreadable", "no")], 3
    )

    assert told == [
        "left out: 45 files (40 system folder, 4 hidden, 1 unreadable)",
        "  a.heic: no",
        "  .0: it is hidden",
        "  .1: it is hidden",
        "  … 6 in all; --json lists them",
    ]
    assert lines([]) == []
    assert str(LeftOut("a.jpg", "unreadable", "a.jpg cannot be read")) == "a.jpg cannot be read"


def test_a_walk_looks_once_at_each_folder(tmp_path, monkeypatch):
    """On a network drive every look is slow: one per folder, and none at a file that is no link."""
    touch(tmp_path, "a/1.jpg", "a/b/2.jpg", "c/3.jpg")
    looked = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (looked.append(os.fspath(path)), scandir(path))[1])
    monkeypatch.setattr(folders.os, "stat", lambda path: pytest.fail(f"{path} was looked at"))

    photos, _ = folders._walk(tmp_path, "", folders.Exclusion())

    assert (len(photos), len(looked)) == (3, 4)
