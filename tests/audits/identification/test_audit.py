"""Identification: hand-worked searches, BFW's published confusion, naive loops, laws, bad input."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from audits.identification.audit import audit_identification
from audits.identification.gallery_mix import fpir_from_fmr, reweight_gallery
from audits.statistics.intervals import clopper_pearson
from audits.tables.searches import SEARCH_COLUMNS, check_gallery, check_searches, searches
from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.metrics import fmr

GALLERY = pd.DataFrame(
    {
        "subject": ["ann", "bea", "bob", "cal", "dan"],
        "gender": ["f", "f", "m", "m", ""],
        "skin": ["d", "l", "d", "l", "l"],
    }
)
TABLE = pd.DataFrame(
    [
        ["s1", "ann", "f", "d", "ann", 0.9],  # found at rank 1
        ["s1", "ann", "f", "d", "bea", 0.8],
        ["s2", "ann", "f", "d", "bea", 0.8],  # found at rank 2
        ["s2", "ann", "f", "d", "ann", 0.7],
        ["s3", "bob", "m", "d", "bob", 0.5],  # below the threshold
        ["s3", "bob", "m", "d", "cal", 0.4],
        ["s4", "cal", "m", "l", "bob", 0.65],  # the mate is not listed
        ["s5", "cal", "m", "l", "", math.nan],  # no face
        ["s6", "eve", "f", "l", "bea", 0.6],  # a false positive at the threshold itself
        ["s6", "eve", "f", "l", "bob", 0.6],
        ["s7", "eve", "f", "l", "ann", 0.3],
        ["s8", "fay", "f", "l", "", math.nan],
        ["s9", "gus", "", "l", "dan", 0.95],  # no label on either side
    ],
    columns=["search", "probe_subject", "probe_gender", "probe_skin", "candidate_subject", "score"],
)
BFW_GROUPS = ["AF", "AM", "BF", "BM", "IF", "IM", "WF", "WM"]
BFW_CONFUSION = [  # row: true group, column: group of the nearest wrong person; 2,500 searches per row
    [290, 21, 2, 0, 2, 0, 0, 0],
    [23, 168, 0, 0, 0, 3, 1, 2],
    [2, 0, 106, 8, 8, 0, 5, 0],
    [0, 0, 13, 100, 0, 3, 1, 3],
    [3, 0, 0, 0, 130, 4, 2, 0],
    [0, 6, 0, 1, 7, 110, 0, 3],
    [1, 1, 4, 0, 2, 0, 72, 4],
    [0, 2, 1, 1, 0, 6, 0, 19],
]


def audited(**options):
    """The hand-worked searches at 0.6, by gender."""
    return audit_identification(TABLE, GALLERY, **({"threshold": 0.6, "by": ["gender"]} | options))


def counts(rate):
    """Errors and trials of an estimate."""
    return rate.errors, rate.trials


class TestHandWorked:
    """Nine searches of a gallery of five."""

    def test_overall(self):
        """Mated searches miss, non-mated ones find somebody; a search without a face is a miss and no positive."""
        audit = audited()

        assert (audit.gallery_size, audit.longest_list) == (5, 2)
        assert counts(audit.fnir) == (3, 5)
        assert counts(audit.fpir) == (2, 4)
        assert counts(audit.rank_one_errors) == (3, 5)
        assert counts(audit.without_candidate) == (2, 9)

    def test_by_group(self):
        """Each group has its own searches; who has no label is counted."""
        grouping = audited().grouping("gender")
        women, men = grouping.group("f"), grouping.group("m")

        assert (women.subjects, women.enrolled) == (3, 2)
        assert (counts(women.fnir), counts(women.fpir)) == ((0, 2), (1, 3))
        assert (counts(men.fnir), counts(men.fpir)) == ((3, 3), (0, 0))
        assert math.isnan(men.fpir.value)
        assert grouping.unmeasured == (("m", "fpir"),)
        assert (grouping.unlabelled_searches, grouping.unlabelled_candidates) == (1, 1)

    def test_labels_that_contradict_the_gallery_are_counted(self):
        """A probe labelled otherwise than the same person in the gallery is told, and stays with the probe's label."""
        assert audited().grouping("gender").relabelled_searches == 0

        turned = GALLERY.assign(gender=["m", *GALLERY["gender"][1:]])
        grouping = audit_identification(TABLE, turned, threshold=0.6, by=["gender"]).grouping("gender")

        assert grouping.relabelled_searches == 2
        assert grouping.group("f").fnir.trials == 2

    def test_rank_limits_the_list(self):
        """A mate at rank 2 is missed where one candidate is looked at."""
        assert counts(audited(rank=1).fnir) == (4, 5)
        assert counts(audited(rank=2).fnir) == (3, 5)

    def test_equal_scores_do_not_favour_the_mate(self):
        """A matcher that gives everybody the same score finds nobody at rank 1."""
        table = TABLE[TABLE["search"] == "s1"].assign(score=0.9)

        audit = audit_identification(table, GALLERY, threshold=0.6, rank=1)

        assert counts(audit.fnir) == (1, 1)
        assert counts(audit.rank_one_errors) == (1, 1)

    def test_confusions(self):
        """Whom the errors end at: rank-one errors of mated searches, and false positives of the others."""
        grouping = audited().grouping("gender")
        rank_one = {(c.probe_group, c.candidate_group): counts(c.rate) for c in grouping.rank_one_confusion}
        positives = {(c.probe_group, c.candidate_group): counts(c.rate) for c in grouping.false_positive_confusion}

        assert rank_one == {("f", "f"): (1, 2), ("f", "m"): (0, 2), ("m", "f"): (0, 3), ("m", "m"): (1, 3)}
        assert positives == {("f", "f"): (1, 3), ("f", "m"): (0, 3), ("m", "f"): (0, 0), ("m", "m"): (0, 0)}

    def test_intersections(self):
        """Groups of the gallery without probes are there, unmeasured."""
        grouping = audited(by=["gender,skin"]).grouping("gender,skin")

        assert [(g.group, g.fnir.trials, g.enrolled) for g in grouping.groups] == [
            ("f,d", 2, 1),
            ("f,l", 0, 1),
            ("m,d", 1, 1),
            ("m,l", 2, 1),
        ]


