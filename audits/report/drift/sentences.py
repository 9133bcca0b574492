"""What an audit of drift found, in words: what rose, what fell, and what nobody can tell, one as loud as the other.

Every sentence is made from the interval of a change and never from the two rates alone: "worse" is written only where
chance is an unlikely explanation, and its absence is not called equality.
"""

from __future__ import annotations

from collections.abc import Sequence

from audits.drift.results import DriftAudit, RateChange
from audits.gate.verdict import PolicyVerdict
from audits.report.common.first_screen import verdict_title
from audits.report.common.frequencies import count
from audits.report.common.words import Sentence, aside_finding, percent, points
from audits.statistics.estimates import rate_words
from audits.statistics.index_changes import IndexChange
from facerec.reporting import plain, write_threshold

_TOLD = 3
_HAPPENS = {
    "fmr": "pairs of two people are taken for one",
    "fnmr": "pairs of one person go unrecognised",
    "without_score": "comparisons have no score",
}
_WORDS = {"worse": "worse", "better": "better", "not shown": "no change shown"}


def overall_change(audit: DriftAudit) -> str:
    """Both error rates of everybody, before and after, in one paragraph of prose."""
    told = [_sentence(audit.change("fmr")), _sentence(audit.change("fnmr"))]
    return (
        f"The same comparisons were decided twice, at the threshold **{write_threshold(audit.before.shown)}** before "
        f"({plain(audit.before.rule)}) and **{write_threshold(audit.after.shown)}** after ({plain(audit.after.rule)}). "
        f"{told[0]} {told[1]} {told_first(audit.thresholds)}."
    )


def change_title(audit: DriftAudit, verdict: PolicyVerdict | None = None) -> str:
    """The headline: what a policy says, else the surest loss, else the surest gain, by the near end of its interval."""
    if verdict is not None:
        return verdict_title(verdict)
    for word, many, found in (("Worse", "more", audit.regressions), ("Better", "fewer", audit.gains)):
        if found:
            surest = max(found, key=lambda each: min(abs(each.change.interval.low), abs(each.change.interval.high)))
            near = min(abs(surest.change.interval.low), abs(surest.change.interval.high))
            of = 1000 if near * 1000 >= 1 else 10_000 if near * 10_000 >= 1 else 1_000_000
            whom = f"those labelled {surest.group}" if surest.by else "everybody"
            return f"{word} for {whom}: at least {count(near, of)} {many} of {of:,} {_HAPPENS[surest.rate]}"
    return "No change is shown, and none is excluded"


def change_findings(audit: DriftAudit) -> tuple[Sentence, ...]:
    """What rose and what fell for sure, what may have done so unseen, and what was not measured at all."""
    measured = [change for change in audit.judged if change.change.trials]
    more = [index for index in audit.indices if index.regression]
    less = [index for index in audit.indices if index.gain]
    found = [
        Sentence(
            "warning", _moved(("Worse", "rose", "more"), audit.regressions, more, len(measured), audit.thresholds)
        ),
        Sentence("note", _moved(("Better", "fell", "less"), audit.gains, less, len(measured), audit.thresholds)),
    ]
    open_ones = [change for change in measured if not (change.change.regression or change.change.gain)]
    if open_ones:
        worst = max(open_ones, key=lambda change: change.change.interval.high)
        rates = "rate" if len(open_ones) == 1 else "rates"
        text = (
            f"**Not shown, and not excluded**, is a change of {len(open_ones)} of {len(measured)} {rates}: that of "
            f"{_whose(worst)} may have risen by as much as {points(worst.change.interval.high)}."
        )
        found.append(Sentence("insufficient", text))
    for by, aside in audit.set_aside:
        found += aside_finding(by, [each for each in aside if each.whole], audit.least)
    if audit.unmeasured:
        listed = "; ".join(_whose(change) for change in audit.unmeasured)
        found.append(Sentence("insufficient", f"Not measured, because there are no such comparisons: {listed}."))
    return tuple(found)


def told_first(thresholds: str) -> str:
    """How the thresholds stand, as the beginning of a sentence.

    >>> told_first("thresholds held fixed")
    'Thresholds held fixed'
    """
    return thresholds[:1].upper() + thresholds[1:]


def choice(audit: DriftAudit) -> str:
    """How intervals treat the two thresholds, as the method tells it."""
    if audit.before.choice == audit.after.choice == "held fixed":
        return (
            "Both thresholds were given and are held fixed by every interval: a change says what these two numbers do, "
            "and not what the matchers would do at one and the same FMR."
        )
    return (
        f"{told_first(audit.thresholds)}. A threshold with that FMR among everybody is known only as well as false "
        "matches show it, so FNMR was read off at both ends of the range in which it lies, and the interval of a "
        "change of FNMR, or of an index of it, carries what that adds (MOVER); of two thresholds that were chosen on "
        "the same pairs, what would have moved both cancels. FMR moves with thresholds of other people only: one that "
        "was chosen on the same pairs takes back what it allows. The interval at these very thresholds, as if they had "
        "been given, stands beside each."
    )


def shown(change: RateChange) -> str:
    """What the interval of a change shows, as a word of a table."""
    if not change.change.trials:
        return "not measured"
    return "worse" if change.change.regression else "better" if change.change.gain else "not shown"


def shown_of_index(index: IndexChange) -> str:
    """What the interval of an index's change shows, as words of a table."""
    return "more unequal" if index.regression else "less unequal" if index.gain else "not shown"


def _moved(
    words: tuple[str, str, str],
    rates: Sequence[RateChange],
    indices: Sequence[IndexChange],
    measured: int,
    thresholds: str,
) -> str:
    word, verb, how = words
    if not rates and not indices:
        return (
            f"**{word}** ({thresholds}): none of {measured} rates {verb} for sure, and no group became {how} unequal "
            "for sure."
        )
    told = [_described(change) for change in rates[:_TOLD]]
    more = f"; and {len(rates) - _TOLD} more, under Changes" if len(rates) > _TOLD else ""
    text = f"**{word}** ({thresholds}): {len(rates)} of {measured} rates {verb} for sure"
    text += f": {'; '.join(told)}{more}." if told else "."
    if indices:
        of = ", ".join(dict.fromkeys(f"{rate_words(index.rate)} by {plain(index.by)}" for index in indices))
        text += f" Groups became **{how} unequal** in {of}."
    return text


def _whose(change: RateChange) -> str:
    if not change.by:
        return f"{rate_words(change.rate)} of everybody"
    return f"{rate_words(change.rate)} of {plain(change.group)} (by {plain(change.by)})"


def _described(change: RateChange) -> str:
    found = change.change
    level = f"{100 * found.interval.confidence:g}\N{NO-BREAK SPACE}%"
    low, high = sorted((abs(found.interval.low), abs(found.interval.high)))
    return (
        f"{_whose(change)} from {percent(change.before.value)} to {percent(change.after.value)}, by "
        f"{points(abs(found.value))} ({level}: {100 * low:.3g} to {100 * high:.3g})"
    )


def _sentence(change: RateChange) -> str:
    name = rate_words(change.rate)
    if not change.change.trials:
        return f"{name} was not measured: there are no such pairs."
    counts = [f"{found.errors:,} of {found.trials:,}" for found in (change.before, change.after)]
    return (
        f"{name} of everybody was {percent(change.before.value)} ({counts[0]}) and is {percent(change.after.value)} "
        f"({counts[1]}): **{_WORDS[shown(change)]}**."
    )
