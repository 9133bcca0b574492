"""Which photos the recipes of this folder look at: parts without a person in common."""

from pathlib import Path

import numpy as np
import pandas as pd

TUNING, JUDGING, TRAINING = slice(0, 500), slice(500, 1200), slice(1200, 2800)
"""Of FairFace's shuffled photos, each of another person."""


def fairface(root: Path, part: slice) -> pd.DataFrame:
    """A part of FairFace's validation photos, with their columns ``file``, ``age``, ``gender`` and ``race``."""
    labels = pd.read_csv(root / "fairface_label_val.csv")
    return labels.iloc[np.random.default_rng(11).permutation(len(labels))[part]].reset_index(drop=True)
