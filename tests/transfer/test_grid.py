"""The grid and its plan: order, what a budget takes and what it leaves."""

import pytest

from facerec.errors import ArgumentError
from facerec.transfer.cells import Cell
from facerec.transfer.grid import RESERVE, Settings, choose, groups

FINE, COARSE = Settings(224, 10, 100, 3), Settings(96, 2, 60, 1)
PROTOCOLS = ("linear", "knn", "fine-tune", "scratch")


def predict(cell, settings):
    """A training takes its size in seconds, a probe one."""
    return float(settings.size or 300) if cell.trained else 1.0


def shared(_backbone, _settings):
    """Features take ten seconds."""
    return 10.0


class TestGroups:
    """groups."""

    def test_every_cell_once(self):
        """Backbones times protocols times shots times seeds, none twice; scratch once for each backbone."""
        cells = [cell for group in groups(["a", "b"], PROTOCOLS, [1, 5, None], 2) for cell in group]

        assert len(cells) == len(set(cells)) == 2 * 3 * 3 * 2 + 2

    def test_the_question_comes_first_and_scratch_last(self):
        """A linear probe and fine-tuning on all photos, of every backbone, before anything else; scratch after all."""
        ordered = [cell for group in groups(["a", "b"], PROTOCOLS, [1, 5, None], 2) for cell in group]

        assert ordered[:4] == [Cell(net, name, None, 0) for net in "ab" for name in ("linear", "fine-tune")]
        assert ordered[-2:] == [Cell(net, "scratch", None, 0) for net in "ab"]
        assert [cell.shots for cell in ordered[4:6]] == [None, None]

    def test_more_seeds_come_in_whole_rows(self):
        """Of a further seed all protocols of a number of shots are taken together, so that they rest on the same."""
        later = [group for group in groups(["a"], PROTOCOLS, [5, None], 3) if group[0].seed]

        assert [[cell.protocol for cell in group] for group in later] == [["linear", "knn", "fine-tune"]] * 4
        assert [(group[0].seed, group[0].shots) for group in later] == [(1, None), (1, 5), (2, None), (2, 5)]

    def test_the_first_seed_comes_first(self):
        """Nothing but scratch is measured after something was measured a second time."""
        seeds = [group[0].seed for group in groups(["a"], PROTOCOLS[:-1], [5, None], 3)]

        assert seeds == sorted(seeds)

    @pytest.mark.parametrize(
        ("backbones", "protocols", "shots", "seeds"),
        [([], ["knn"], [1], 1), (["a", "a"], ["knn"], [1], 1), (["a"], ["knn"], [1, 1], 1), (["a"], ["knn"], [1], 0)],
    )
    def test_grids_without_sense(self, backbones, protocols, shots, seeds):
        """Nothing to measure, or something twice."""
        with pytest.raises(ArgumentError):
            groups(backbones, protocols, shots, seeds)


class TestChoose:
    """choose."""

    ordered = groups(["net"], PROTOCOLS, [5, None], 3)

    def test_without_a_budget_everything_is_measured(self):
        """The best settings, nothing left out, and the sum of all predictions."""
        plan = choose(self.ordered, (FINE, COARSE), predict, shared)

        assert plan.settings == FINE
        assert plan.left_out == ()
        assert plan.seconds == pytest.approx(10 + 12 * 1 + 7 * 224)

    @pytest.mark.parametrize(("budget", "settings"), [(2000, FINE), (700, FINE), (320, FINE), (300, COARSE)])
    def test_the_best_settings_whose_core_fits(self, budget, settings):
        """The question, a probe with its features and a training, must fit into three quarters of the budget."""
        assert choose(self.ordered, (FINE, COARSE), predict, shared, budget=budget).settings == settings

    @pytest.mark.parametrize("budget", [14, 100, 300, 700, 1500])
    def test_a_plan_keeps_its_budget(self, budget):
        """What is planned leaves the reserve, and every cell is either planned or left out."""
        plan = choose(self.ordered, (FINE, COARSE), predict, shared, budget=budget)

        assert plan.seconds <= (1 - RESERVE) * budget + 1e-9
        planned = {each.cell for each in plan.cells} | {each.cell for each in plan.left_out}
        assert planned == {cell for group in self.ordered for cell in group}
        assert not {each.cell for each in plan.cells} & {each.cell for each in plan.left_out}

    @pytest.mark.parametrize("budget", [340, 600, 900, 1300, 2000])
    def test_what_stands_side_by_side_rests_on_the_same_seeds(self, budget):
        """Whatever the budget cuts, all protocols that a number of shots has (but scratch) have the same seeds."""
        plan = choose(self.ordered, (FINE, COARSE), predict, shared, budget=budget)
        seeds: dict = {}
        for each in plan.cells:
            if each.cell.protocol != "scratch":
                seeds.setdefault((each.cell.shots, each.cell.protocol), set()).add(each.cell.seed)

        for shots in (5, None):
            assert len({frozenset(found) for (of, _), found in seeds.items() if of == shots}) <= 1

    def test_features_are_paid_for_once(self):
        """The first cell that needs them carries their time; the sum of the rows is the plan's."""
        plan = choose(self.ordered, (FINE,), predict, shared)

        assert plan.cells[0].seconds == 11
        assert sum(each.seconds for each in plan.cells if not each.cell.trained) == 10 + 12
        assert plan.seconds == sum(each.seconds for each in plan.cells)

    def test_a_small_budget_takes_the_probes(self):
        """Where no training fits, the probes are measured and the trainings listed."""
        plan = choose(self.ordered, (FINE, COARSE), predict, shared, budget=30)

        assert {each.cell.protocol for each in plan.cells} == {"linear", "knn"}
        assert {each.cell.protocol for each in plan.left_out} == {"fine-tune", "scratch"}
        assert plan.settings == FINE

    def test_nothing_fits(self):
        """The message names the cheapest cell and what it takes."""
        with pytest.raises(ArgumentError, match=r"nothing fits into a budget of 5 s: net, linear.* about 11 s"):
            choose(self.ordered, (FINE, COARSE), predict, shared, budget=5)

    def test_no_budget_below_zero(self):
        """A budget is a time."""
        with pytest.raises(ArgumentError, match="above 0"):
            choose(self.ordered, (FINE,), predict, shared, budget=0)


@pytest.mark.parametrize(("protocol", "shots", "seed"), [("magic", 1, 0), ("linear", 0, 0), ("linear", 1, -1)])
def test_cells_that_cannot_be(protocol, shots, seed):
    """A cell has a known protocol, at least one shot and a seed that is not negative."""
    with pytest.raises(ArgumentError):
        Cell("net", protocol, shots, seed)
