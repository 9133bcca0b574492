"""Sections that every report has, whatever was audited: claims, labels, the run; and how its files are named."""

from __future__ import annotations

import re
from collections.abc import Sequence

from audits.gate.summaries import claims_table, findings_table
from audits.gate.verdict import PolicyVerdict
from audits.report.common.background import Background, Run
from facerec.reporting import Block, Callout, Column, Facts, Section, Table, Text, plain


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
    columns = Column("input"), Column("file"), Column("SHA-256", "code")
    files = Table("What was read", columns, tuple((file.role, file.name, file.sha256) for file in run.inputs))
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
