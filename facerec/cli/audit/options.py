"""The options that the audit commands share, and what they do with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from facerec.cli import console
from facerec.cli.audit.columns import Columns
from facerec.cli.command_line import command_line
from facerec.cli.options import option
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from audits.claims import Policy
    from audits.report import Background, Run
    from audits.statistics.estimates import RateEstimate
    from audits.thresholds import AtFmr
    from audits.verdict import PolicyVerdict

_THRESHOLD = "The threshold"
_REPORT = "The report"

ScoresFile = Annotated[Path, typer.Argument(metavar="SCORES", help="A score table of any matcher: .csv or .parquet.")]
By = Annotated[
    list[str] | None,
    option(
        "--by NAME[,NAME]", "Group by this attribute, or by several at once: race,gender. May be given several times."
    ),
]
Calibration = Annotated[
    Path | None,
    option("--calibration SCORES2", "With --at-fmr: choose the threshold on this table of other people.", _THRESHOLD),
]
Seed = Annotated[int, option("--seed NUMBER", "Of the draws of people.")]
Replicates = Annotated[int, option("--replicates NUMBER", "Draws of people for the intervals of indices; 0: none.")]


@dataclass(frozen=True)
class Threshold:
    """The threshold that is asked for, or how to choose it."""

    at_fmr: Annotated[
        float | None,
        option(
            "--at-fmr RATE",
            "The lowest threshold that keeps FMR over all impostor pairs at or below this, such as 1e-3.",
            _THRESHOLD,
        ),
    ] = None
    at_threshold: Annotated[
        float | None, option("--at-threshold VALUE", "This threshold, on the table's own scale.", _THRESHOLD)
    ] = None

    def chosen(self, columns: Columns, calibration: Path | None = None) -> float | AtFmr:
        """The threshold, or how `calibration` or the table itself gives it.

        Raises
        ------
        ArgumentError
            If not exactly one of the two options is given, or a calibration beside a threshold.
        """
        if self.at_threshold is not None and self.at_fmr is None:
            if calibration is not None:
                message = "--calibration goes with --at-fmr; a given threshold needs no table to choose it on"
                raise ArgumentError(message)
            return self.at_threshold
        if self.at_fmr is None or self.at_threshold is not None:
            message = "give the threshold: either --at-fmr RATE or --at-threshold VALUE"
            raise ArgumentError(message)
        from audits.thresholds import AtFmr
        from audits.vendor import read_vendor

        others = replace(columns.named(), groups=())  # the table that chooses needs no labels
        return AtFmr(self.at_fmr, None if calibration is None else read_vendor(calibration, others))


@dataclass(frozen=True)
class Claims:
    """The claims of a policy, and where what became of them is written."""

    policy: Annotated[
        Path | None,
        option(
            "--policy FILE",
            "Claims (TOML) to decide, as in data/policies/example.toml. Exit status 0 pass, 1 fail, 3 insufficient "
            "evidence.",
        ),
    ] = None
    junit: Annotated[
        Path | None, option("--junit FILE", "With --policy: write its claims as JUnit XML, for a build server.")
    ] = None
    summary: Annotated[
        Path | None,
        option(
            "--summary FILE",
            "With --policy: write its claims and their numbers as Markdown, for the summary of a build's job.",
        ),
    ] = None

    def __post_init__(self) -> None:
        for name, file in (("--junit", self.junit), ("--summary", self.summary)):
            if file is not None and self.policy is None:
                message = f"{name} is for the claims of a policy; add --policy FILE"
                raise ArgumentError(message)
        if self.junit is not None and self.summary is not None and self.junit.resolve() == self.summary.resolve():
            message = f"--junit and --summary both name {self.junit}; each needs a file of its own"
            raise ArgumentError(message)

    def read(self) -> tuple[Policy | None, float]:
        """The policy, if there is one, and the confidence of every interval."""
        if self.policy is None:
            from audits.statistics.intervals import CONFIDENCE

            return None, CONFIDENCE
        from audits.policy import read_policy

        policy = read_policy(self.policy)
        return policy, policy.confidence

    def finish(self, verdict: PolicyVerdict | None) -> None:
        """Write the claims for a build server, and end with the policy's exit status."""
        if verdict is None:
            return
        from audits.summaries import junit_summary, markdown_summary
        from facerec.files import replacing

        for file, written in ((self.junit, junit_summary), (self.summary, markdown_summary)):
            if file is not None:
                with replacing(file) as partial:
                    partial.write_text(written(verdict), encoding="utf-8")
        if verdict.exit_status:
            raise typer.Exit(verdict.exit_status)


