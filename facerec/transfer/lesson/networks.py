"""AlexNet and what layers cost: counted by formula, so that this part needs no run, and looked into with one."""

from __future__ import annotations

import re
from itertools import pairwise

from facerec.reporting import Column, Table, write_number
from facerec.transfer.blocks import Cost, convolution, fully_connected
from facerec.transfer.lesson.questions import Part, Question, listed, percent, times, together
from facerec.transfer.lesson.runs import Run, Runs
from facerec.transfer.pretrained import pretrained

LOOK = "facerec transfer look PHOTO --outside DRAWINGS"
BLOCKS = "facerec transfer blocks"

_PHOTOS = 1_281_167
"""In ImageNet's training part of 2012."""

# torchvision's AlexNet: channels in and out, and side of the filters; then inputs and outputs of the last layers.
_CONVOLUTIONS = ((3, 64, 11), (64, 192, 5), (192, 384, 3), (384, 256, 3), (256, 256, 3))
_LAYERS = (256 * 6 * 6, 4096, 4096, 1000)
_CORRELATION = re.compile(r"neighbouring weights correlate by (?P<value>−?[\d.]+)")


def networks(runs: Runs) -> Part:
    """AlexNet: weights that are shared, where parameters lie, what learned filters look like."""
    looks = runs.of("look")
    return Part(
        "AlexNet: what a convolution saves",
        "Large data, a deep network and graphics cards made the network of 2012 possible. Count first what it consists "
        "of, then look at what its first layer has learned.",
        (BLOCKS, LOOK),
        looks,
        (_costs(),),
        (*_counting(), _normalisation(), _scale(), _filters(looks), _outside(looks)),
    )


def _pair() -> tuple[Cost, Cost]:
    return fully_connected(3 * 128 * 128, 256), convolution(3, 256, side=128, bias=True)


def _alexnet() -> tuple[Cost, int]:
    """Its last layers, and the parameters of its convolutions."""
    last = [fully_connected(inputs, outputs) for inputs, outputs in pairwise(_LAYERS)]
    filters = [convolution(*channels, kernel=side, bias=True) for *channels, side in _CONVOLUTIONS]
    return last[0] + last[1] + last[2], sum(each.parameters for each in filters)


def _costs() -> Table:
    rows = [
        (name, cost.parameters, cost.macs)
        for name, cost in zip(
            ("fully connected, 128 × 128 × 3 to 256", "convolution 3 × 3, 3 to 256 channels"), _pair(), strict=True
        )
    ]
    last, filters = _alexnet()
    whole = pretrained("alexnet.v1")
    rows += [
        ("AlexNet, its five convolutions", filters, whole.macs - last.macs),
        ("AlexNet, its three last layers", last.parameters, last.macs),
    ]
    return Table(
        "What layers cost, with biases",
        (Column("layer"), Column("parameters", "count"), Column("multiply-adds per image", "count")),
        tuple(rows),
        notes=("AlexNet as torchvision has it; its multiply-adds as torchvision publishes them, to three digits.",),
    )


def _counting() -> tuple[Question, ...]:
    full, shared = _pair()
    last, _ = _alexnet()
    whole = pretrained("alexnet.v1")
    return (
        Question(
            "A colour image of 128 × 128 pixels is to become 256 numbers per image with one fully connected layer, or "
            "256 numbers per place with one 3 × 3 convolution. How many parameters has each? Does the smaller one also "
            "compute less?",
            f"{full.parameters:,} and {shared.parameters:,}: the convolution has "
            f"{times(full.parameters / shared.parameters)} fewer, because one filter of 3 × 3 × 3 weights and a bias "
            "serves every place, and its number does not depend on the size of the image. It does not compute less: "
            f"applied at every place it takes {shared.macs:,} multiply-adds against {full.macs:,}, "
            f"{times(shared.macs / full.macs)} as many. Parameters are memory, multiply-adds are time; they are two "
            "prices.",
        ),
        Question(
            "Where do AlexNet's parameters lie, and where its work?",
            f"Of {whole.parameters:,} parameters, {last.parameters:,} ({percent(last.parameters / whole.parameters)}) "
            f"lie in the three fully connected layers at its end, but of its {write_number(whole.macs, 'amount')} "
            f"multiply-adds {percent(1 - last.macs / whole.macs)} are done by the convolutions. This is why later "
            "networks end in an average over places and one small layer, and why replacing only the last layers was "
            "such a cheap trick.",
        ),
    )


def _normalisation() -> Question:
    last, filters = _alexnet()
    whole = pretrained("alexnet.v1").parameters
    counted = last.parameters + filters
    rest = (
        f"Weights and biases of its eight layers add up to {counted:,}, which is all that torchvision's network has "
        f"({whole:,}): nothing is left that a batch norm could have learned."
        if counted == whole
        else f"Weights and biases of its eight layers add up to {counted:,} of {whole:,} parameters; "
        f"{whole - counted:,} belong to something else."
    )
    return Question(
        "Slides sometimes name batch norm among what made AlexNet work. Can you tell from the count of its parameters?",
        f"{rest} Batch norm was published in 2015. The network of 2012 normalised locally across channels, which has "
        "no parameters, and torchvision's version leaves even that out.",
    )


def _scale() -> Question:
    macs = pretrained("alexnet.v1").macs
    epoch = 3 * _PHOTOS * macs
    return Question(
        "What made it hard to train such networks before?",
        "Labels, computing and memory. A step backward costs about twice a step forward, so one pass over ImageNet's "
        f"{_PHOTOS:,} photos takes about 3 × {_PHOTOS:,} × {write_number(macs, 'amount')} = "
        f"{epoch / 1e15:.1f} × 10¹⁵ multiply-adds: {epoch / 1e9 / 86_400:.0f} days for a machine that does "
        "10⁹ of them per second, and it takes many passes. Every photo had to be labelled by people first.",
    )


def _filters(looks: tuple[Run, ...]) -> Question:
    sentences = []
    for run in looks:
        for shown in run.drawings:
            found = _CORRELATION.search(shown.alt)
            if found:
                value = float(found["value"].replace("−", "-"))
                word = "smooth, as edges, gratings and blobs are" if value > 0.5 else "not clearly smooth"
                sentences.append(
                    f"In {listed([run.name])} neighbouring weights of the first layer's filters correlate by "
                    f"{value:.2f}: they are {word}. Noise would give 0."
                )
    return together(
        "What do the filters of the first layer look like after training, and how could you tell learned ones from "
        "random ones without looking?",
        sentences,
        LOOK,
    )


def _outside(looks: tuple[Run, ...]) -> Question:
    sentences = [
        f"In {listed([run.name])} the {listed([row['score']])} tells {row['outside']} photos from outside apart from "
        f"{row['inside']} inside with an AUROC, 95 %, of {row['AUROC, 95 %'].replace('[', '(').replace(']', ')')}; "
        "0.5 is guessing."
        for run in looks
        for row in run.rows("How well each score")
    ]
    return together(
        "Show the network something that is none of its thousand classes. What does it answer, and does any of its "
        "scores tell that it does not know?",
        sentences,
        LOOK,
    )
