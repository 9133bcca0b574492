"""Operating points: measured from worked tables, read back from their files, and found among the shipped ones."""

import dataclasses
import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import facerec
import facerec.models.shipped_points as shipped_module
from facerec.errors import (
    ArgumentError,
    CalibrationError,
    DamagedPointError,
    ForeignScoresError,
    NoPointError,
    OutputError,
    ScoreTableError,
)
from facerec.measure import tables
from facerec.measure.metrics import clustered_rate
from facerec.measure.operating_points import all_pairs, calibrate, calibrate_all_pairs
from facerec.models.shipped_points import shipped_point, shipped_points
from facerec.points import read_points, write_points
from facerec.types import ImpostorTail, Matcher, OperatingPoint, Rate

NAN = math.nan
MATCHER = Matcher("mtcnn", "dlib-5", "dlib-resnet", "ab" * 32, "cosine.v1", "size.v1>=40")
DATA = {"data_set": "ten people, all pairs of different ones"}


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
        threshold=0.907,
        target_fmr=1e-3,
        fmr=Rate(3, 3000, 2990.5),
        fnmr=Rate(74, 3000, 2100.0),
        matcher=MATCHER,
        asserted_by="the maker",
        refused=Rate(2, 600),
        tail=ImpostorTail((0.93, 0.907, -0.25), (1, 3, 2990), (3000.0, 2990.5, 2980.0), 3000),
        **DATA,
    )
    return dataclasses.replace(made, **changes)


def of(embedder, digest):
    """A matcher with another embedder."""
    return dataclasses.replace(MATCHER, embedder=embedder, embedder_digest=digest)


def leaves(value, place=()):
    """Where every single value of a JSON document stands."""
    if isinstance(value, dict | list):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(each, (*place, step))
    else:
        yield place


def nudged(value):
    """Another value of the same kind."""
    if value is None:
        return 5.0
    return f"{value}x" if isinstance(value, str) else value + 1 if isinstance(value, int) else value * 0.99 - 0.001


WRITTEN = {
    "format": "facerec operating points",
    "version": 2,
    "points": [
        {
            "data_set": "a",
            "target_fmr": 1e-3,
            "threshold": 0.5,
            "fmr": {},
            "fnmr": Rate(1, 10).to_dict(),
            "matcher": MATCHER.to_dict(),
            "asserted_by": "",
            "refused": None,
            "tail": None,
            "digest": "",
        }
    ],
}
VERSION1 = {
    "format": "facerec operating points",
    "version": 1,
    "points": [
        {
            "target_fmr": 1e-3,
            "threshold": 0.5,
            "fmr": {},
            "fnmr": {"errors": 1, "trials": 10, "effective_trials": None},
            "data_set": "a",
            "detector": "mtcnn",
            "alignment": "dlib-5",
            "embedder": "e",
            "embedder_digest": "ab",
        }
    ],
}


