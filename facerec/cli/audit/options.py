"""The options that the audit commands share, and what they do with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from facerec.cli import console
from facerec.cli.command_line import command_line
from facerec.cli.options import AsJson, option
from facerec.cli.outputs import JUNIT, REPORT, SUMMARY, output
from facerec.cli.table_options import Columns, Files, ScoresFiles, SearchColumns, VectorColumns
from facerec.errors import ArgumentError

__all__ = ["Columns", "Files", "ScoresFiles", "SearchColumns", "VectorColumns"]

if TYPE_CHECKING:
    import pandas as pd

    from audits.gate.claims import Policy
    from audits.gate.plan import Plan, PlanStanding
    from audits.gate.verdict import PolicyVerdict
    from audits.report import Background, ShareLimits
    from audits.report import Report as MadeReport
    from audits.statistics.estimates import Estimate
    from audits.verification.thresholds import At
    from facerec.types import OperatingPoint

_THRESHOLD = "The threshold"
_REPORT = "The report"

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
Processes = Annotated[
    int | None,
    option("--processes N", "That read a table in one pass, by default 1; each takes memory of its own."),
]
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
    at: Annotated[
        Path | None,
        option(
            "--at POINT.json",
            "An operating point of the matcher that made the scores, from this file (facerec calibrate makes it).",
            _THRESHOLD,
        ),
    ] = None
    fmr: Annotated[
        float | None, option("--fmr RATE", "With --at: which of the points, by its false match rate.", _THRESHOLD)
    ] = None
    at_fmr_rule: Annotated[
        Literal["observed", "lowest"],
        option(
            "--at-fmr-rule RULE",
            "With --at-fmr: an observed impostor score, as operating points have it, or the lowest threshold of the "
            "same FMR, as scikit-learn's ROC.",
            _THRESHOLD,
        ),
    ] = "observed"

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.at_fmr, self.at_threshold, self.at)) != 1:
            message = "give the threshold: one of --at-fmr RATE, --at-threshold VALUE and --at POINT.json"
            raise ArgumentError(message)
        if self.fmr is not None and self.at is None:
            message = "--fmr chooses among the points of --at POINT.json; for a threshold of the table, give --at-fmr"
            raise ArgumentError(message)

    def chosen(self, columns: Columns, scores: pd.DataFrame, calibration: Path | None = None) -> At:
        """The threshold, or how `calibration` or the table `scores` itself gives it."""
        if calibration is not None and self.at_fmr is None:
            message = "--calibration goes with --at-fmr; a given threshold needs no table to choose it on"
            raise ArgumentError(message)
        if self.at is not None:
            return self.point(self.at, scores)
        if self.at_threshold is not None:
            return self.at_threshold
        from audits.verification.thresholds import AtFmr

        others = None if calibration is None else columns.read(calibration, labelled=False)
        return AtFmr(self.at_fmr or 0, others, self.at_fmr_rule)

    def point(self, file: Path, scores: pd.DataFrame) -> OperatingPoint:
        """The point of a file that is meant: where it holds those of several embedders, one of the table's own."""
        from facerec.cli.recognition import point_in
        from facerec.measure.tables import stamp_of

        matcher = stamp_of(scores)
        return point_in(file, fmr=self.fmr, digest="" if matcher is None else matcher.embedder_digest)

    def plan(self, calibration: Path | None, **more: Any) -> Plan:  # noqa: ANN401 - the other fields of a plan
        """As a plan holds it: files by their digests."""
        from audits.gate.plan import Plan
        from facerec.files import sha256_of

        point, table = ("" if file is None else sha256_of(file, error=ArgumentError) for file in (self.at, calibration))
        at_fmr = self.fmr if self.at_fmr is None else self.at_fmr
        return Plan(at_fmr=at_fmr, at_threshold=self.at_threshold, point=point, calibration=table, **more)

    def origin(self, calibration: Path | None) -> str:
        """The digest of the file that the threshold comes from; empty where it was typed in."""
        from facerec.files import sha256_of

        file = self.at or calibration
        return "" if file is None else sha256_of(file, error=ArgumentError)


@dataclass(frozen=True)
class OptionalThreshold(Threshold):
    """The threshold where it may come from elsewhere, or is not needed."""

    def __post_init__(self) -> None:
        if self.given:
            super().__post_init__()

    @property
    def given(self) -> bool:
        """Whether there is one."""
        return any(each is not None for each in (self.at_fmr, self.at_threshold, self.at, self.fmr))

    def required(self) -> Threshold:
        """The one that is given; `ArgumentError` if none is."""
        return Threshold(self.at_fmr, self.at_threshold, self.at, self.fmr)


