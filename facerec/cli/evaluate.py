"""``facerec evaluate``: how well a matcher does, from labelled photos or from its scores."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console
from facerec.cli.options import AsJson, Model, examples, flag, grouped, option
from facerec.cli.outputs import SCORES, output
from facerec.cli.parsing import Commands
from facerec.cli.paths import must_be_table
from facerec.cli.recognition import Networks
from facerec.cli.table_options import Columns, ScoresFiles
from facerec.cli.tables import failures_document, say_failures

if TYPE_CHECKING:
    from facerec.measure.evaluation import Evaluation

app = Commands(
    name="evaluate",
    help="Measure how well a matcher does: this one on LFW, or any one from its scores.",
    epilog=examples("facerec evaluate scores scores.csv", "facerec evaluate lfw --data lfw/"),
)


@app.command(
    epilog=examples(
        "facerec evaluate lfw --data lfw/",
        "facerec evaluate lfw --data lfw/ --scores lfw.csv --json",
    )
)
@grouped
def lfw(
    data: Annotated[Path, option("DIR", "The folder of LFW: pairs.txt and the photos.")],
    *,
    scores: Annotated[Path | None, output("SCORES", "Write the score table, too: .csv or .parquet.", SCORES)] = None,
    pseudonyms: Annotated[
        bool, flag("--pseudonyms", "Write pseudonyms instead of names; the key is drawn anew and kept nowhere.")
    ] = False,
    pseudonym_key: Annotated[
        Path | None,
        option("FILE", "Write the pseudonyms that this key gives (16 to 64 secret bytes): the same in every run."),
    ] = None,
    as_json: AsJson = False,
    model: Model = None,
    networks: Networks,
) -> None:
    """Run LFW's official ten folds, from the photos to the figures.

    The face compared is the one nearest to the photo's centre, as the data set defines it. A pair in which a photo
    shows no face counts as rejected. Accuracy on a fold is at the threshold that the other nine choose; the thresholds
    for a false match rate are taken on all pairs.
    """
    from facerec.errors import ArgumentError
    from facerec.files import read_regular
    from facerec.measure.datasets import lfw as read_lfw
    from facerec.measure.evaluation import evaluate_scores, score_pairs
    from facerec.measure.tables import pseudonymise, write

    secret = pseudonym_key is not None or pseudonyms
    if secret and scores is None:
        message = "pseudonyms are for the table that --scores writes; add --scores OUT.csv"
        raise ArgumentError(message)
    if scores is not None:
        must_be_table(scores)
    key = secrets.token_bytes(32) if secret else b""
    if pseudonym_key is not None:
        key = read_regular(pseudonym_key, limit=1 << 20, error=ArgumentError, advice="give the file that holds the key")
    pairs = read_lfw(data)
    recognizer = networks.load(model)
    started = time.perf_counter()
    with console.progress("comparing LFW's pairs") as progress:
        table, failures = score_pairs(recognizer, pairs, data, choice="central", progress=progress)
    seconds = time.perf_counter() - started
    if scores is not None:
        write(pseudonymise(table, key=key) if secret else table, scores)
    evaluation = evaluate_scores(table)
    say_failures(failures)
    per_second = failures.photos / seconds
    if as_json:
        console.wrote(scores)
        run = {"images_per_second": per_second, "seconds": seconds, "matcher": recognizer.matcher, "scores": scores}
        console.document({**evaluation.to_dict(), **failures_document(failures), **run})
        return
    console.say(f"{recognizer.embedder.name}, {recognizer.detector.name}, {recognizer.embedder.crop.name}")
    _print(evaluation)
    console.say(f"{failures.photos} photos in {seconds:.0f} s, {per_second:.1f} per second")
    if scores is not None:
        console.say(f"scores: {scores}")


@app.command(
    "scores",
    epilog=examples(
        "facerec evaluate scores scores.csv",
        "facerec evaluate scores vendor.parquet --at point.json --json",
        "facerec evaluate scores vendor.xlsx --score cos_dist --distance --genuine same",
    ),
)
@grouped
def evaluate_table(
    scores: ScoresFiles,
    *,
    at: Annotated[Path | None, option("POINT.json", "Error rates at these operating points, too.")] = None,
    as_json: AsJson = False,
    columns: Columns,
) -> None:
    """Measure what a score table supports, whoever's matcher made it.

    Larger scores mean more alike, unless --distance says otherwise. Comparisons with an empty score count as rejected.
    Accuracy is given where the table has a column `fold`: at a threshold chosen on the same pairs it would flatter.
    """
    from facerec.measure.evaluation import evaluate_scores, rates_at_point
    from facerec.points import read_points

    rows = columns.read(scores)
    points = () if at is None else read_points(at)
    measured = [(point, *rates_at_point(rows, point, distance=columns.distance)) for point in points]
    evaluation = evaluate_scores(rows, distance=columns.distance, accept_reversed=columns.accept_reversed)
    if as_json:
        names = ("threshold", "target_fmr", "measured_on", "fmr", "fnmr", "notes")
        at_points = [
            dict(zip(names, (point.threshold, point.target_fmr, point.data_set, *rates), strict=True))
            for point, *rates in measured
        ]
        console.document({**evaluation.to_dict(), "at_operating_points": at_points})
        return
    for note in evaluation.notes:
        console.tell(f"note: {note}")
    _print(evaluation)
    for point, fmr, fnmr, notes in measured:
        for note in notes:
            console.tell(f"{point.name}: {note}")
        console.say(f"At threshold {point.threshold:.4f} ({point.name}):")
        console.say(f"  false matches      {console.percent(fmr)}")
        console.say(f"  false non-matches  {console.percent(fnmr)}")


def _print(evaluation: Evaluation) -> None:
    from facerec.measure.evaluation import short_rate

    people = "" if evaluation.people is None else f" of {evaluation.people:,} people"
    console.say(
        f"{evaluation.genuines:,} genuine and {evaluation.impostors:,} impostor pairs{people}, "
        f"{evaluation.failures:,} of them without a score"
    )
    folds = evaluation.folds
    if folds is not None:
        console.say(
            f"  accuracy          {folds.mean:.2%} ± {folds.std:.2%} over {len(folds.folds)} folds "
            f"(standard error {folds.standard_error:.2%})".replace("%", " %")
        )
    completed = evaluation.completed_folds
    if completed is not None and evaluation.failures:
        console.say(
            f"  of those scored   {completed.mean:.2%} ± {completed.std:.2%}, "
            f"{int(completed.trials.sum()):,} pairs".replace("%", " %")
        )
    console.say(f"  area under ROC    {evaluation.auc:.5f}")
    console.say(f"  equal error rate  {evaluation.eer:.2%}".replace("%", " %"))
    for each in evaluation.true_matches:
        console.say(
            f"  at FMR {short_rate(each.target_fmr)}       threshold {each.threshold:.4f}, "
            f"true matches {console.percent(each.rate)}"
        )
    for each in evaluation.lowest_true_matches:
        console.say(
            f"  the same FMR {short_rate(each.target_fmr)} at its lowest threshold, {each.threshold:.4f} (as "
            f"scikit-learn's ROC): true matches {console.percent(each.rate)}"
        )
