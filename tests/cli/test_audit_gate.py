"""The gate as a build server meets it: exit statuses in a real shell, JUnit and Markdown beside them."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
LFW = ROOT / "data/lfw/scores.csv"
SHADES = ROOT / "data/gender_shades/counts.csv"
PROGRAM = shlex.join([sys.executable, "-c", "import facerec.cli; facerec.cli.main()"])
VERDICTS = {0: "Pass", 1: "Fail", 3: "Insufficient evidence"}


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that one is in: a table of a change that finds more women alike, a gallery that finds them in vain."""
    monkeypatch.chdir(tmp_path)
    table = pd.read_csv(LFW)
    women = table["probe_gender"] == "female"
    table.assign(score=table["score"] + np.where(women, 0.05, 0.0)).to_csv(tmp_path / "after.csv", index=False)
    people = "".join(f"{who},{gender}\n" for who, gender in [("ann", "f"), ("bob", "m")])
    (tmp_path / "people.csv").write_text(f"subject,gender\n{people}", encoding="utf-8")
    rows = ["search,probe_subject,probe_gender,candidate_subject,score"]
    for number in range(200):
        gender, score = "fm"[number % 2], 0.9 if number % 4 == 0 else 0.1  # every second woman, and no man
        rows.append(f"s{number},{gender}{number},{gender},ann,{score}")
    (tmp_path / "searches.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def _arguments(command: str) -> str:
    return {
        "verification": f"{LFW} --at-threshold 0.91 --replicates 0",
        "drift": f"{LFW} after.csv --at-threshold 0.91 --replicates 0",
        "classification": str(SHADES),
        "identification": "searches.csv --gallery people.csv --at-threshold 0.5",
    }[command]


def _policy(folder: Path, claim: str) -> None:
    (folder / "policy.toml").write_text(f'title = "Gate"\n[[claim]]\nname = "claim"\n{claim}\n', encoding="utf-8")


def _shell(folder: Path, line: str) -> tuple[int, str]:
    """The exit status that a shell sees, and what was printed as an error."""
    script = f'facerec() {{ {PROGRAM} "$@"; }}\nfacerec audit {line} >out.txt\necho $?'
    done = subprocess.run(["/bin/sh", "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    return int(done.stdout), done.stderr


@pytest.mark.parametrize(
    ("command", "claim", "status"),
    [
        ("verification", 'kind = "cross_rate"\nrate = "fmr"\nby = "gender"\nat_most = 0.0001', 1),
        ("verification", 'kind = "matched_rate"\nrate = "fmr"\nby = "gender"\nat_most = 0.015', 3),
        ("drift", 'kind = "change"\nrate = "fmr"\nby = "gender"\nat_most = 0.01', 1),
        ("classification", 'kind = "class_rate"\nrate = "error"\nby = "skin,gender"\nat_most = 0.35', 3),
        ("identification", 'kind = "search_rate"\nrate = "fpir"\nby = "gender"\nat_most = 0.7', 0),
        ("identification", 'kind = "search_difference"\nrate = "fpir"\nby = "gender"\nat_most = 0.1', 1),
        ("identification", 'kind = "search_rate"\nrate = "fnir"\nby = "gender"\nat_most = 0.5', 3),
    ],
)
def test_status_and_both_summaries(tables, facerec, command, claim, status):
    """0, 1 or 3, and both files say why."""
    _policy(tables, claim)
    words = [*shlex.split(_arguments(command)), "--policy", "policy.toml", "--quiet"]

    found = facerec("audit", command, *words, "--junit", "claims.xml", "--summary", "claims.md")

    assert (found.status, found.err) == (status, "")
    markdown = (tables / "claims.md").read_text(encoding="utf-8")
    assert markdown.startswith("# Gate\n")
    assert VERDICTS[status] in markdown
    suite = ET.parse(tables / "claims.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
        "1",
        f"{status == 1:d}",
        f"{status == 3:d}",
    )
    assert found.out.startswith("policy Gate: ")


@pytest.mark.parametrize(("limit", "status"), [(0.7, 0), (0.1, 1), (0.505, 3)])
def test_a_shell_sees_the_status(tables, limit, status):
    """That of a claim that is kept, that fails or that nobody knows of, and nothing on stderr."""
    _policy(tables, f'kind = "search_rate"\nrate = "fpir"\nby = "gender"\nat_most = {limit}')

    assert _shell(tables, f"identification {_arguments('identification')} --policy policy.toml --quiet") == (status, "")
    assert (tables / "out.txt").read_text(encoding="utf-8").startswith("policy Gate: ")


def test_a_broken_policy_is_two(tables):
    """A policy that cannot be read ends with 2, names file, claim and key, and leaves no summary behind."""
    _policy(tables, 'kind = "search_rate"\nrate = "fpir"\nat_mots = 0.1')

    status, err = _shell(
        tables, f"identification {_arguments('identification')} --policy policy.toml --summary claims.md"
    )

    assert status == 2
    assert "policy.toml: claim 1 ('claim'): there is no key 'at_mots'; did you mean 'at_most'?" in " ".join(err.split())
    assert not (tables / "claims.md").exists()


@pytest.mark.parametrize("command", ["verification", "drift", "classification", "identification"])
def test_summaries_need_a_policy_and_files_of_their_own(tables, facerec, command):
    """A summary of no claims, and two summaries in one file, are refused."""
    _policy(tables, 'kind = "rate"\nrate = "fmr"\nat_most = 0.5')
    arguments = ["audit", command, *shlex.split(_arguments(command))]

    for options, told in (
        (("--summary", "claims.md"), "--summary is for the claims of a policy"),
        (("--junit", "claims.xml"), "--junit is for the claims of a policy"),
        (
            ("--policy", "policy.toml", "--junit", "one", "--summary", "./one"),
            "both name one; each needs a place of its own",
        ),
    ):
        outcome = facerec(*arguments, *options)

        assert outcome.status == 2
        assert told in " ".join(outcome.err.split())


def test_a_claim_about_another_audit_is_two(tables, facerec):
    """A policy for another command says which kinds this one decides."""
    _policy(tables, 'kind = "rate"\nrate = "fmr"\nat_most = 0.5')

    outcome = facerec("audit", "identification", *shlex.split(_arguments("identification")), "--policy", "policy.toml")

    assert outcome.status == 2
    assert "expected one of search_rate, search_difference, search_ratio" in " ".join(outcome.err.split())


def test_reports_are_the_same_every_time(tables, facerec):
    """Drift and identification write page, Markdown, JSON, tables and run; a second run changes no byte."""
    for command, more in (
        ("drift", ["changes.csv"]),
        ("identification", ["groups-gender.csv", "contrasts-gender.csv"]),
    ):
        written = []
        for folder in ("one", "two"):
            out = tables / command / folder
            outcome = facerec(
                "audit", command, *shlex.split(_arguments(command)), "--by", "gender", "--out", out,
                "--purpose", "an invented gate", "--evaluation", "technology", "--json",
            )  # fmt: skip
            assert outcome.status == 0
            assert outcome.document["verdict"]["outcome"] is None
            written.append({path.name: path.read_bytes() for path in out.iterdir()})

        assert {"report.html", "report.md", "audit.json", "run.json", *more} <= set(written[0])
        assert written[0] == written[1]
        assert b"an invented gate" in written[0]["report.md"]
        assert str(tables).encode() not in b"".join(written[0].values())