class TestCalibrate:
    """calibrate."""

    def test_worked_table(self):
        """Of ten impostor pairs two may match at FMR 0.2; one failed to acquire and counts among the ten."""
        impostor = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, NAN]
        made = calibrate(table([0.75, 0.8, 0.95, 1, NAN], impostor), 0.2, **DATA)

        assert (made.threshold, made.target_fmr) == (0.8, 0.2)
        assert (made.fmr.errors, made.fmr.trials, made.fnmr.errors, made.fnmr.trials) == (2, 10, 2, 5)
        assert made.fmr.effective_trials == pytest.approx(10)
        assert made.fnmr.effective_trials == pytest.approx(5)
        assert made.data_set == DATA["data_set"]
        assert made.accepts(0.8)
        assert not made.accepts(0.79)

    def test_intervals_know_that_pairs_share_people(self):
        """Ten pairs of a person who is never recognised and ten of one who always is say little."""
        scores = table([0.1] * 10 + [0.9] * 10, [0.5, 0.6])
        people = ["a"] * 10 + ["b"] * 10 + ["c", "d"]
        scores = scores.assign(probe_subject=people, reference_subject=[*people[:20], "e", "f"])
        made = calibrate(scores, 0.5, **DATA)

        assert (made.fnmr.errors, made.fnmr.trials) == (10, 20)
        assert 0 < made.fnmr.effective_trials <= 2

    def test_text_tables_serve(self):
        """A table as read from any CSV file is checked on the way in."""
        text = table([0.9], [0.1, 0.2]).astype(str)

        assert calibrate(text, 0.5, **DATA).threshold == 0.2
        with pytest.raises(ScoreTableError, match="lacks score"):
            calibrate(text.drop(columns="score"), 0.5, **DATA)

    def test_a_target_needs_impostor_pairs(self):
        """A thousand impostor pairs carry FMR 1e-3 and nothing below."""
        scores = table([0.9], np.linspace(-1, 0.5, 1000))
        reached = calibrate(scores, 1e-3, **DATA).fmr
        assert (reached.errors, reached.trials) == (1, 1000)
        assert reached.effective_trials == pytest.approx(1000)

        with pytest.raises(CalibrationError, match=r"1000 impostor pairs .* 0\.0001: at least 10,000 .* 300,000"):
            calibrate(scores, 1e-4, **DATA)
        with pytest.raises(CalibrationError, match=r"0 impostor pairs .* at least 2 are needed"):
            calibrate(table([0.9], []), 0.5, **DATA)

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
            calibrate(table(genuine, impostor), target, **DATA)

    def test_the_matcher_is_that_of_the_stamp(self):
        """A stamped table gives a point for the matcher that made it; an unstamped one for a matcher of its own."""
        scores = table([0.9], np.linspace(-1, 0.5, 10))

        assert calibrate(tables.stamped(scores, MATCHER), 0.1, **DATA).matcher == MATCHER
        own = calibrate(scores, 0.1, **DATA)
        assert (own.matcher, own.asserted_by) == (Matcher.unknown(), "")
        asserted = calibrate(scores, 0.1, asserted=MATCHER, asserted_by="Ada", **DATA)
        assert (asserted.matcher, asserted.asserted_by) == (MATCHER, "Ada")

    def test_an_assertion_does_not_overrule_a_stamp(self):
        """Nobody asserts what a stamp contradicts; what it says anyhow needs no assertion."""
        stamped = tables.stamped(table([0.9], np.linspace(-1, 0.5, 10)), MATCHER)
        others = [dataclasses.replace(MATCHER, **{part: "another"}) for part in ("embedder_digest", "crop", "gate")]

        for other in others:
            with pytest.raises(ForeignScoresError, match=r"Ada asserts .* another here"):
                calibrate(stamped, 0.1, asserted=other, asserted_by="Ada", **DATA)
        assert calibrate(stamped, 0.1, asserted=MATCHER, asserted_by="Ada", **DATA).asserted_by == ""

    def test_somebody_asserts(self):
        """A matcher without a name of who says so, or the reverse, is an error."""
        for half in ({"asserted": MATCHER}, {"asserted_by": "Ada"}, {"asserted": MATCHER, "asserted_by": " "}):
            with pytest.raises(ArgumentError, match="asserted by somebody"):
                calibrate(table([0.9], np.linspace(-1, 0.5, 10)), 0.1, **half, **DATA)

    def test_refused_faces_are_counted_by_photo(self):
        """Of the different photos with a face; without a face, with several or unreadable, one was not judged."""
        scores = table([0.9, NAN, NAN, NAN], [0.1] * 9 + [0.2])
        scores.loc[1, ["reference_image", "reference_subject"]] = scores.loc[
            0, ["probe_image", "probe_subject"]
        ].tolist()
        scores.loc[1, "probe_subject"] = scores.loc[0, "probe_subject"]
        probe = ["", "refused", "no face", "several faces"] + [""] * 10
        reference = ["", "", "unreadable", ""] + [""] * 10
        made = calibrate(scores.assign(probe_failure=probe, reference_failure=reference), 0.5, **DATA)

        # Pair 1: two photos; pair 2: one new photo, refused; pair 3: none that was judged; pair 4: the reference;
        # ten pairs of two photos.
        assert made.refused == Rate(1, 2 + 1 + 1 + 20)
        assert calibrate(scores, 0.5, **DATA).refused is None

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_tied_scores_are_counted_at_the_threshold_itself(self, dtype):
        """Ten impostors at one score are not parted: the threshold lies above, in either precision, and FMR says so."""
        scores = table([0.9], [0.5] * 10)
        made = calibrate(scores.astype({"score": dtype}), 0.5, **DATA)

        assert made.threshold > 0.5
        assert (made.fmr.errors, made.fmr.trials) == (0, 10)
        assert not made.accepts(np.float32(0.5))

    def test_ties_that_leave_the_target_far_away(self):
        """Where a thousand strangers share the highest score, no threshold reaches anything near a rate of 0.1."""
        with pytest.raises(CalibrationError, match="the counts contradict the target"):
            calibrate(table([0.9], [0.5] * 1000), 0.1, **DATA)

    @pytest.mark.parametrize(("trials", "expected"), [(3000, True), (29_999, True), (30_000, False)])
    def test_thirty_expected_errors(self, trials, expected):
        """Fewer than thirty expected false matches make a point indicative only."""
        assert point(fmr=Rate(3, trials)).is_indicative is expected