@dataclass(frozen=True)
class Report:
    """Where a report is written, and what it says of itself."""

    out: Annotated[
        Path | None, option("--out DIR", "Write the report to this folder: HTML, Markdown, JSON and CSV.", _REPORT)
    ] = None
    about: Annotated[str, option("--about TEXT", "What is audited.", _REPORT)] = ""
    labels_from: Annotated[
        str,
        option("--labels-from TEXT", "How the group labels were obtained: self-report, records, an observer.", _REPORT),
    ] = ""

    def background(self) -> Background:
        """What the auditor states."""
        from audits.report import Background

        return Background(self.about, self.labels_from)

    def run(
        self,
        context: typer.Context,
        seed: int | None = None,
        versions: Mapping[str, str] | None = None,
        **inputs: Path | None,
    ) -> Run:
        """The command that made the report, and the files that it read, by what they were to it."""
        from audits.report import Run, hash_input

        read = tuple(hash_input(path, role=role) for role, path in inputs.items() if path is not None)
        return Run(command_line(context), read, seed, versions or {})


@dataclass(frozen=True)
class FullReport(Report):
    """A report that says what the system is for, too."""

    purpose: Annotated[str, option("--purpose TEXT", "What the system is for.", _REPORT)] = ""
    evaluation: Annotated[
        Literal["technology", "scenario", "operational"] | None,
        option("--evaluation TYPE", "technology, scenario or operational (ISO/IEC 19795).", _REPORT),
    ] = None

    def background(self) -> Background:
        """What the auditor states."""
        from audits.report import Background

        return Background(self.about, self.labels_from, self.purpose, self.evaluation or "")


@dataclass(frozen=True)
class SharedReport(FullReport):
    """A report that can leave small groups out."""

    share: Annotated[
        int | None,
        option(
            "--share N",
            "Leave out groups and cells with fewer than N people or comparisons, to pass the report on; so do "
            "--json, --junit and --summary.",
            _REPORT,
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.share is not None and self.out is None:
            message = "--share is for the report that --out writes; add --out DIR"
            raise ArgumentError(message)

    def say_local(self) -> None:
        """Say that what was printed holds what a report to pass on leaves out."""
        if self.share is not None:
            console.note(
                "note: what is printed here leaves nothing out; pass on the report, --json, --junit and --summary, "
                f"which follow --share {self.share}, and not this text"
            )


def groupings(by: Sequence[str] | None, policy: Policy | None = None) -> list[str]:
    """The groupings that were asked for, and those that the policy's claims are about; each once."""
    named = [*(by or ()), *(policy.groupings if policy is not None else ())]
    return list(dict.fromkeys(",".join(part.strip() for part in name.split(",")) for name in named))


def say_prose(text: str) -> None:
    """Print a sentence of a report, without its marks."""
    from facerec.reporting.inline import parse_spans

    console.say("".join(span.text for span in parse_spans(text)))


def percent(found: RateEstimate) -> str:
    """A rate with its interval, such as ``5.68 % (3.12 … 10.1)``."""
    if not found.measured:
        return "not measured"
    return f"{100 * found.value:.3g} % ({100 * found.interval.low:.3g} … {100 * found.interval.high:.3g})"


def counts(found: RateEstimate) -> tuple[str, str]:
    """Errors and trials, each as a cell of a table."""
    return f"{found.errors:,}", f"{found.trials:,}"


def say_files(files: Sequence[Path]) -> None:
    """Print where a report is."""
    if files:
        console.say()
        console.say(f"written to {files[0]} and {len(files) - 1} files beside it")


def say_verdict(verdict: PolicyVerdict | None) -> None:
    """Print what became of each claim."""
    if verdict is None:
        return
    console.say(f"policy {verdict.policy.title}: {verdict.verdict}")
    for claim in verdict.claims:
        console.say(f"  {claim.verdict}: {claim.claim.name}: {claim.reason}")
