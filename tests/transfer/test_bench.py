"""What a run plans before it measures: defaults, what is fixed, what is refused, and what it warns of."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from facerec.errors import ArgumentError, TransferError
from facerec.transfer import bench as module
from facerec.transfer.bench import check_groups, run_bench
from facerec.transfer.cost import Speed


class PlannedError(Exception):
    """Ends a run once it is planned."""


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two classes of ten photos: six or so to learn from."""
    folder = tmp_path_factory.mktemp("data") / "colours"
    random = np.random.default_rng(3)
    for name in ("green", "red"):
        (folder / name).mkdir(parents=True)
        for number in range(10):
            pixels = random.integers(0, 250, (24, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def plan(photos, tmp_path, monkeypatch):
    """Plans a run of a random network on a machine of a known speed; the plan and the warnings."""
    monkeypatch.setattr("facerec.transfer.measurer.fastest_engine", lambda *_: "torch")
    monkeypatch.setattr("facerec.transfer.measurer.measure_speed", lambda *_, **__: Speed(1e9, 1e9, 1.0, 1e-6))

    def planned(**options):
        found = []

        def stop(plan, warnings):
            found.append((plan, warnings))
            raise PlannedError

        usual = {"backbones": ["resnet18"], "weights": "none", "protocols": ["knn", "scratch"]}
        with pytest.raises(PlannedError):
            run_bench(photos, tmp_path / str(options.get("budget")), planned=stop, **(usual | options))
        return found[0]

    return planned


def cells(plan):
    """All cells, planned or left out."""
    return [each.cell for each in (*plan.cells, *plan.left_out)]


def test_where_nothing_is_asked_for(plan):
    """Three seeds, the best settings, and of 1, 5 and 20 shots those below the smallest class; all photos, too."""
    found, warnings = plan()

    assert {cell.shots for cell in cells(found)} == {1, 5, None}
    assert {cell.seed for cell in cells(found)} == {0, 1, 2}
    assert (found.settings.size, found.settings.epochs, found.settings.trials) == (None, 10, 3)
    assert found.budget is None
    assert len(warnings) == 1
    assert "The weights of resnet18.none are random" in warnings[0]


def test_with_a_budget_more_seeds_are_wanted(plan):
    """Five, of which what fits is planned."""
    found, _ = plan(budget=3600.0, protocols=["knn"])

    assert {cell.seed for cell in cells(found)} == {0, 1, 2, 3, 4}
    assert found.budget == 3600


def test_what_is_asked_for_is_fixed(plan):
    """Size, epochs, trials, seeds and shots."""
    found, _ = plan(size=48, epochs=7, trials=2, seeds=1, shots=[None, 3])

    settings = found.settings
    assert (settings.size, settings.epochs, settings.trials, settings.least_steps) == (48, 7, 2, 60)
    assert {(cell.shots, cell.seed) for cell in cells(found)} == {(None, 0), (3, 0)}


def test_settings_get_cheaper_with_the_budget(plan):
    """Shorter trainings before smaller photos, which are smaller than the network's own."""
    tried = [plan(budget=budget, protocols=["linear", "fine-tune"])[0].settings for budget in (1e6, 3000, 600, 200)]

    assert tried[0] == module._LADDER[0]
    costs = [module._LADDER.index(each) for each in tried]
    assert costs == sorted(costs)
    assert costs[-1] > costs[0]
    assert [rung.size or 224 for rung in module._LADDER] == sorted([rung.size or 224 for rung in module._LADDER])[::-1]


@pytest.mark.parametrize("shots", [[], [0], [1, 1], [None, None], [-1, None]])
def test_shots_that_cannot_be(photos, tmp_path, shots):
    """None at all, none of a class, or one number twice."""
    with pytest.raises(ArgumentError, match="shots must be numbers of 1 or more"):
        run_bench(photos, tmp_path / "out", backbones=["resnet18"], weights="none", shots=shots)


def test_default_shots_end_below_the_smallest_class():
    """As many as the class has is all of it."""
    for most, wanted in ((1, (None,)), (5, (1, None)), (6, (1, 5, None)), (20, (1, 5, None)), (21, (1, 5, 20, None))):
        work = SimpleNamespace(draws=SimpleNamespace(smallest_class=lambda _seeds, most=most: (most, 0)))

        assert module._shots(None, work, 3) == wanted


def test_seconds_of_a_run_are_a_number(tmp_path):
    """Where its file says something else it is damaged; where it says nothing, none were taken."""
    assert module._seconds({"seconds": 5}, tmp_path) == 5
    assert module._seconds({}, tmp_path) == 0
    with pytest.raises(TransferError, match="its seconds are 'long'"):
        module._seconds({"seconds": "long"}, tmp_path)


def test_people_are_numbered_among_the_test_photos():
    """Where somebody is named; each of the test photos has the number of its person."""
    who = np.array([5, 5, 9, 9, 2, 5])

    found = module._clusters(SimpleNamespace(people=who), np.array([5, 2, 1, 3]))

    assert found.tolist() == [0, 1, 0, 1]
    assert module._clusters(SimpleNamespace(people=None), np.arange(3)) is None


def test_groups_are_further_columns():
    """Those of the table of predictions are none; what lacks is told with what there is."""
    images = SimpleNamespace(name="mine", columns={"race": (), "seed": (), "label": ()})

    check_groups(images, ["race"])
    for name in ("seed", "label", "age"):
        with pytest.raises(ArgumentError, match=f"no column '{name}' of groups; there is race"):
            check_groups(images, ["race", name])
    with pytest.raises(ArgumentError, match="groups come as further columns"):
        check_groups(SimpleNamespace(name="mine", columns={}), ["race"])


def test_a_finished_run_knows_what_it_was_made_of(photos, tmp_path, monkeypatch):
    """Photos to learn from and to choose on, people, engine, networks; run.json has the same, and is gone on with."""
    monkeypatch.setattr("facerec.transfer.measurer.fastest_engine", lambda *_: "torch")
    monkeypatch.setattr("facerec.transfer.measurer.measure_speed", lambda *_, **__: Speed(1e9, 1e9, 1.0, 1e-6))
    lines = ["image,kind,subject,race"]
    for number, path in enumerate(sorted(photos.rglob("*.png"))):
        lines.append(f"{path.relative_to(photos.parent)},{path.parent.name},{number // 2},{'pq'[number % 2]}")
    manifest = photos.parent / "people.csv"
    manifest.write_text("\n".join(lines), encoding="utf-8")
    told, options = [], {
        "backbones": ["resnet18"], "weights": "none", "protocols": ["knn"], "shots": [2, None], "seeds": 2, "size": 32,
        "label": "kind", "groups": ["race"], "test": 0.4,
    }  # fmt: skip

    made = run_bench(manifest, tmp_path / "out", finished=lambda *of: told.append(of), **options)

    rest = np.setdiff1d(np.arange(20), made.test)
    assert np.bincount(made.train_labels).tolist() == np.bincount(made.image_set.labels[rest]).tolist()
    assert len(made.test) == 8
    assert len(set(zip(made.clusters.tolist(), (made.test // 2).tolist(), strict=True))) == len(set(made.clusters)) == 4
    (network,) = made.backbones
    assert (network.name, network.size, network.weights_sha256) == ("resnet18.none", 32, None)
    assert made.top1 == {}
    assert [each.cell.shots for each in made.measured.outcomes] == [None, 2, None, 2]
    assert [(done, total) for _, _, done, total, _ in told] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert all(np.array_equal(labels, made.labels) for _, labels, *_ in told)
    document = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert document["test"] == {"labels": made.labels.tolist(), "clusters": made.clusters.tolist()}
    assert document["engines"] == {"resnet18.none": "torch"}
    assert document["known classes"] == []
    assert document["data"]["sha256"] == made.image_set.digest
    assert document["data"]["photos"] == 20
    assert document["data"]["classes"] == ["green", "red"]
    assert document["data"]["parts"]["test"] == 8
    assert document["data"]["parts"]["train"] + document["data"]["parts"]["validation"] == 12
    assert document["data"]["parts"]["train"] > document["data"]["parts"]["validation"]
    configuration = document["configuration"]
    assert configuration == {
        "data": made.image_set.digest,
        "test share": 0.4,
        "backbones": {"resnet18.none": "random weights"},
        "protocols": ["knn"],
        "shots": [2, "all"],
        "seeds": 2,
        "budget": None,
        "size": 32,
        "epochs": None,
        "trials": None,
        "device": "cpu",
    }
    assert any("by race" in warning for warning in made.warnings)
    again = run_bench(manifest, tmp_path / "out", **options)
    assert again.measured.seconds == pytest.approx(made.measured.seconds, abs=1e-3)
    for one, other in zip(again.measured.outcomes, made.measured.outcomes, strict=True):
        assert one.own_seconds == other.own_seconds
        np.testing.assert_array_equal(one.scores, other.scores)
