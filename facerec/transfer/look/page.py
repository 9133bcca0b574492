"""The page of a look: what the network answers, what its layers hand on, and what its blocks cost.

The page holds the photos. It is made for the machine that it was made on, not for publishing.
"""

from __future__ import annotations

from functools import partial
from pathlib import PurePath

from matplotlib.axes import Axes

from facerec.reporting import (
    Block,
    Callout,
    Cell,
    Column,
    Facts,
    Figure,
    Page,
    Picture,
    Section,
    SideBySide,
    Table,
    Text,
    plain,
    write_number,
)
from facerec.reporting.charts import bars
from facerec.reporting.figures import draw
from facerec.transfer.look.activations import Activation
from facerec.transfer.look.block_costs import cost_tables
from facerec.transfer.look.looking import DETAILED, Look, Seen
from facerec.transfer.look.pictures import gallery, grey, overlay
from facerec.types.marks import encode_png

_CHANNELS = 64


def look_page(look: Look) -> Page:
    """Build the page.

    Parameters
    ----------
    look : Look
    """
    inside = [seen for seen in look.seen if not seen.outside]
    photos = "one photo" if len(inside) == 1 else f"{len(inside)} photos"
    sections = [_answers(look, inside), _filters(look), _activations(look)]
    if look.backbone.classes is not None:
        sections.append(_belonging(look))
    sections += [_costs(), _about(look)]
    lead: tuple[Block, ...] = ()
    if look.random:
        lead = (
            Callout(
                "warning",
                "**The weights are random** (`--weights none`). Filters, activations and everything else on this page "
                "show the architecture at its start, not anything that was learned.",
            ),
        )
    return Page(
        f"Inside {look.backbone.name}",
        f"What {plain(look.backbone.name)} makes of {photos}. This page shows the photos: keep it where they may be "
        "seen.",
        tuple(section for section in sections if section.blocks),
        lead=lead,
    )


def _answers(look: Look, inside: list[Seen]) -> Section:
    blocks: list[Block] = []
    silent: list[Figure | Picture] = []
    for seen in inside[:DETAILED]:
        name = PurePath(seen.photo).name
        if seen.pixels is None:
            continue
        size = seen.pixels.shape[0]
        pictures: list[Figure | Picture] = [
            Picture(encode_png(seen.pixels), f"{name} as the network sees it", f"{plain(name)}, {size} × {size} pixels")
        ]
        if seen.saliency is not None:
            caption = "Saliency: where small changes would change the first answer most"
            pictures.append(Picture(encode_png(overlay(seen.pixels, seen.saliency)), f"Saliency of {name}", caption))
        if seen.answers:
            blocks += [SideBySide(tuple(pictures)), _bars(seen, name)]
        else:
            silent += pictures
    if silent:
        blocks.append(SideBySide(tuple(silent)))
    if len(inside) > DETAILED:
        blocks.append(Text(f"{len(inside) - DETAILED} further photos stand in the table of scores only."))
    if look.backbone.classes is None:
        blocks.append(Callout("note", f"{plain(look.backbone.name)} comes without a classifier: it gives no answers."))
    return Section("What it answers", tuple(blocks))


def _bars(seen: Seen, name: str) -> Figure:
    first = seen.answers[0]
    labels = [answer.name for answer in seen.answers]
    values = [answer.probability for answer in seen.answers]
    return Figure(
        draw(partial(_certainties, labels=labels, values=values), height=2.1),
        alt=f"Five most probable classes of {name}; the first is {first.name} with {first.probability:.1%}",
        caption=f"The five most probable classes of {plain(name)}.",
        data={"probability": values},
    )


def _certainties(axes: Axes, labels: list[str], values: list[float]) -> None:
    bars(axes, labels, values, kind="percent", unit="probability")
    axes.set_xlim(0, 1.12)  # the same for every photo, with room for the number


