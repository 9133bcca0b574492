"""A verdict for where it is read: a page for people, Markdown for a pull request, JUnit XML for a build server.

Names come from policy files and score tables of anybody, so every format escapes them; and none of them holds a time
or a path, so the same verdict gives the same bytes.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from audits.gate.findings import Finding
from audits.gate.verdict import STANDING, ClaimVerdict, PolicyVerdict
from audits.statistics.paired import Verdict
from facerec.reporting import Callout, Column, Page, Section, Table, Text, plain, render_markdown
from facerec.reporting.inline import printable


def claims_table(verdict: PolicyVerdict) -> Table:
    """One row per claim: what was claimed, how it was decided and why."""
    columns = (Column("Claim"), Column("About"), Column("Limit"), Column("Verdict", "verdict"), Column("Because"))
    rows = tuple(
        (
            _one_line(found.claim.name),
            _one_line(found.claim.about),
            str(found.claim.limit),
            found.standing,
            _one_line(found.reason),
        )
        for found in verdict.claims
    )
    return Table("The claims of the policy, decided on the bounds of intervals.", columns, rows, notes=_notes(verdict))


def findings_table(verdict: PolicyVerdict) -> Table:
    """One row per number that a claim rests on, with its counts."""
    columns = (
        Column("Claim"),
        Column("Group"),
        Column("Value", "number"),
        Column("From", "number"),
        Column("To", "number"),
        Column("Errors", "count"),
        Column("Trials", "count"),
        Column("People", "count"),
        Column("Verdict", "verdict"),
    )
    rows = tuple(
        (
            _one_line(found.claim.name),
            _one_line(_whom(found, finding)),
            finding.value,
            finding.interval.low,
            finding.interval.high,
            finding.errors,
            finding.trials,
            finding.subjects,
            STANDING[finding.verdict],
        )
        for found in verdict.claims
        for finding in found.findings
    )
    return Table("The numbers that the claims rest on, with their intervals and counts.", columns, rows)


def verdict_callout(verdict: PolicyVerdict) -> Callout:
    """The verdict in one sentence."""
    words: dict[Verdict, str] = {"pass": "passed", "fail": "failed", "insufficient evidence": "lacked evidence"}
    told = ", ".join(f"{_count(verdict, word):,} {text}" for word, text in words.items())
    claims = len(verdict.claims)
    return Callout(verdict.standing, f"{plain(_one_line(verdict.policy.title))}: of {claims:,} claims, {told}.")


def markdown_summary(verdict: PolicyVerdict) -> str:
    """The verdict as GitHub Markdown, for a pull request or a step summary.

    It holds the claims with their reasons, and the numbers that they rest on.
    """
    page = Page(
        title=_one_line(verdict.policy.title),
        summary="",
        lead=(verdict_callout(verdict),),
        sections=(
            Section("Claims", (claims_table(verdict),)),
            Section("Numbers", (findings_table(verdict), Text(RULE))),
        ),
    )
    return render_markdown(page)


def junit_summary(verdict: PolicyVerdict) -> str:
    """The verdict as JUnit XML, which build servers show beside the tests: a test case per claim.

    A claim that fails is a ``failure``; one that lacks evidence is an ``error``, because build servers count skipped
    tests as green, and what was not shown must not look as if it had been.
    """
    numbers = {
        "name": _xml_text(verdict.policy.title),
        "tests": str(len(verdict.claims)),
        "failures": str(_count(verdict, "fail")),
        "errors": str(_count(verdict, "insufficient evidence")),
        "skipped": "0",
    }
    root = ET.Element("testsuites", numbers)
    suite = ET.SubElement(root, "testsuite", numbers)
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("verdict", verdict.verdict),
        ("confidence", f"{verdict.policy.confidence:g}"),
        ("correction", "holm" if verdict.policy.holm else "none"),
        ("plan", verdict.plan.standing),
        ("plan_sha256", verdict.plan.sha256),
    ):
        ET.SubElement(properties, "property", {"name": name, "value": value})
    for found in verdict.claims:
        suite.append(_case(found))
    ET.SubElement(suite, "system-out").text = _xml_text("\n".join([*verdict.notes, str(verdict.plan)]))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


RULE = (
    "A claim passes if the whole interval of every number keeps the limit, fails if the whole interval of one breaks "
    "it, and otherwise lacks evidence. What was not measured never passes."
)
"""What every summary in Markdown says, by which one is known."""


def _case(found: ClaimVerdict) -> ET.Element:
    claim = found.claim
    case = ET.Element("testcase", {"classname": _xml_text(claim.about), "name": _xml_text(claim.name)})
    told = _xml_text("\n".join(finding.reason for finding in found.findings))
    if found.verdict == "pass":
        ET.SubElement(case, "system-out").text = told or _xml_text(found.reason)
    else:
        tag = "failure" if found.verdict == "fail" else "error"
        outcome = ET.SubElement(case, tag, {"type": found.verdict, "message": _xml_text(found.reason)})
        outcome.text = told
    return case


def _count(verdict: PolicyVerdict, word: Verdict) -> int:
    return sum(found.verdict == word for found in verdict.claims)


def _one_line(text: str) -> str:
    """The text without line breaks of any kind, a lone carriage return among them: each would end a row of Markdown."""
    return " ".join(text.split())


def _xml_text(text: str) -> str:
    """The text with every character replaced that no XML document can hold."""
    return printable(text).replace("\r", "\n")


def _notes(verdict: PolicyVerdict) -> tuple[str, ...]:
    return (*(plain(note[:1].upper() + note[1:] + ".") for note in verdict.notes), plain(str(verdict.plan)))


def _whom(found: ClaimVerdict, finding: Finding) -> str:
    if found.claim.index:
        return "all groups together"
    return finding.group or "everybody"
