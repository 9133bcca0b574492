"""What stands on the page besides the steps: the threshold and what it rests on, the models, the limits."""

from __future__ import annotations

from facerec.demo.steps import Setting
from facerec.measure.operating_points import is_indicative
from facerec.models.catalogue import MODELS
from facerec.reporting import Callout, Column, Facts, Section, Table, Text, plain
from facerec.types import Interval, Rate

_LIMITS = (
    "- **This page is no measurement.** A handful of photos shows what the software does, not how often it errs. "
    "How often it errs was measured elsewhere: see [How it decides](#how-it-decides).\n"
    "- **A match is not proof of who somebody is.** It says that two vectors are more alike than a threshold. Do not "
    "take from anyone, refuse anyone or accuse anyone on it alone.\n"
    "- **The more people are enrolled, the more false matches.** The false match rate holds for one comparison; a "
    "stranger who is compared with N people is taken for one of them with a chance of about 1 − (1 − FMR)^N.\n"
    "- **Errors are not spread evenly.** The embedder was trained mostly on adults, many of them celebrities; it mixes "
    "up children. Tests of many systems (NIST IR 8280, 2019) found more false matches among women, children, the old, "
    "and people of East Asian and African origin. The threshold was not measured on your people.\n"
    "- **Poor photos are not guessed.** A face that is too small, too blurred or too uncertain is left undecided; the "
    "score is shown, but does not carry the error rates of the threshold.\n"
    "- **Nothing here tells a face from a picture of a face.** There is no liveness test.\n"
    "- **Vectors are biometric data.** Enroll people who agreed, say what for, and let them expire."
)


def how_it_decides(setting: Setting) -> Section:
    """The operating point with its rates, counts and intervals."""
    point = setting.operating_point
    rate = (Column("error rate"), Column("asked for", "rate"), Column("reached", "rate"))
    columns = (*rate, Column("95 % interval", "interval"), Column("errors", "count"), Column("comparisons", "count"))
    rows = (
        ("false match rate (FMR): strangers accepted", point.target_fmr, *_cells(point.fmr)),
        ("false non-match rate (FNMR): people not recognised", None, *_cells(point.fnmr)),
    )
    notes = ["The intervals respect that comparisons share people."] if point.fmr.effective_trials is not None else []
    blocks: list[Text | Facts | Table | Callout] = [
        Text(
            "A face becomes a vector; two faces are as alike as the cosine of their vectors (1: the same photo). One "
            f"threshold decides: **a match is a score of at least {point.threshold:.4f}**. It was not chosen for "
            "these photos; it was measured beforehand, and every decision on this page was made with it."
        ),
        Table(f"What the threshold {point.threshold:.4f} reached where it was measured.", columns, rows, tuple(notes)),
        Facts(
            (
                ("measured on", point.data_set),
                ("detector", point.detector),
                ("alignment", point.alignment),
                ("embedder", point.embedder),
                ("embedder's digest", point.embedder_digest),
            )
        ),
    ]
    if is_indicative(point):
        blocks.append(
            Callout(
                "warning",
                "Fewer than 30 false matches were to be expected where this threshold was measured: the true false "
                "match rate can well be half or twice the target.",
            )
        )
    if point.detector != setting.detector:
        note = f"The faces on this page were found by {plain(setting.detector)}, another detector than the threshold's."
        blocks.append(Callout("warning", note))
    return Section("How it decides", tuple(blocks))


def models() -> Section:
    """The models in use with their terms, and what is known of whom they fail."""
    used = [model for model in MODELS if model.default]
    columns = (
        Column("model"),
        Column("what it does"),
        Column("licence of the weights"),
        Column("commercial use"),
        Column("trained on"),
    )
    rows = tuple(
        (model.name, model.task, model.weights_licence, model.commercial, model.training_data) for model in used
    )
    known = "\n".join(f"- `{plain(model.name)}`: {plain(model.accuracy_by_group)}" for model in used)
    return Section(
        "The models",
        (
            Table("Models in use, in the order in which a photo meets them.", columns, rows),
            Text(f"What is known of their accuracy by group of people:\n\n{known}"),
            Text("`facerec models` shows the rest: digests, files, reasons and the terms of the training data."),
        ),
    )


def limits() -> Section:
    """What the software cannot do, in plain words."""
    return Section("Limits", (Text(_LIMITS),))


def _cells(rate: Rate) -> tuple[float, Interval, int, int]:
    return rate.value, rate.interval(), rate.errors, rate.trials
