"""Photos in tar files: what is listed, what is read, and what no shard can make this program do."""

import io
import json
import tarfile

import numpy as np
import PIL.Image
import pytest

from facerec.errors import DataSetError, ImageError
from facerec.photos import reader, shards
from facerec.photos.shards import InShard, find_shards, list_shards


def png(colour="red"):
    """The bytes of a photo."""
    file = io.BytesIO()
    PIL.Image.new("RGB", (8, 6), colour).save(file, "PNG")
    return file.getvalue()


def write(path, *members, form=tarfile.USTAR_FORMAT):
    """A shard of (name, bytes), or of headers that are made by hand."""
    with tarfile.open(path, "w", format=form) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                about = tarfile.TarInfo(member[0])
                about.size = len(member[1])
                archive.addfile(about, io.BytesIO(member[1]))
    return path


def special(name, kind, target=""):
    """A member that is no file."""
    about = tarfile.TarInfo(name)
    about.type, about.linkname = kind, target
    return about


class TestListing:
    """list_shards."""

    def test_photos_and_what_is_said_of_them(self, tmp_path):
        """Files that share a name up to its first dot belong together, in whatever order they stand."""
        shard = write(
            tmp_path / "a.tar",
            ("1.cls", b"3\n"),
            ("1.png", png("red")),
            ("1.json", json.dumps({"subject": "ada", "age": 7, "more": [1]}).encode()),
            ("x/2.left.PNG", png("blue")),
            ("x/2.txt", "Grüße".encode()),
            ("3.npy", b"..."),
        )

        found = list_shards([shard], below="train/")

        assert [each.name for each in found.photos] == ["train/a.tar/1.png", "train/a.tar/x/2.left.PNG"]
        assert [dict(each.texts) for each in found.photos] == [
            {"cls": "3", "subject": "ada", "age": "7"},
            {"txt": "Grüße"},
        ]
        assert [(each.path, each.why) for each in found.left_out] == [("train/a.tar/3.npy", "no photo by its name")]

    @pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    def test_every_kind_of_tar_gives_the_bytes_that_went_in(self, tmp_path, form):
        """Also long names, which each kind writes in another way, and photos after texts of any length."""
        long = "/".join(["folder" * 9] * 3) + "/photo.png"
        content = {"a.png": png("red"), long: png("blue"), "b.png": png("green")}
        members = [("0.txt", b"x" * 777), *content.items()]
        if form == tarfile.USTAR_FORMAT:  # splits a name only where it has to
            members = [each for each in members if len(each[0]) < 256]
        shard = write(tmp_path / "a.tar", *members, form=form)

        found = {each.name.removeprefix("a.tar/"): each.place.read() for each in list_shards([shard]).photos}

        assert found == content
        assert np.array_equal(reader.read(found["b.png"]), reader.read(png("green")))

    def test_exclusion(self, tmp_path):
        """By name or path, as in folders."""
        shard = write(tmp_path / "a.tar", ("x/1.png", png()), ("y/1.png", png()))

        found = list_shards([shard], exclude=["a.tar/x/*"])

        assert [each.name for each in found.photos] == ["a.tar/y/1.png"]
        assert [each.why for each in found.left_out] == ["excluded"]

    def test_shards_of_a_path(self, tmp_path):
        """A shard, a folder of shards in order, and nothing where there is none."""
        for name in ("b.tar", "a.TAR", ".c.tar", "d.tar.gz", "e.jpg"):
            (tmp_path / name).touch()

        assert [each.name for each in find_shards(tmp_path)] == ["a.TAR", "b.tar"]
        assert find_shards(tmp_path / "b.tar") == (tmp_path / "b.tar",)
        assert find_shards(tmp_path / "e.jpg") == find_shards(tmp_path / "nosuch") == ()


