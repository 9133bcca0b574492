"""Operating points: measured from worked tables, read back from their files, and found among the shipped ones."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import facerec
import facerec.models.shipped_points as shipped_module
from facerec.errors import CalibrationError, OutputError, ScoreTableError
from facerec.measure.operating_points import calibrate, is_indicative
from facerec.models.shipped_points import shipped_point, shipped_points
from facerec.points import read_points, write_points
from facerec.types import OperatingPoint, Rate

NAN = math.nan
STAGES = {
    "data_set": "ten people, all pairs of different ones",
    "detector": "mtcnn",
    "alignment": "dlib-5",
    "embedder": "dlib-resnet",
    "embedder_digest": "ab" * 32,
}


def table(genuine, impostor):
    """Genuine pairs of a person each, and impostor pairs of people who are in one pair only."""
    first = [f"g{k}" for k in range(len(genuine))] + [f"i{k}" for k in range(len(impostor))]
    second = [f"g{k}" for k in range(len(genuine))] + [f"j{k}" for k in range(len(impostor))]
    return pd.DataFrame(
        {
            "probe_image": [f"{person}/1.jpg" for person in first],
            "reference_image": [f"{person}/2.jpg" for person in second],
            "probe_subject": first,
            "reference_subject": second,
            "genuine": [True] * len(genuine) + [False] * len(impostor),
            "score": np.array([*genuine, *impostor], float),
        }
    )


def point(**changes):
    """A point as `calibrate` makes it; keyword arguments replace fields."""
    made = OperatingPoint(
        threshold=0.907, target_fmr=1e-3, fmr=Rate(3, 3000, 2990.5), fnmr=Rate(74, 3000, 2100.0), **STAGES
    )
    return dataclasses.replace(made, **changes)


class TestCalibrate:
    """calibrate and is_indicative."""

    def test_worked_table(self):
        """Of ten impostor pairs two may match at FMR 0.2; one failed to acquire and counts among the ten."""
        impostor = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, NAN]
        made = calibrate(table([0.75, 0.8, 0.95, 1, NAN], impostor), 0.2, **STAGES)

        assert (made.threshold, made.target_fmr) == (0.8, 0.2)
        assert (made.fmr.errors, made.fmr.trials, made.fnmr.errors, made.fnmr.trials) == (2, 10, 2, 5)
        assert made.fmr.effective_trials == pytest.approx(10)
        assert made.fnmr.effective_trials == pytest.approx(5)
        assert {name: getattr(made, name) for name in STAGES} == STAGES
        assert made.accepts(0.8)
        assert not made.accepts(0.79)

    def test_intervals_know_that_pairs_share_people(self):
        """Ten pairs of a person who is never recognised and ten of one who always is say little."""
        scores = table([0.1] * 10 + [0.9] * 10, [0.5, 0.6])
        people = ["a"] * 10 + ["b"] * 10 + ["c", "d"]
        scores = scores.assign(probe_subject=people, reference_subject=[*people[:20], "e", "f"])
        made = calibrate(scores, 0.5, **STAGES)

        assert (made.fnmr.errors, made.fnmr.trials) == (10, 20)
        assert made.fnmr.effective_trials == pytest.approx(2)

    def test_text_tables_serve(self):
        """A table as read from any CSV file is checked on the way in."""
        text = table([0.9], [0.1, 0.2]).astype(str)

        assert calibrate(text, 0.5, **STAGES).threshold == 0.2
        with pytest.raises(ScoreTableError, match="lacks score"):
            calibrate(text.drop(columns="score"), 0.5, **STAGES)

    def test_a_target_needs_impostor_pairs(self):
        """A thousand impostor pairs carry FMR 1e-3 and nothing below."""
        scores = table([0.9], np.linspace(-1, 0.5, 1000))
        reached = calibrate(scores, 1e-3, **STAGES).fmr
        assert (reached.errors, reached.trials) == (1, 1000)
        assert reached.effective_trials == pytest.approx(1000)

        with pytest.raises(CalibrationError, match=r"1000 impostor pairs .* 0\.0001: at least 10,000 .* 300,000"):
            calibrate(scores, 1e-4, **STAGES)
        with pytest.raises(CalibrationError, match=r"0 impostor pairs .* at least 2 are needed"):
            calibrate(table([0.9], []), 0.5, **STAGES)

    @pytest.mark.parametrize(
        ("genuine", "impostor", "target", "told"),
        [
            ([0.9], [0.1], 0, "target_fmr must lie between 0 and 1"),
            ([0.9], [0.1], 1, "target_fmr"),
            ([0.9], [0.1], NAN, "target_fmr"),
            ([], [0.1, 0.2], 0.5, "no genuine pair"),
            ([0.9], [NAN, NAN], 0.5, "no impostor comparison has a score"),
            ([90], [10, 20], 0.5, r"cosine similarities, -1 … 1; there is 90"),
            ([0.9], [1, 1, 1, 0], 0.5, "impostor scores reach 1, .*one photo filed under"),
        ],
    )
    def test_refused(self, genuine, impostor, target, told):
        """Each reason why there is no operating point has its own message."""
        with pytest.raises(CalibrationError, match=told):
            calibrate(table(genuine, impostor), target, **STAGES)

    @pytest.mark.parametrize(("trials", "expected"), [(3000, True), (29_999, True), (30_000, False)])
    def test_thirty_expected_errors(self, trials, expected):
        """Fewer than thirty expected false matches make a point indicative only."""
        assert is_indicative(point(fmr=Rate(3, trials))) is expected


class TestFiles:
    """write_points and read_points."""

    def test_read_back(self, tmp_path):
        """Whatever is written is read back, sorted, whichever order it came in."""
        points = [point(target_fmr=1e-2, threshold=0.89), point(), point(embedder="z", fnmr=Rate(0, 0))]
        write_points(points[::-1], tmp_path / "points.json")

        assert read_points(str(tmp_path / "points.json")) == tuple(points)
        before = (tmp_path / "points.json").read_bytes()
        write_points(points, tmp_path / "points.json")
        assert (tmp_path / "points.json").read_bytes() == before

    def test_exact_numbers(self, tmp_path):
        """Thresholds are kept to the last bit, and a rate without effective trials stays one."""
        exact = point(threshold=math.nextafter(0.9, 1), fmr=Rate(1, 3))
        write_points([exact], tmp_path / "p.json")

        assert read_points(tmp_path / "p.json") == (exact,)

    def test_readable_file(self, tmp_path):
        """A reader of the file finds counts, rates and intervals beside the threshold."""
        write_points([point()], tmp_path / "p.json")
        document = json.loads((tmp_path / "p.json").read_text("utf-8"))

        assert (document["format"], document["version"]) == ("facerec operating points", 1)
        fmr = document["points"][0]["fmr"]
        assert (fmr["errors"], fmr["trials"], fmr["value"], fmr["confidence"]) == (3, 3000, 0.001, 0.95)
        assert fmr["low"] < 0.001 < fmr["high"]
        assert document["points"][0]["embedder_digest"] == "ab" * 32

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda p: p.pop("threshold"), r"points\[0\]: the field 'threshold' is missing"),
            (lambda p: p.pop("embedder_digest"), "'embedder_digest' is missing"),
            (lambda p: p.update(threshold=1.5), r"points\[0\]\.threshold must lie within -1 … 1; it is 1\.5"),
            (lambda p: p.update(threshold=NAN), "NaN is no finite number"),
            (lambda p: p.update(threshold="0.9"), "threshold must be a number; it is '0.9'"),
            (lambda p: p.update(threshold=True), "threshold must be a number; it is True"),
            (lambda p: p.update(target_fmr=2), "target_fmr must lie within 0 … 1"),
            (lambda p: p.update(data_set=None), "data_set must be text; it is None"),
            (lambda p: p.update(fmr=0.1), "fmr must be an object"),
            (lambda p: p["fmr"].pop("errors"), r"fmr: the field 'errors' is missing"),
            (lambda p: p["fmr"].update(errors=1.5), r"fmr\.errors must be a whole number; it is 1\.5"),
            (lambda p: p["fmr"].update(errors=5000), r"fmr: a rate needs 0 <= errors <= trials; got 5000 of 3000"),
            (lambda p: p["fnmr"].update(effective_trials="many"), r"fnmr\.effective_trials must be a number"),
            (lambda p: p["fnmr"].update(effective_trials=math.inf), "Infinity is no finite number"),
        ],
    )
    def test_damaged_fields(self, tmp_path, change, told):
        """A field that is missing, of the wrong type or out of range is named, and so is the file."""
        path = tmp_path / "p.json"
        write_points([point()], path)
        document = json.loads(path.read_text("utf-8"))
        change(document["points"][0])
        path.write_text(json.dumps(document), "utf-8")

        with pytest.raises(CalibrationError, match=told) as error:
            read_points(path)
        assert str(path) in str(error.value)

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "is not JSON"),
            (b"{", "is not JSON"),
            (b"\xff\xfe\x00", "is not JSON"),
            (b"[]", "not a file of operating points"),
            (b'{"points": []}', "not a file of operating points"),
            (b'{"format": "facerec operating points", "version": 2}', "version 2; this release reads version 1"),
            (b'{"format": "facerec operating points", "version": 1}', "'points' is missing"),
            (b'{"format": "facerec operating points", "version": 1, "points": {}}', "points must be a list"),
            (b'{"format": "facerec operating points", "version": 1, "points": [3]}', "'threshold' is missing"),
        ],
    )
    def test_other_files(self, tmp_path, content, told):
        """A file that is something else is told apart from a damaged one."""
        (tmp_path / "p.json").write_bytes(content)

        with pytest.raises(CalibrationError, match=told):
            read_points(tmp_path / "p.json")

    def test_paths(self, tmp_path):
        """A missing file and a missing folder are errors with the path."""
        with pytest.raises(CalibrationError, match=r"none\.json cannot be read: there is no such file"):
            read_points(tmp_path / "none.json")
        with pytest.raises(OutputError, match=r"p\.json cannot be written: No such file"):
            write_points([point()], tmp_path / "nowhere" / "p.json")


class TestShipped:
    """shipped_points and shipped_point."""

    @pytest.fixture
    def folders(self, tmp_path, monkeypatch):
        """Two empty places: beside the code, and in a checkout."""
        places = (tmp_path / "_calibration", tmp_path / "data")
        monkeypatch.setattr(shipped_module, "_FOLDERS", places)
        return places

    def test_beside_the_code_first(self, folders):
        """An installed library reads its own files, a checkout those in data/, and without either there are none."""
        assert shipped_points() == ()
        folders[1].mkdir()
        write_points([point(data_set="in the checkout")], folders[1] / "lfw.json")
        assert [p.data_set for p in shipped_points()] == ["in the checkout"]
        folders[0].mkdir()
        write_points([point(data_set="b")], folders[0] / "a.json")
        write_points([point(data_set="a")], folders[0] / "b.json")
        assert [p.data_set for p in shipped_points()] == ["a", "b"]

    def test_found_by_digest_and_target(self, folders):
        """The point of this very embedder at this very target, or none."""
        folders[1].mkdir()
        other = point(embedder_digest="cd" * 32, embedder="facenet")
        write_points([point(), point(target_fmr=0.01), other], folders[1] / "lfw.json")

        assert shipped_point("ab" * 32, 0.001) == point()
        assert shipped_point("cd" * 32, 1 / 1000) == other
        with pytest.raises(CalibrationError) as error:
            shipped_point("cd" * 32, 0.01, embedder="facenet")
        told = str(error.value)
        assert "no operating point at FMR 0.01 is shipped for facenet (digest cdcdcdcdcdcd…)" in told
        assert "FMR 0.01 for dlib-resnet (abababababab…)" in told
        assert "facerec calibrate SCORES.csv --fmr 0.01 --out point.json, then use --at point.json" in told

    @pytest.mark.usefixtures("folders")
    def test_nothing_shipped(self):
        """Where there is no point at all, the message says so."""
        with pytest.raises(CalibrationError, match="shipped: none"):
            shipped_point("ab" * 32, 0.01)

    def test_damaged_files_are_not_skipped(self, folders):
        """A broken file is an error, not one point fewer."""
        folders[0].mkdir()
        (folders[0] / "broken.json").write_text("{", "utf-8")
        with pytest.raises(CalibrationError, match=r"broken\.json is not JSON"):
            shipped_points()

    def test_the_shipped_files_hold(self):
        """What this checkout ships can be read, and each embedder has one point per target."""
        points = shipped_points()

        assert len({(p.embedder_digest, p.target_fmr) for p in points}) == len(points)

    def test_places(self):
        """The first place is the one that the wheel fills, the second the one where a checkout keeps the files."""
        package = Path(facerec.__file__).parent
        places = (package / "_calibration", package.parent / "data" / "calibration")

        assert places == shipped_module._FOLDERS