class TestTail:
    """The impostor tail of a point."""

    def test_it_agrees_with_counting(self):
        """At every knot the number of strangers and their worth; in between never too few; at the threshold the FMR."""
        rng = np.random.default_rng(3)
        scores = table([0.9], np.round(rng.normal(0, 0.2, 4000), 3)).assign(
            probe_subject=["g0", *(f"p{k % 60}" for k in range(4000))],
            reference_subject=["g0", *(f"q{k % 37}" for k in range(4000))],
        )
        scores.loc[5, "score"] = NAN
        made = calibrate(scores, 0.01, **DATA)
        impostor = scores.loc[1:, "score"].to_numpy()

        for knot, errors, effective in zip(made.tail.scores, made.tail.errors, made.tail.effective_trials, strict=True):
            expected = clustered_rate(
                impostor >= knot, *(scores.loc[1:, f"{s}_subject"] for s in ("probe", "reference"))
            )
            assert (errors, effective) == (expected.errors, pytest.approx(expected.effective_trials))
        assert made.tail.trials == 4000
        assert (made.tail.errors[-1], made.tail.scores[-1]) == (3999, np.nanmin(impostor))
        assert made.tail.errors[0] == (impostor == np.nanmax(impostor)).sum()
        for score in rng.uniform(-1, 1, 200):
            reached = int((impostor >= score).sum())
            assert reached <= made.strangers(score).errors <= max(1.3 * reached, reached + 40)
        assert made.strangers(made.threshold).errors >= made.fmr.errors

    def test_the_highest_scores_are_all_there(self):
        """Up to twelve strangers are counted one by one, and many more in twelve steps per decade."""
        made = calibrate(table([0.9], np.linspace(-0.9, 0.8, 5000)), 0.01, **DATA)

        assert made.tail.errors[:13] == (*range(1, 13), 15)
        assert len(made.tail.errors) == pytest.approx(12 + 12 * math.log10(5000 / 12), abs=2)


