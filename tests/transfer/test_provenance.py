"""The command line that does the same, and texts without names."""

from types import SimpleNamespace

import pytest

from facerec.transfer.provenance import command_of, versions, without_names

CONFIGURATION = {
    "backbones": {"a": "x", "b": "y"},
    "protocols": ["linear", "knn"],
    "shots": [5, "all"],
    "seeds": 3,
    "budget": None,
    "size": None,
    "epochs": None,
    "trials": None,
    "test share": 0.25,
    "device": "cpu",
}
USUAL = {"label": "label", "groups": [], "exclude": [], "weights": "default"}


def test_the_shortest_command():
    """What is usual is not said."""
    found = command_of("mine", CONFIGURATION, **USUAL)

    assert " ".join(found) == (
        "facerec transfer run --data mine --backbone a --backbone b --protocol linear,knn --shots 5,all --seeds 3"
    )


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"budget": 90.0}, "--budget 90s"),
        ({"size": 96}, "--size 96"),
        ({"epochs": 4}, "--epochs 4"),
        ({"trials": 2}, "--trials 2"),
        ({"test share": 0.3}, "--test-part 0.3"),
        ({"device": "cuda"}, "--device cuda"),
        ({"label": "kind"}, "--label kind"),
        ({"groups": ["race", "sex"]}, "--groups race,sex"),
        ({"exclude": ["raw", "*.tmp"]}, "--exclude raw --exclude *.tmp"),
        ({"weights": "none"}, "--weights none"),
    ],
)
def test_what_is_not_usual_is_said(changed, told):
    """One option, and nothing else."""
    usual = command_of("mine", CONFIGURATION, **USUAL)
    configuration = CONFIGURATION | {name: value for name, value in changed.items() if name in CONFIGURATION}
    words = USUAL | {name: value for name, value in changed.items() if name in USUAL}

    found = command_of("mine", configuration, **words)

    assert " ".join(found) == f"{' '.join(usual)} {told}"


def test_processes_are_started_as_they_were():
    """By torchrun, before everything else."""
    found = command_of("mine", CONFIGURATION | {"processes": 4}, **USUAL)

    assert " ".join(found).startswith("torchrun --nproc-per-node 4 --no-python facerec transfer run --data mine")


def test_texts_without_names():
    """Each photo's name is gone wherever it stands, and nothing else is."""
    images = SimpleNamespace(files=("a/1.png", "b/2.png", "c/3.png"))

    assert without_names("2 pairs: a/1.png (train) and b/2.png; a/1.png", images) == (
        "2 pairs: a photo (train) and a photo; a photo"
    )


def test_versions_are_those_that_run():
    """Of what computes."""
    import platform

    import torch

    found = versions()
    assert found["python"] == platform.python_version()
    assert found["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert {"facerec", "torchvision", "timm", "numpy", "scipy"} <= found.keys()
