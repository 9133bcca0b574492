"""The options that the audit commands share, and what they do with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from facerec.cli import console
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from audits.claims import Policy
    from audits.estimates import RateEstimate
    from audits.thresholds import AtFmr
    from audits.vendor import VendorColumns
    from audits.verdict import PolicyVerdict

_THRESHOLD = "The threshold"
_REPORT = "The report"

ScoresFile = Annotated[Path, typer.Argument(metavar="SCORES", help="A score table of any matcher: .csv or .parquet.")]
By = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="NAME[,NAME]",
        help="Group by this attribute, or by several at once: race,gender. May be given several times.",
        show_default=False,
    ),
]
AtFmrOption = Annotated[
    float | None,
    typer.Option(
        "--at-fmr",
        metavar="RATE",
        help="The lowest threshold that keeps FMR over all impostor pairs at or below this, such as 1e-3.",
        show_default=False,
        rich_help_panel=_THRESHOLD,
    ),
]
AtThreshold = Annotated[
    float | None,
    typer.Option(
        "--at-threshold",
        metavar="VALUE",
        help="This threshold, on the table's own scale.",
        show_default=False,
        rich_help_panel=_THRESHOLD,
    ),
]
Calibration = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        metavar="SCORES2",
        help="With --at-fmr: choose the threshold on this table of other people.",
        show_default=False,
        rich_help_panel=_THRESHOLD,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Write the report to this folder: HTML, Markdown, JSON and CSV.",
        show_default=False,
        rich_help_panel=_REPORT,
    ),
]
Share = Annotated[
    int | None,
    typer.Option(
        "--share",
        metavar="N",
        help="Leave out groups and cells with fewer than N people or comparisons, to pass the report on; so do --json, "
        "--junit and --summary.",
        show_default=False,
        rich_help_panel=_REPORT,
    ),
]
Title = Annotated[
    str,
    typer.Option("--about", metavar="TEXT", help="What is audited.", show_default=False, rich_help_panel=_REPORT),
]
LabelsFrom = Annotated[
    str,
    typer.Option(
        "--labels-from",
        metavar="TEXT",
        help="How the group labels were obtained: self-report, records, an observer.",
        show_default=False,
        rich_help_panel=_REPORT,
    ),
]
UsePurpose = Annotated[
    str,
    typer.Option(
        "--purpose", metavar="TEXT", help="What the system is for.", show_default=False, rich_help_panel=_REPORT
    ),
]
Evaluation = Annotated[
    Literal["technology", "scenario", "operational"] | None,
    typer.Option(
        "--evaluation",
        metavar="TYPE",
        help="technology, scenario or operational (ISO/IEC 19795).",
        show_default=False,
        rich_help_panel=_REPORT,
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="Claims (TOML) to decide, as in data/policies/example.toml. Exit status 0 pass, 1 fail, 3 insufficient "
        "evidence.",
        show_default=False,
    ),
]
JunitFile = Annotated[
    Path | None,
    typer.Option(
        "--junit",
        metavar="FILE",
        help="With --policy: write its claims as JUnit XML, for a build server.",
        show_default=False,
    ),
]
SummaryFile = Annotated[
    Path | None,
    typer.Option(
        "--summary",
        metavar="FILE",
        help="With --policy: write its claims and their numbers as Markdown, for the summary of a build's job.",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Of the draws of people.")]
Replicates = Annotated[
    int,
    typer.Option("--replicates", metavar="NUMBER", help="Draws of people for the intervals of indices; 0: none."),
]


def chosen_threshold(
    at_fmr: float | None, at_threshold: float | None, calibration: Path | None, columns: VendorColumns
) -> float | AtFmr:
    """The threshold that the options ask for, or how to choose it."""
    from audits.thresholds import AtFmr
    from audits.vendor import read_vendor

    if at_threshold is not None and at_fmr is None:
        if calibration is not None:
            message = "--calibration goes with --at-fmr; a given threshold needs no table to choose it on"
            raise ArgumentError(message)
        return at_threshold
    if at_fmr is None or at_threshold is not None:
        message = "give the threshold: either --at-fmr RATE or --at-threshold VALUE"
        raise ArgumentError(message)
    others = replace(columns, groups=())  # the table that chooses needs no labels
    return AtFmr(at_fmr, None if calibration is None else read_vendor(calibration, others))


def groupings(by: Sequence[str] | None, policy: Policy | None) -> list[str]:
    """The groupings that were asked for, and those that the policy's claims are about; each once."""
    named = [*(by or ()), *(policy.groupings if policy is not None else ())]
    return list(dict.fromkeys(",".join(part.strip() for part in name.split(",")) for name in named))


def command_line(*words: str, options: Mapping[str, object]) -> tuple[str, ...]:
    """The command as it can be run again, without folders and without options that were not given.

    Parameters
    ----------
    *words : str
        The command and its files.
    options : mapping of str to object
        Names and values; False, None and empty texts were not given, True needs no value.
    """
    said = ["facerec", "audit", *words]
    for name, value in options.items():
        for each in value if isinstance(value, list | tuple) else [value]:
            if each is True:
                said.append(name)
            elif each is not None and each is not False and each != "":
                said += [name, each.name if isinstance(each, Path) else str(each)]
    return tuple(said)


def refuse_without_out(share: int | None, out: Path | None) -> None:
    """Refuse ``--share`` where nothing is written that could be passed on."""
    if share is not None and out is None:
        message = "--share is for the report that --out writes; add --out DIR"
        raise ArgumentError(message)


def say_local(share: int | None) -> None:
    """Say that what was printed holds what a report to pass on leaves out."""
    if share is not None:
        console.note(
            f"note: what is printed here leaves nothing out; pass on the report, --json, --junit and --summary, which "
            f"follow --share {share}, and not this text"
        )


def refuse_without_policy(policy: Path | None, *, junit: Path | None, summary: Path | None) -> None:
    """Refuse ``--junit`` and ``--summary`` where there are no claims to write, and one file for both."""
    for name, file in (("--junit", junit), ("--summary", summary)):
        if file is not None and policy is None:
            message = f"{name} is for the claims of a policy; add --policy FILE"
            raise ArgumentError(message)
    if junit is not None and summary is not None and junit.resolve() == summary.resolve():
        message = f"--junit and --summary both name {junit}; each needs a file of its own"
        raise ArgumentError(message)


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


def finish(verdict: PolicyVerdict | None, *, junit: Path | None, summary: Path | None) -> None:
    """Write the claims for a build server, and end with the policy's exit status."""
    if verdict is None:
        return
    from audits.summaries import junit_summary, markdown_summary
    from facerec.files import replacing

    for file, written in ((junit, junit_summary), (summary, markdown_summary)):
        if file is not None:
            with replacing(file) as partial:
                partial.write_text(written(verdict), encoding="utf-8")
    if verdict.exit_status:
        raise typer.Exit(verdict.exit_status)
