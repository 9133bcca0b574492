"""The laboratory's report: harm first and as loud as gain, the oracle behind its fence, nobody named."""

import csv
import io
import json
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from audits.mitigation import LEGAL_CAVEAT, OracleGroupThresholds, judge_mitigations, split_photos
from audits.mitigation.lab import LabReport
from audits.report import Background, Run, write_report
from audits.report.mitigation.page import mitigation_report
from audits.report.mitigation.sentences import elsewhere, points
from audits.report.mitigation.tables import share
from facerec.errors import ArgumentError
from facerec.measure.tables.vector_table import check_vectors
from facerec.reporting import render_markdown
from tests.browsing import assert_loved


@dataclass(frozen=True)
class Planted:
    """A mitigation that moves the genuine scores of group a by a known amount."""

    move: float
    name: str
    caveat: str = ""

    def fit(self, table, embeddings):  # noqa: ARG002
        """Nothing to learn."""
        return self

    def rescore(self, table, embeddings):  # noqa: ARG002
        """The scores, moved for some."""
        moved = table["genuine"] & (table["probe_group"] == "a")
        return table["score"].to_numpy() + self.move * moved.to_numpy(float)


def run_lab(*, seed=0, replicates=20) -> LabReport:
    """Two planted methods and the oracle on 150 made-up people."""
    rng = np.random.default_rng(7)
    people = rng.normal(size=(150, 6))
    vectors = np.repeat(people, 4, axis=0) + 0.75 * rng.normal(size=(600, 6))
    table = pd.DataFrame(vectors, columns=[f"v{n}" for n in range(6)]).assign(
        subject=np.repeat([f"somebody-{n}" for n in range(150)], 4), group=np.repeat(["a", "b"] * 75, 4)
    )
    faces = check_vectors(table)
    methods = [
        Planted(-0.3, "the harmful"),
        Planted(0.3, "the helpful"),
        Planted(0.0, "the idle"),
        OracleGroupThresholds("group", 0.05, legal_caveat_read=True),
    ]
    return judge_mitigations(
        split_photos(faces, by="group", pairs=1500, seed=seed),
        faces.by_photo(),
        methods,
        by=["group"],
        target_fmr=0.05,
        replicates=replicates,
    )


@pytest.fixture(scope="module")
def labs():
    """The laboratory after two deals of the people."""
    return run_lab(), run_lab(seed=1, replicates=0)


@pytest.fixture(scope="module")
def report(labs):
    """The report of the first deal."""
    return mitigation_report(
        labs[0],
        by=["group"],
        run=Run(("facerec",), (), 0, {"python": "3"}),
        background=Background("made-up people", "a coin"),
        others=labs[1:],
    )


def test_harm_is_told_first_and_like_gain(report):
    """The headline and the first sentence say who made things worse; then every method is told in full."""
    first, picture = report.page.lead
    todo = report.page.sections[0].blocks[0].content
    told = next(each for each in report.page.sections if each.title == "In numbers").blocks[1].content.splitlines()

    assert report.page.title == "Of 3 methods, 1 made errors worse for somebody; 1 only better"
    assert "**Made an error rate worse** for somebody: the harmful in 2 of 2 deals." in first.content
    assert "none worse**: the helpful in 2 of 2 deals." in first.content
    assert first.content.index("worse**") < first.content.index("better,") < first.content.index("No change shown")
    assert "FNMR worse" in picture.alt
    assert todo.index("Do not use the harmful") < todo.index("Try the helpful")
    assert "**Worse:** FNMR of group a" in told[0]
    assert "**Better:** FNMR of group a" in told[1]
    assert "no change was shown" in told[2]
    verdict = report.document["verdict"]
    assert {"rate": "fnmr", "by": "group", "group": "a"} in verdict["the harmful"]["worse"]
    assert {"rate": "fnmr", "by": "group", "group": "a"} in verdict["the helpful"]["better"]
    assert verdict["the idle"] == {"worse": [], "better": []}


def test_the_table_is_the_lab(report, labs):
    """Counts, change and interval of each row are those of the laboratory, and rows with a finding stand out."""
    table = next(
        block
        for section in report.page.sections
        for block in section.blocks
        if getattr(block, "caption", "").startswith("FNMR by group")
    )
    rows = {(row[0], row[1]): row for row in table.rows}
    change = labs[0].judgement("the harmful").changes.change("fnmr", by="group", group="a")

    row = rows["the harmful", "a"]
    assert row[2] == change.change.trials
    assert row[3:5] == (share(change.before), share(change.after))
    assert row[5].startswith(points(change.change.value))
    assert row[6:] == ("WORSE", elsewhere(change, "the harmful", labs[1:]).told)
    assert row[7] == "worse in 1 of 1"
    loud = {table.rows[number][6] for number in table.strong}
    assert loud == {"WORSE", "BETTER"}
    assert all(row[6] not in loud for number, row in enumerate(table.rows) if number not in table.strong)


def test_the_oracle_stays_behind_its_fence(report):
    """Thresholds by group are in no verdict and no table of methods; their own section begins with the caveat."""
    fence = next(section for section in report.page.sections if "fence" in section.title)

    assert fence.blocks[0].content.replace("\\", "") == LEGAL_CAVEAT
    assert not any("oracle" in getattr(block, "content", "") for block in report.page.lead)
    assert [each["method"] for each in report.document["methods"]] == ["the harmful", "the helpful", "the idle"]
    assert [each["caveat"] for each in report.document["oracle"]] == [LEGAL_CAVEAT]
    assert {"oracle-fmr-group", "oracle-fnmr-group"} <= set(report.tables)
    assert all("oracle" not in row[0] for row in report.tables["fnmr-group"].rows)


def test_files(report, labs, tmp_path):
    """The same lab gives the same bytes; tables have every number in full; nobody is named."""
    written = write_report(report, tmp_path / "one")
    again = mitigation_report(
        run_lab(), by=["group"], run=report.run, background=Background("made-up people", "a coin"), others=labs[1:]
    )
    write_report(again, tmp_path / "two")

    for path in written:
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
        assert "somebody" not in path.read_text(encoding="utf-8").replace("for somebody", "")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "one" / "fnmr-group.csv").read_text(encoding="utf-8"))))
    change = labs[0].judgement("the helpful").changes.change("fnmr", by="group", group="a")
    row = next(row for row in rows if (row["method"], row["group"]) == ("the helpful", "a"))
    assert float(row["change low"]) == change.change.interval.low
    assert int(row["wrong only without"]) == change.change.better
    document = json.loads((tmp_path / "one" / "audit.json").read_text(encoding="utf-8"))
    assert document["people"] == {"learned_from": 60, "thresholds_set_on": 30, "judged": 60}


def test_limits_are_a_list(report):
    """Each limit stands on a line of its own in Markdown as on the page."""
    text = render_markdown(report.page)

    assert len(re.findall(r"^- ", text[text.index("## Limits and use") :], re.MULTILINE)) >= 7


def test_only_the_oracle_is_no_report(labs):
    """A bound for others without others is refused."""
    alone = LabReport(**{**vars(labs[0]), "judgements": labs[0].judgements[-1:]})

    with pytest.raises(ArgumentError, match="a bound for others"):
        mitigation_report(alone, by=["group"], run=Run((), (), 0), background=Background())


@pytest.mark.browser
def test_in_a_browser(report, browser, tmp_path):
    """The page keeps to what every page keeps to."""
    assert_loved(browser, write_report(report, tmp_path / "report")[0])