@dataclass(frozen=True)
class Asked:
    """By which groups, which claims of a policy are decided, and where what became of them is written."""

    by: By = None
    policy: Annotated[
        Path | None,
        option(
            "--policy FILE",
            "Claims (TOML) to decide, as facerec audit policy prints them. Exit status 0 pass, 1 fail, 3 insufficient "
            "evidence.",
        ),
    ] = None
    junit: Annotated[
        Path | None, output("--junit FILE", "With --policy: write its claims as JUnit XML, for a build server.", JUNIT)
    ] = None
    summary: Annotated[
        Path | None,
        output(
            "--summary FILE",
            "With --policy: write its claims and their numbers as Markdown, for the summary of a build's job.",
            SUMMARY,
        ),
    ] = None

    def __post_init__(self) -> None:
        for name, file in (("--junit", self.junit), ("--summary", self.summary)):
            if file is not None and not self.has_claims:
                message = f"{name} is for the claims of a policy; add --policy FILE"
                raise ArgumentError(message)

    @property
    def has_claims(self) -> bool:
        """Whether there may be claims to decide."""
        return self.policy is not None

    def read(self) -> tuple[Policy | None, float, list[str]]:
        """The policy, if there is one, the confidence of every interval, and the groupings."""
        if self.policy is None:
            from audits.statistics.intervals import CONFIDENCE

            return None, CONFIDENCE, groupings(self.by or ())
        from audits.gate.policy import read_policy

        policy = read_policy(self.policy)
        return policy, policy.confidence, groupings([*(self.by or ()), *policy.groupings])

    def finish(self, verdict: PolicyVerdict | None) -> None:
        """Write the claims for a build server, and end with the policy's exit status."""
        if verdict is None:
            return
        from audits.gate.summaries import junit_summary, markdown_summary
        from facerec.files import replacing

        for file, written in ((self.junit, junit_summary), (self.summary, markdown_summary)):
            if file is not None:
                with replacing(file) as partial:
                    partial.write_text(written(verdict), encoding="utf-8")
        console.wrote(self.junit, self.summary)
        if verdict.exit_status:
            raise typer.Exit(verdict.exit_status)


