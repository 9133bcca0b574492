"""``facerec audit advise`` on the committed scores of LFW."""

import json
from pathlib import Path

import pytest

from facerec.cli import main

TABLE = str(Path(__file__).parents[2] / "data/lfw/scores.csv")


def run(*arguments: str) -> int:
    """The exit status of ``facerec audit advise``."""
    with pytest.raises(SystemExit) as left:
        main(["audit", "advise", TABLE, "--by", "gender", *arguments])
    return int(left.value.code or 0)


def test_the_advised_threshold_keeps_every_group_below(capsys: pytest.CaptureFixture[str]) -> None:
    """Each upper bound meets the target at the advised threshold, and did not at the one of today."""
    assert run("--target", "0.05", "--at-fmr", "1e-2", "--json") == 0

    found = json.loads(capsys.readouterr().out)

    assert found["threshold"] > found["threshold_now"]
    assert max(group["fmr"]["high"] for group in found["groups"]) <= 0.05
    assert max(group["fmr_now"]["high"] for group in found["groups"]) > 0.05
    assert all(group["fnmr"]["value"] >= group["fnmr_now"]["value"] for group in found["groups"])


def test_people_read_the_price_of_each_group(capsys: pytest.CaptureFixture[str]) -> None:
    """Both thresholds and a row per group."""
    assert run("--target", "0.05", "--at-fmr", "1e-2") == 0

    told = capsys.readouterr().out

    assert "threshold 0.9142" in told
    assert "threshold of today: 0.9091" in told
    assert "female" in told
    assert "FNMR then" in told


def test_nothing_is_promised_without_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    """A target that a group's pairs cannot show is said to be so, with how many are missing."""
    assert run("--target", "0.01", "--at-fmr", "1e-2") == 0

    told = capsys.readouterr().out

    assert "nothing is promised for female" in told
    assert "more are needed" in told


@pytest.mark.parametrize("wrong", [["--target", "2", "--at-fmr", "1e-2"], ["--target", "0.05"]])
def test_wrong_options_are_status_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A target out of range, and no threshold to compare with: one line on stderr."""
    assert run(*wrong) == 2

    told = capsys.readouterr()

    assert told.err.startswith("facerec: error:")
    assert len(told.err.splitlines()) == 1


def power(*arguments: str) -> int:
    """The exit status of ``facerec audit power``."""
    with pytest.raises(SystemExit) as left:
        main(["audit", "power", *arguments])
    return int(left.value.code or 0)


def test_the_price_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """In per cent, with who asks for the threshold and what more people would change."""
    assert run("--target", "0.05", "--at-fmr", "1e-2") == 0

    told = capsys.readouterr().out

    assert "the price: FNMR of everybody is" in told
    assert "the data, not the matcher, ask for this threshold: with 4,281 more people like these" in told
    assert "at most 5 %" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--claim", "fmr <= 0.2 %", "--truth", "0.001"],
            "FMR of everybody passes as at most 0.2 %, truly being 0.1 %",
        ),
        (["--claim", "fnmr <= 5 %", "--truth", "0.03", "--in-groups", "4"], "FNMR of each of 4 groups passes"),
        ([TABLE, "--by", "gender", "--at-fmr", "1e-2", "--claim", "fmr <= 0.02", "--truth", "0.01"], "female"),
        ([TABLE, "--by", "gender", "--at-fmr", "1e-2", "--rate", "fmr", "--ratio", "2"], "2 times that of the others"),
    ],
)
def test_a_plan_says_what_to_collect(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """People, photos, pairs and what they are worth, in one sentence."""
    assert power(*arguments) == 0

    told = capsys.readouterr().out

    assert said in told
    assert "people with 2 photos each: that makes" in told
    assert "independent ones" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say what the data are to show"),
        (["--rate", "fmr"], "say what the data are to show"),
        (["--rate", "fmr", "--ratio", "2"], "give SCORES and --by"),
        (["--rate", "fmr", "--ratio", "2", "--truth", "0.1"], "--truth"),
        (["--claim", "fmr <= 0.02"], "needs --truth"),
        (["--claim", "fmr < 0.02", "--truth", "0.01"], "a claim to plan for reads"),
        ([TABLE, "--claim", "fmr <= 0.02", "--truth", "0.01"], "give the threshold"),
    ],
)
def test_a_plan_for_nothing_is_status_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stderr that names what is missing."""
    assert power(*arguments) == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 1
