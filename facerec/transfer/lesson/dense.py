"""Transfer beyond classification: the same network under other heads, by the runs of ``facerec transfer beyond``."""

from __future__ import annotations

from facerec.reporting import Block
from facerec.transfer.lesson.questions import Part, Question, sayings, together
from facerec.transfer.lesson.runs import Runs

BEYOND = "facerec transfer beyond --out DIR"


def dense(runs: Runs) -> Part:
    """Segmentation and detection."""
    found = runs.of("beyond")
    shown: list[Block] = []
    for run in found:
        drawn = next((figure for each in run.drawings if (figure := run.figure(each.alt)) is not None), None)
        shown += [] if drawn is None else [drawn]
    return Part(
        "Transfer beyond classification",
        "What a network has learned to tell apart, it has also learned to find: the same trunk serves a head that "
        "labels every pixel (Long, Shelhamer, Darrell 2015) and one that draws boxes (Ren et al. 2015).",
        (BEYOND,),
        found,
        tuple(shown),
        (
            Question(
                "What of a classifier is kept for segmentation and for detection, and what is replaced?",
                "Kept is everything up to the last map of features: it still knows where things are. What is thrown "
                "away is the average over places and the layer that names one class. In their place come a convolution "
                "that names a class at every place and is enlarged to the size of the photo (FCN), or one that "
                "proposes boxes and a small network that names each and corrects its edges (Faster R-CNN). For small "
                "things the earlier maps are used too, because the last one is 32 times coarser than the photo.",
            ),
            together(
                "Does pre-training on whole photos help to label pixels and to draw boxes? Would freezing the trunk "
                "do?",
                [each for run in found for each in sayings(run)],
                BEYOND,
            ),
            Question(
                "Why can accuracy not judge these tasks?",
                "Most pixels are background, so that labelling everything background is mostly right; hence the "
                "intersection over union of each class and their mean. For boxes there is no fixed list of answers to "
                "be right on; hence average precision, which counts a box as found when it covers the true one enough, "
                "and punishes the ones too many.",
            ),
        ),
    )
