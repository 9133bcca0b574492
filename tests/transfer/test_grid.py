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
        """Backbones times protocols times shots times seeds, none twice."""
        cells = [cell for group in groups(["a", "b"], PROTOCOLS, [1, 5, None], 2) for cell in group]

        assert len(cells) == len(set(cells)) == 2 * 4 * 3 * 2

    def test_what_trains_stays_together(self):
        """Fine-tuning and scratch of the same photos are one group, so that neither is measured without the other."""
        trained = [group for group in groups(["a"], PROTOCOLS, [5, None], 1) if group[0].trained]

        assert [[cell.protocol for cell in group] for group in trained] == [["fine-tune", "scratch"]] * 2

    def test_the_first_seed_comes_first(self):
        """Nothing is measured a second time before everything was measured once."""
        seeds = [group[0].seed for group in groups(["a"], PROTOCOLS, [5, None], 3)]

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
        assert plan.seconds == pytest.approx(10 + 12 * 1 + 12 * 224)

    @pytest.mark.parametrize(("budget", "settings"), [(2000, FINE), (700, FINE), (500, COARSE), (300, COARSE)])
    def test_the_best_settings_whose_core_fits(self, budget, settings):
        """Two trainings and four probes must fit into three quarters of the budget."""
        assert choose(self.ordered, (FINE, COARSE), predict, shared, budget=budget).settings == settings

    @pytest.mark.parametrize("budget", [14, 100, 300, 700, 1500])
    def test_a_plan_keeps_its_budget(self, budget):
        """What is planned leaves the reserve, and every cell is either planned or left out."""
        plan = choose(self.ordered, (FINE, COARSE), predict, shared, budget=budget)

        assert plan.seconds <= (1 - RESERVE) * budget + 1e-9
        planned = {each.cell for each in plan.cells} | {each.cell for each in plan.left_out}
        assert planned == {cell for group in self.ordered for cell in group}
        assert not {each.cell for each in plan.cells} & {each.cell for each in plan.left_out}

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
