"""What every report has, whatever was audited: its page, claims, labels, the run; and how its files are named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from audits.gate.summaries import claims_table, findings_table, verdict_callout
from audits.gate.verdict import PolicyVerdict
from audits.report.common.background import Background, Run
from audits.report.common.words import Sentence
from facerec.reporting import Block, Callout, Facts, Page, Section, Table, Text, plain

_NO_POLICY = "No policy was given, so nothing passes or fails here."
_BEFORE = "What is acceptable has to be decided by people, before they look."


def report_page(
    kind: str,
    stated: Background,
    run: Run,
    *,
    summary: str,
    lead: Iterable[Block],
    sections: Iterable[Section],
    method: Iterable[Block],
    limits: Iterable[Block],
    covered: Iterable[Section] = (),
    files: int = 1,
) -> Page:
    """The page of a report: what was found comes first, then how, with which limits, and from what.

    `kind` and what was audited make the title; where nobody said what that is, the names of the first `files` that
    were read stand for it.
    """
    subject = stated.subject or " to ".join(file.name for file in run.inputs[:files])
    return Page(
        title=f"{kind}: {subject}" if subject else kind,
        summary=summary,
        lead=tuple(lead),
        sections=(
            *sections,
            Section("Method", tuple(method)),
            Section("Limits and use", tuple(limits)),
            *covered,
            run_section(run),
        ),
    )


def first_words(
    verdict: PolicyVerdict | None,
    overall: str,
    findings: Iterable[Sentence],
    notes: Sequence[str],
    *remarks: Callout,
    no_policy: str = _BEFORE,
) -> tuple[Block, ...]:
    """What is read first: the verdict, everybody's rates, what was found of groups, remarks, and the audit's notes."""
    return (
        Callout("note", f"{_NO_POLICY} {no_policy}") if verdict is None else verdict_callout(verdict),
        Text(overall),
        *(Callout(*found) for found in findings),
        *remarks,
        *(Callout("warning", plain(note[:1].upper() + note[1:]) + ".") for note in notes),
    )


def run_section(run: Run) -> Section:
    """The command, the versions, and the digest of every file that was read."""
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    items: list[tuple[str, str | int | float | None]] = [
        ("command", " ".join(run.command)),
        ("versions", versions),
        ("plan", str(run.plan)),
    ]
    if run.seed is not None:
        items.append(("seed", run.seed))
    files = Table.of(
        "What was read",
        run.inputs,
        ("input", "text", lambda file: file.role),
        ("file", "text", lambda file: file.name),
        ("SHA-256", "code", lambda file: file.sha256),
    )
    return Section("Run", (Facts(tuple(items)), *((files,) if run.inputs else ())))


def claims_section(verdict: PolicyVerdict | None) -> tuple[Section, ...]:
    """The claims of a policy and the numbers that they rest on; nothing without a policy."""
    if verdict is None:
        return ()
    numbers = findings_table(verdict)
    return (Section("Claims", (claims_table(verdict), *((numbers,) if numbers.rows else ()))),)


def label_source(stated: Background) -> tuple[Block, ...]:
    """How group labels were obtained, or that nobody said."""
    if stated.labels_from:
        return (Text(f"**How group labels were obtained:** {plain(stated.labels_from)}."),)
    return (
        Callout(
            "warning",
            "How the group labels were obtained was not stated. Nothing here inferred them from a face; whether "
            "somebody else did is not known.",
        ),
    )


def stated_facts(stated: Background) -> Facts:
    """What the auditor says the system is for, and how it was evaluated; what was not said is shown as such."""
    return Facts(
        (
            ("what the system is for", stated.purpose or "not stated"),
            ("type of evaluation", stated.evaluation or "not stated"),
        )
    )


def file_stem(kind: str, by: str, taken: Sequence[str] = ()) -> str:
    """A file's name for a grouping, from letters, digits and hyphens only, whatever the column is called.

    >>> file_stem("groups", "race,gender"), file_stem("groups", "../x", ["groups-x"])
    ('groups-race-gender', 'groups-x-2')
    """
    stem = f"{kind}-{re.sub(r'[^A-Za-z0-9]+', '-', by).strip('-')[:40] or 'grouping'}"
    used = {name.lower() for name in taken}
    number = 2
    found = stem
    while found.lower() in used:
        found, number = f"{stem}-{number}", number + 1
    return found
