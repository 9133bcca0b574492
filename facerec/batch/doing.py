"""Doing units until all are done: what is there is not done again, what others do is theirs, the lost are retried."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from facerec.batch.claims import Claims, Owner
from facerec.batch.work import Lost, Runner, Unit, Work

MOST_LOST = 8
"""Processes that one unit may cost before it is given up."""

_LOOK = 0.5


@dataclass(frozen=True)
class Report:
    """What a run did.

    Attributes
    ----------
    done : int
        Units that it did itself.
    by_others : int
        Units that were done meanwhile by other runs into the same folder.
    lost : int
        Processes that ended before their unit was done.
    given_up : mapping of str to str
        Keys of units that are not done, each with how its last process ended.
    """

    done: int
    by_others: int
    lost: int
    given_up: Mapping[str, str] = field(default_factory=dict)


def do(
    work: Work,
    units: Sequence[Unit],
    run: Runner,
    claims: Claims,
    *,
    is_done: Callable[[Unit], bool],
    told: Callable[[Unit, Any], None] | None = None,
    waiting: Callable[[int, Owner | None], None] | None = None,
) -> Report:
    """Do all units that are not done yet.

    Parameters
    ----------
    work : Work
    units : sequence of Unit
        With different keys.
    run : Runner
    claims : Claims
        In a ``with`` block of the caller's; other runs with claims in the same folder share the units with this one.
    is_done : callable
        Whether what a unit makes is there.
    told : callable, optional
        Called with each unit that was done here, and what the work said of it.
    waiting : callable, optional
        Called once with how many units others still do, and one of them, where nothing else is left; a unit whose
        owner ends before it is done is then done here.

    Raises
    ------
    OutputError
        If the folder of claims cannot be written to.
    FacerecError
        As the work and the runner have them. Claims are given back, and what was done until then is kept.
    """
    pending, elsewhere = deque(units), deque[Unit]()
    lost: Counter[str] = Counter()
    given_up: dict[str, str] = {}
    done = by_others = 0
    said = False

    def take() -> Unit | None:
        nonlocal by_others
        while pending:
            unit = pending.popleft()
            if is_done(unit):
                claims.release(unit.key)
                by_others += 1
            elif not claims.take(unit.key):
                elsewhere.append(unit)
            elif is_done(unit):  # between the look and the claim
                claims.release(unit.key)
                by_others += 1
            else:
                return unit
        return None

    while pending or elsewhere:
        for unit, outcome in run(work, take) if pending else ():
            if not isinstance(outcome, Lost):
                claims.release(unit.key)
                done += 1
                if told is not None:
                    told(unit, outcome)
                continue
            work.lost(unit)
            lost[unit.key] += 1
            if lost[unit.key] < MOST_LOST:
                pending.appendleft(unit)
            else:
                claims.release(unit.key)
                given_up[unit.key] = outcome.ending
        if elsewhere:
            if waiting is not None and not said:
                waiting(len(elsewhere), claims.holder(elsewhere[0].key))
                said = True
            time.sleep(_LOOK)
            pending.extend(each for each in list(elsewhere) if is_done(each) or claims.take(each.key))
            for each in pending:
                elsewhere.remove(each)
    return Report(done, by_others, lost.total(), given_up)
