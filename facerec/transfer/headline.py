"""What a run found in one line, and what it could not find out: the same words on the terminal and on the page.

The line names the method with the highest accuracy on the most photos, and says of all others whether they are shown to
be worse. A difference that is not shown decides nothing, neither for a method nor for a cheaper one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from facerec.transfer.cell_queue import Measured
from facerec.transfer.cells import PROTOCOLS, Protocol
from facerec.transfer.comparison import Comparison, Summary, standing
from facerec.transfer.grid import HEADLINE, minutes

_MOST_NAMES = 3
_WORDS: dict[Protocol, str] = {
    "linear": "linear probe",
    "knn": "nearest neighbours",
    "centroid": "class centroids",
    "fine-tune": "fine-tuning",
    "lp-ft": "fine-tuning from the probe",
    "gradual": "fine-tuning layer by layer",
    "discriminative": "fine-tuning with rates by layer",
    "linear-sgd": "linear probe by gradient descent",
    "scratch": "training from scratch",
}


def named(backbone: str, protocol: Protocol, summaries: Sequence[Summary]) -> str:
    """A method in words; with its backbone where there are several."""
    several = len({each.backbone for each in summaries}) > 1
    return f"{_WORDS[protocol]} on {backbone}" if several else _WORDS[protocol]


def photos_text(shots: int | None) -> str:
    """How many photos were learned from.

    >>> photos_text(1), photos_text(20), photos_text(None)
    ('1 photo a class', '20 photos a class', 'all photos')
    """
    return "all photos" if shots is None else f"{shots:,} photo{'' if shots == 1 else 's'} a class"


def of_1000(share: float) -> str:
    """A share as a number of a thousand; half of one counts as one."""
    return f"{math.floor(1000 * share + 0.5):,}"


def listed(names: Sequence[str]) -> str:
    """Names in a row, with commas and an and."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def headline(summaries: Sequence[Summary], comparisons: Sequence[Comparison]) -> str:
    """The highest accuracy on the most photos, how the others stand to it, and what of the question was not tried."""
    most = summaries[0].shots
    stand = standing(summaries, comparisons, most)
    first, worse = stand.first, stand.worse
    alike, apart = ([named(*each.method, summaries) for each in group] for group in (stand.alike, stand.apart))
    who = named(*first.method, summaries)
    photos = "" if most is None else f" with {photos_text(most)}"
    told = [f"{who[0].upper()}{who[1:]}{photos}: {of_1000(first.accuracy.value)} of 1,000 photos named right"]
    if alike and not worse:
        told.append("nothing else is shown to be better or worse")
    elif alike:
        few = listed(alike) if len(alike) <= _MOST_NAMES else f"{len(alike)} other methods"
        told.append(f"not shown to be better than {few}")
    elif worse:
        told.append("all else that was compared is shown to be worse")
    if apart:
        few = listed(apart) if len(apart) <= _MOST_NAMES else f"{len(apart)} other methods"
        told.append(f"not compared with {few}")
    tried = {each.protocol for each in summaries if each.shots == most}
    if untried := [_WORDS[each] for each in HEADLINE if each not in tried]:
        told.append(f"{listed(untried)} {'was' if len(untried) == 1 else 'were'} not tried")
    return "; ".join(told)


def untried(measured: Measured, summaries: Sequence[Summary]) -> dict[int | None, list[str]]:
    """Methods of the plan of which not a single cell was measured, by photos to learn from, the most photos first."""
    known = {(*each.method, each.shots) for each in summaries}
    rows = {(each.cell.backbone, each.cell.protocol, each.cell.shots) for each in measured.left_out} - known
    found: dict[int | None, list[str]] = {}
    for backbone, protocol, shots in sorted(
        rows, key=lambda row: (-(row[2] or 1 << 62), PROTOCOLS.index(row[1]), row[0])
    ):
        found.setdefault(shots, []).append(named(backbone, protocol, summaries))
    return found


def unanswered(measured: Measured, summaries: Sequence[Summary]) -> str:
    """That the question has no answer, and what budget it would take; empty where it has one, or was not asked."""
    lacking = measured.unanswered
    if not lacking or measured.plan.budget is None:
        return ""
    names = listed([named(each.cell.backbone, each.cell.protocol, summaries) for each in lacking])
    more = ""
    if measured.needed is not None:
        enough = minutes(max(measured.needed, 1.2 * measured.plan.budget))
        more = f" It takes about `--budget {enough}` here (into another folder), or fewer photos."
    return (
        f"The question is **not answered**: whether a linear probe is enough or fine-tuning pays. In a budget of "
        f"{minutes(measured.plan.budget) if measured.plan.budget >= 60 else f'{measured.plan.budget:g}s'} there was "
        f"no time for {names} on {photos_text(lacking[0].cell.shots)}, and nothing else was measured in its place."
        f"{more}"
    )
