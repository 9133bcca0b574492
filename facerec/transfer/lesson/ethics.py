"""Ethics: whose faces are more similar, why that is no error rate, and what an audit can and cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from facerec.reporting import Block, Callout, plain, write_number
from facerec.transfer.lesson.questions import Part, Question, listed, percent, sayings, together
from facerec.transfer.lesson.runs import Run, Runs
from facerec.transfer.spread_example import made_groups

SPREAD = "facerec transfer spread VECTORS --by race,gender --out DIR"
AUDIT = "facerec audit verification SCORES --by gender --at-fmr 0.01 --out DIR"
MITIGATION = "facerec audit mitigation VECTORS --by gender --at-fmr 0.001 --out DIR"
FACES = "facerec transfer faces --data FAIRFACE --attribute gender --out DIR"
_ATTEMPTS = 1_000


def ethics(runs: Runs) -> Part:
    """Spread against error rates, one threshold for all, and whether a remedy helps."""
    spreads, audits, laboratories, faces = (runs.of(kind) for kind in ("spread", "verification", "mitigation", "faces"))
    wanted = [(run, "Mean distance by group") for run in spreads]
    wanted += [(run, "FMR and FNMR by") for run in audits]
    wanted += [(run, "Paired changes of FMR") for run in laboratories]
    shown: list[Block] = [figure for run, alt in wanted if (figure := run.figure(alt)) is not None]
    note = (
        "Groups are those that came with the data, assigned by others. They serve to judge the system, and no command "
        "infers them from a face. For which uses recognition may be used at all is decided by people and by law, not "
        "by a number on this page."
    )
    return Part(
        "Ethics: who bears the errors",
        "A popular exercise compares distances between the faces of two groups. It is a good beginning and a bad end: "
        "the question is who is taken for somebody else, and who is turned away.",
        (SPREAD, AUDIT, MITIGATION, FACES),
        (*spreads, *audits, *laboratories, *faces),
        (Callout("note", note), *shown),
        (
            together(
                "Which group's faces are “more similar” to the network, by mean distance and by within-group sum of "
                "squares?",
                [each for run in spreads for each in sayings(run)],
                SPREAD,
            ),
            _no_error_rate(),
            _by_group(audits),
            _in_practice(audits),
            _enough(audits),
            _remedy(laboratories),
            together(
                "Would a better, or another, pre-trained network treat groups more equally?",
                [each for run in faces for each in sayings(run)],
                FACES,
            ),
            *_discussed(),
        ),
    )


def _no_error_rate() -> Question:
    close, far = made_groups()
    answer = (
        "Spread is a mean over pairs of different people. A false match happens far from the mean, at a threshold, and "
        "a false non-match between two photos of one person, which the exercise does not have. "
    )
    if close.variance < far.variance and close.fmr.value < far.fmr.value:
        answer += (
            "The order can even turn around. Of two made-up groups of 240 people at one threshold, the one with the "
            f"smaller spread ({close.variance:.2f} against {far.variance:.2f}) has the **fewer** false matches, "
            f"{percent(close.fmr.value)} against {percent(far.fmr.value)}, because the other group's people come in "
            "families"
        )
        answer += (
            f", and the fewer false non-matches, {percent(close.fnmr.value)} against {percent(far.fnmr.value)}. "
            if close.fnmr.value < far.fnmr.value
            else ". "
        )
    return Question(
        "May you conclude that the network confuses the people of the group with the smaller spread more often?",
        f"{answer}Besides, age, pose and quality of photos differ between groups and move vectors too.",
    )


def _groups(audit: Run) -> Iterator[tuple[str, Sequence[Mapping[str, Any]], Mapping[str, Any]]]:
    for by, groups in audit.audit["groups"].items():
        yield by, groups, audit.audit["disparity"].get(by, {})


def _rate(rate: Mapping[str, Any]) -> str:
    return percent(rate["value"], rate["low"], rate["high"])


def _measured(groups: Sequence[Mapping[str, Any]], rate: str) -> list[Mapping[str, Any]]:
    return [each for each in groups if isinstance(each[rate]["value"], float)]


def _by_group(audits: Sequence[Run]) -> Question:
    sentences = []
    for run in audits:
        threshold = run.audit["threshold"]["value"]
        for by, groups, disparity in _groups(run):
            for rate, name in (("fmr", "FMR"), ("fnmr", "FNMR")):
                told = "; ".join(f"{plain(each['group'])} {_rate(each[rate])}" for each in _measured(groups, rate))
                gap = disparity.get(rate, {}).get("difference")
                if not told or gap is None:
                    continue
                ends = f"{100 * gap['value']:.1f} points (95 %: {100 * gap['low']:.1f} … {100 * gap['high']:.1f})"
                verdict = (
                    f"they **differ**, the highest from the lowest by {ends}"
                    if gap["low"] > 0
                    else f"a difference is not shown, and not excluded: {ends}"
                )
                sentences.append(
                    f"In {listed([run.name])}, by {plain(by)} at the threshold {write_number(threshold, 'rate')}, "
                    f"{name}: {told}; {verdict}."
                )
    return together(
        "Now with pairs of known people and one threshold for all: whose false match rate and whose false non-match "
        "rate is higher, and is the difference more than chance?",
        sentences,
        AUDIT,
    )


def _in_practice(audits: Sequence[Run]) -> Question:
    sentences = []
    for run in audits:
        for _, groups, _ in _groups(run):
            parts = [
                f"{plain(each['group'])}: {_attempts(each['fmr'], 'low')} to {_attempts(each['fmr'], 'high')}"
                for each in _measured(groups, "fmr")
            ]
            if len(parts) > 1:
                sentences.append(
                    f"In {listed([run.name])}, of {_ATTEMPTS:,} attempts by somebody else of the same group, this many "
                    f"would pass: {'; '.join(parts)}."
                )
    if sentences:
        sentences.append(
            "Where the false match rate is higher, a phone is less safe, a search brings the innocent under suspicion "
            "more often, and albums mix people up. Where the false non-match rate is higher, people are turned away. "
            "Which of the two is the harm depends on the use, so both must be reported."
        )
    return together("What does that mean for a phone's lock, a police search, an album?", sentences, AUDIT)


def _attempts(rate: Mapping[str, Any], end: str) -> str:
    return f"{_ATTEMPTS * rate[end]:.0f}"


def _enough(audits: Sequence[Run]) -> Question:
    sentences = []
    for run in audits:
        for by, groups, _ in _groups(run):
            fewest = min(groups, key=lambda each: each["impostor"])
            sentences.append(
                f"In {listed([run.name])}, by {plain(by)}, the smallest group, {plain(fewest['group'])}, has "
                f"{fewest['impostor']:,} pairs of different people and {fewest['false_matches']:,} false matches among "
                f"them, {fewest['genuine']:,} pairs of one person and {fewest['false_non_matches']:,} false "
                "non-matches."
            )
    if sentences:
        sentences.append(
            "Below some 30 errors per group an interval is wide and a difference an indication. Pairs share people, so "
            "they are worth fewer than their number; `facerec audit power` says how many are needed."
        )
    return together("Are there photos enough to say so?", sentences, AUDIT)


def _remedy(laboratories: Sequence[Run]) -> Question:
    sentences = []
    for run in laboratories:
        verdict = run.audit["verdict"]
        harmless = [name for name, changed in verdict.items() if changed["better"] and not changed["worse"]]
        harmful = [name for name, changed in verdict.items() if changed["worse"]]
        judged = run.audit["people"]["judged"]
        parts = []
        if harmless:
            parts.append(f"{listed(harmless)} made some error rate better and none worse")
        if harmful:
            parts.append(f"{listed(harmful)} made an error rate worse for somebody")
        unchanged = [name for name in verdict if name not in (*harmless, *harmful)]
        if unchanged:
            parts.append(f"no change is shown for {listed(unchanged)}")
        parts += _repeated(run)
        sentences.append(
            f"In {listed([run.name])}, judged on {judged:,} people whom no method had seen: {'; '.join(parts)}."
        )
    if sentences:
        sentences.append(
            "A gap can be closed by making the better group worse, so look at every rate and not at the gap. Balanced "
            "data in training come first, and it must be known what the weights were trained on; but balance in "
            "numbers is no promise of equal errors, so measure after it too."
        )
    return together(
        "Can the scores be adjusted so that groups are treated equally, at nobody's cost?", sentences, MITIGATION
    )


def _repeated(run: Run) -> list[str]:
    """Whether improvements show again when the people are dealt anew."""
    deals = run.audit["other_deals"]
    found = [
        (change["other_deals"]["better"], change["other_deals"]["worse"])
        for method in run.audit["methods"]
        for change in method["changes"]
        if deals and change["finding"] == "better"
    ]
    if not found:
        return []
    again = sum(2 * better > deals for better, _ in found)
    against = sum(worse > 0 for _, worse in found)
    return [
        (
            f"of the {len(found)} improvements of all methods, {again} showed again in most of {deals} other deals of "
            f"people, and {against} turned into the opposite in one or more"
        )
    ]


def _discussed() -> tuple[Question, ...]:
    return (
        Question(
            "You can measure an error rate per group only with labels of groups. Who may collect them, who assigns "
            "them, and what becomes of people whom no label fits?",
            None,
        ),
        Question(
            "Suppose that all error rates were equal, and small. Name a use of face recognition that you would still "
            "forbid, and one that you would allow now. What makes the difference?",
            None,
        ),
        Question("Whose photos were the weights trained on, were they asked, and how could you find out?", None),
    )