def _filters(look: Look) -> Section:
    filters = look.filters
    if filters is None:
        note = "This network has no convolution over the three colours of a photo, so there are no filters to show."
        return Section("First-layer filters", (Callout("note", note),))
    number, _, height, width = filters.weights.shape
    sheet = gallery(filters.pictures, tile=_tile(number))
    smooth = write_number(filters.smoothness, "score")
    text = (
        f"The {number} filters of `{plain(filters.layer)}`, {height} × {width} weights for each of red, green and "
        "blue. Grey is 0; each filter is scaled by its own largest weight. Neighbouring weights correlate by "
        f"{smooth} (0: noise; towards 1: smooth filters, as edges, gratings and blobs are)."
    )
    if look.random:
        text += " **These are random weights, not learned ones.**"
    picture = Picture(encode_png(sheet), f"{number} first-layer filters, neighbouring weights correlate by {smooth}")
    return Section("First-layer filters", (Text(text), picture))


def _activations(look: Look) -> Section:
    blocks: list[Block] = [_activation(each, look.seen[0]) for each in look.seen[0].activations]
    if not blocks:
        return Section("Activations", ())
    text = (
        "What layers hand on for the first photo; each square is one channel, black its least and white its "
        "largest value. "
        f"Choose others with `--layer NAME`, for example `{plain(look.layers[len(look.layers) // 3])}`; "
        f"the network has {len(look.layers)}, `--json` lists them."
    )
    return Section("Activations", (Text(text), *blocks))


def _activation(activation: Activation, seen: Seen) -> Picture:
    strongest = activation.strongest[:_CHANNELS]
    sheet = gallery(grey(activation.maps[strongest]), tile=_tile(len(strongest)))
    shape = " × ".join(map(str, activation.shape))
    channels = len(activation.maps)
    which = f"the {len(strongest)} strongest channels" if channels > _CHANNELS else "strongest first"
    first = ", ".join(map(str, strongest[:5].tolist()))
    return Picture(
        encode_png(sheet),
        f"Activations of {activation.layer} for {PurePath(seen.photo).name}; strongest channels {first}",
        f"`{plain(activation.layer)}`: {shape}; {which} (channels {first} …). Channels that are 0 "
        f"everywhere on this photo: {activation.silent}.",
    )


def _tile(number: int) -> int:
    """Side of a square in pixels, so that a row of 16 is about as wide as the page."""
    return 48 if number > 8 else 96


def _belonging(look: Look) -> Section:
    rows: list[tuple[Cell, ...]] = [
        (PurePath(seen.photo).name, "outside" if seen.outside else "inside", seen.max_softmax, seen.energy)
        for seen in look.seen
    ]
    text = (
        "Two scores of belonging to what the network was trained on, larger for more inside: the largest softmax "
        "probability (Hendrycks & Gimpel 2017), and the energy, log Σ exp of the logits (Liu et al. 2020). Neither "
        "has a natural threshold: a score says something only beside those of other photos."
    )
    blocks: list[Block] = [
        Text(text),
        Table(
            "Scores of each photo.",
            (Column("photo"), Column("given as"), Column("largest softmax", "score"), Column("energy", "number")),
            tuple(rows),
        ),
    ]
    if look.separations:
        blocks.append(
            Table(
                "How well each score tells the photos given as inside from those given as outside.",
                (Column("score"), Column("AUROC, 95 %"), Column("inside", "count"), Column("outside", "count")),
                tuple(
                    (name, f"{each.auroc:.3f} [{each.low:.3f}, {each.high:.3f}]", each.inside, each.outside)
                    for name, each in look.separations
                ),
                notes=("0.5 is guessing. Interval: Newcombe (2006), method 5.",),
            )
        )
    else:
        note = "Give photos of what the network does not know with `--outside` to measure how well the scores tell."
        blocks.append(Callout("note", note))
    return Section("Does the photo belong to what it knows?", tuple(blocks))


def _costs() -> Section:
    text = (
        "What blocks cost: parameters, and multiply-adds (MACs) for one image. The formulas are checked against real "
        "modules; `facerec transfer blocks` and `facerec.transfer.blocks` compute them."
    )
    return Section("What blocks cost", (Text(text), *cost_tables()))


def _about(look: Look) -> Section:
    backbone = look.backbone
    items: tuple[tuple[str, str | int | float | None], ...] = (
        ("backbone", backbone.name),
        ("architecture", backbone.architecture),
        ("SHA-256 of the weights", backbone.weights_sha256 or "none: random weights"),
        ("parameters without the classifier", backbone.parameters),
        ("multiply-adds per image", write_number(backbone.macs, "amount")),
        ("length of a feature vector", backbone.dimension),
        ("preprocessing", backbone.preprocessing.text),
    )
    return Section("The network", (Facts(items),))