class TestPublished:
    """BFW's rank-1 errors, group by group."""

    def test_confusion_of_bfw(self):
        """Every cell of the published matrix comes back, over 2,500 searches each."""
        gallery = pd.DataFrame([[f"{g}{n}", g] for g in BFW_GROUPS for n in range(2)], columns=["subject", "group"])
        rows = []
        for row, group in enumerate(BFW_GROUPS):
            nearest = [BFW_GROUPS[c] for c, errors in enumerate(BFW_CONFUSION[row]) for _ in range(errors)]
            for number in range(2500):
                wrong = nearest[number] if number < len(nearest) else group
                rows.append([f"{group}/{number}", f"{group}0", group, f"{wrong}1", 0.5])
                rows.append(
                    [f"{group}/{number}", f"{group}0", group, f"{group}0", 0.4 if number < len(nearest) else 0.6]
                )
        table = pd.DataFrame(rows, columns=["search", "probe_subject", "probe_group", "candidate_subject", "score"])

        audit = audit_identification(table, gallery, threshold=0.0, by=["group"]).grouping("group")

        cells = np.array([c.rate.errors for c in audit.rank_one_confusion]).reshape(8, 8)
        assert cells.tolist() == BFW_CONFUSION
        assert {c.rate.trials for c in audit.rank_one_confusion} == {2500}
        assert audit.group("AF").rank_one_errors.errors == 315


