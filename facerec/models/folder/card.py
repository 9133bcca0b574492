"""The model card: what a person must know before using a model, rendered from what is recorded and nothing else.

Sections as in Mitchell et al. (2019), "Model Cards for Model Reporting". What nobody has recorded is named as missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from facerec.models.folder.values import ModelDescription
from facerec.reporting import Callout, Column, Facts, Page, Section, Table, Text, render_markdown
from facerec.types import OperatingPoint

_UNKNOWN = "not recorded"
_USES = """\
For comparing faces of people who know of it and agreed, with a human who can overrule the outcome; at an operating \
point that was measured on people like those it is used on.

Not for identifying people without their knowledge, not for inferring anything about a person from the face, not for \
decisions without a human. It does not tell a living face from a photo."""


def render_card(about: ModelDescription, points: Sequence[OperatingPoint], audit: Mapping[str, Any] | None) -> str:
    """The card in Markdown, with the points and the document of an audit that were measured with this model."""
    training = about.training
    parents = ", ".join(f"{parent.name} ({parent.role}, {parent.digest[:12]}…)" for parent in about.parents)
    what = Facts(
        (
            ("digest", about.digest),
            ("architecture", str(about.architecture.get("name", "an ONNX graph"))),
            ("crop", about.crop),
            ("pixels", about.pixels.text),
            ("averaged with the mirror image", _yes(about.flip)),
            ("dimension", about.dimension),
            ("weights", f"{about.weights.file}, {about.weights.size} bytes"),
            ("SHA-256 of the weights", about.weights.sha256),
            ("parents", parents or "none"),
        )
    )
    details = ((name, _yes(value) if isinstance(value, bool) else value) for name, value in training.details.items())
    trained = Facts(
        (
            ("data", training.data or _UNKNOWN),
            ("terms of the data, consent", training.data_terms or _UNKNOWN),
            *details,
            ("seed", _UNKNOWN if training.seed is None else training.seed),
            ("command", training.command or _UNKNOWN),
            ("versions", ", ".join(f"{name} {version}" for name, version in training.versions.items()) or _UNKNOWN),
        )
    )
    terms = Facts(
        (
            ("licence of the weights", about.terms.licence),
            ("commercial use", f"{about.terms.commercial}: {about.terms.reason}"),
        )
    )
    sections = (
        Section("What it is", (what,)),
        Section("Intended use, and what it must not be used for", (Text(_USES),)),
        Section("Training", (trained,)),
        Section("Error rates", (_rates(points),)),
        Section("Error rates by group", _groups(audit)),
        Section("Terms", (terms,)),
    )
    summary = f"An embedder: an aligned face of recipe {about.crop} to {about.dimension} numbers, by cosine."
    return render_markdown(Page(f"Model card: {about.name}", summary, sections))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _rates(points: Sequence[OperatingPoint]) -> Text | Table:
    if not points:
        return Text("**Not measured.** Without an operating point this model scores, but does not decide.")
    rows = tuple(
        (
            _data(point),
            f"{point.target_fmr:g}",
            f"{point.threshold:.4f}",
            f"{point.fmr.value:.3g} {point.fmr.interval()}",
            f"{point.fnmr.value:.3g} {point.fnmr.interval()}",
            point.fmr.trials,
            point.fnmr.trials,
        )
        for point in points
    )
    texts = [Column(name) for name in ("data", "target FMR", "threshold", "FMR, 95 %", "FNMR, 95 %")]
    counts = [Column(name, "count") for name in ("impostor pairs", "genuine pairs")]
    return Table("Operating points of this model.", (*texts, *counts), rows)


def _data(point: OperatingPoint) -> str:
    details = [f"asserted by {point.asserted_by}"] if point.asserted_by else []
    if point.refused is not None:
        details.append(f"{point.refused.errors} of {point.refused.trials} faces refused by the gate")
    return f"{point.data_set} ({'; '.join(details)})" if details else point.data_set


def _groups(audit: Mapping[str, Any] | None) -> tuple[Table | Callout, ...]:
    if audit is None:
        return (Callout("warning", "Not audited: nobody has measured whom this model fails more often."),)
    threshold = audit["threshold"]["value"]
    blocks: list[Table | Callout] = []
    if not audit.get("matcher"):
        blocks.append(Callout("warning", "The audited scores carry no stamp: that they are this model's was asserted."))
    columns = (
        Column("people", "count"),
        Column("impostor pairs", "count"),
        Column("FMR, 95 %"),
        Column("genuine pairs", "count"),
        Column("FNMR, 95 %"),
    )
    for by, groups in audit["groups"].items():
        rows = tuple(
            (
                str(group["group"]),
                group["subjects"],
                group["impostor"],
                _rate_text(group["fmr"]),
                group["genuine"],
                _rate_text(group["fnmr"]),
            )
            for group in groups
        )
        title = f"By {by}, at one threshold for all ({threshold:.4f})."
        blocks.append(Table(title, (Column(str(by)), *columns), rows))
    return tuple(blocks)


def _rate_text(rate: Mapping[str, Any]) -> str:
    if rate["value"] is None:
        return "not measured"
    return f"{rate['value']:.3g} [{rate['low']:.3g}, {rate['high']:.3g}]"
