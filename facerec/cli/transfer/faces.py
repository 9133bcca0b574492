"""``facerec transfer faces``: faces as an exercise in judging by group."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from facerec.cli import console
from facerec.cli.command_line import command_line
from facerec.cli.options import AsJson, examples, flag, grouped, option
from facerec.cli.paths import must_exist
from facerec.cli.transfer import options
from facerec.cli.transfer.options import Names, how, picked, what

if TYPE_CHECKING:
    from facerec.transfer.attributes.judged import Judged
    from facerec.transfer.attributes.verdict import Verdict
    from facerec.transfer.bench import Bench

EXAMPLES = examples(
    "facerec transfer faces --data fairface/ --out results/ --backbone efficientnet_lite0,dlib_resnet",
    "facerec transfer faces --data labels.csv --out results/ --attribute age --protocol linear --publish",
)

BY = "race,gender"
"""What the predictions are judged by."""


@grouped
def faces(
    context: typer.Context,
    data: Annotated[
        Path,
        option(
            "DIR|CSV",
            "A CSV file with the columns file, age, gender and race, or a folder with FairFace's label files.",
        ),
    ],
    out: options.Results,
    *,
    attribute: Annotated[Literal["gender", "age"], option("NAME", "What to learn: gender or age.")] = "gender",
    compared: options.Compared,
    protocol: Annotated[
        Names, what("NAME[,NAME]", "As for facerec transfer run. By default linear and fine-tune.")
    ] = None,
    seeds: Annotated[int, what("N", "Draws of validation photos and of training.")] = 3,
    test_part: options.TestPart = 0.5,
    size: Annotated[
        int | None,
        how("PIXELS", "Side of the input of trainings. By default the networks' own, which probes always have."),
    ] = None,
    epochs: Annotated[int, how("N", "Of a training.")] = 5,
    trials: Annotated[int, how("N", "Learning rates that each training tries, 1 to 12.")] = 1,
    labels_from: options.LabelsFrom = "",
    publish: Annotated[bool, flag("--publish", "Leave photos' names out of the tables too, to pass them on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn an attribute of faces with several backbones, and audit each by race and gender.

    A teaching example of audits, and no intended use. Answers whether a better or a fairer backbone exists and at what
    price: report.html, .md and .json, results.csv, groups.csv and a table of predictions per method. The report holds
    no photos. With a budget, probes come first, then the trainings that fit.
    """
    options.check_least(seeds=(seeds, 1), size=(size, 1), epochs=(epochs, 1))
    options.check_trials(trials)
    options.check_part(test_part)
    chosen_protocols = None if protocol is None else options.protocols_of(protocol)
    must_exist(data, "a CSV file of labels, or a folder with FairFace's label files")
    from facerec.transfer.attributes.fairface import read_fairface
    from facerec.transfer.attributes.page import write_attributes
    from facerec.transfer.attributes.run import DEFAULT_PROTOCOLS, check_settings, run_attributes
    from facerec.transfer.attributes.verdict import decide
    from facerec.transfer.findings import judge

    settings = check_settings(size=size, epochs=epochs, trials=trials)
    chosen = compared.arguments()
    image_set = read_fairface(data, attribute=attribute)
    with console.progress("measuring cells") as progress:
        bench = run_attributes(
            image_set,
            out,
            attribute=attribute,
            command=command_line(context),
            protocols=chosen_protocols or DEFAULT_PROTOCOLS,
            seeds=seeds,
            settings=settings,
            test=test_part,
            **chosen,
            planned=options.tell_plan,
            finished=options.cell_teller(progress),
        )
    judged, groups = _judged(bench, out, publish=publish)
    findings = judge(bench)
    verdict = decide(bench, findings, judged, groups)
    written = write_attributes(bench, findings, verdict, out, attribute=attribute, labels_from=labels_from)
    if as_json:
        console.document(_document(verdict, written.html))
        return
    _print(verdict)
    console.say(f"report: {written.html}")
    console.say(f"to audit the predictions further: facerec audit classification {out / 'predictions'}/… --by {BY}")


def _judged(bench: Bench, out: Path, *, publish: bool) -> tuple[tuple[Judged, ...], list[str]]:
    """Write each method's predictions and audit them; with each test photo's group, empty where it has no label."""
    from audits.classification.audit import audit_classification
    from audits.report.classification.sentences import worst_findings
    from facerec.transfer.attributes.judged import ErrorRate, Judged
    from facerec.transfer.attributes.predictions import by_method, make_folder, prediction_table, write_predictions

    folder = make_folder(out / "predictions")
    judged = []
    groups: list[str] = []
    for method, outcomes in by_method(bench.measured.outcomes).items():
        table = prediction_table(bench.image_set, bench.test, outcomes, named=not publish)
        write_predictions(table, folder / f"{method[0]}-{method[1]}.csv")
        audit = audit_classification(table, by=[BY])
        grouping = audit.grouping(BY)
        found = worst_findings(grouping)
        rates = [
            ErrorRate(each.group, rate.errors, rate.trials, rate.value, rate.interval)
            for each in (audit.overall, *grouping.groups)
            for rate in [each.rate("error")]
        ]
        standing, text = (found[0].standing, found[0].text) if found else ("insufficient", "Groups were not compared.")
        judged.append(Judged(method, rates[0], tuple(rates[1:]), standing, text))
        labels = [table[name].tolist()[: len(bench.test)] for name in BY.split(",")]
        groups = [",".join(each) if all(each) else "" for each in zip(*labels, strict=True)]
    return tuple(judged), groups


def _print(verdict: Verdict) -> None:
    for sentence in verdict.sentences:
        console.say(sentence.plain)
    rows = [
        (
            *each.method,
            f"{each.overall.value:.1%}",
            f"{each.overall.interval.low:.1%} … {each.overall.interval.high:.1%}",
            gap.worst,
            f"{gap.worst_error:.1%}",
            f"{100 * gap.gap:.1f}",
        )
        for each, gap in zip(verdict.judged, verdict.gaps, strict=True)
    ]
    columns = ("backbone", "protocol", "wrong", "95 %", "worst group", "wrong there", "gap, points")
    console.table(columns, rows, right=("wrong", "wrong there", "gap, points"))


def _document(verdict: Verdict, report: Path) -> dict[str, object]:
    return {
        "report": str(report),
        "verdict": [{"standing": each.standing, "sentence": each.plain} for each in verdict.sentences],
        "methods": [
            {
                "backbone": each.method[0],
                "protocol": each.method[1],
                **picked(each, "wrong=overall.value", "low=overall.interval.low", "high=overall.interval.high"),
                **picked(gap, "worst_group=worst", "worst_group_wrong=worst_error", "gap", "gap_by_chance=by_chance"),
                "groups": {
                    rate.group: picked(rate, "wrong", "answers", "low=interval.low", "high=interval.high")
                    for rate in each.groups
                },
            }
            for each, gap in zip(verdict.judged, verdict.gaps, strict=True)
        ],
    }
