"""Summaries of verdicts: the same bytes every time, well-formed whatever the names, and never green by luck."""

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.gate.claims import Claim, Limit, Policy
from audits.gate.findings import Finding
from audits.gate.summaries import claims_table, findings_table, junit_summary, markdown_summary, verdict_callout
from audits.gate.verdict import ClaimVerdict, PolicyVerdict
from facerec.reporting import Page, Section, render_html
from facerec.types import Interval

NAN = math.nan
LACKING = "insufficient evidence"
HOSTILE = 'a|b `c` *d*\n# <script>alert("&")</script>\r| - x\x00\x1b[31m\ud800]]>'


def finding(verdict, group="f", value=0.01, low=0.005, high=0.02, **counts):
    """A number that a claim rests on."""
    known = {"errors": 10, "trials": 1000, "effective_trials": 900.0, "subjects": 80, "expected_errors": 9.0}
    return Finding(
        group=group,
        value=value,
        interval=Interval(low, high),
        **(known | counts),
        verdict=verdict,
        reason=f"{group}: a reason",
        p_value=0.03,
        holm=0.06,
    )


def summed_up(*verdicts, name="claim", title="gate", group="f", holm=False):
    """A policy's verdict with one claim for each given verdict."""
    claims = tuple(
        ClaimVerdict(
            Claim(f"{name} {number}", "rate", Limit("at_most", 0.02), rate="fmr", by="gender"),
            verdict,
            f"{group}: a reason",
            (finding(verdict, group),),
        )
        for number, verdict in enumerate(verdicts, 1)
    )
    return PolicyVerdict(Policy(title, tuple(found.claim for found in claims), holm=holm), claims, ("a note",))


EXPECTED_MARKDOWN = """\
# gate

> ✘ **Fail.** gate: of 3 claims, 1 passed, 1 failed, 1 lacked evidence.

## Claims

**Table 1.** The claims of the policy, decided on the bounds of intervals.

| Claim | About | Limit | Verdict | Because |
| --- | --- | --- | --- | --- |
| claim 1 | FMR by gender | at most 0.02 | ✔ Pass | f: a reason |
| claim 2 | FMR by gender | at most 0.02 | ✘ Fail | f: a reason |
| claim 3 | FMR by gender | at most 0.02 | ◐ Insufficient evidence | f: a reason |

A note.

Exploratory: no plan froze threshold, groups, minima and claims before the data were seen.

## Numbers

**Table 2.** The numbers that the claims rest on, with their intervals and counts.

| Claim | Group | Value | From | To | Errors | Trials | People | Verdict |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |
| claim 1 | f | 0.01 | 0.005 | 0.02 | 10 | 1,000 | 80 | ✔ Pass |
| claim 2 | f | 0.01 | 0.005 | 0.02 | 10 | 1,000 | 80 | ✘ Fail |
| claim 3 | f | 0.01 | 0.005 | 0.02 | 10 | 1,000 | 80 | ◐ Insufficient evidence |

A claim passes if the whole interval of every number keeps the limit, fails if the whole interval of one breaks it, \
and otherwise lacks evidence. What was not measured never passes.
"""

EXPECTED_JUNIT = """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="gate" tests="3" failures="1" errors="1" skipped="0">
  <testsuite name="gate" tests="3" failures="1" errors="1" skipped="0">
    <properties>
      <property name="verdict" value="fail" />
      <property name="confidence" value="0.95" />
      <property name="correction" value="none" />
      <property name="plan" value="exploratory" />
      <property name="plan_sha256" value="" />
    </properties>
    <testcase classname="FMR by gender" name="claim 1">
      <system-out>f: a reason</system-out>
    </testcase>
    <testcase classname="FMR by gender" name="claim 2">
      <failure type="fail" message="f: a reason">f: a reason</failure>
    </testcase>
    <testcase classname="FMR by gender" name="claim 3">
      <error type="insufficient evidence" message="f: a reason">f: a reason</error>
    </testcase>
    <system-out>a note
Exploratory: no plan froze threshold, groups, minima and claims before the data were seen.</system-out>
  </testsuite>
</testsuites>
"""


def test_markdown():
    """Verdict first, then the claims with their reasons, then the numbers."""
    assert markdown_summary(summed_up("pass", "fail", LACKING)) == EXPECTED_MARKDOWN


