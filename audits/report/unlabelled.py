"""What no group of a grouping holds, in words: nobody is lost without being counted."""

from __future__ import annotations

from audits.verification.results import GroupingAudit
from facerec.reporting import plain


def unlabelled_sentence(grouping: GroupingAudit) -> str:
    """How many pairs are in no group, and why; empty where every pair has its two labels.

    Parameters
    ----------
    grouping : GroupingAudit
    """
    left, by = grouping.unlabelled, plain(grouping.by)
    if left is None:
        return f"By {by}, how many pairs lack a label, or carry two different ones, is withheld."
    parts = []
    if left.genuine or left.impostor:
        parts.append(
            f"By {by}, {left.genuine:,} genuine and {left.impostor:,} impostor pairs lack a label and are in no group."
        )
    if left.genuine_across:
        parts.append(f"By {by}, {left.genuine_across:,} genuine pairs carry two different labels and are in no group.")
    return " ".join(parts)
