"""The proof: it judges what the audits judge, counts right, and can fail."""

import math

import numpy as np
import pytest
import scipy

from audits.checks.coverage import Coverage, Proof, Seen, tally
from audits.checks.designs import dense, mated
from audits.checks.proof import prove
from audits.checks.studies import (
    Study,
    all_studies,
    audits,
    contrasts,
    equal_matchers,
    fixed_changes,
    gates,
    population,
    rates,
)
from audits.report import Run
from audits.report.checks.page import proof_document, proof_report
from audits.statistics.contrasts import contrast
from audits.statistics.intervals import clustered_estimate, estimate
from audits.statistics.trials import Trials, rates_by
from audits.verification.audit import audit_verification
from facerec.errors import ArgumentError
from facerec.reporting import render_markdown
from facerec.types import Interval, Rate

PEOPLE = population([8, 8], [0.05, 0.05], [0.1, 0.1], name="two small groups")


def _cell(tables=1000, high=25, low=25, what="FMR"):
    return Coverage("rate", "a design", what, 0.1, tables, high, low, 0.1)


class TestStudies:
    """What is judged is what an audit would say of the same table."""

    def test_rates(self):
        """An error rate is that of `clustered_estimate`, errors of the same draws."""
        design = dense([2] * 12)
        seen = list(rates(design, [0.2]).simulate(20, np.random.default_rng(1)))
        drawn = design.errors(0.2, 20, np.random.default_rng(1))

        for one, wrong in zip(seen, drawn, strict=True):
            assert one.interval == clustered_estimate(wrong, design.first, design.second).interval
            assert one.independent == estimate(Rate(int(wrong.sum()), len(wrong))).interval

    @pytest.mark.parametrize("design", [dense([3] * 12, [0] * 4 + [1] * 8), mated([6] * 12, [0] * 4 + [1] * 8)])
    def test_groups_and_contrasts(self, design):
        """A group's rate is that of `rates_by` with the correlation of the whole table, a contrast that of two."""
        groups = rates(design, [0.2], judged=0).simulate(20, np.random.default_rng(2))
        both = list(contrasts(design, [(0.2, 0.2)]).simulate(20, np.random.default_rng(2)))
        drawn = design.errors(0.2, 20, np.random.default_rng(2))

        for number, (one, wrong) in enumerate(zip(groups, drawn, strict=True)):
            trials = Trials(wrong, (design.first, design.second))
            found = rates_by(trials, design.groups, 2, correlation=trials.correlation)
            between = contrast(found[1], found[0])
            assert one.interval == found[0].interval
            assert both[2 * number].interval == between.difference_interval
            assert both[2 * number + 1].interval == between.ratio_interval

    def test_the_truth_of_whole_audits(self):
        """At the threshold 0 every group has the rates that were asked for."""
        people = population([6, 6], [0.05, 0.2], [0.1, 0.3], name="")
        table, scores = people.table(), np.array(list(people.scores(4000, np.random.default_rng(3))))
        audit = audit_verification(table.assign(score=scores[0]), by=["group"], at=0.0, replicates=0).groupings[0]

        for group, fmr, fnmr in zip(("g00", "g01"), people.fmr, people.fnmr, strict=True):
            inside = ((table["probe_group"] == group) & (table["reference_group"] == group)).to_numpy()
            for genuine, rate, found in ((0, fmr, audit.group(group).fmr), (1, fnmr, audit.group(group).fnmr)):
                chosen = inside & (table["genuine"] == genuine).to_numpy()
                wrong = (scores[:, chosen] >= 0) ^ bool(genuine)
                assert wrong.mean() == pytest.approx(rate, abs=0.01)
                assert (found.errors, found.trials) == (wrong[0].sum(), chosen.sum())

    def test_whole_audits_count_every_index(self):
        """Of equal groups the truth is the fair value exactly, and telling them apart is a false alarm."""
        found = {cell.what: cell for cell in tally("", "", audits(PEOPLE).simulate(3, np.random.default_rng(4)))}

        assert found["max_geomean of FMR"].truth == found["worst_to_overall of FNMR"].truth == 1
        assert found["gini of FMR"].truth == found["difference of FNMR"].truth == found["garbe"].truth == 0
        assert {"FMR of a group", "shrunk FNMR of a group", "equal groups told apart by FMR"} < set(found)
        assert all(cell.tables == 3 for cell in found.values())

    def test_changes_and_gates(self):
        """Equal matchers have a true change of 0; a gate at the limit can only pass or fail by chance."""
        rng = np.random.default_rng(5)
        others = population([10, 10], [0.05, 0.05], [0.1, 0.1], name="")
        fixed = list(fixed_changes(mated([3] * 9), [(0.1, 0.3)]).simulate(3, rng))
        chosen = [*equal_matchers(PEOPLE).simulate(3, rng)]
        elsewhere = [*equal_matchers(PEOPLE, others=others).simulate(3, rng)]
        gate = list(gates(PEOPLE).simulate(3, rng))

        assert [round(one.truth, 9) for one in fixed] == [0.2] * 3
        assert [one.truth for one in chosen[:3]] == [one.truth for one in elsewhere[:3]] == [0, 0, 0.1]
        assert {one.truth for one in gate} == {0.0}
        assert (len(chosen), len(elsewhere), len(gate)) == (9, 9, 6)

    def test_names_are_unique(self):
        """A study and a design are one simulation."""
        names = [(study.name, study.design) for study in all_studies()]

        assert len(set(names)) == len(names)