def test_junit():
    """One test case per claim: passed, failure, or error."""
    assert junit_summary(summed_up("pass", "fail", LACKING)) == EXPECTED_JUNIT


@pytest.mark.parametrize(
    ("verdicts", "failures", "errors", "standing"),
    [
        (("pass", "pass"), "0", "0", "pass"),
        (("pass", LACKING), "0", "1", "insufficient"),
        ((LACKING, "fail"), "1", "1", "fail"),
    ],
)
def test_what_was_not_shown_is_not_green(verdicts, failures, errors, standing):
    """A claim without evidence counts as an error, never as skipped or passed."""
    verdict = summed_up(*verdicts)
    suite = ET.fromstring(junit_summary(verdict).encode()).find("testsuite")

    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (failures, errors, "0")
    assert verdict_callout(verdict).standing == standing


def test_correction_is_stated():
    """JUnit says whether the numbers were corrected for being many."""
    root = ET.fromstring(junit_summary(summed_up("pass", holm=True)).encode())
    properties = {entry.get("name"): entry.get("value") for entry in root.iter("property")}

    assert properties["correction"] == "holm"
    assert set(properties) == {"verdict", "confidence", "correction", "plan", "plan_sha256"}


def test_hostile_names():
    """Names that hold markup of either format are shown as they are, on one line where the format needs it."""
    verdict = summed_up("fail", name=HOSTILE, title=HOSTILE, group=HOSTILE)
    markdown = markdown_summary(verdict)
    rows = [line for line in re.split("[\r\n]", markdown) if line.startswith("|")]

    assert "<script>" not in markdown
    assert len(rows) == 6
    assert {row.replace(r"\|", "").count("|") for row in rows} == {6, 10}
    case = ET.fromstring(junit_summary(verdict).encode("utf-8")).find("testsuite/testcase")
    assert case.get("name").startswith('a|b `c` *d*\n# <script>alert("&")</script>\n| - x\N{REPLACEMENT CHARACTER}')


@given(name=st.text(min_size=1).filter(str.strip), group=st.text(), title=st.text(min_size=1).filter(str.strip))
def test_any_names(name, group, title):
    """Whatever the names, XML can be read back with as many cases, and Markdown keeps its rows."""
    verdict = summed_up("pass", LACKING, name=name, title=title, group=group)

    root = ET.fromstring(junit_summary(verdict).encode("utf-8"))
    assert len(list(root.iter("testcase"))) == 2
    assert sum(line.startswith("|") for line in re.split("[\r\n]", markdown_summary(verdict))) == 8
    assert junit_summary(verdict) == junit_summary(verdict)


def test_what_was_not_measured_and_what_does_not_apply():
    """A group without trials is not measured, and an index of all groups has no counts of its own."""
    asked = Claim("alike", "index", Limit("at_most", 0.02), rate="fmr", index="difference", by="gender")
    none = {"errors": None, "trials": None, "effective_trials": None, "subjects": None}
    found = ClaimVerdict(asked, LACKING, "why", (finding(LACKING, "", NAN, NAN, NAN, **none),))
    everybody = Claim("rare", "rate", Limit("at_most", 0.02), rate="fmr")
    rare = ClaimVerdict(everybody, "pass", "why", (finding("pass", "", 0.0, 0.0, 0.01, errors=0),))
    verdict = PolicyVerdict(Policy("gate", (asked, everybody)), (found, rare), ())

    markdown = markdown_summary(verdict)

    unmeasured = "not measured | not measured | not measured"
    assert f"| alike | all groups together | {unmeasured} | – | – | – | ◐ Insufficient evidence |" in markdown
    assert "| rare | everybody | 0 | 0 | 0.01 | 0 | 1,000 | 80 | ✔ Pass |" in markdown
    assert "system-out>a note" not in junit_summary(verdict)


def test_tables_stand_in_reports():
    """A report shows the same tables and the same callout in HTML."""
    verdict = summed_up("pass", LACKING, name="<b>")
    blocks = (claims_table(verdict), findings_table(verdict))
    html = render_html(Page("Audit", "", (Section("Claims", blocks),), lead=(verdict_callout(verdict),)))

    assert "&lt;b&gt; 1" in html
    assert "Insufficient evidence" in html