class TestHostile:
    """Shards that were made to harm."""

    def test_what_is_no_file_or_leads_elsewhere_is_left_out(self, tmp_path):
        """Links, devices, names that lead out, hidden ones: none is read, each is told."""
        (tmp_path / "secret.png").write_bytes(png("green"))
        shard = write(
            tmp_path / "a.tar",
            special("link.png", tarfile.SYMTYPE, "../secret.png"),
            special("hard.png", tarfile.LNKTYPE, "../secret.png"),
            special("pipe.png", tarfile.FIFOTYPE),
            special("device.png", tarfile.CHRTYPE),
            special("folder.png", tarfile.DIRTYPE),
            ("../out.png", png()),
            ("/abs.png", png()),
            ("x/../../y.png", png()),
            (".hidden.png", png()),
            ("good.png", png()),
        )

        found = list_shards([shard])

        assert [each.name for each in found.photos] == ["a.tar/good.png"]
        assert [each.path.removeprefix("a.tar/") for each in found.left_out] == [
            "link.png",
            "hard.png",
            "pipe.png",
            "device.png",
            "../out.png",
            "/abs.png",
            "x/../../y.png",
            ".hidden.png",
        ]

    def test_a_photo_larger_than_any_is_left_out_unread(self, tmp_path, monkeypatch):
        """By what the header says, before anything is read."""
        monkeypatch.setattr(reader, "MAX_BYTES", 1000)
        shard = write(tmp_path / "a.tar", ("big.png", bytes(1001)), ("good.png", png()))

        found = list_shards([shard])

        assert [each.name for each in found.photos] == ["a.tar/good.png"]
        assert found.left_out[0].reason == "has 1,001 bytes, more than are read"

    @pytest.mark.parametrize("size", [1 << 40, (1 << 63) + 1])
    def test_a_header_that_claims_more_than_there_is(self, tmp_path, size):
        """A size beyond the file's end, however large, is damage and no memory."""
        about = tarfile.TarInfo("a.png")
        about.size = size
        path = tmp_path / "a.tar"
        path.write_bytes(about.tobuf(tarfile.GNU_FORMAT) + bytes(1024))

        with pytest.raises(DataSetError, match="cannot be read as a shard"):
            list_shards([path])

    def test_a_header_that_wants_memory(self, tmp_path):
        """A name of two megabytes, which Python would read for each member."""
        path = write(tmp_path / "a.tar", ("n" * (2 << 20) + ".png", png()), form=tarfile.GNU_FORMAT)

        with pytest.raises(DataSetError, match="a header of it claims"):
            list_shards([path])

    def test_more_members_than_are_listed(self, tmp_path, monkeypatch):
        """A file of headers only."""
        monkeypatch.setattr(shards, "MOST_MEMBERS", 3)
        path = write(tmp_path / "a.tar", *[(f"{number}.png", png()) for number in range(4)])

        with pytest.raises(DataSetError, match="more than 3 members"):
            list_shards([path])

    @pytest.mark.parametrize("length", [0, 100, 512, 700])
    def test_damage(self, tmp_path, length):
        """Cut off anywhere: an error that names the shard, or no photo."""
        path = write(tmp_path / "a.tar", ("a.png", png()), ("b.png", bytes(5000)))
        path.write_bytes(path.read_bytes()[:length])

        with pytest.raises(DataSetError, match=r"a\.tar"):
            list_shards([path])

    @pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
    def test_compressed_shards_are_refused(self, tmp_path, mode):
        """They cannot be read from the middle, and may unfold to anything."""
        with tarfile.open(tmp_path / "a.tar", mode) as archive:
            archive.addfile(special("a.png", tarfile.DIRTYPE))

        with pytest.raises(DataSetError, match="not compressed"):
            list_shards([tmp_path / "a.tar"])

    @pytest.mark.parametrize(
        ("text", "told"),
        [(b"{", "cannot be read"), (b"\xff", "cannot be read"), (b"[1]", "no JSON object"), (b"[" * 100_000, "cannot")],
    )
    def test_texts_that_are_none(self, tmp_path, text, told):
        """What stands beside a photo is named where it cannot be read."""
        path = write(tmp_path / "a.tar", ("a.png", png()), ("a.json", text))

        with pytest.raises(DataSetError, match=f"a.json.*{told}"):
            list_shards([path])

    def test_a_text_that_is_too_long(self, tmp_path):
        """A label has no megabytes."""
        path = write(tmp_path / "a.tar", ("a.png", png()), ("a.cls", bytes((1 << 20) + 1)))

        with pytest.raises(DataSetError, match=r"what is said of a photo has at most 1,048,576"):
            list_shards([path])

    def test_one_photo_twice_and_two_shards_of_one_name(self, tmp_path):
        """Which one is meant cannot be known."""
        twice = write(tmp_path / "a.tar", ("a.png", png()), ("a.png", png("blue")))
        (tmp_path / "b").mkdir()
        same = write(tmp_path / "b" / "a.tar", ("a.png", png()))

        with pytest.raises(DataSetError, match="twice"):
            list_shards([twice])
        with pytest.raises(DataSetError, match="two shards are called"):
            list_shards([twice, same])


def test_a_shard_that_changes_after_it_was_listed(tmp_path):
    """It is shorter, or gone: an error of that photo, as of any that cannot be read."""
    path = write(tmp_path / "a.tar", ("a.png", png()))
    (photo,) = list_shards([path]).photos
    assert isinstance(photo.place, InShard)
    path.write_bytes(path.read_bytes()[:520])
    with pytest.raises(ImageError, match="cut off"):
        photo.place.read()
    path.unlink()
    with pytest.raises(ImageError, match="cannot be read"):
        photo.place.read()