class TestCounting:
    """tally and Coverage."""

    def test_misses_are_counted_on_their_side(self):
        """An upper bound below the truth is a false pass; what is not bounded misses nothing."""
        intervals = [(0.0, 0.1), (0.3, 0.4), (0.1, 0.3), (0.2, math.inf), (math.nan, math.nan)]
        (cell,) = tally("s", "d", [Seen("x", 0.2, Interval(low, high, 0.95)) for low, high in intervals])

        assert (cell.tables, cell.high, cell.low, cell.value) == (5, 1, 1, 0.6)
        assert cell.width == pytest.approx((0.1 + 0.1 + 0.2) / 3)
        assert cell.independent_value is None

    def test_p_values_are_exact(self):
        """Sums of binomial probabilities; the standard error is that of a share."""
        cell = _cell(tables=50, high=4, low=2)

        assert cell.p_values == pytest.approx(
            (scipy.stats.binom(50, 0.935).pmf(range(45)).sum(), scipy.stats.binom(50, 0.04).pmf(range(4, 51)).sum())
        )
        assert cell.standard_error == pytest.approx(math.sqrt(0.88 * 0.12 / 50))

    def test_a_number_fails_for_sure_or_not_at_all(self):
        """93.4 % of 1,000 may be chance, 90 % is not; 6.5 % false passes are too many though 93.5 % are covered."""
        ours = _cell(high=33, low=33), _cell(high=50, low=50, what="low"), _cell(high=65, low=0, what="passes")
        proof = Proof(ours, 1000, 0)

        assert [cell.what for cell in proof.failing] == ["low", "passes"]
        assert not proof.passed
        assert str(proof).startswith("2 of 3 numbers")
        assert Proof(ours[:1], 1000, 0).passed

    def test_many_numbers_are_allowed_for(self):
        """What fails alone may be chance among a thousand."""
        unlucky = _cell(high=30, low=52, what="unlucky")

        assert Proof((unlucky,), 1000, 0).failing == (unlucky,)
        assert Proof((unlucky, *[_cell()] * 999), 1000, 0).passed


class TestProve:
    """prove."""

    STUDIES = (
        rates(dense([1] * 12, name="all pairs of twelve"), [0.1]),
        rates(mated([4] * 15, name="fifteen mated"), [0.1]),
    )

    def test_tables_do_not_depend_on_what_else_is_simulated(self):
        """One design alone gives the numbers that it gives among all."""
        everything = prove(replicates=30, seed=1, studies=self.STUDIES)
        one = prove(["MATED"], replicates=30, seed=1, studies=self.STUDIES)

        assert one.cells == everything.cells[1:]
        assert prove(replicates=30, seed=2, studies=self.STUDIES).cells != everything.cells

    def test_refuses(self):
        """No replicate, and a design that there is not."""
        with pytest.raises(ArgumentError, match="one replicate"):
            prove(replicates=0, studies=self.STUDIES)
        with pytest.raises(ArgumentError, match="no study or design is called 'moon'; studies are rate"):
            prove(["moon"], studies=self.STUDIES)

    def test_intervals_that_deceive_are_found(self):
        """Pairs taken as independent do not pass the proof."""
        design = dense([2] * 30)

        def simulate(tables, rng):
            for wrong in design.errors(0.1, tables, rng):
                yield Seen("FMR", 0.1, estimate(Rate(int(wrong.sum()), len(wrong))).interval)

        proof = prove(replicates=100, studies=[Study("naive", design.name, simulate)])

        assert not proof.passed
        assert proof.cells[0].value < 0.6

    def test_the_report_says_the_same(self):
        """Page, table and document hold every number, and the verdict comes first."""
        proof = prove(replicates=30, seed=1, studies=self.STUDIES)
        report = proof_report(proof, run=Run(("facerec", "audit", "prove"), (), 1))
        text = render_markdown(report.page)

        assert str(proof) in text
        assert "all pairs of twelve" in text
        assert "facerec audit prove" in text
        assert len(report.tables["coverage"].rows) == len(proof_document(proof)["coverage"]) == 2
        assert report.document == proof_document(proof)


@pytest.mark.parametrize("design", [dense([1] * 100), mated([10] * 20)], ids=["dense", "mated"])
def test_quick_look(design):
    """400 tables hold what they promise, give or take what 400 can tell."""
    (cell,) = prove(replicates=400, seed=6, studies=[rates(design, [0.1])]).cells

    assert 0.91 <= cell.value <= 0.99


@pytest.mark.parametrize(
    "study",
    [
        rates(dense([5] * 20).with_effect(0.3), [0.01]),
        rates(dense([5] * 10).with_effect(0.3), [0.01]),
        fixed_changes(dense([3] * 40), [(0.01, 0.02)]),
    ],
    ids=str,
)
def test_few_people_with_few_errors_seldom_pass_falsely(study):
    """Where the people who make most errors are missing, the bound still knows that there may be such people."""
    (cell,) = prove(replicates=400, seed=6, studies=[study]).cells

    assert cell.high <= 0.05 * cell.tables
    assert cell.value >= 0.92


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_interval_holds():
    """No number of any study covers less than it should, or passes falsely too often, for sure."""
    assert prove(replicates=1000, seed=20).failing == ()