class TestAllPairs:
    """calibrate_all_pairs."""

    @pytest.fixture
    def photos(self):
        """Vectors of 60 photos of 20 people."""
        rng = np.random.default_rng(5)
        vectors = np.repeat(rng.normal(size=(20, 16)), 3, axis=0) + rng.normal(size=(60, 16))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors.astype(np.float32), [f"p{n // 3}" for n in range(60)]

    def test_it_is_the_table_of_all_pairs(self, photos):
        """The same thresholds and counts, to the bit, as from the score table of all pairs; and the same worth."""
        vectors, people = photos
        first, second = np.triu_indices(60, 1)
        rows = {f"{side}_image": chosen.astype(str) for side, chosen in (("probe", first), ("reference", second))}
        rows |= {f"{side}_subject": np.array(people)[at] for side, at in (("probe", first), ("reference", second))}
        pairs = pd.DataFrame(rows).assign(genuine=lambda made: made["probe_subject"] == made["reference_subject"])
        scored = tables.score_vectors(pairs, dict(zip(map(str, range(60)), vectors, strict=True)), matcher=MATCHER)

        points = calibrate_all_pairs(vectors, people, [0.1, 0.01], matcher=MATCHER, refused=Rate(3, 63), **DATA)

        for made, target in zip(points, (0.1, 0.01), strict=True):
            other = calibrate(scored, target, **DATA)
            assert (made.threshold, made.matcher, made.refused) == (other.threshold, MATCHER, Rate(3, 63))
            for mine, theirs in ((made.fmr, other.fmr), (made.fnmr, other.fnmr)):
                assert (mine.errors, mine.trials) == (theirs.errors, theirs.trials)
                assert mine.effective_trials == pytest.approx(theirs.effective_trials)
            assert (made.tail.scores, made.tail.errors) == (other.tail.scores, other.tail.errors)
            assert made.tail.effective_trials == pytest.approx(other.tail.effective_trials)

    def test_tied_pairs(self):
        """Four pairs with one score cannot be parted: none is accepted, and the rate says so."""
        vectors = np.array([[1, 0], [1, 0], [0.6, 0.8], [0.6, 0.8]], np.float32)
        (made,) = calibrate_all_pairs(vectors, ["a", "a", "b", "b"], [0.5], matcher=MATCHER, **DATA)

        assert (made.fmr.errors, made.fmr.trials, made.threshold > 0.6) == (0, 4, True)

    def test_counting_pairs_is_keeping_them(self):
        """The very points of all scores in memory, every digit of them, worth and tail included."""
        rng = np.random.default_rng(8)
        people = rng.permutation(np.repeat(np.arange(900), rng.choice([1, 1, 2, 3, 9], 900)))
        vectors = rng.normal(size=(900, 32))[people] + 0.8 * rng.normal(size=(len(people), 32)) + 0.5
        vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        names = [f"p{person}" for person in people]
        kept = all_pairs(vectors, names, refused=Rate(1, 2))
        targets = (0.3, 0.01, 1e-3, 1e-5)

        points = calibrate_all_pairs(vectors, names, targets, matcher=MATCHER, refused=Rate(1, 2), **DATA)

        assert points == tuple(kept.point(target, matcher=MATCHER, **DATA) for target in targets)
        assert points[0].tail.errors[-1] > 1_000_000

    def test_refused(self, photos, monkeypatch):
        """One subject per vector, unit length; and where pairs are kept, no more photos than memory holds."""
        vectors, people = photos
        with pytest.raises(ArgumentError, match="one subject per vector"):
            calibrate_all_pairs(vectors, people[1:], [0.1], matcher=MATCHER, **DATA)
        with pytest.raises(ArgumentError, match="unit length"):
            calibrate_all_pairs(vectors * 2, people, [0.1], matcher=MATCHER, **DATA)
        monkeypatch.setattr("facerec.measure.operating_points.MAX_PHOTOS", 59)
        with pytest.raises(CalibrationError, match="60 photos are more than the 59"):
            all_pairs(vectors, people)


