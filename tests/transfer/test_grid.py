"""The grid and its plan: order, what a budget takes and what it leaves."""

import pytest

from facerec.errors import ArgumentError
from facerec.transfer.cells import Cell
from facerec.transfer.grid import RESERVE, Settings, budget_for, choose, groups, question, shortened, uses_features

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

    def test_the_most_photos_come_first_however_they_are_asked_for(self):
        """Fewer and fewer shots follow; where all photos are not asked for, the most shots take their place."""
        ordered = [cell for group in groups(["a"], ["scratch", "knn"], [2, 9, 5], 2) for cell in group]

        assert [(cell.shots, cell.seed) for cell in ordered[:-1]] == [(9, 0), (5, 0), (2, 0), (9, 1), (5, 1), (2, 1)]
        assert ordered[-1] == Cell("a", "scratch", 9, 0)

    def test_protocols_go_through_the_networks(self):
        """After the question, one protocol of all networks follows on another; the cheap ones before trainings."""
        ordered = [cell for (cell,) in groups(["a", "b"], ["lp-ft", "centroid", "knn", "linear"], [None], 1)]

        assert [(cell.protocol, cell.backbone) for cell in ordered] == [
            (protocol, net) for protocol in ("linear", "centroid", "knn", "lp-ft") for net in "ab"
        ]

    def test_only_scratch(self):
        """It has one seed, however many are asked for."""
        assert groups(["a"], ["scratch"], [5, None], 3) == ((Cell("a", "scratch", None, 0),),)

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

    def test_nothing_takes_the_place_of_the_question(self):
        """Where fine-tuning on all photos does not fit, its probe is planned, all else is listed in its order."""
        plan = choose(self.ordered, (FINE, COARSE), predict, shared, budget=30)

        assert [each.cell for each in plan.cells] == [Cell("net", "linear", None, 0)]
        assert [each.cell for each in plan.left_out] == [cell for group in self.ordered for cell in group][1:]
        assert plan.settings == FINE

    def test_few_photos_do_not_take_the_place_of_all(self):
        """Fine-tuning on five photos would fit, on all not: neither is planned."""

        def by_shots(cell, settings):
            return predict(cell, settings) * (1 if cell.shots is None else 0.1)

        plan = choose(self.ordered, (COARSE,), by_shots, shared, budget=100)

        assert [str(each.cell) for each in plan.cells] == ["net, linear, all photos, seed 0"]

    def test_where_the_question_is_not_asked_probes_fill_a_small_budget(self):
        """Without fine-tuning, or without a linear probe, what fits is planned."""
        for protocols in (["knn", "fine-tune"], ["linear", "knn", "scratch"]):
            plan = choose(groups(["net"], protocols, [5, None], 3), (FINE, COARSE), predict, shared, budget=30)

            assert {each.cell.protocol for each in plan.cells} == set(protocols) & {"linear", "knn"}
            assert {each.cell.shots for each in plan.cells} == {5, None}

    def test_time_that_is_gone_is_gone(self):
        """Photos were opened for 200 s of 340: the question with the best settings does not fit into the rest."""
        assert choose(self.ordered, (FINE, COARSE), predict, shared, budget=540, before=200).settings == FINE
        plan = choose(self.ordered, (FINE, COARSE), predict, shared, budget=340, before=200)

        assert plan.settings == COARSE
        assert 200 + plan.seconds <= (1 - RESERVE) * 340

    def test_the_budget_that_the_question_takes(self):
        """What went before, features, a probe and a training, three quarters of the rest, each at its own pace."""
        asked = question(cell for group in self.ordered for cell in group)

        assert budget_for(asked, COARSE, predict, shared) == pytest.approx((10 + 1 + 96) / 0.75)
        slow = budget_for(asked, COARSE, predict, shared, before=7, probes=2, trainings=3)
        assert slow == pytest.approx(7 + (2 * 11 + 3 * 96) / 0.75)
        enough = budget_for(asked, COARSE, predict, shared, before=7)
        plan = choose(self.ordered, (FINE, COARSE), predict, shared, budget=enough, before=7)
        assert set(asked) <= {each.cell for each in plan.cells}

    def test_shorter_trainings_leave_the_probes(self):
        """Features and probes take what they took, trainings what they take now, planned or not."""
        plan = choose(self.ordered, (FINE,), predict, shared, budget=340)

        found = shortened(plan, COARSE, predict)

        assert found.settings == COARSE
        for before, after in zip((*plan.cells, *plan.left_out), (*found.cells, *found.left_out), strict=True):
            assert before.cell == after.cell
            assert after.seconds == (96 if after.cell.trained else before.seconds)

    def test_each_network_has_features_of_its_own(self):
        """Of two networks both are paid for, once each, by the first cell that needs them; by their own price."""
        ordered = groups(["a", "b"], ["linear", "knn", "fine-tune", "lp-ft"], [None], 2)
        price = {"a": 10.0, "b": 100.0}

        plan = choose(ordered, (FINE,), predict, lambda name, _settings: price[name])

        extra = {each.cell: each.seconds - predict(each.cell, FINE) for each in plan.cells}
        assert {str(cell): seconds for cell, seconds in extra.items() if seconds} == {
            "a, linear, all photos, seed 0": 10,
            "b, linear, all photos, seed 0": 100,
        }

    @pytest.mark.parametrize(
        ("protocol", "needs"),
        [("linear", True), ("knn", True), ("lp-ft", True), ("gradual", False), ("scratch", False)],
    )
    def test_who_needs_features(self, protocol, needs):
        """Probes, and lp-ft, which starts from one."""
        plan = choose(groups(["net"], [protocol], [None], 1), (FINE,), predict, shared)

        assert uses_features(plan.cells[0].cell) == needs
        assert plan.seconds == (224 if plan.cells[0].cell.trained else 1) + 10 * needs

    def test_eight_hundredths_of_a_budget_are_kept(self):
        """Of cells of a second each a budget of a hundred seconds holds ninety-two."""
        ordered = groups(["net"], ["knn"], [*range(1, 150), None], 1)

        plan = choose(ordered, (FINE,), predict, lambda *_: 0.0, budget=100)

        assert (len(plan.cells), len(plan.left_out), plan.budget) == (92, 58, 100)

    def test_without_the_question_the_first_cell_decides_on_settings(self):
        """Where neither a linear probe nor fine-tuning is asked for, what is measured first must fit."""
        ordered = groups(["net"], ["knn", "centroid", "scratch"], [5, None], 2)

        plan = choose(ordered, (FINE, COARSE), lambda _cell, settings: float(settings.size), shared, budget=400)

        assert plan.settings == FINE  # 224 and 10 are less than 300; with any other they are more

    def test_the_question_is_asked_once(self):
        """Neither fewer photos nor more seeds decide on settings, and every network does."""
        one, two = (groups(nets, ["linear", "fine-tune"], [1, 5, None], 3) for nets in (["a"], ["a", "b"]))

        assert choose(one, (FINE, COARSE), predict, shared, budget=320).settings == FINE
        assert choose(two, (FINE, COARSE), predict, shared, budget=600).settings == COARSE
        assert choose(two, (FINE, COARSE), predict, shared, budget=640).settings == FINE

    def test_the_cheapest_settings_are_the_last_resort(self):
        """Where not even they let the question fit, they are taken, if anything can be trained with them."""
        plan = choose(self.ordered, (FINE, Settings(200, 5, 60, 1), COARSE), predict, shared, budget=120)

        assert plan.settings == COARSE
        assert any(each.cell.trained for each in plan.cells)

    def test_a_further_seed_has_what_the_first_had(self):
        """No protocol has a second seed that has no first one, and none of the row's cells is lost."""
        ordered = groups(["net"], ("linear", "knn", "scratch"), [5, None], 3)
        plan = choose(ordered, (FINE,), predict, shared, budget=32)

        first = {(each.cell.protocol, each.cell.shots) for each in plan.cells if each.cell.seed == 0}
        later = {(each.cell.protocol, each.cell.shots) for each in plan.cells if each.cell.seed}
        assert later == first == {(name, shots) for name in ("linear", "knn") for shots in (5, None)}

    def test_nothing_fits(self):
        """The message names the cheapest cell and what it takes."""
        said = r"nothing fits into a budget of 5 s: net, linear.* about 11 s.* takes about --budget 3m, and"
        with pytest.raises(ArgumentError, match=said):
            choose(self.ordered, (FINE, COARSE), predict, shared, budget=5)
        with pytest.raises(ArgumentError, match=r"fewer photos$"):
            choose(groups(["net"], ["knn"], [None], 1), (FINE, COARSE), predict, shared, budget=5)

    def test_no_budget_below_zero(self):
        """A budget is a time."""
        with pytest.raises(ArgumentError, match="above 0"):
            choose(self.ordered, (FINE,), predict, shared, budget=0)


@pytest.mark.parametrize(("protocol", "shots", "seed"), [("magic", 1, 0), ("linear", 0, 0), ("linear", 1, -1)])
def test_cells_that_cannot_be(protocol, shots, seed):
    """A cell has a known protocol, at least one shot and a seed that is not negative."""
    with pytest.raises(ArgumentError):
        Cell("net", protocol, shots, seed)


@pytest.mark.parametrize("wrong", [(0, 1, 0, 1), (1, 0, 0, 1), (1, 1, -1, 1), (1, 1, 0, 0)])
def test_settings_that_cannot_be(wrong):
    """At least a pixel, an epoch and a trial; no steps below none."""
    Settings(1, 1, 0, 1)
    Settings(None, 1, 0, 1)
    with pytest.raises(ArgumentError, match="must be 1 or more"):
        Settings(*wrong)
