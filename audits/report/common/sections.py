"""What every report has, whatever was audited: its page, claims, labels, the run; and how its files are named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from audits.gate.summaries import claims_table, findings_table, verdict_callout
from audits.gate.verdict import PolicyVerdict
from audits.report.common.background import Background, Run
from audits.report.common.first_screen import FirstScreen
from audits.report.common.words import Sentence
from facerec.reporting import Block, Callout, Facts, Page, Section, Table, Text, plain

_NO_POLICY = (
    "No policy was given, so nothing passes or fails here. What is acceptable has to be decided by people, before they "
    "look."
)


def report_page(
    kind: str,
    stated: Background,
    run: Run,
    *,
    first: FirstScreen,
    summary: str,
    verdict: PolicyVerdict | None = None,
    sections: Iterable[Section],
    method: Iterable[Block],
    limits: Iterable[Block],
    covered: Iterable[Section] = (),
    files: int = 1,
) -> Page:
    """The page of a report: what was found and what to do, then all numbers, how they were made, and from what.

    `kind` says what was done; where nobody said what was audited, the names of the first `files` that were read stand
    for it.
    """
    subject = stated.subject or " to ".join(file.name for file in run.inputs[:files])
    told = f"{plain(subject)}. {summary}" if subject else summary
    return Page(
        title=first.title,
        summary=told,
        lead=((verdict_callout(verdict),) if verdict is not None else ()) + first.lead,
        sections=(
            *first.sections,
            *sections,
            Section("Method", tuple(method), "folded"),
            Section("Limits and use", tuple(limits), "folded"),
            *covered,
            run_section(run),
        ),
        kind=kind,
        source=subject or kind,
        signed=True,
    )


def in_numbers(  # noqa: PLR0917 - as they stand there
    verdict: PolicyVerdict | None,
    overall: str,
    findings: Iterable[Sentence],
    notes: Sequence[str],
    remarks: Iterable[str] = (),
    more: Iterable[Block] = (),
) -> Section:
    """All that was found, exactly: everybody's rates, what was found of groups, and what a reader must know besides."""
    known = [*remarks, *(plain(note[:1].upper() + note[1:]) + "." for note in notes)]
    known += [] if verdict is not None else [_NO_POLICY]
    found = [sentence.text for sentence in findings]
    blocks: list[Block] = [Text(overall)]
    blocks += [Text("\n".join(f"- {text}" for text in told)) for told in (found, known) if told]
    return Section("In numbers", (*blocks, *more))


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
    return Section("Run", (Facts(tuple(items)), *((files,) if run.inputs else ())), "folded")


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
