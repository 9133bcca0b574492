"""``facerec audit verification``: the exit status of a gate, and a report from any maker's table."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A score table of two groups in the working folder, with 120 people each."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    people = [(f"{label}{number}", label) for label in ("f", "m") for number in range(120)]
    rows = []
    for place, (name, label) in enumerate(people):
        rows.append((f"{name}/0", f"{name}/1", name, name, True, rng.normal(3, 1), label, label))
        for step in (1, 2, 3, 5):
            other, group = people[(place + step) % len(people)]
            rows.append((f"{name}/0", f"{other}/0", name, other, False, rng.normal(0, 1), label, group))
    columns = ["probe_image", "reference_image", "probe_subject", "reference_subject", "genuine", "score"]
    table = pd.DataFrame(rows, columns=[*columns, "probe_sex", "reference_sex"])
    table.to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path / "scores.csv"


def _policy(folder: Path, *limits: float) -> Path:
    """A policy with one claim about FMR by sex for each limit."""
    claims = "".join(
        f'[[claim]]\nname = "limit {limit}"\nkind = "rate"\nrate = "fmr"\nby = "sex"\nat_most = {limit}\n'
        for limit in limits
    )
    (folder / "policy.toml").write_text(f'title = "Gate"\n{claims}', encoding="utf-8")
    return folder / "policy.toml"


def test_without_a_policy_the_status_is_zero(scores, facerec):
    """Whatever is found, an audit that was not told what is acceptable ends with 0."""
    outcome = facerec("audit", "verification", scores, "--by", "sex", "--at-threshold", 1.0, "--replicates", 20)

    assert outcome.status == 0
    assert outcome.out.startswith("With a score of at least 1 called a match")
    assert "by sex" in outcome.out


@pytest.mark.parametrize(("limits", "status"), [((0.9,), 0), ((0.9, 1e-4), 1), ((0.9, 0.17), 3), ((0.17, 1e-4), 1)])
def test_status_of_a_policy(scores, facerec, limits, status):
    """Pass is 0, one failure makes 1, and what is not decided makes 3."""
    policy = _policy(scores.parent, *limits)

    outcome = facerec("audit", "verification", scores, "--at-threshold", 1.0, "--policy", policy, "--replicates", 0)

    assert outcome.status == status
    assert outcome.out.startswith("policy Gate: ")


def test_an_error_is_two(scores, facerec):
    """A policy that cannot be read, a missing column, no threshold: one line and status 2."""
    for arguments in (
        ("--at-threshold", 1.0, "--policy", "no.toml"),
        ("--at-threshold", 1.0, "--by", "age"),
        ("--by", "sex"),
        ("--at-fmr", 0.1, "--at-threshold", 1.0),
        ("--at-threshold", 1.0, "--calibration", scores),
        ("--at-threshold", 1.0, "--share", 5),
        ("--at-threshold", 1.0, "--share-counts", 5),
        ("--at-threshold", 1.0, "--share", 5, "--share-people", 5, "--out", "r"),
        ("--at-threshold", 1.0, "--share-people", 1, "--out", "r"),
        ("--at-threshold", 1.0, "--junit", "x.xml"),
        ("--at-fmr", 0.1, "--score", "nosuch"),
    ):
        outcome = facerec("audit", "verification", scores, *arguments)

        assert outcome.status == 2, arguments
        assert outcome.out == ""
        assert len(outcome.err.splitlines()) == 1


def test_json_is_the_document(scores, facerec):
    """With ``--json`` stdout holds the audit, whether or not a report is written."""
    bare = facerec("audit", "verification", scores, "--by", "sex", "--at-fmr", 0.05, "--json", "--replicates", 20)
    written = facerec(
        "audit", "verification", scores, "--by", "sex", "--at-fmr", 0.05, "--json", "--replicates", 20, "--out", "r"
    )

    assert bare.document["threshold"]["target_fmr"] == 0.05
    assert bare.document["threshold"]["achieved_fmr"] <= 0.05
    assert bare.document["files"] == []
    assert {**written.document, "files": []} == bare.document


def test_same_input_gives_the_same_bytes(scores, facerec):
    """Two runs into two folders write the same JSON and Markdown, and the run names no folder."""
    for folder in ("one", "two"):
        arguments = ("--by", "sex", "--at-fmr", 0.05, "--replicates", 20, "--out", folder)
        assert facerec("audit", "verification", scores.resolve(), *arguments).status == 0

    for name in ("audit.json", "report.md", "run.json", "report.html"):
        assert (Path("one") / name).read_bytes() == (Path("two") / name).read_bytes()
    run = json.loads(Path("one/run.json").read_text(encoding="utf-8"))
    assert run["command"][:6] == ["facerec", "audit", "verification", "scores.csv", "--by", "sex"]
    assert [file["role"] for file in run["inputs"]] == ["scores"]
    assert str(scores.parent) not in Path("one/run.json").read_text(encoding="utf-8")


def test_a_vendors_columns(scores, facerec):
    """A table with its own names, one column for both sides, no people, and distances is audited all the same."""
    table = pd.read_csv(scores)
    table = table[table["probe_sex"] == table["reference_sex"]]
    vendor = pd.DataFrame({"same": table["genuine"].astype(int), "dist": 5 - table["score"], "sex": table["probe_sex"]})
    vendor.to_csv("vendor.csv", index=False)

    outcome = facerec(
        "audit", "verification", "vendor.csv", "--score", "dist", "--genuine", "same", "--distance", "--by", "sex",
        "--at-threshold", 4.0, "--json",
    )  # fmt: skip

    assert outcome.status == 0
    assert outcome.document["threshold"]["value"] == 4.0
    assert outcome.document["dependence"]["pairs_independent"]
    women = outcome.document["groups"]["sex"][0]
    chosen = table[(table["probe_sex"] == "f") & ~table["genuine"]]
    assert women["false_matches"] == int((5 - chosen["score"] <= 4.0).sum())


def test_calibration_on_another_table(scores, facerec):
    """The threshold comes from the calibration table, whose FMR stands beside that of the audited one."""
    table = pd.read_csv(scores)
    table.assign(score=table["score"] + 1).to_csv("other.csv", index=False)

    outcome = facerec(
        "audit", "verification", scores, "--by", "sex", "--at-fmr", 0.1, "--calibration", "other.csv", "--json",
        "--replicates", 0,
    )  # fmt: skip

    threshold = outcome.document["threshold"]
    assert threshold["calibration_fmr"] <= 0.1
    assert threshold["achieved_fmr"] < threshold["calibration_fmr"]


def test_shared_report_and_build_server(scores, facerec):
    """A report to pass on and a JUnit file for a build server come out of one run."""
    policy = _policy(scores.parent, 1e-4)

    outcome = facerec(
        "audit", "verification", scores, "--at-threshold", 1.0, "--policy", policy, "--out", "r", "--share-people", 500,
        "--junit", "claims.xml", "--replicates", 0, "--json",
    )  # fmt: skip

    assert outcome.status == 1
    assert outcome.document["groups"]["sex"] == []
    assert outcome.document["verdict"]["outcome"] == "fail"
    assert "<testsuite" in Path("claims.xml").read_text(encoding="utf-8")


def test_what_leaves_with_a_shared_report_holds_no_small_number(scores, facerec):
    """JUnit, Markdown and JSON tell no number of a group that the report leaves out; the terminal says that it does."""
    policy = _policy(scores.parent, 1e-4)
    arguments = ("--at-threshold", 1.0, "--policy", policy, "--junit", "claims.xml", "--summary", "claims.md",
                 "--replicates", 0, "--out", "r")  # fmt: skip
    whole = facerec("audit", "verification", scores, *arguments, "--json").document
    counts = {f"{group[name]} of {group['impostor']}" for group in whole["groups"]["sex"] for name in ["false_matches"]}
    assert any(count in Path("claims.xml").read_text(encoding="utf-8") for count in counts)

    outcome = facerec("audit", "verification", scores, *arguments, "--share-people", 500)
    old = facerec("audit", "verification", scores, *arguments, "--share", 500)

    assert old.status == outcome.status == 1
    assert "--share 500 is now --share-people 500" in old.err
    assert "the report to pass on leaves out:" in outcome.err
    assert "by sex, groups of fewer than 500 people or comparisons" in outcome.err
    assert "note: what is printed here leaves nothing out" in outcome.err
    for name in ("claims.xml", "claims.md", "r/report.md", "r/audit.json"):
        text = Path(name).read_text(encoding="utf-8")
        assert "numbers left out" in text
        assert not [count for count in counts if count in text]


def test_the_table_of_this_project(facerec, tmp_path):
    """The committed LFW table gives a report in which women and men are counted."""
    outcome = facerec(
        "audit", "verification", ROOT / "data/lfw/scores.csv", "--by", "gender", "--at-fmr", 0.01, "--replicates", 20,
        "--out", tmp_path, "--json", "--evaluation", "technology",
    )  # fmt: skip

    groups = {group["group"]: group for group in outcome.document["groups"]["gender"]}
    assert (groups["female"]["false_matches"], groups["female"]["impostor"]) == (10, 176)
    assert (groups["male"]["false_matches"], groups["male"]["impostor"]) == (19, 1671)
    assert outcome.document["overall"]["false_matches"] == 30
    assert "| type: technology, scenario or operational | technology |" in (tmp_path / "report.md").read_text("utf-8")


def test_a_plan_is_followed_and_departures_are_said(scores, facerec):
    """Frozen, followed, departed from, changed: the report carries the digest and says how it stands."""
    policy = _policy(scores.parent, 1e-4)
    rule = ("--by", "sex", "--at-threshold", 1.0)
    made = facerec(
        "audit", "plan", *rule, "--policy", policy, "--min-people", 2, "--min-trials", 2, "--out", "plan.toml", "--json"
    )
    digest = made.document["sha256"]
    again = facerec("audit", "plan", *rule, "--out", "plan.toml")

    assert (again.status, again.out) == (2, "")
    assert "is not replaced" in again.err

    few = ("--replicates", 0, "--json")
    files = ("--out", "r", "--junit", "claims.xml", "--summary", "claims.md")
    kept = facerec("audit", "verification", scores, "--plan", "plan.toml", "--plan-sha256", digest, *files, *few)
    assert kept.status == 1
    assert kept.document["plan"] == {
        "standing": "planned", "sha256": digest, "frozen": kept.document["plan"]["frozen"], "departures": []
    }  # fmt: skip
    for name in ("claims.xml", "claims.md", "r/report.md", "r/report.html", "r/audit.json", "r/run.json"):
        assert digest in Path(name).read_text(encoding="utf-8"), name

    other = facerec("audit", "verification", scores, "--plan", "plan.toml", "--at-threshold", 1.2, *files, *few)
    assert other.document["plan"]["departures"] == ["threshold by score 1.2, where score 1 was planned"]
    assert "threshold by score 1.2" in other.err
    assert "Departs from a plan" in Path("r/report.md").read_text(encoding="utf-8")

    free = facerec("audit", "verification", scores, *rule, "--out", "r", *few)
    assert free.document["plan"]["standing"] == "exploratory"
    assert "Exploratory: no plan" in Path("r/report.md").read_text(encoding="utf-8")

    file = Path("plan.toml")
    for arguments, told in (
        (("--plan", file, "--plan-sha256", "0" * 64), "is not the plan of digest"),
        (("--plan", file, "--plan-sha256", digest[:4]), "is not the plan of digest"),
        (("--plan-sha256", digest), "add it"),
        (("--plan", policy), "is not a frozen plan"),
    ):
        refused = facerec("audit", "verification", scores, *arguments)
        assert (refused.status, len(refused.err.splitlines())) == (2, 1)
        assert told in refused.err
    file.write_text(file.read_text(encoding="utf-8").replace("min_people = 2", "min_people = 1"), encoding="utf-8")
    changed = facerec("audit", "verification", scores, "--plan", file)
    assert (changed.status, changed.out) == (2, "")
    assert "changed after it was frozen" in changed.err
