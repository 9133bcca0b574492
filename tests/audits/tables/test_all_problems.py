"""What is wrong with groupings is told together with what is wrong with cells, by every audit."""

import pandas as pd
import pytest

from audits.classification.audit import audit_classification
from audits.drift.audit import audit_drift
from audits.identification.audit import audit_identification
from audits.verification.audit import audit_verification
from facerec.errors import ScoreTableError

PAIRS = pd.DataFrame({"genuine": [1, 0, 1, 0], "score": [0.9, 0.1, 0.8, 0.2], "g": list("abab"), "empty": ""})
SEARCHES = pd.DataFrame(
    {
        "search": ["1", "2"],
        "probe_subject": ["p", "q"],
        "candidate_subject": ["p", "q"],
        "score": [0.9, 0.8],
        "probe_g": ["a", "b"],
    }
)
PEOPLE = pd.DataFrame({"subject": ["p", "q"], "g": ["a", "b"]})
CLASSES = pd.DataFrame({"label": ["c", "d"], "prediction": ["c", "c"], "g": ["a", "b"]})

AUDITS = {
    "verification": (PAIRS, "score", "high", lambda table, by: audit_verification(table, by=by, at=0.5, replicates=0)),
    "drift": (PAIRS, "score", "high", lambda table, by: audit_drift(table, PAIRS, by=by, at=0.5, replicates=0)),
    "identification": (
        SEARCHES,
        "score",
        "high",
        lambda table, by: audit_identification(table, PEOPLE, by=by, threshold=0.5),
    ),
    "classification": (CLASSES, "label", "", lambda table, by: audit_classification(table, by=by)),
}


@pytest.mark.parametrize("kind", AUDITS)
def test_cells_and_groupings(kind):
    """A bad cell, and two groupings that cannot be, are three problems of one error; each alone is itself."""
    table, column, wrong, audit = AUDITS[kind]
    bad = table.astype({column: object})
    bad.loc[1, column] = wrong

    with pytest.raises(ScoreTableError) as together:
        audit(bad, ["race", "g", "age"])
    assert str(together.value).startswith("3 problems:")
    for what in (f"{column} in row 2", "race", "age"):
        assert what in str(together.value)
    with pytest.raises(ScoreTableError, match=f"^{column} in row 2"):
        audit(bad, ["g"])
    with pytest.raises(ScoreTableError, match=r"^2 problems:"):
        audit(table, ["race", "g", "age"])
