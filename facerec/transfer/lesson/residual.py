"""ResNet: what skip connections are for, by the run on gradient flow; and the blocks that followed, by formula."""

from __future__ import annotations

from collections.abc import Sequence

from facerec.reporting import Block, Column, Table
from facerec.transfer.blocks import bottleneck, convolution, depthwise_separable
from facerec.transfer.lesson.questions import Part, Question, percent, together
from facerec.transfer.lesson.runs import Run, Runs
from facerec.transfer.pretrained import PRETRAINED, pretrained

GRADIENTS = "facerec transfer gradients"
_PATHS = (1, 2, 4, 8, 16, 32, 64)
_YES = {"pass": "Yes.", "fail": "Not in this run.", "insufficient": "Not settled by this run."}


def residual(runs: Runs) -> Part:
    """Depth, shortcuts, and what blocks cost."""
    labs = runs.of("gradients")
    shown = [
        figure
        for run in labs
        for alt in ("Norm of the weight gradient over the layers at the start", "Training loss over the steps")
        if (figure := run.figure(alt)) is not None
    ]
    return Part(
        "ResNet: what skip connections do",
        "Skip connections are usually explained with gradients that vanish. The run trains networks with and without "
        "them, with and without batch norm, and looks.",
        (GRADIENTS, "facerec transfer blocks --channels 256 --width 64 --paths 32"),
        labs,
        (*shown, *_blocks()),
        (*_depth(labs), *_costs(), _size()),
    )


def _depth(labs: Sequence[Run]) -> tuple[Question, ...]:
    def of(*topics: str, word: bool = True) -> list[str]:
        found = [(run.on(topic), number) for run in labs for number, topic in enumerate(topics)]
        return [
            f"{_YES.get(said.standing, '')} {said.text}".strip() if word and number == 0 else said.text
            for said, number in found
            if said is not None
        ]

    return (
        together(
            "Stack more layers, without shortcuts. Does the deeper network have the higher training loss? And why is "
            "it the training loss that you ask for, not the test loss?",
            _then(
                of("Degradation"),
                "A higher test loss could be overfitting. A higher training loss cannot: the deeper network could copy "
                "the shallower one and pass it on, and training does not find that.",
            ),
            GRADIENTS,
        ),
        together(
            "“Skip connections avoid vanishing gradients.” Is that what He et al. (2016) say?",
            _then(
                of("He et al.", "Yang et al.", word=False),
                "In section 4.1 they write that vanishing gradients are an unlikely cause, because their plain "
                "networks have batch norm and they checked that gradients keep healthy norms; they conjecture very "
                "slow convergence and leave the reason open. The slogan is folklore, not the paper.",
            ),
            GRADIENTS,
        ),
        together("Is there a network whose gradients do vanish?", of("The vanishing story"), GRADIENTS),
        together(
            "Then what do shortcuts change?",
            of("Shortcuts", "Shortcuts and gradients", "Balduzzi", word=False),
            GRADIENTS,
        ),
        together(
            "A friend measured small gradients late in training and takes this for proof. What do you answer?",
            of("In the course of training", word=False),
            GRADIENTS,
        ),
    )


def _then(sentences: list[str], more: str) -> list[str]:
    """What holds for any run, after what this one says."""
    return [*sentences, more] if sentences else []


def _blocks() -> tuple[Block, ...]:
    rows = tuple((paths, 64 // paths, bottleneck(256, 256, width=64, groups=paths).parameters) for paths in _PATHS)
    return (
        Table(
            "A block of 256 channels whose middle has 64, divided into more and more paths; weights only",
            (Column("paths", "count"), Column("channels of each", "count"), Column("parameters", "count")),
            rows,
            notes=("The first row is ResNet's bottleneck.",),
        ),
    )


def _costs() -> tuple[Question, ...]:
    one, paths = bottleneck(256, 256, width=64), bottleneck(256, 256, width=128, groups=32)
    narrow = [bottleneck(256, 256, width=64, groups=number).parameters for number in _PATHS]
    ends = 2 * convolution(256, 64, kernel=1).parameters
    full, separable = convolution(4, 2), depthwise_separable(4, 2)
    wide, wide_separable = convolution(256, 256), depthwise_separable(256, 256)
    return (
        Question(
            "A ResNet's bottleneck has 256 channels outside and 64 in the middle; a ResNeXt's block has 32 paths of 4 "
            "channels. How many weights has each, and what does the second get for them?",
            f"{one.parameters:,} and {paths.parameters:,}, {percent(paths.parameters / one.parameters - 1)} more. For "
            "nearly the same price its middle is twice as wide, 128 channels, because each of the 32 paths looks only "
            "at its own 4.",
        ),
        Question(
            "Keep the middle at 64 channels and divide it into more and more paths. What becomes of the weights, and "
            "why do they not go to 0?",
            f"They fall from {narrow[0]:,} to {narrow[-1]:,}, by less with each step: only the 3 × 3 convolution is "
            f"divided. The two 1 × 1 convolutions keep their {ends:,} weights, and they are what lets paths speak to "
            "one another.",
        ),
        Question(
            "A 3 × 3 convolution from 4 to 2 channels, and the same depthwise-separable: how many weights? Does the "
            "saving grow with the channels?",
            f"{full.parameters} and {separable.parameters}, {percent(separable.parameters / full.parameters)} of it. "
            f"With 256 channels in and out it is {wide.parameters:,} and {wide_separable.parameters:,}, "
            f"{percent(wide_separable.parameters / wide.parameters)}: the share is 1/outputs + 1/9, so it nears a "
            "ninth. What is given up is that a filter can look at several channels and several places at once.",
        ),
    )


def _size() -> Question:
    published = [each for each in PRETRAINED if each.top1 is not None]
    dearer = [(one, other) for one in published for other in published if one.macs > other.macs]
    pairs = [(one, other) for one, other in dearer if (one.top1 or 0) < (other.top1 or 0)]
    one, other = max(pairs, key=lambda pair: pair[0].macs / pair[1].macs)
    same = pretrained("resnet50.v1"), pretrained("resnet50.v2")
    return Question(
        "Is the network that computes more also the more accurate one?",
        f"Mostly. Among the {len(published)} sets of weights that `facerec transfer backbones` lists with a published "
        f"accuracy, the dearer of two is the less accurate one in {percent(len(pairs) / len(dearer))} of pairs. The "
        f"starkest pair: {one.name} takes {one.macs / other.macs:.0f} times the multiply-adds of {other.name} and has "
        f"{one.top1:.1f} % against {other.top1:.1f} % top-1. And the same ResNet-50, trained by two recipes, has "
        f"{same[0].top1:.1f} % and {same[1].top1:.1f} %: the recipe counts like the architecture.",
    )