def world(seed=0, people=24, photos=3, dimension=6):
    """Random vectors: photos of people of two groups, half of them enrolled."""
    rng = np.random.default_rng(seed)
    rows, vectors = [], {}
    for person in range(people):
        centre = rng.normal(size=dimension)
        for photo in range(photos):
            vector = centre + 0.7 * rng.normal(size=dimension)
            vectors[f"{person}/{photo}"] = (vector / np.linalg.norm(vector)).astype(np.float32)
            rows.append([f"{person}/{photo}", str(person), "ab"[person % 2]])
    table = pd.DataFrame(rows, columns=["image", "subject", "group"])
    enrolled = (table["subject"].astype(int) < people // 2) & (table.index % photos < 2)
    return table[~enrolled], table[enrolled], vectors


class TestFromEmbeddings:
    """searches, against loops over everything."""

    def test_candidates_by_hand(self):
        """For each probe the enrolled people by their most alike photo, best first."""
        probes, enrolled, vectors = world()

        table, gallery = searches(probes, enrolled, vectors, candidates=5)

        for image, found in table.groupby("search"):
            alike = {
                person: max(
                    round(float(vectors[image].astype(float) @ vectors[i].astype(float)), 7) for i in rows["image"]
                )
                for person, rows in enrolled.groupby("subject")
            }
            best = sorted(alike, key=lambda person: -alike[person])[:5]
            assert found["candidate_subject"].tolist() == best
            assert found["score"].tolist() == pytest.approx([alike[person] for person in best])
        assert sorted(gallery["subject"]) == sorted(enrolled["subject"].unique())

    def test_rates_against_loops(self):
        """FPIR and FNIR at several thresholds and ranks, counted search by search."""
        probes, enrolled, vectors = world(1)
        table, gallery = searches(probes, enrolled, vectors, candidates=12)

        for threshold, rank in itertools.product((0.3, 0.6, 0.8), (None, 1, 3)):
            audit = audit_identification(table, gallery, threshold=threshold, by=["group"], rank=rank)
            missed = wrong = 0
            for _, found in table.groupby("search"):
                person = found["probe_subject"].iloc[0]
                listed = found[found["score"] >= threshold]["candidate_subject"].tolist()[:rank]
                mated = person in set(gallery["subject"])
                missed += mated and person not in listed
                wrong += not mated and bool(listed)
            assert audit.fnir.errors == missed
            assert audit.fpir.errors == wrong

    def test_a_gallery_of_one_is_verification(self):
        """With one person enrolled FPIR is FMR."""
        probes, enrolled, vectors = world(2)
        alone = enrolled.iloc[:1]
        others = probes[probes["subject"] != alone["subject"].iloc[0]]

        table, gallery = searches(others, alone, vectors)
        audit = audit_identification(table, gallery, threshold=0.2)

        rate = fmr(table["score"].to_numpy(), 0.2)
        assert counts(audit.fpir) == (rate.errors, rate.trials)

    def test_nobody_without_a_face_is_lost(self):
        """A probe without a face is a search without candidates; a person without any is enrolled and missed."""
        probes, enrolled, vectors = world(3)
        gone = enrolled["subject"].iloc[0]
        vectors |= dict.fromkeys(enrolled[enrolled["subject"] == gone]["image"])
        vectors[probes["image"].iloc[-1]] = None

        table, gallery = searches(probes, enrolled, vectors)
        audit = audit_identification(table, gallery, threshold=-1.0)

        assert gone in set(gallery["subject"])
        assert audit.without_candidate.errors == 1
        assert audit.fnir.errors == (probes["subject"] == gone).sum()

    @pytest.mark.parametrize(
        ("change", "error", "match"),
        [
            (lambda p, e, v: (p, e, v, 0), ArgumentError, "at least 1"),
            (lambda p, e, v: (p.drop(columns="subject"), e, v, 5), ScoreTableError, "probes lack subject"),
            (lambda p, e, v: (p, e.drop(columns="image"), v, 5), ScoreTableError, "enrolled photos lack image"),
            (lambda p, e, _: (p, e, {}, 5), ScoreTableError, "have no embedding"),
            (lambda p, e, v: (pd.concat([p, e[:1]]), e, v, 5), ScoreTableError, "find itself"),
            (lambda p, e, v: (pd.concat([p, p[:1]]), e, v, 5), ScoreTableError, "two rows of the probes"),
            (lambda p, e, v: (p, e, v | dict.fromkeys(e["image"]), 5), ScoreTableError, "none of the 24"),
            (lambda p, e, v: (p, e, v | {e["image"].iloc[0]: np.ones(2)}, 5), ArgumentError, "one length"),
            (lambda p, e, v: (p, e, v | {i: v[i][:3] for i in p["image"]}, 5), ArgumentError, "one length; got shapes"),
        ],
    )
    def test_refuses(self, change, error, match):
        """Each line of Raises."""
        probes, enrolled, vectors, candidates = change(*world())

        with pytest.raises(error, match=match):
            searches(probes, enrolled, vectors, candidates=candidates)


class TestGalleryMix:
    """Other compositions of the gallery."""

    def test_the_gallery_as_it_is(self):
        """With everybody in it, the re-weighted FPIR is the measured one."""
        probes, enrolled, vectors = world(4)
        table, gallery = searches(probes, enrolled, vectors, candidates=100)
        audit = audit_identification(table, gallery, threshold=0.5, by=["group"]).grouping("group")

        mix = reweight_gallery(table, gallery, by="group", threshold=0.5, composition={"a": 6, "b": 6})

        assert mix.enrolled == {"a": 6, "b": 6}
        for entry in mix.groups[1:]:
            assert entry.reweighted == pytest.approx(entry.measured)
            assert entry.measured == audit.group(entry.group).fpir.value
            assert entry.interval.low <= entry.reweighted <= entry.interval.high

    def test_against_every_gallery_that_can_be_drawn(self):
        """The mean over all galleries of two people of one group and one of the other."""
        probes, enrolled, vectors = world(5, people=12)
        table, gallery = searches(probes, enrolled, vectors, candidates=100)
        people = {g: gallery[gallery["group"] == g]["subject"].tolist() for g in "ab"}
        rates = []
        for first, second in itertools.product(itertools.combinations(people["a"], 2), people["b"]):
            kept = gallery[gallery["subject"].isin([*first, second])]
            strangers = table[~table["probe_subject"].isin(gallery["subject"])]
            small = strangers[strangers["candidate_subject"].isin(kept["subject"])]
            rates.append(audit_identification(small, kept, threshold=0.4).fpir.value)

        mix = reweight_gallery(table, gallery, by="group", threshold=0.4, composition={"a": 2, "b": 1})

        everybody = mix.groups[0]
        assert everybody.reweighted == pytest.approx(np.mean(rates))
        independent = clopper_pearson(everybody.reweighted * everybody.searches, everybody.searches)
        assert everybody.interval.high - everybody.interval.low >= independent.high - independent.low - 1e-12

    def test_who_is_like_nobody_stays_so(self):
        """Without false positives every composition has none, and its interval knows how few searches that is."""
        probes, enrolled, vectors = world(6)
        table, gallery = searches(probes, enrolled, vectors, candidates=100)

        everybody = reweight_gallery(table, gallery, by="group", threshold=2.0, composition={"a": 3}).groups[0]

        assert (everybody.measured, everybody.independent, everybody.reweighted) == (0, 0, 0)
        assert everybody.interval.high == pytest.approx(1 - 0.025 ** (1 / everybody.searches))

    def test_one_person_searched_often_is_one_person(self):
        """Forty searches for four people say as much as four, where each person always fares alike."""
        gallery = pd.DataFrame({"subject": ["g"], "group": "a"})
        rows = [[f"{p}/{k}", p, "a", "g", 0.9 if p < "r" else 0.1] for p in "pqrs" for k in range(10)]
        table = pd.DataFrame(rows, columns=["search", "probe_subject", "probe_group", "candidate_subject", "score"])

        found = reweight_gallery(table, gallery, by="group", threshold=0.5, composition={"a": 1}).groups[0]

        assert (found.searches, found.subjects, found.reweighted) == (40, 4, 0.5)
        assert found.interval == clopper_pearson(2, 4)

    def test_independence_is_checked_against_what_was_measured(self):
        """Where one probe resembles everybody and the rest nobody, the formula is far too high, and that shows."""
        gallery = pd.DataFrame({"subject": [str(n) for n in range(50)], "group": "a"})
        rows = [["wolf", "w", "a", str(n), 0.9] for n in range(50)] + [
            [f"{k}", f"p{k}", "a", "0", 0.1] for k in range(9)
        ]
        table = pd.DataFrame(rows, columns=["search", "probe_subject", "probe_group", "candidate_subject", "score"])

        found = reweight_gallery(table, gallery, by="group", threshold=0.5, composition={"a": 50}).groups[0]

        assert found.measured == 0.1
        assert found.independent == pytest.approx(1 - 0.9**50)

    def test_small_rates_add_up(self):
        """N · FMR while that is small, and never above 1."""
        assert fpir_from_fmr([1e-7], [1000]) == pytest.approx(1e-4, rel=1e-3)
        assert fpir_from_fmr([0.5, 0.0], [1000, 10]) == 1.0

    @pytest.mark.parametrize(
        ("fmrs", "sizes", "match"),
        [([0.1], [1, 2], "a rate and a size"), ([1.5], [1], "0 … 1"), ([0.1], [-1], "at least 0")],
    )
    def test_formula_refuses(self, fmrs, sizes, match):
        """Each line of Raises of the formula."""
        with pytest.raises(ArgumentError, match=match):
            fpir_from_fmr(fmrs, sizes)

    @pytest.mark.parametrize(
        ("options", "error", "match"),
        [
            ({"composition": {"x": 1}}, ArgumentError, "no group 'x'"),
            ({"composition": {"f": 3}}, ArgumentError, "f: 2, m: 2"),
            ({"composition": {"f": -1}}, ArgumentError, "got {'f': -1}"),
            ({"composition": {}}, ArgumentError, "takes somebody"),
            ({"threshold": math.nan}, ArgumentError, "NaN"),
            ({"confidence": 0.0}, ArgumentError, "between 0 and 1"),
            ({"threshold": 0.6}, ScoreTableError, "longer lists"),
            ({"by": "age"}, ScoreTableError, "age"),
        ],
    )
    def test_refuses(self, options, error, match):
        """Each line of Raises; lists that end above the threshold may hide candidates."""
        with pytest.raises(error, match=match):
            reweight_gallery(TABLE, GALLERY, **({"by": "gender", "threshold": 0.97, "composition": {"f": 1}} | options))


def with_cell(row, column, value):
    """The hand-worked table with one cell changed."""
    table = TABLE.astype({column: object})
    table.loc[row, column] = value
    return table


class TestBadInput:
    """One test per line of Raises."""

    @pytest.mark.parametrize(
        ("table", "match"),
        [
            (TABLE.drop(columns="score"), "lack score"),
            (TABLE.iloc[:0], "no searches"),
            (with_cell(0, "search", ""), "search in row 1"),
            (with_cell(3, "probe_subject", "bob"), "probe_subject in row 4"),
            (with_cell(3, "probe_gender", "m"), "probe_gender in row 4"),
            (with_cell(0, "candidate_subject", "zoe"), "'zoe', is not enrolled"),
            (with_cell(1, "candidate_subject", "ann"), "stands twice"),
            (with_cell(0, "score", math.inf), "finite"),
            (with_cell(0, "score", "high"), "score in row 1 is 'high': it is not a number"),
            (with_cell(0, "score", math.nan), "missing for a candidate"),
            (with_cell(0, "candidate_subject", ""), "empty beside a score"),
        ],
    )
    def test_unusable_searches(self, table, match):
        """The message names the row, counted from 1."""
        with pytest.raises(ScoreTableError, match=match):
            check_searches(table, check_gallery(GALLERY))

    @pytest.mark.parametrize(
        ("gallery", "match"),
        [
            (GALLERY.drop(columns="subject"), "lacks the column subject"),
            (GALLERY.iloc[:0], "empty"),
            (GALLERY.assign(subject=["", *GALLERY["subject"][1:]]), "row 1"),
            (GALLERY.assign(subject="ann"), "two rows"),
        ],
    )
    def test_unusable_galleries(self, gallery, match):
        """A gallery is one row per person."""
        with pytest.raises(ScoreTableError, match=match):
            check_gallery(gallery)

    @pytest.mark.parametrize(
        ("options", "error", "match"),
        [
            ({"threshold": math.nan}, ArgumentError, "NaN"),
            ({"rank": 0}, ArgumentError, "at least 1"),
            ({"confidence": 2.0}, ArgumentError, "between 0 and 1"),
            ({"by": "gender"}, ArgumentError, "list of groupings"),
            ({"by": ["gender,"]}, ArgumentError, "different attributes"),
            ({"by": ["age"]}, ScoreTableError, "age"),
        ],
    )
    def test_unusable_options(self, options, error, match):
        """Options out of range are refused."""
        with pytest.raises(error, match=match):
            audited(**options)

    def test_an_attribute_of_one_side_only(self):
        """Probes with a label that the gallery does not have cannot be grouped by it."""
        with pytest.raises(ScoreTableError, match="skin"):
            audit_identification(TABLE, GALLERY.drop(columns="skin"), threshold=0.6, by=["skin"])

    def test_unknown_names(self):
        """Looking up what is not there says what is."""
        with pytest.raises(ArgumentError, match="there are gender"):
            audited().grouping("race")
        with pytest.raises(ArgumentError, match="there are f, m"):
            audited().grouping("gender").group("x")

    def test_columns_of_a_search_table(self):
        """The names that a vendor has to bring."""
        assert SEARCH_COLUMNS == ("search", "probe_subject", "candidate_subject", "score")
