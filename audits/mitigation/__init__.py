"""Mitigations that need no training of a network, and the laboratory that judges them on people they have not seen.

FairCal and fair score normalisation work on regions of the embedding space, Z-, T- and S-norm on a cohort; none needs
to know anybody's group. Thresholds by group do, and are here as an analysis behind a fence only.
"""

from audits.mitigation.clusters import supported_clusters
from audits.mitigation.cohort import CohortNormalisation
from audits.mitigation.deals import deal_and_judge
from audits.mitigation.faircal import FairCal
from audits.mitigation.fsn import FairScoreNormalisation
from audits.mitigation.lab import Judgement, LabReport, judge_mitigations
from audits.mitigation.methods import Embeddings, Fitted, Mitigation
from audits.mitigation.oracle import LEGAL_CAVEAT, OracleGroupThresholds
from audits.mitigation.people import PeopleSplit, split_people, split_photos

__all__ = [
    "LEGAL_CAVEAT",
    "CohortNormalisation",
    "Embeddings",
    "FairCal",
    "FairScoreNormalisation",
    "Fitted",
    "Judgement",
    "LabReport",
    "Mitigation",
    "OracleGroupThresholds",
    "PeopleSplit",
    "deal_and_judge",
    "judge_mitigations",
    "split_people",
    "split_photos",
    "supported_clusters",
]
