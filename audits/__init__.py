"""Audits of error rates by group: judges score tables and predictions, of this project or of anyone else.

The contract between recognition and audit is the score table (``facerec.measure.tables``). No audit loads torch.

``audit_verification``, ``audit_identification`` and ``audit_classification`` measure, ``audit_drift`` compares two
matchers on the same pairs; ``read_policy`` and ``judge`` decide claims. ``advise_threshold`` and ``plan_groups`` say
what to do about it; ``calibrate`` proves the intervals; ``VendorColumns`` and ``read_vendor`` let other makers' tables
in. ``audits.mitigation`` is the laboratory, ``audits.report`` writes what was found.
"""

from audits.advice import advise_threshold
from audits.classification import audit_classification
from audits.coverage import calibrate
from audits.drift import audit_drift
from audits.identification import audit_identification
from audits.policy import read_policy
from audits.power import plan_groups, trials_needed
from audits.thresholds import AtFmr
from audits.vendor import VendorColumns, read_vendor
from audits.verdict import judge
from audits.verification import audit_verification

__all__ = [
    "AtFmr",
    "VendorColumns",
    "advise_threshold",
    "audit_classification",
    "audit_drift",
    "audit_identification",
    "audit_verification",
    "calibrate",
    "judge",
    "plan_groups",
    "read_policy",
    "read_vendor",
    "trials_needed",
]
