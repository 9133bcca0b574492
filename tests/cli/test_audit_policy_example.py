"""The example of a policy: every kind of claim is in it, and each is decided by its command."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from audits.gate.claims import Kind
from audits.gate.example import _PLACES, example_policy
from audits.gate.policy import parse_policy, read_policy
from facerec.errors import PolicyError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "data/policies/example.toml"
LFW = ROOT / "data/lfw/scores.csv"
COMMANDS = ("verification", "drift", "classification", "identification")


def _policies() -> dict[str, str]:
    """A policy for each command: the claims as they stand, and those below the commands named in comments."""
    active, *others = re.split(
        r"^# For `facerec audit (?=\w+)", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    found = {"verification": active}
    for part in others:
        command, _, rest = part.partition(" ")
        claims = "\n".join(line.removeprefix("#").removeprefix(" ") for line in rest.splitlines()[1:])
        found[command] = f'title = "Example gate"\n{claims}\n'
    return found


def test_every_kind_of_claim_is_in_the_example():
    """The file parses, with and without the marks of comments, and leaves no kind of claim out."""
    assert len(read_policy(EXAMPLE).claims) == 6
    kinds = [claim.kind for text in _policies().values() for claim in parse_policy(text).claims]

    assert set(kinds) == set(get_args(Kind))


def test_the_readme_lists_every_kind():
    """The table of kinds names each of them."""
    told = (EXAMPLE.parent / "README.md").read_text(encoding="utf-8")

    assert [kind for kind in get_args(Kind) if f"`{kind}`" not in told] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_decides_its_claims(command, facerec, tmp_path, monkeypatch):
    """Each command reads its part of the example and ends with a verdict, not with an error."""
    monkeypatch.chdir(tmp_path)
    Path("policy.toml").write_text(_policies()[command], encoding="utf-8")
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(400) < 0.5, "female", "male")
    answers = np.where(rng.random(400) < 0.9, labels, "male")
    pd.DataFrame({"label": labels, "prediction": answers, "gender": labels}).to_csv("predictions.csv", index=False)
    Path("people.csv").write_text("subject,gender\nann,female\nbob,male\n", encoding="utf-8")
    rows = [(f"s{n}", f"p{n}", ("female", "male")[n % 2], "ann", round(rng.random(), 3)) for n in range(200)]
    columns = ["search", "probe_subject", "probe_gender", "candidate_subject", "score"]
    pd.DataFrame(rows, columns=columns).to_csv("searches.csv", index=False)
    arguments = {
        "verification": (LFW, "--at-fmr", 0.01, "--replicates", 20),
        "drift": (LFW, LFW, "--at-fmr", 0.01, "--replicates", 20),
        "classification": ("predictions.csv",),
        "identification": ("searches.csv", "--gallery", "people.csv", "--at-threshold", 0.5),
    }[command]

    outcome = facerec("audit", command, *arguments, "--policy", "policy.toml", "--json")

    assert outcome.status in (0, 1, 3), outcome.err
    kinds = re.findall(r'^kind = "(\w+)"', _policies()[command], flags=re.MULTILINE)
    assert len(outcome.document["verdict"]["claims"]) == len(kinds)


def test_a_command_prints_the_example(facerec):
    """``facerec audit policy`` gives the file as it is, to be sent into another one."""
    assert facerec("audit", "policy").out == EXAMPLE.read_text(encoding="utf-8")


def test_an_installation_has_the_example_beside_its_code(tmp_path, monkeypatch):
    """The folder of a wheel goes first; without either the error says what to do."""
    (tmp_path / "example.toml").write_text("title = 'of the wheel'\n", encoding="utf-8")
    monkeypatch.setattr("audits.gate.example._PLACES", (tmp_path, EXAMPLE.parent))
    assert example_policy() == "title = 'of the wheel'\n"

    monkeypatch.setattr("audits.gate.example._PLACES", (tmp_path / "nosuch",))
    with pytest.raises(PolicyError, match="reinstall facerec"):
        example_policy()


def test_the_wheel_takes_the_example_along():
    """The build puts the folder where the code looks for it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    taken = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert _PLACES[0] == ROOT / "audits" / "_policies"
    assert taken["data/policies"] == "audits/_policies"
