"""What stands in every report of verification: how it was computed, what it cannot say, and what it covers.

The items that ISO/IEC 19795-10 asks for are those of the standard's published scope and of common practice; they do
not replace its text. An item that is missing is listed as missing: a reader must see what was not examined.
"""

from __future__ import annotations

from audits.report.common.background import Background
from audits.verification.results import VerificationAudit
from facerec.reporting import Column, Table, plain

MISSING = "missing"

LIMITS = """
- The rates hold for these people, photos, cameras and this threshold. Other people and cameras have other rates.
- A difference that is not shown is not shown to be absent: look at how wide the interval is.
- A group holds whoever was labelled so. What the label stands for, such as light, age or make-up, is not told apart.
- FMR depends on who is compared with whom: it is higher among people of one group than across groups.
- No person and no photo is named here.
- One person may be in many pairs, and identity labels may be wrong; both move small rates.
"""

USES = """
**Meant for** deciding whether and at which threshold a matcher may be used for people like those in the data, for
finding who bears its errors, and for comparing versions. A false non-match denies somebody what is theirs; a false
match accuses somebody, or lets a stranger in. Which weighs more depends on the use, and is not for a table to decide.

**Not meant for** inferring anybody's gender, origin or age from a face; for approving a use because its differentials
are small, for low differentials do not make a use legitimate; for setting a threshold of its own for each group; for
statements about single people.
"""


def method(audit: VerificationAudit) -> str:
    """How the numbers were made, in paragraphs."""
    level = f"{100 * audit.confidence:g} %"
    words = "smaller or equal" if audit.threshold.distance else "larger or equal"
    people = (
        "The table does not say who is in a pair, so **pairs were taken as independent**; where people occur in "
        "several pairs, every interval here is too narrow."
        if audit.pairs_independent
        else "Pairs that share a person are not independent. The variance of every rate adds up what such pairs have "
        "in common (dyadic-robust), the rate's effective number of trials follows from it, and Wilson's interval "
        f"uses that number in place of the pairs. Over all pairs the design effect is {audit.fmr.design_effect:.3g} "
        f"for FMR and {audit.fnmr.design_effect:.3g} for FNMR."
    )
    drawn = (
        f"Intervals of indices come from {audit.bootstrap.replicates} draws of people with replacement, put right to "
        f"the same variance; seed {audit.bootstrap.seed}."
        if audit.bootstrap.replicates
        else "No draws were made, so indices have no intervals."
    )
    target, where = audit.threshold.target_fmr, audit.threshold.choice
    choice = (
        f" It was {where}: an interval of FNMR at FMR = {target:g} stands beside the one at this threshold, and "
        "carries how uncertain that choice is. FMR among everybody lies at the target at some threshold in a range "
        "that follows from the false matches seen; FNMR is read off at both of its ends (MOVER)."
        if target is not None
        else ""
    )
    made = (
        "no stamp says what made these scores"
        if audit.matcher is None
        else f"the scores were made by {audit.matcher.text}"
    )
    return (
        f"What was audited: {plain(made)}. A comparison is accepted if its value is {words} to the threshold, which "
        "is one for all groups and is held "
        f"fixed by the intervals, of rates and of indices: no draw chooses it again.{choice} FMR is the share of "
        "impostor (non-mated) pairs that are accepted, FNMR the share of genuine (mated) pairs that are rejected. A "
        "comparison without a score counts as rejected, so both are generalized rates in the terms of ISO/IEC 19795-1; "
        "where there are such comparisons, FTA by photo and the rates of completed comparisons stand beside them."
        f"\n\n{people}\n\nIntervals are of {level}; where no error or nothing but errors was seen they are "
        "Clopper and Pearson's, and errors are fewer than three in the number of effective trials (rule of 3). "
        f"Evidence is called none below 3 errors, indicative below 30 and reportable from 30 on (rule of 30). {drawn} "
        "A group without trials enters no index and is listed. Groups are said to differ only where two of them do "
        "with all pairs of groups allowed for (Bonferroni); a group of fewer than "
        f"{audit.least} enters no comparison, whatever its errors are, and is named."
    )


def iso_table(audit: VerificationAudit, background: Background) -> Table:
    """Every item that ISO/IEC 19795-10 asks for, with where it stands here, or the word ``missing``."""
    people = "per group, under Groups" if audit.subjects is not None else ""
    acquired = "FTA by photo, under Groups; FTE " + MISSING
    calibrated = audit.threshold.calibration_fmr is not None
    rule = audit.threshold.rule + ("" if calibrated or audit.threshold.target_fmr is None else "; not on other people")
    items = (
        ("purpose of the evaluation", background.purpose),
        ("type: technology, scenario or operational", background.evaluation),
        ("what was evaluated", background.subject),
        ("how membership of groups was obtained", background.labels_from),
        ("people per group", people),
        ("samples per person and group", ""),
        ("comparisons per group", "under Groups"),
        ("failures to enrol and to acquire", acquired),
        ("score distributions", "under Scores and thresholds"),
        ("FMR and FNMR per group at one threshold", "under Groups"),
        ("how the threshold was set", rule),
        ("which impostors were paired", "under Impostor pairs"),
        ("uncertainty and its method", "under Method"),
        ("measures of differential performance", "under How much groups differ" if audit.groupings else ""),
        ("throughput and transaction times per group", ""),
        ("limits", "under Limits and use"),
    )
    return Table(
        "Items of a report on differential performance (after ISO/IEC 19795-10)",
        (Column("item"), Column("where")),
        tuple((item, where or MISSING) for item, where in items),
        strong=tuple(place for place, (_, where) in enumerate(items) if not where or MISSING in where),
    )
