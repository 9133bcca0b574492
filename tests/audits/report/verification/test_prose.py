"""What a report of verification says about its method: what its intervals hold fixed."""

from pathlib import Path

import pytest

from audits.report.verification.prose import method
from audits.verification.audit import audit_verification
from audits.verification.thresholds import AtFmr
from facerec.measure import tables

LFW = Path(__file__).parents[4] / "data" / "lfw" / "scores.csv"


@pytest.mark.parametrize(("calibrated", "chosen_here"), [(False, True), (True, False), (None, False)])
def test_method_says_that_the_threshold_is_fixed(calibrated, chosen_here):
    """Every report says that no draw chooses the threshold again; one that chose it, which interval carries that.

    `calibrated` tells whether it was chosen on a table of its own; None: it was given.
    """
    table = tables.read(LFW)
    half = table["fold"].astype(int) < 5 if "fold" in table else table.index % 2 == 0
    at = 0.9 if calibrated is None else AtFmr(0.01, table[half] if calibrated else None)

    text = method(audit_verification(table[~half], by=["gender"], at=at, replicates=0))

    assert "held fixed by the intervals, of rates and of indices: no draw chooses it again." in text
    assert ("It was chosen on this table: an interval of FNMR at FMR = 0.01" in text) is chosen_here
    assert ("It was chosen on a calibration table" in text) is (calibrated is True)
