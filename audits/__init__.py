"""Audits of error rates by group: judges score tables and predictions, of this project or of anyone else.

The contract between recognition and audit is the score table (``facerec.scores``). No audit loads torch.

``audit_verification`` measures; ``advise_threshold`` and ``plan_groups`` say what to do about it; ``calibrate`` proves
the intervals; ``VendorColumns`` and ``read_vendor`` let tables of other makers in.
"""

from audits.advice import advise_threshold
from audits.coverage import calibrate
from audits.power import plan_groups, trials_needed
from audits.thresholds import AtFmr
from audits.vendor import VendorColumns, read_vendor
from audits.verification import audit_verification

__all__ = [
    "AtFmr",
    "VendorColumns",
    "advise_threshold",
    "audit_verification",
    "calibrate",
    "plan_groups",
    "read_vendor",
    "trials_needed",
]
