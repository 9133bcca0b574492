"""Data set readers: small folders made by hand, everything that can be missing from them, and LFW itself."""

import pandas as pd
import pytest

from facerec.errors import DataSetError
from facerec.measure.datasets import lfw, pairs_csv

# Two folds of two genuine and two impostor pairs.
PAIRS = """\
2\t2
Ann_Lee\t1\t2
Bob\t1\t3
Ann_Lee\t1\tBob\t2
Cy\t4\tBob\t1
Dee\t1\t2
Dee\t2\t12
Dee\t1\tCy\t4
Dee\t2\tAnn_Lee\t2
"""
PHOTOS = [
    *("Ann_Lee/Ann_Lee_0001.jpg", "Ann_Lee/Ann_Lee_0002.jpg", "Bob/Bob_0001.jpg", "Bob/Bob_0002.jpg"),
    *("Bob/Bob_0003.jpg", "Cy/Cy_0004.jpg", "Dee/Dee_0001.jpg", "Dee/Dee_0002.jpg", "Dee/Dee_0012.jpg"),
]


def touch(root, *names):
    """Make empty files below `root`, with their folders."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def small(tmp_path):
    """A function that lays out the small LFW above and gives its folder."""

    def laid_out(place="images", text=PAIRS):
        touch(tmp_path / "set" / place, *PHOTOS)
        (tmp_path / "set" / "pairs.txt").write_bytes(text.encode())
        return tmp_path / "set"

    return laid_out


class TestLfw:
    """lfw."""

    def test_worked_protocol(self, small):
        """Each line becomes a row with its fold, both photos and both people."""
        pairs = lfw(small())

        assert pairs.columns.tolist() == [
            *("fold", "probe_image", "reference_image", "probe_subject", "reference_subject", "genuine"),
            *("probe_gender", "reference_gender"),
        ]
        assert pairs["fold"].tolist() == [1, 1, 1, 1, 2, 2, 2, 2]
        assert pairs["genuine"].tolist() == [True, True, False, False] * 2
        assert pairs.iloc[3].tolist()[1:6] == ["images/Cy/Cy_0004.jpg", "images/Bob/Bob_0001.jpg", "Cy", "Bob", False]
        assert pairs.iloc[5].tolist()[1:4] == ["images/Dee/Dee_0002.jpg", "images/Dee/Dee_0012.jpg", "Dee"]
        assert set(pairs["probe_gender"]) | set(pairs["reference_gender"]) == {""}

    @pytest.mark.parametrize(
        "place", ["images", "lfw", "lfw-deepfunneled", "lfw_funneled", "lfw-deepfunneled/lfw-deepfunneled", "."]
    )
    def test_layouts(self, small, place):
        """The photos are found wherever a distribution of LFW puts them."""
        folder = small(place)

        assert (folder / lfw(folder)["probe_image"][0]).is_file()

    @pytest.mark.parametrize("place", ["lfw", "lfw_funneled"])
    def test_folder_of_photos(self, small, place):
        """The folder of the photos may be given itself, with pairs.txt and the labels above it."""
        folder = small(place)
        (folder / "labels").mkdir()
        (folder / "labels" / "female_names.txt").write_text("Ann_Lee_0001.jpg\n")
        pairs = lfw(folder / place)

        assert pairs["probe_image"][0] == "Ann_Lee/Ann_Lee_0001.jpg"
        assert pairs["probe_gender"][0] == "female"

    @pytest.mark.parametrize(
        "change", [lambda t: t.replace("\t", "  "), lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t + "\n\n"]
    )
    def test_line_ends_and_blanks(self, small, change):
        """Tabs or blanks, CRLF, a byte order mark and empty last lines are all read."""
        assert lfw(small(text=change(PAIRS))).equals(lfw(small()))

    def test_genders(self, small):
        """A photo in one list has that gender; in both, in none, or misspelt, it has none."""
        folder = small()
        (folder / "labels").mkdir()
        (folder / "labels" / "female_names.txt").write_bytes(b"Ann_Lee_0001.jpg\r\nDee_0001\r\nCy_0004.jpg\r\n\r\n")
        (folder / "labels" / "male_names.txt").write_text("Bob_0001.jpg\nCy_0004.jpg \nBobb_0003.jpg\n")
        pairs = lfw(folder)

        assert pairs["probe_gender"].tolist() == ["female", "male", "female", "", "female", "", "female", ""]
        assert pairs["reference_gender"].tolist() == ["", "", "", "male", "", "", "", ""]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "first line must say how many folds"),
            ("ten\t300\n", "first line must say"),
            ("500\n", "first line must say"),
            ("0\t0\n", "there are 0"),
            (PAIRS + "Dee\t1\t2\n", "are 8 lines; there are 9"),
            (PAIRS.replace("2\t2\n", "10\t300\n", 1), "10 folds of 300 genuine and 300 impostor pairs are 6000 lines"),
            (PAIRS.replace("Bob\t1\t3", "Bob\t1"), r"line 3 is 'Bob 1'; expected there: name, number, number"),
            (PAIRS.replace("Bob\t1\t3", "Bob\t1\tx"), "line 3"),
            (PAIRS.replace("Cy\t4\tBob\t1", "Bob\t4\tBob\t1"), "line 5 is .*expected there: name, number, other name"),
            (PAIRS.replace("Cy\t4\tBob\t1", "Cy\t4\t1"), "line 5"),
        ],
    )
    def test_bad_protocols(self, small, text, told):
        """A line that cannot be understood is told with its number, and a cut file with both counts."""
        with pytest.raises(DataSetError, match=told):
            lfw(small(text=text))

    def test_unreadable_protocol(self, small):
        """A protocol that is no UTF-8 text is told."""
        folder = small()
        (folder / "pairs.txt").write_bytes(b"\xff\xfe")

        with pytest.raises(DataSetError, match=r"pairs\.txt: cannot be read"):
            lfw(folder)

    def test_what_can_be_missing(self, small, tmp_path):
        """No folder, no protocol, no photos at all, and some photos each have their message."""
        folder = small()
        with pytest.raises(DataSetError, match="there is no such folder"):
            lfw(tmp_path / "none")
        for name in ("Bob/Bob_0001.jpg", "Bob/Bob_0003.jpg", "Cy/Cy_0004.jpg", "Dee/Dee_0012.jpg"):
            (folder / "images" / name).unlink()
        with pytest.raises(DataSetError, match=r"missing: images/Bob/Bob_0001\.jpg, images/Cy/.*, .* … 4 in all"):
            lfw(folder)
        (folder / "images").rename(folder / "pictures")
        with pytest.raises(DataSetError, match="no photos found; a folder Ann_Lee was looked for in images, lfw, "):
            lfw(folder)
        (folder / "pairs.txt").unlink()
        with pytest.raises(DataSetError, match=r"pairs\.txt is neither here nor in the folder above"):
            lfw(folder)

    def test_the_real_set(self, data):
        """LFW: ten folds of 300 and 300 pairs, 7,701 photos, and nearly all of them with a gender."""
        if not (data / "lfw").is_dir():
            pytest.skip("no lfw/ in the data folder")
        pairs = lfw(data / "lfw")
        images = pd.concat([pairs["probe_image"], pairs["reference_image"]])
        both = pairs["probe_gender"].str.cat(pairs["reference_gender"], sep="-")

        assert len(pairs) == 6000
        assert pairs["genuine"].sum() == 3000
        assert pairs.groupby(["fold", "genuine"]).size().tolist() == [300] * 20
        assert images.nunique() == 7701
        assert (both[pairs["genuine"]] == "female-female").sum() == 777
        assert (both[pairs["genuine"]] == "male-male").sum() == 2219
        assert (both[~pairs["genuine"]] == "female-female").sum() == 176
        assert (both[~pairs["genuine"]] == "male-male").sum() == 1671


class TestPairs:
    """pairs_csv."""

    @pytest.fixture
    def manifest(self, tmp_path):
        """A function that writes a manifest beside four photos and gives its path."""
        touch(tmp_path, "a.jpg", "b.jpg", "c.jpg", "d.jpg")

        def written(text):
            (tmp_path / "pairs.csv").write_text(text, "utf-8")
            return tmp_path / "pairs.csv"

        return written

    def test_subjects_decide(self, manifest):
        """Where subjects are given, they say what is genuine; other columns are kept."""
        pairs = pairs_csv(
            manifest(
                "probe_image,reference_image,probe_subject,reference_subject,probe_age\n"
                "a.jpg,b.jpg,007,007,30\n"
                "a.jpg,c.jpg,007,NA,\n"
            )
        )

        assert pairs["genuine"].tolist() == [True, False]
        assert pairs["reference_subject"].tolist() == ["007", "NA"]
        assert pairs["probe_age"].tolist() == ["30", ""]
        assert "score" not in pairs

    def test_genuine_links_photos(self, manifest):
        """Without subjects, photos that genuine pairs link show one person, called by the first photo."""
        pairs = pairs_csv(
            manifest(
                "probe_image,reference_image,genuine\nc.jpg,b.jpg,1\nb.jpg,a.jpg,1\nd.jpg,a.jpg,0\nd.jpg,c.jpg,no\n"
            )
        )

        assert pairs["probe_subject"].tolist() == ["a.jpg", "a.jpg", "d.jpg", "d.jpg"]
        assert pairs["reference_subject"].tolist() == ["a.jpg"] * 4
        assert pairs["genuine"].tolist() == [True, True, False, False]

    def test_semicolons_separate_as_commas_do(self, manifest):
        """A manifest saved by a spreadsheet is the same manifest."""
        pairs = pairs_csv(manifest("probe_image;reference_image;genuine\na.jpg;b.jpg;1\n"))

        assert pairs[["probe_image", "reference_image", "genuine"]].to_numpy().tolist() == [["a.jpg", "b.jpg", True]]

    def test_both_are_checked_against_each_other(self, manifest):
        """Genuine and subjects may both be given, and must agree."""
        text = "probe_image,reference_image,probe_subject,reference_subject,genuine\na.jpg,b.jpg,x,{},yes\n"

        assert len(pairs_csv(manifest(text.format("x")))) == 1
        with pytest.raises(DataSetError, match=r"pairs\.csv: row 1 is marked as genuine, but its subjects differ"):
            pairs_csv(manifest(text.format("y")))

    def test_root(self, manifest, tmp_path):
        """Photos are looked for beside the manifest, or below the folder that is named."""
        path = manifest("probe_image,reference_image,genuine\ne.jpg,f.jpg,1\n")
        with pytest.raises(DataSetError, match=r"photos are missing: e\.jpg, f\.jpg$"):
            pairs_csv(path)
        touch(tmp_path / "elsewhere", "e.jpg", "f.jpg")

        assert len(pairs_csv(str(path), root=tmp_path / "elsewhere")) == 1

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "the file is empty"),
            ("probe_image,reference_image,genuine\n", "holds no pairs"),
            (
                "probe_image,photo,genuine\na.jpg,b.jpg,1\n",
                "lacks reference_image, the photos to compare; it has probe",
            ),
            ("probe_image,reference_image\na.jpg,b.jpg\n", "who is on the photos.*or genuine"),
            ("probe_image,reference_image,probe_subject,genuine\na.jpg,b.jpg,x,1\n", "probe_subject and reference_s"),
            ("probe_image,reference_image,genuine,score\na.jpg,b.jpg,1,0.9\n", "already holds scores"),
            ("probe_image,reference_image,genuine\na.jpg,b.jpg,maybe\n", "genuine in row 1 is 'maybe'"),
            ("probe_image,reference_image,genuine\na.jpg,,1\n", "reference_image in row 1 is ''"),
            ("probe_image,reference_image,genuine\na.jpg,b.jpg,1\nb.jpg,a.jpg,0\n", "row 2 .*subjects are equal.*link"),
        ],
    )
    def test_refused(self, manifest, text, told):
        """Each fault of a manifest has its own message."""
        with pytest.raises(DataSetError, match=told):
            pairs_csv(manifest(text))

    def test_missing_manifest(self, tmp_path):
        """A manifest that is not there is a data set error, too."""
        with pytest.raises(DataSetError, match=r"none\.csv: cannot be read"):
            pairs_csv(tmp_path / "none.csv")
