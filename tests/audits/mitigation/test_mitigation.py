"""Mitigation: each method against a naive loop, the laboratory on people of known difference, bad input."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from audits.mitigation import (
    LEGAL_CAVEAT,
    CohortNormalisation,
    FairCal,
    FairScoreNormalisation,
    OracleGroupThresholds,
    judge_mitigations,
    split_people,
    split_photos,
    supported_clusters,
)
from audits.mitigation.beta import BetaCalibration, fit_beta
from audits.mitigation.clusters import fit_clusters, pair_clusters
from audits.mitigation.comparisons import _pair_of, compare_people
from audits.mitigation.vectors import photo_vectors
from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure import tables
from facerec.measure.metrics import fmr, threshold_at_fmr
from facerec.measure.tables.vector_table import check_vectors


def world(people=160, pairs=6000, seed=0, dimension=8):
    """Faces of two groups; those of group b are crowded, so that two of them are taken for one far more often."""
    rng = np.random.default_rng(seed)
    crowd = np.eye(dimension)[0]
    vectors, photos = {}, []
    for person in range(people):
        group = "ab"[person % 2]
        centre = rng.normal(size=dimension) + (3.0 if group == "b" else 0.0) * crowd
        centre /= np.linalg.norm(centre)
        for photo in range(3):
            vector = centre + 0.15 * rng.normal(size=dimension)
            vectors[f"{person}/{photo}"] = (vector / np.linalg.norm(vector)).astype(np.float32)
            photos.append((f"{person}/{photo}", str(person), group))
    rows = []
    for person in range(people):
        mine = photos[3 * person : 3 * person + 3]
        rows += [(mine[i], mine[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    while len(rows) < pairs:
        one, other = photos[rng.integers(len(photos))], photos[rng.integers(len(photos))]
        if one[1] != other[1]:
            rows.append((one, other))
    table = pd.DataFrame(
        [[p[0], r[0], p[1], r[1], p[1] == r[1], p[2], r[2]] for p, r in rows],
        columns=[*tables.REQUIRED[:5], "probe_group", "reference_group"],
    )
    return tables.score_vectors(table, vectors), vectors


def crowd_of(people):
    """A few of these faces."""
    return world(people=people, pairs=3 * people)


def faces_table(table, vectors):
    """The photos of `world` as a table of vectors."""
    photos = {
        image: (person, group)
        for side in ("probe", "reference")
        for image, person, group in zip(
            table[f"{side}_image"], table[f"{side}_subject"], table[f"{side}_group"], strict=True
        )
    }
    rows = [(image, *known, vectors[image]) for image, known in photos.items()]
    return pd.DataFrame(rows, columns=["photo", "subject", "group", "vector"])


@pytest.fixture(scope="module")
def faces(crowd):
    """The photos behind the score table, with their vectors, person after person."""
    found = faces_table(*crowd)
    return check_vectors(found.sort_values(["subject", "photo"]))


@pytest.fixture(scope="module")
def dealt(crowd):
    """The people of the score table on three sides."""
    return split_people(crowd[0], by="group")


@pytest.fixture(scope="module")
def crowd():
    """A score table and the vectors behind it."""
    return world()


def people_of(table):
    """Everybody in a score table."""
    return {*table["probe_subject"], *table["reference_subject"]}


def sides_of(split):
    """The three tables of a split."""
    return split.learn, split.calibrate, split.judge


class TestPeople:
    """split_people."""

    def test_nobody_is_on_two_sides(self, crowd):
        """Learning, calibrating and judging share no person, and no comparison gets lost uncounted."""
        split = split_people(crowd[0], by="group")

        learn, calibrate, judge = map(people_of, sides_of(split))
        assert not learn & calibrate
        assert not learn & judge
        assert not calibrate & judge
        assert sum(map(len, sides_of(split))) + split.crossing == len(crowd[0])
        assert split.people == (64, 32, 64)

    @pytest.mark.parametrize("shares", [(0.25, 0.25), (0.5, 0.3), (0.1, 0.6)])
    def test_groups_are_dealt_by_the_same_shares(self, crowd, shares):
        """Each group sends its shares to each side."""
        split = split_people(crowd[0], by="group", shares=shares)

        for side, share in zip(sides_of(split), (*shares, 1 - sum(shares)), strict=True):
            people = side.drop_duplicates("probe_subject")["probe_group"].value_counts()
            assert people["a"] == pytest.approx(80 * share, abs=1)
            assert people["b"] == pytest.approx(80 * share, abs=1)

    def test_seed_and_not_order_decides(self, crowd):
        """Shuffled rows are dealt alike, another seed deals otherwise."""
        table = crowd[0]

        first = people_of(split_people(table).learn)

        assert people_of(split_people(table.sample(frac=1, random_state=1)).learn) == first
        assert people_of(split_people(table, seed=1).learn) != first

    @pytest.mark.parametrize(
        ("options", "error", "match"),
        [
            ({"shares": (0, 0.5)}, ArgumentError, "above 0, and below 1 together"),
            ({"shares": (0.5, 0.5)}, ArgumentError, "above 0, and below 1 together"),
            ({"by": "age"}, ScoreTableError, "age"),
            ({"by": "group,group"}, ArgumentError, "different attributes"),
            ({"shares": (0.001, 0.5)}, ScoreTableError, "too few people: of 160, the 0 to be learned from"),
        ],
    )
    def test_refuses(self, crowd, options, error, match):
        """Each line of Raises."""
        with pytest.raises(error, match=match):
            split_people(crowd[0], **options)


class TestPhotos:
    """split_photos and compare_people: comparisons among the people of each side."""

    def test_nobody_is_on_two_sides(self, faces):
        """Each side compares its own people only, everybody of them, and all photos have their label."""
        split = split_photos(faces, by="group", pairs=1000, seed=3)

        everybody = [people_of(side) for side in sides_of(split)]
        assert sum(map(len, everybody)) == len(set().union(*everybody)) == 160
        assert tuple(map(len, everybody)) == split.people == (64, 32, 64)
        label = dict(zip(faces.photos["photo"], faces.photos["group"], strict=True))
        for side in sides_of(split):
            assert side["probe_group"].tolist() == side["probe_image"].map(label).tolist()
            assert side["reference_group"].tolist() == side["reference_image"].map(label).tolist()

    def test_every_two_people_alike_often(self, faces):
        """All pairs of one person; of two people one pair of photos as long as that suffices, then two."""
        rows = np.arange(60)  # 20 people

        for wanted, often in ((190, 1), (100, 1), (399, 2)):
            table = compare_people(faces, rows, pairs=wanted)
            impostor = table[~table["genuine"]]
            assert table["genuine"].sum() == 60
            assert impostor.groupby(["probe_subject", "reference_subject"]).size().max() <= often
            assert len(impostor) <= wanted
        assert len(compare_people(faces, rows, pairs=100)) == 160
        assert not compare_people(faces, rows, pairs=5000)[["probe_image", "reference_image"]].duplicated().any()

    def test_scores_are_cosines(self, faces):
        """As the two vectors say, and not a number where one of them is missing."""
        table = compare_people(faces, np.arange(30), pairs=20)

        vectors = faces.by_photo()
        for row in table.itertuples():
            assert row.score == pytest.approx(float(vectors[row.probe_image] @ vectors[row.reference_image]), abs=1e-6)

    def test_many_photos_of_one_person_are_drawn_from(self):
        """Nobody gives more than 45 genuine comparisons."""
        rng = np.random.default_rng(0)
        table = pd.DataFrame(rng.normal(size=(63, 4)), columns=["v0", "v1", "v2", "v3"]).assign(
            subject=["ann"] * 60 + ["bob"] * 3
        )

        found = compare_people(check_vectors(table), np.arange(63), pairs=10)

        genuine = found.loc[found["genuine"], "probe_subject"].value_counts()
        assert genuine.to_dict() == {"ann": 45, "bob": 3}

    def test_refuses(self, faces):
        """Without comparisons there is nothing to see, and one person alone is no data set."""
        with pytest.raises(ArgumentError, match="1 or more; got 0"):
            compare_people(faces, np.arange(9), pairs=0)
        with pytest.raises(ScoreTableError, match="too few people: of 3"):
            split_photos(check_vectors(faces_table(*crowd_of(3))))

    @pytest.mark.parametrize("n", [2, 3, 9])
    def test_numbers_of_pairs(self, n):
        """Each number is one pair, in the order of numpy's upper triangle."""
        found = np.stack(_pair_of(np.arange(n * (n - 1) // 2), n))

        assert (found == np.stack(np.triu_indices(n, 1))).all()


class TestClusterCount:
    """supported_clusters."""

    def test_every_region_has_its_evidence(self, crowd):
        """The number that is chosen has ten expected false matches in each region, and the next one has not."""
        table, vectors = crowd
        photos = photo_vectors(table, vectors)

        found = supported_clusters(table, vectors, target_fmr=0.01)

        def least(clusters):
            pairs = pair_clusters(fit_clusters(photos, clusters=clusters, seed=0), photos)
            impostor = ~table["genuine"].to_numpy(bool)
            return min(((pairs == c).any(axis=1) & impostor).sum() for c in range(clusters)) * 0.01

        assert found == 5
        assert least(5) >= 10 > least(10)

    def test_too_few_comparisons(self, crowd):
        """Where two regions cannot be told apart, it says what is needed."""
        with pytest.raises(ScoreTableError, match="1,000,000 impostor ones at FMR 1e-05"):
            supported_clusters(*crowd, target_fmr=1e-5)


class TestVectors:
    """photo_vectors."""

    def test_each_comparison_finds_its_photos(self, crowd):
        """The product of the two rows is the score."""
        table, vectors = crowd

        photos = photo_vectors(table, vectors)

        products = (photos.matrix[photos.probes] * photos.matrix[photos.references]).sum(axis=1)
        assert products == pytest.approx(table["score"].to_numpy(), abs=1e-6)

    @pytest.mark.parametrize(
        ("change", "error", "match"),
        [
            ({"0/0": None}, None, ""),
            ("empty", ScoreTableError, "have no embedding"),
            ("nobody", ArgumentError, "none of the 480"),
            ({"0/0": np.ones(3)}, ArgumentError, "one length"),
            ({"0/0": np.ones(8)}, ArgumentError, "unit length; it has 2.828"),
        ],
    )
    def test_refuses(self, crowd, change, error, match):
        """Each line of Raises; one photo without a face is no error."""
        table, vectors = crowd
        changed = (
            {"empty": {}, "nobody": dict.fromkeys(vectors)}[change] if isinstance(change, str) else vectors | change
        )

        if error is None:
            assert photo_vectors(table, changed).embedded.sum() == 479
        else:
            with pytest.raises(error, match=match):
                photo_vectors(table, changed)

    def test_a_photo_of_two_people(self, crowd):
        """A photo that stands for somebody else in another row is a mistake of the table."""
        table = crowd[0].copy()
        table.loc[table.index[-1], "reference_subject"] = "somebody"

        with pytest.raises(ScoreTableError, match="'somebody'"):
            photo_vectors(table, crowd[1])


class TestBeta:
    """Beta calibration."""

    def test_against_logistic_regression(self):
        """The unbounded optimum of scikit-learn's logistic regression, where the bounds do not bind."""
        rng = np.random.default_rng(0)
        mated = rng.random(2000) < 0.5
        cosines = np.clip(np.where(mated, rng.normal(0.6, 0.25, 2000), rng.normal(0.0, 0.25, 2000)), -0.99, 0.99)
        x = (cosines + 1) / 2
        features = np.tile(np.column_stack([np.log(x), -np.log(1 - x)]), (2, 1))
        target = np.where(mated, (mated.sum() + 1) / (mated.sum() + 2), 1 / ((~mated).sum() + 2))

        ours = fit_beta(cosines, mated)
        theirs = LogisticRegression(C=1e10, tol=1e-10, max_iter=10000).fit(
            features, np.repeat([1, 0], 2000), sample_weight=np.concatenate([target, 1 - target])
        )

        assert min(ours.a, ours.b) > 0
        assert ours(cosines) == pytest.approx(theirs.predict_proba(features[:2000])[:, 1], abs=1e-4)

    def test_never_falls(self):
        """Even where the fitting scores run the wrong way round, more alike is not less probable."""
        curve = fit_beta([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0])

        probabilities = curve(np.linspace(-1, 1, 201))
        assert (np.diff(probabilities) >= 0).all()
        assert min(curve.a, curve.b) >= 0

    def test_is_calibrated_on_average(self):
        """The mean probability is the mean target, as for any fit with a constant."""
        values = np.linspace(-0.9, 0.9, 50)
        mated = values + 0.3 * np.sin(20 * values) > 0.2
        target = np.where(mated, (mated.sum() + 1) / (mated.sum() + 2), 1 / ((~mated).sum() + 2))

        assert fit_beta(values, mated)(values).mean() == pytest.approx(target.mean(), abs=1e-5)

    def test_perfect_separation_stays_finite(self):
        """Scores without overlap leave probabilities short of 0 and 1, and in order."""
        values = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])

        found = fit_beta(values, values > 0.5)(values)

        assert (np.diff(found) > 0).all()
        assert 0 < found[0] < 0.3
        assert 0.7 < found[-1] < 1

    def test_no_score_stays_no_score(self):
        """NaN is passed on, and left out when fitting."""
        assert math.isnan(BetaCalibration(1, 1, 0)([math.nan])[0])
        assert fit_beta([0.1, 0.9, math.nan], [0, 1, 1]) == fit_beta([0.1, 0.9], [0, 1])

    @pytest.mark.parametrize(
        ("values", "genuine", "match"),
        [
            ([1.5, 0.1], [1, 0], "got 1.5"),
            ([0.5, 0.1], [1], "one length"),
            ([0.5, 0.1], [1, 1], "got 2 and 0"),
            ([0.5, math.nan], [1, 0], "got 1 and 0"),
        ],
    )
    def test_refuses(self, values, genuine, match):
        """Each line of Raises that a table can cause."""
        with pytest.raises(ArgumentError, match=match):
            fit_beta(values, genuine)


class TestFairCal:
    """Calibration by region."""

    def test_against_a_loop(self, crowd):
        """Each score from the curves of its two clusters, weighted by the comparisons that they rest on."""
        table, vectors = crowd
        fitted = FairCal(clusters=4, seed=1).fit(table, vectors)

        found = fitted.rescore(table, vectors)

        pairs = pair_clusters(fitted.clustering, photo_vectors(table, vectors))
        for cluster in range(4):
            inside = (pairs[:, 0] == cluster) | (pairs[:, 1] == cluster)
            assert fitted.sizes[cluster] == inside.sum()
            assert fitted.curves[cluster] == fit_beta(table["score"][inside], table["genuine"][inside])
        for row in range(0, len(table), 50):
            i, j = pairs[row]
            score = [table["score"].iloc[row]]
            share = fitted.sizes[i] / (fitted.sizes[i] + fitted.sizes[j])
            expected = share * fitted.curves[i](score)[0] + (1 - share) * fitted.curves[j](score)[0]
            assert found[row] == pytest.approx(expected)

    def test_one_cluster_changes_no_decision(self, crowd):
        """Without regions FairCal is one rising curve: the order of scores stays."""
        table, vectors = crowd

        found = FairCal(clusters=1).fit(table, vectors).rescore(table, vectors)

        assert (np.diff(found[np.argsort(table["score"].to_numpy())]) >= 0).all()
        assert found.min() >= 0
        assert found.max() <= 1

    def test_too_many_clusters(self, crowd):
        """A cluster without comparisons of both kinds cannot be calibrated, and says what to do."""
        table, vectors = crowd
        with pytest.raises(ArgumentError, match="use fewer clusters or more pairs"):
            FairCal(clusters=200).fit(table[table.index % 20 == 0], vectors)
        with pytest.raises(ArgumentError, match="1 … 480"):
            FairCal(clusters=500).fit(table, vectors)


class TestFsn:
    """Thresholds by region."""

    def test_against_a_loop(self, crowd):
        """Each score less the mean of its two clusters' shifts."""
        table, vectors = crowd
        fitted = FairScoreNormalisation(0.01, clusters=4).fit(table, vectors)

        found = fitted.rescore(table, vectors)

        pairs = pair_clusters(fitted.clustering, photo_vectors(table, vectors))
        impostor = ~table["genuine"].to_numpy(bool)
        overall = threshold_at_fmr(table["score"][impostor], 0.01)
        for row in range(0, len(table), 50):
            shifts = [
                threshold_at_fmr(table["score"][impostor & (pairs == cluster).any(axis=1)], 0.01) - overall
                for cluster in pairs[row]
            ]
            assert found[row] == pytest.approx(table["score"].iloc[row] - sum(shifts) / 2)

    def test_one_cluster_changes_nothing(self, crowd):
        """Without regions every shift is 0."""
        table, vectors = crowd

        found = FairScoreNormalisation(0.01, clusters=1).fit(table, vectors).rescore(table, vectors)

        assert (found == table["score"].to_numpy()).all()

    @pytest.mark.parametrize(
        ("method", "match"),
        [
            (FairScoreNormalisation(0.0), "between 0 and 1"),
            (FairScoreNormalisation(1e-4, clusters=4), "too few for a threshold at FMR 0.0001"),
            (FairScoreNormalisation(0.1, clusters=0), "1 … 480"),
        ],
    )
    def test_refuses(self, crowd, method, match):
        """A rate that no cluster can show is refused."""
        with pytest.raises(ArgumentError, match=match):
            method.fit(*crowd)


class TestCohort:
    """Z-, T- and S-norm."""

    @pytest.mark.parametrize("side", ["z", "t", "s"])
    def test_against_a_loop(self, crowd, side):
        """Means and deviations of the cosines with one photo of everybody else."""
        table, vectors = crowd
        people = sorted({*table["probe_subject"], *table["reference_subject"]})

        found = CohortNormalisation(side).fit(table, vectors).rescore(table, vectors)

        def standardised(row, which):
            image, person = table[f"{which}_image"].iloc[row], table[f"{which}_subject"].iloc[row]
            others = [vectors[f"{p}/0"].astype(float) for p in people if p != person]
            cosines = np.array([vectors[image].astype(float) @ other for other in others])
            return (table["score"].iloc[row] - cosines.mean()) / cosines.std(ddof=1)

        for row in range(0, len(table), 300):
            z, t = standardised(row, "reference"), standardised(row, "probe")
            assert found[row] == pytest.approx({"z": z, "t": t, "s": (z + t) / 2}[side])

    def test_missing_scores_and_vectors_stay_missing(self, crowd):
        """A failure to acquire is one afterwards, for every method."""
        table, vectors = crowd
        failed = table.assign(score=[math.nan, *table["score"][1:]])
        blind = vectors | {table["probe_image"].iloc[-1]: None}

        for method in (CohortNormalisation("t"), FairCal(clusters=3), FairScoreNormalisation(0.01, clusters=3)):
            found = method.fit(failed, blind).rescore(failed, blind)
            assert math.isnan(found[0])
            assert math.isnan(found[-1])
            assert np.isnan(found).sum() < 100

    def test_refuses(self, crowd):
        """Each line of Raises."""
        table, vectors = crowd
        fitted = CohortNormalisation().fit(table, vectors)

        with pytest.raises(ArgumentError, match="z, t, s; got 'x'"):
            CohortNormalisation("x")
        with pytest.raises(ArgumentError, match="three people"):
            CohortNormalisation().fit(table[:1], vectors)
        with pytest.raises(ArgumentError, match="length 8; got 4"):
            fitted.rescore(table[:1], dict.fromkeys(vectors, np.full(4, 0.5)))
        with pytest.raises(ArgumentError, match="equally alike"):
            replace(fitted, vectors=np.zeros_like(fitted.vectors)).rescore(table, vectors)

    def test_clusters_refuse_other_vectors(self, crowd):
        """Vectors of another embedder do not fit the regions."""
        table, vectors = crowd
        clustering = fit_clusters(photo_vectors(table, vectors), clusters=2, seed=0)

        with pytest.raises(ArgumentError, match="length 8; got 4"):
            pair_clusters(clustering, photo_vectors(table[:1], dict.fromkeys(vectors, np.full(4, 0.5))))


class TestOracle:
    """Thresholds by group, behind the fence."""

    def test_the_fence(self):
        """Without saying that the caveat was read there is no analysis, and the caveat is in the message."""
        with pytest.raises(ArgumentError, match=r"legal_caveat_read=True.*protected trait"):
            OracleGroupThresholds("group", 0.01)

    def test_every_group_has_the_same_rate(self, crowd):
        """Within each group FMR at 0 of the new scores is that at the group's own threshold."""
        table, vectors = crowd
        oracle = OracleGroupThresholds("group", 0.01, legal_caveat_read=True).fit(table, vectors)

        found = oracle.rescore(table, vectors)

        for group, threshold in oracle.thresholds.items():
            inside = (table["probe_group"] == group) & (table["reference_group"] == group) & ~table["genuine"]
            assert fmr(found[inside], 0.0) == fmr(table["score"][inside], threshold)
            assert fmr(found[inside], 0.0).value <= 0.01
        across = (table["probe_group"] != table["reference_group"]).to_numpy(bool)
        assert (found[across] == table["score"].to_numpy()[across] - oracle.overall).all()

    def test_refuses(self, crowd):
        """Each line of Raises."""
        table, vectors = crowd
        fitted = OracleGroupThresholds("group", 0.01, legal_caveat_read=True).fit(table, vectors)

        with pytest.raises(ArgumentError, match="between 0 and 1"):
            OracleGroupThresholds("group", 1.0, legal_caveat_read=True)
        with pytest.raises(ScoreTableError, match="age"):
            OracleGroupThresholds("age", 0.01, legal_caveat_read=True).fit(table, vectors)
        with pytest.raises(ArgumentError, match="too few"):
            OracleGroupThresholds("group", 1e-5, legal_caveat_read=True).fit(table, vectors)
        with pytest.raises(ScoreTableError, match="within group 'c'"):
            fitted.rescore(table.assign(probe_group="c", reference_group="c"), vectors)


@dataclass(frozen=True)
class Planted:
    """A mitigation that lowers the genuine scores of group a by a known amount."""

    harm: float
    name: str = "planted"
    caveat: str = ""

    def fit(self, table, embeddings):  # noqa: ARG002
        """Nothing to learn."""
        return self

    def rescore(self, table, embeddings):  # noqa: ARG002
        """The scores, spoilt for some."""
        spoilt = table["genuine"] & (table["probe_group"] == "a")
        return table["score"].to_numpy() - self.harm * spoilt.to_numpy(float)


class TestLaboratory:
    """judge_mitigations."""

    def test_doing_nothing_changes_nothing(self, crowd, dealt):
        """A mitigation without effect has no change at all."""
        report = judge_mitigations(dealt, crowd[1], [Planted(0.0)], by=["group"], target_fmr=0.01, replicates=50)

        changes = report.judgement("planted").changes
        assert {change.change.value for change in changes.changes} == {0.0}
        assert "no rate is worse for sure" in str(report.judgements[0])

    def test_nobody_is_judged_who_was_learned_from(self, crowd, dealt):
        """What a mitigation learns from, what thresholds are set on and what the figures are of share no person."""
        seen = []

        class Watching(Planted):
            def fit(self, table, embeddings):  # noqa: ARG002
                seen.append(people_of(table))
                return self

            def rescore(self, table, embeddings):
                seen.append(people_of(table))
                return super().rescore(table, embeddings)

        judge_mitigations(dealt, crowd[1], [Watching(0.0)], by=["group"], target_fmr=0.01, replicates=0)

        learned, calibrated, judged = seen
        assert not learned & calibrated
        assert not learned & judged
        assert not calibrated & judged

    def test_who_is_judged_changes_no_threshold(self, crowd, dealt):
        """With other scores among the people who are judged, every threshold and every method stays as it was."""
        changed = replace(dealt, judge=dealt.judge.assign(score=dealt.judge["score"] / 2))
        methods = [FairCal(clusters=3), FairScoreNormalisation(0.02, clusters=3), CohortNormalisation("s")]

        one, other = (
            judge_mitigations(split, crowd[1], methods, by=["group"], target_fmr=0.02, replicates=0)
            for split in (dealt, changed)
        )

        for judgement, again in zip(one.judgements, other.judgements, strict=True):
            assert judgement.changes.before.value == again.changes.before.value
            assert judgement.changes.after.value == again.changes.after.value

    def test_a_harm_is_said_as_loudly_as_a_gain(self, crowd, dealt):
        """What gets worse for one group is a regression by name, in the same words as a gain."""
        report = judge_mitigations(dealt, crowd[1], [Planted(0.3)], by=["group"], target_fmr=0.1, replicates=50)

        found = report.judgements[0]
        worse = found.changes.regressions
        assert ("fnmr", "a") in [(change.rate, change.group) for change in worse]
        assert ("fnmr", "b") not in [(change.rate, change.group) for change in worse]
        assert "FNMR of group a: WORSE" in str(found)

    def test_thresholds_come_from_the_other_people(self, crowd, dealt):
        """Both thresholds meet the rate on the people set aside for it; what they reach on the judged is told apart."""
        report = judge_mitigations(
            dealt, crowd[1], [CohortNormalisation("s")], by=["group"], target_fmr=0.01, replicates=0
        )

        before = report.judgements[0].changes.before
        apart, judged = (each["score"][~each["genuine"]] for each in (dealt.calibrate, dealt.judge))
        assert before.value == threshold_at_fmr(apart, 0.01)
        assert before.calibration_fmr == fmr(apart, before.value)
        assert before.achieved_fmr == fmr(judged, before.value)
        assert report.pairs == tuple(map(len, sides_of(dealt)))
        assert (report.people, report.crossing_pairs) == (dealt.people, dealt.crossing)

    def test_regions_help_where_a_group_is_crowded(self):
        """People of group b are taken for one another; FSN and the oracle lower that, on people they have not seen."""
        table, vectors = world(people=1200, pairs=3600, seed=3)
        split = split_photos(check_vectors(faces_table(table, vectors)), by="group", pairs=100_000)
        methods = [
            FairScoreNormalisation(0.02, clusters=4),
            FairCal(clusters=4),
            OracleGroupThresholds("group", 0.02, legal_caveat_read=True),
        ]

        report = judge_mitigations(split, vectors, methods, by=["group"], target_fmr=0.02, replicates=100)

        for judgement in report.judgements:
            crowded = judgement.changes.change("fmr", by="group", group="b")
            assert crowded.before.value > 0.03
            assert crowded.change.gain
        assert [bool(judgement.caveat) for judgement in report.judgements] == [False, False, True]
        assert LEGAL_CAVEAT in str(report.judgements[2])

    def test_same_seed_same_report(self, crowd, dealt):
        """Nothing is drawn that the seed does not decide."""
        methods = [FairCal(clusters=3), CohortNormalisation("z")]

        one, other = (
            judge_mitigations(dealt, crowd[1], methods, by=["group"], target_fmr=0.02, seed=5, replicates=20)
            for _ in range(2)
        )

        assert one == other

    @pytest.mark.parametrize(
        ("options", "error", "match"),
        [
            ({"mitigations": []}, ArgumentError, "got none"),
            ({"mitigations": [Planted(0), Planted(1)]}, ArgumentError, "different names"),
            ({"target_fmr": 1e-6}, ArgumentError, "expect a false match"),
            ({"target_fmr": 0.0}, ArgumentError, "expect a false match"),
            ({"confidence": 1.0}, ArgumentError, "between 0 and 1"),
            ({"replicates": 1}, ArgumentError, "two replicates"),
            ({"by": "group"}, ArgumentError, "list of groupings"),
            ({"by": ["age"]}, ScoreTableError, "age"),
        ],
    )
    def test_refuses(self, crowd, dealt, options, error, match):
        """Each line of Raises."""
        arguments = {"mitigations": [Planted(0.0)], "by": ["group"], "target_fmr": 0.01} | options

        with pytest.raises(error, match=match):
            judge_mitigations(dealt, crowd[1], arguments.pop("mitigations"), **arguments)

    def test_unknown_names(self, crowd, dealt):
        """Looking up what was not judged says what was."""
        report = judge_mitigations(dealt, crowd[1], [Planted(0.0)], by=["group"], target_fmr=0.01, replicates=0)

        with pytest.raises(ArgumentError, match="there are 'planted'"):
            report.judgement("FSN")
