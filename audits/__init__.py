"""Audits of error rates by group: judges score tables and predictions, of this project or of anyone else.

The contract between recognition and audit is the score table (``facerec.measure.tables``). No audit loads torch.

``audit_verification``, ``audit_identification`` and ``audit_classification`` measure, ``audit_drift`` compares two
matchers on the same pairs; ``read_policy`` and ``judge`` decide claims. ``advise_threshold``, ``plan_groups`` and
``plan_claim`` say what to do about it; ``prove`` shows whether the intervals hold; ``read_vendor`` and
``read_searches`` let other makers' tables in, and ``look_at`` guesses what they hold. ``audits.mitigation`` is the
laboratory, ``audits.report`` writes what was found.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audits.checks.proof import prove
    from audits.classification.audit import audit_classification
    from audits.drift.audit import audit_drift
    from audits.gate.policy import read_policy
    from audits.gate.sizes import parse_claim, plan_claim
    from audits.gate.verdict import judge
    from audits.identification.audit import audit_identification
    from audits.tables.look import look_at
    from audits.tables.searches import SearchColumns, read_searches
    from audits.verification.advice import advise_threshold
    from audits.verification.audit import audit_verification
    from audits.verification.power import plan_groups, trials_needed
    from audits.verification.thresholds import AtFmr
    from facerec.measure.tables.table_files import Layout
    from facerec.measure.tables.vendor import GroupColumns, VendorColumns, join_people, read_vendor, rename_columns

__all__ = [
    "AtFmr",
    "GroupColumns",
    "Layout",
    "SearchColumns",
    "VendorColumns",
    "advise_threshold",
    "audit_classification",
    "audit_drift",
    "audit_identification",
    "audit_verification",
    "join_people",
    "judge",
    "look_at",
    "parse_claim",
    "plan_claim",
    "plan_groups",
    "prove",
    "read_policy",
    "read_searches",
    "read_vendor",
    "rename_columns",
    "trials_needed",
]

_HOMES = {
    "audits.checks.proof": "prove",
    "audits.classification.audit": "audit_classification",
    "audits.drift.audit": "audit_drift",
    "audits.gate.policy": "read_policy",
    "audits.gate.sizes": "parse_claim plan_claim",
    "audits.gate.verdict": "judge",
    "audits.identification.audit": "audit_identification",
    "audits.tables.look": "look_at",
    "audits.tables.searches": "SearchColumns read_searches",
    "audits.verification.advice": "advise_threshold",
    "audits.verification.audit": "audit_verification",
    "audits.verification.power": "plan_groups trials_needed",
    "audits.verification.thresholds": "AtFmr",
    "facerec.measure.tables.table_files": "Layout",
    "facerec.measure.tables.vendor": "GroupColumns VendorColumns join_people read_vendor rename_columns",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the module protocol (PEP 562) returns whatever the name is
    for home, offered in _HOMES.items():
        if name in offered.split():
            return getattr(import_module(home), name)
    message = f"module 'audits' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