@dataclass(frozen=True)
class Report:
    """Where a report is written, what it says of itself, and how the answer is printed."""

    context: typer.Context
    out: Annotated[
        Path | None,
        output(
            "--out DIR", "Write the report to this folder: HTML, Markdown, JSON, CSV and a manifest.", REPORT, _REPORT
        ),
    ] = None
    about: Annotated[str, option("--about TEXT", "What is audited.", _REPORT)] = ""
    labels_from: Annotated[
        str,
        option("--labels-from TEXT", "How the group labels were obtained: self-report, records, an observer.", _REPORT),
    ] = ""
    one_page: Annotated[
        bool,
        option("--one-page", "With --out: write one-page.html too, one sheet for who decides and signs.", _REPORT),
    ] = False
    as_json: AsJson = False

    def __post_init__(self) -> None:
        if self.one_page and self.out is None:
            message = "--one-page is a page of the report that --out writes; add --out DIR"
            raise ArgumentError(message)

    @property
    def caveat(self) -> str:
        """What is said of the printed answer."""
        return ""

    def background(self) -> Background:
        """What the auditor states."""
        from audits.report import Background

        return Background(self.about, self.labels_from)

    def deliver(
        self,
        verdict: PolicyVerdict | None,
        *,
        document: Callable[..., Mapping[str, object]],
        report: Callable[..., MadeReport],
        say: Callable[[], None],
        seed: int | None = None,
        versions: Mapping[str, str] | None = None,
        plan: PlanStanding | None = None,
        **inputs: Path | Sequence[Path] | None,
    ) -> PolicyVerdict | None:
        """Write the report if one is asked for, print the answer, and return the verdict as it may be passed on.

        Parameters
        ----------
        verdict : PolicyVerdict or None
        document : callable
            Makes what ``--json`` prints, of ``verdict`` as plain values.
        report : callable
            Makes the report, of ``verdict``, ``background`` and ``run``.
        say : callable
            Prints the answer for people.
        seed, versions, plan
            Of the run.
        **inputs : Path, sequence of Path or None
            The files that were read, by what they were to the audit.
        """
        from audits.gate.plan import EXPLORATORY
        from audits.report import Run, hash_input, write_report
        from audits.report.common.claims import verdict_document

        files: tuple[Path, ...] = ()
        told = verdict
        if self.out is None:
            shown = document(verdict=verdict_document(verdict))
        else:
            named = {role: [each] if isinstance(each, Path) else each or () for role, each in inputs.items()}
            read = tuple(hash_input(path, role=role) for role, paths in named.items() for path in paths)
            run = Run(command_line(self.context), read, seed, versions or {}, plan or EXPLORATORY)
            made = report(verdict=verdict, background=self.background(), run=run)
            if made.lost:
                console.tell("the report to pass on leaves out:")
            for lost in made.lost:
                console.tell(f"  {lost}")
            told, shown = made.verdict or verdict, made.document
            with console.progress("writing the report"):
                files = write_report(replace(made, one_page=self.one_page), self.out)
        if self.as_json:
            console.wrote(self.out)
            console.document({**shown, "files": [str(path) for path in files]})
            return told
        if verdict is not None:
            console.say(f"policy {verdict.policy.title}: {verdict.verdict}")
            for claim in verdict.claims:
                console.say(f"  {claim.verdict}: {claim.claim.name}: {claim.reason}")
        say()
        if files:
            console.say()
            console.say(f"written to {files[0]} and {len(files) - 1} files beside it")
        if self.caveat:
            console.tell(self.caveat)
        return told


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
    """A report that can leave out what is about a few people."""

    share_people: Annotated[
        int | None,
        option(
            "--share-people N",
            "To pass the report on: leave out groups and cells of fewer than N people or comparisons (10 where only "
            "--share-counts is given). --json, --junit and --summary leave them out too.",
            _REPORT,
        ),
    ] = None
    share_counts: Annotated[
        int | None,
        option(
            "--share-counts N",
            "To pass the report on: withhold also rates of fewer than N errors, or N trials without one; 0 is shown. "
            "By default no rate is withheld for its errors: among so many people nobody can be told apart.",
            _REPORT,
        ),
    ] = None
    share: Annotated[int | None, option("--share N", "The old name of --share-people.", _REPORT, hidden=True)] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [name for name in ("share", "share_people", "share_counts") if getattr(self, name) is not None]
        if given and self.out is None:
            message = f"--{given[0].replace('_', '-')} is for the report that --out writes; add --out DIR"
            raise ArgumentError(message)
        if {"share", "share_people"} <= set(given):
            message = "--share is the old name of --share-people; give one of them"
            raise ArgumentError(message)

    def limits(self) -> ShareLimits | None:
        """From which size on numbers are shown; None: all are."""
        people = self.share_people if self.share is None else self.share
        if people is None and self.share_counts is None:
            return None
        from audits.report import ShareLimits

        if self.share is not None:
            console.note(
                f"note: --share {self.share} is now --share-people {self.share}, and goes with the next version; "
                "error counts are withheld by --share-counts alone"
            )
        default = ShareLimits()
        counts = default.counts if self.share_counts is None else self.share_counts
        return ShareLimits(default.people if people is None else people, counts)

    @property
    def caveat(self) -> str:
        """That what was printed holds what a report to pass on leaves out."""
        if self.share is None and self.share_people is None and self.share_counts is None:
            return ""
        return (
            "note: what is printed here leaves nothing out; pass on the report, --json, --junit and --summary, "
            "and not this text"
        )


def process_count(asked: int | None) -> int:
    """How many processes read a table; `ArgumentError` if fewer than 1 are asked for."""
    if asked is not None and asked < 1:
        message = f"a table is read in 1 process or more; got --processes {asked}"
        raise ArgumentError(message)
    return asked or 1


def groupings(by: Sequence[str]) -> list[str]:
    """The groupings that were named, each once and without blanks."""
    return list(dict.fromkeys(",".join(part.strip() for part in name.split(",")) for name in by))


def say_prose(text: str) -> None:
    """Print a sentence of a report, without its marks."""
    from facerec.reporting.inline import parse_spans

    console.say("".join(span.text for span in parse_spans(text)))


def say_notes(notes: Sequence[str]) -> None:
    """Print what a reader must know of an audit beside its answer."""
    for note in notes:
        console.tell(f"note: {note}")


def percent(found: Estimate) -> str:
    """A rate with its interval, such as ``5.68 % (3.12 … 10.1)``."""
    if not found.measured:
        return "not measured"
    from facerec.reporting import share_digits

    value, low, high = map(share_digits, (found.value, found.interval.low, found.interval.high))
    return f"{value} % ({low} … {high})"


def cells(found: Estimate) -> tuple[str, str, str]:
    """A rate with its interval, its errors and its trials, each as a cell of a table."""
    return percent(found), f"{found.errors:,}", f"{found.trials:,}"
