"""Face recognition: vectors in place of classes, and a threshold in place of the largest one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from facerec.reporting import Block, write_number
from facerec.transfer.lesson.questions import Part, Question, listed, percent, sayings, times, together
from facerec.transfer.lesson.runs import Run, Runs

EVALUATE = "python data/lfw/recipe.py --data FOLDER_OF_LFW"
TRANSFER = "python data/face_transfer/recipe.py --data FOLDER_OF_LFW --work FOLDER_FOR_STATE"
TRAIN = "facerec train --data FACES --out DIR"

_GALLERY = 1_000
_POINTS = "Operating points"


def recognition(runs: Runs) -> Part:
    """Embeddings, operating points, and what an ImageNet network is worth on faces."""
    evaluations, transfers, trainings = (runs.of(kind) for kind in ("lfw", "face_transfer", "train"))
    shown: list[Block] = [
        figure
        for run in evaluations
        for alt in ("DET curve of the official pairs", "Histograms of genuine and impostor scores")
        if (figure := run.figure(alt)) is not None
    ]
    return Part(
        "Face recognition",
        "A classifier knows a closed list of people. Recognition must work for people who were not there when the "
        "network was trained, so it compares vectors.",
        (EVALUATE, TRANSFER, TRAIN),
        (*evaluations, *transfers, *trainings),
        tuple(shown),
        (
            Question(
                "A network that names one of 1,000 classes is at hand, and so are three photos of each of your "
                "colleagues. Why not fine-tune it to name the colleague?",
                "It would name a colleague for every stranger, and each new colleague would mean training again. A "
                "network that turns a photo into a vector, so that photos of one person lie close together, is trained "
                "once on many other people; a new person is one more vector to compare with. Losses that shape such "
                "vectors compare: a triplet loss asks that an anchor lies nearer to another photo of its person than "
                "to one of somebody else, by a margin; margin losses ask the same of angles to one direction per "
                "person.",
            ),
            _right(evaluations),
            _operating(evaluations),
            _search(evaluations),
            together(
                "How far does a network that was pre-trained on ImageNet get on faces, without and with training on "
                "them?",
                [each for run in transfers for each in sayings(run)],
                TRANSFER,
            ),
            together(
                "Train an embedder on your own faces: what becomes of the true match rate of people it has not seen?",
                [f"{listed([run.name])}: {run.report['summary']}" for run in trainings],
                TRAIN,
            ),
        ),
    )


def _right(evaluations: Sequence[Run]) -> Question:
    sentences = []
    for run in evaluations:
        rows = {row["measure"]: row for row in run.rows("Figures on the official pairs")}
        accuracy = rows.get("accuracy, mean of ten folds")
        strict, loose = rows.get("TMR at FMR 0.001"), rows.get("TMR at FMR 0.01")
        if accuracy is None or strict is None or loose is None:
            continue
        sentences.append(
            f"In {listed([run.name])} {_share(accuracy)} of the official pairs are decided rightly. With one false "
            f"match in 100 pairs of different people allowed, {_share(loose)} of the pairs of one person match; with "
            f"one in 1,000, {_share(strict)}, so {times((1 - strict['value']) / (1 - loose['value']))} as many are "
            "rejected."
        )
    if sentences:
        sentences.append(
            "Accuracy is measured where both errors are about as frequent, on as many pairs of one person as of two. "
            "No door and no search is like that."
        )
    return together("Nearly all pairs are decided rightly. Is the problem solved?", sentences, EVALUATE)


def _share(row: Mapping[str, Any]) -> str:
    return percent(row["value"], row["95 %"]["low"], row["95 %"]["high"])


def _operating(evaluations: Sequence[Run]) -> Question:
    sentences = []
    for run in evaluations:
        parts = [
            f"at a threshold of {row['threshold']} (FMR {write_number(row['target FMR'], 'rate')}) "
            f"{percent(row['FNMR'], row['95 % of FNMR']['low'], row['95 % of FNMR']['high'])} of the pairs of one "
            "person are rejected"
            for row in run.rows(_POINTS)
        ]
        if parts:
            sentences.append(f"In {listed([run.name])}: {'; '.join(parts)}.")
    if sentences:
        sentences.append(
            "There is no right threshold, only a choice of who bears which error, and it belongs to whoever answers "
            "for the use. A phone that rejects its owner is a nuisance; one that opens for others is a breach."
        )
    return together("Which threshold is the right one?", sentences, EVALUATE)


def _search(evaluations: Sequence[Run]) -> Question:
    sentences = []
    for run in evaluations:
        parts = [
            f"at an FMR of {write_number(row['target FMR'], 'rate')}, "
            f"{percent(1 - math.exp(_GALLERY * math.log1p(-row['FMR'])))}"
            for row in run.rows(_POINTS)
        ]
        if parts:
            sentences.append(
                f"If the {_GALLERY:,} comparisons were independent, which they are not quite, at least one would match "
                f"with a probability of 1 − (1 − FMR)^{_GALLERY:,}; with the rates of {listed([run.name])}: "
                f"{'; '.join(parts)}. The error rate of a search grows with the list; measure it as FPIR, with "
                "`facerec audit identification`."
            )
    return together(
        f"A passer-by who is on no list is compared with a list of {_GALLERY:,} people. How probable is a false alarm?",
        sentences,
        EVALUATE,
    )