class TestFiles:
    """write_points and read_points."""

    def test_read_back(self, tmp_path):
        """Whatever is written is read back, sorted, whichever order it came in."""
        bare = point(matcher=of("z", "cd" * 32), fnmr=Rate(0, 0), refused=None, tail=None, asserted_by="")
        points = [point(target_fmr=1e-2, threshold=0.89), point(), bare]
        write_points(points[::-1], tmp_path / "points.json")

        assert read_points(str(tmp_path / "points.json")) == tuple(points)
        before = (tmp_path / "points.json").read_bytes()
        write_points(points, tmp_path / "points.json")
        assert (tmp_path / "points.json").read_bytes() == before

    def test_exact_numbers(self, tmp_path):
        """Thresholds are kept to the last bit, and a rate without effective trials stays one."""
        exact = point(threshold=math.nextafter(0.9, 1), fmr=Rate(1, 1500))
        write_points([exact], tmp_path / "p.json")

        assert read_points(tmp_path / "p.json") == (exact,)

    def test_readable_file(self, tmp_path):
        """A reader of the file finds counts, rates and intervals beside the threshold."""
        write_points([point()], tmp_path / "p.json")
        document = json.loads((tmp_path / "p.json").read_text("utf-8"))

        assert (document["format"], document["version"]) == ("facerec operating points", 2)
        fmr = document["points"][0]["fmr"]
        assert (fmr["errors"], fmr["trials"], fmr["value"], fmr["confidence"]) == (3, 3000, 0.001, 0.95)
        assert fmr["low"] < 0.001 < fmr["high"]
        assert document["points"][0]["matcher"]["embedder_digest"] == "ab" * 32
        assert '"errors": [1, 3, 2990]' in (tmp_path / "p.json").read_text("utf-8")

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda p: p.pop("threshold"), r"points\[0\]: the field 'threshold' is missing"),
            (lambda p: p["matcher"].pop("embedder_digest"), r"matcher: the field 'embedder_digest' is missing"),
            (lambda p: p["matcher"].update(crop="a | b"), "crop of a matcher must be one line of text"),
            (lambda p: p.update(comment="mine"), r"the field 'comment' is none of data_set, target_fmr"),
            (lambda p: p["fnmr"].pop("low"), r"fnmr: the field 'low' is missing"),
            (lambda p: p.pop("refused"), "'refused' is missing"),
            (lambda p: p["tail"]["scores"].reverse(), "tail: an impostor tail needs falling scores"),
            (lambda p: p["tail"]["errors"].pop(), "tail: an impostor tail needs falling scores"),
            (lambda p: p["fmr"].update(trials=2**60), r"fmr\.trials must lie within 0 … 9,007"),
            (lambda p: p.update(threshold=10**300), "threshold must lie within -1 … 1"),
            (lambda p: p["fmr"].update(effective_trials=1e-300), r"fmr\.effective_trials must lie within 0\.99 … 3000"),
            (lambda p: p["fmr"].update(value=0.0005), r"fmr\.value is 0\.0005, which contradicts its counts"),
            (lambda p: p["fmr"].update(low=None), r"fmr\.low is None, which contradicts its counts"),
            (lambda p: p["fmr"].update(low=0.0), r"fmr\.low is 0\.0, which contradicts its counts"),
            (lambda p: p.update(data_set="\ud800"), "half a letter"),
            (lambda p: p.update(threshold=1.5), r"points\[0\]\.threshold must lie within -1 … 1; it is 1\.5"),
            (lambda p: p.update(threshold="0.9"), "threshold must be a number; it is '0.9'"),
            (lambda p: p.update(threshold=True), "threshold must be a number; it is True"),
            (lambda p: p.update(target_fmr=2), "target_fmr must lie within 0 … 1"),
            (lambda p: p.update(data_set=None), "data_set must be text; it is None"),
            (lambda p: p.update(fmr=0.1), "fmr must be an object"),
            (lambda p: p["fmr"].pop("errors"), r"fmr: the field 'errors' is missing"),
            (lambda p: p["fmr"].update(errors=1.5), r"fmr\.errors must be a whole number; it is 1\.5"),
            (lambda p: p["fmr"].update(errors=5000), r"fmr: a rate needs 0 <= errors <= trials; got 5000 of 3000"),
            (lambda p: p["fnmr"].update(effective_trials="many"), r"fnmr\.effective_trials must be a number"),
        ],
    )
    def test_damaged_fields(self, tmp_path, change, told):
        """A field that is missing, of the wrong type or out of range is named, and so is the file."""
        path = tmp_path / "p.json"
        write_points([point()], path)
        document = json.loads(path.read_text("utf-8"))
        change(document["points"][0])
        path.write_text(json.dumps(document), "utf-8")

        with pytest.raises(DamagedPointError, match=told) as error:
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
            (b'{"format": "facerec operating points", "version": 3}', "version 3; this release reads versions 1 and 2"),
            (b'{"format": "facerec operating points", "version": true}', "version True; this release reads"),
            (b'{"format": "facerec operating points", "version": [2]}', "this release reads versions"),
            (b'{"format": "facerec operating points", "version": 2}', "'points' is missing"),
            (b'{"format": "facerec operating points", "version": 2, "points": [3]}', "'matcher' is missing"),
            (b"[" * 100_000, "is not JSON"),
            (b'{"points": NaN}', "is not JSON: NaN is no finite number"),
            (b'{"points": -Infinity}', "is not JSON: -Infinity is no finite number"),
            (b'{"points": 1e999}', "is not JSON: 1e999 is no finite number"),
            (b"[" + b"1" * 5000 + b"]", "is not JSON"),
            (b'{"format": "facerec operating points", "version": 1}', "'points' is missing"),
            (b'{"format": "facerec operating points", "version": 1, "points": {}}', "points must be a list"),
            (b'{"format": "facerec operating points", "version": 1, "points": [3]}', "'detector' is missing"),
        ],
    )
    def test_other_files(self, tmp_path, content, told):
        """A file that is something else is told apart from a damaged one."""
        (tmp_path / "p.json").write_bytes(content)

        with pytest.raises(CalibrationError, match=told):
            read_points(tmp_path / "p.json")

    def test_what_is_no_file(self, tmp_path):
        """A folder, a pipe (which would be waited for) and a file that is far too large are refused."""
        os.mkfifo(tmp_path / "pipe.json")
        with (tmp_path / "large.json").open("wb") as file:
            file.truncate(1 << 27)

        for path, told in ((tmp_path, "it is a folder"), (tmp_path / "pipe.json", "it is not a regular file")):
            with pytest.raises(CalibrationError, match=told):
                read_points(path)
        with pytest.raises(CalibrationError, match="is larger than"):
            read_points(tmp_path / "large.json")

    def test_any_edited_value_is_refused(self, tmp_path):
        """Every single value of a point, changed by itself, to another of its kind or to nothing, is noticed."""
        path = tmp_path / "p.json"
        write_points([point()], path)
        whole = json.loads(path.read_text("utf-8"))
        places = list(leaves(whole["points"][0]))
        assert len(places) > 35

        for place in places:
            for change in (nudged, lambda _: None):
                document = json.loads(path.read_text("utf-8"))
                holder = document["points"][0]
                for step in place[:-1]:
                    holder = holder[step]
                if holder[place[-1]] == (changed := change(holder[place[-1]])):
                    continue
                holder[place[-1]] = changed
                (tmp_path / "edited.json").write_text(json.dumps(document), "utf-8")
                with pytest.raises(DamagedPointError, match=r"points\[0\]"):
                    read_points(tmp_path / "edited.json")

    def test_another_layout_is_the_same_point(self, tmp_path):
        """Other spaces, another order of fields and other digits of the same numbers change nothing."""
        path = tmp_path / "p.json"
        write_points([point()], path)
        document = json.loads(path.read_text("utf-8"))
        document["points"] = [dict(sorted(document["points"][0].items(), reverse=True))]
        path.write_text(json.dumps(document).replace("0.907", "9.070e-1"), "utf-8")

        assert read_points(path) == (point(),)

    def test_a_digest_is_no_signature(self, tmp_path):
        """Who changes a value and computes the digest anew has forged it, and is not found out: it tells accident."""
        write_points([point(threshold=0.1)], tmp_path / "p.json")

        assert read_points(tmp_path / "p.json")[0].threshold == 0.1

    def test_rates_far_from_their_target(self, tmp_path):
        """Counts above the target, or far below what so many trials show, are no measurement, in either version."""
        for version, kept in ((2, WRITTEN), (1, VERSION1)):
            for errors in (400, 1):
                document = json.loads(json.dumps(kept))
                document["points"][0]["fmr"] = {"errors": errors, "trials": 300_000, "effective_trials": None}
                if version == 2:
                    document["points"][0]["fmr"] = Rate(errors, 300_000).to_dict()
                (tmp_path / "p.json").write_text(json.dumps(document), "utf-8")
                with pytest.raises(DamagedPointError, match=r"points\[0\]: the counts contradict the target"):
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
        other = point(matcher=of("facenet", "cd" * 32))
        write_points([point(), point(target_fmr=0.01), other], folders[1] / "lfw.json")

        assert shipped_point("ab" * 32, 0.001) == point()
        assert shipped_point("cd" * 32, 1 / 1000) == other
        with pytest.raises(NoPointError) as error:
            shipped_point("cd" * 32, 0.01, embedder="facenet")
        told = str(error.value)
        assert "no operating point at FMR 0.01 is shipped for facenet (digest cdcdcdcdcdcd…)" in told
        assert "FMR 0.01 for dlib-resnet (abababababab…)" in told
        assert "facerec calibrate SCORES.csv --fmr 0.01 --out point.json, then use --at point.json" in told

    def test_of_the_worst_group(self, folders):
        """They stand apart: nobody gets one without asking, nor another one who asks."""
        (folders[1] / "worst_group").mkdir(parents=True)
        strict = point(data_set="worst")
        write_points([point()], folders[1] / "lfw.json")
        write_points([strict], folders[1] / "worst_group" / "fairface.json")

        assert (shipped_points(), shipped_points(worst_group=True)) == ((point(),), (strict,))
        assert shipped_point("ab" * 32, 0.001) == point()
        assert shipped_point("ab" * 32, 0.001, worst_group=True) == strict
        with pytest.raises(NoPointError, match=r"FMR 0\.01 of the worst group is shipped"):
            shipped_point("ab" * 32, 0.01, worst_group=True)

    @pytest.mark.usefixtures("folders")
    def test_nothing_shipped(self):
        """Where there is no point at all, the message says so."""
        with pytest.raises(NoPointError, match="shipped: none"):
            shipped_point("ab" * 32, 0.01)

    def test_damaged_files_are_not_skipped(self, folders):
        """A broken file is an error, not one point fewer."""
        folders[0].mkdir()
        (folders[0] / "broken.json").write_text("{", "utf-8")
        with pytest.raises(CalibrationError, match=r"broken\.json is not JSON"):
            shipped_points()

    def test_the_shipped_files_hold(self):
        """What this checkout ships can be read, and each embedder has one point per detector and target."""
        points = shipped_points()

        made = {(p.matcher.embedder_digest, p.matcher.detector, p.target_fmr) for p in points}
        assert len(made) == len(points)

    def test_the_detector_chooses_between_points(self, folders):
        """The point of these settings, else of this detector, else of the default one, in whatever order they lie."""
        folders[1].mkdir()
        names = ("blazeface.v2(min_face_size=40)", "mtcnn.v1(min_face_size=40, mode=fast)", "ours.v1")
        measured = {name: point(matcher=dataclasses.replace(MATCHER, detector=name)) for name in names}
        twenty = "mtcnn.v1(min_face_size=20, mode=fast)"
        measured[twenty] = point(matcher=dataclasses.replace(MATCHER, detector=twenty))
        write_points(measured.values(), folders[1] / "lfw.json")

        def detector_of(found_by):
            return shipped_point("ab" * 32, 0.001, detector=found_by).matcher.detector

        assert [detector_of(name) for name in measured] == list(measured)
        assert detector_of("blazeface.v2(min_face_size=25)") == detector_of("blazeface") == names[0]
        assert detector_of("second-look.v2(sure=0.85, blazeface.v2(min_face_size=40))") == names[0]
        with pytest.raises(CalibrationError, match="2 operating points"):
            shipped_point("ab" * 32, 0.001, detector="another")  # the default detector has two
        write_points([measured[name] for name in names], folders[1] / "lfw.json")
        assert detector_of("another") == detector_of("mtcnn") == names[1]
        write_points([measured[names[0]]], folders[1] / "lfw.json")
        assert detector_of("mtcnn") == names[0]

    def test_places(self):
        """The first place is the one that the wheel fills, the second the one where a checkout keeps the files."""
        package = Path(facerec.__file__).parent
        places = (package / "_calibration", package.parent / "data" / "calibration")

        assert places == shipped_module._FOLDERS
