"""What the project has published: aggregated figures of reports/ and data/, and LFW's pseudonymous score table."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def published_table(path: str) -> pd.DataFrame:
    """A table of this project, such as ``reports/transfer-flowers/results.csv``."""
    return pd.read_csv(ROOT / path)


def lfw_scores() -> pd.DataFrame:
    """The default pipeline's scores on LFW's 6,000 official pairs; photos and people are pseudonyms."""
    from facerec.measure.tables import read

    return read(ROOT / "data/lfw/scores.csv")


def score_histograms() -> dict[str, Any]:
    """Counts of scores by group, as ``score_histograms.py`` made them; see there for what they are."""
    return json.loads((HERE / "score_histograms.json").read_text(encoding="utf-8"))


def report_json(name: str) -> dict[str, Any]:
    """What a published report says in JSON."""
    return json.loads((ROOT / "reports" / name).read_text(encoding="utf-8"))
