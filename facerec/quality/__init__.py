"""Which faces can carry a decision: measures by name, and the gate that sets limits to them.

>>> from facerec.quality import QualityGate

A face that the gate holds back still gets a score, but the score does not have the error rates of the operating point.
So the decision is "undecided", with the reason, and never a guess.
"""

from facerec.quality.gate import DEFAULT_GATE, LIMITS, NO_GATE, QualityGate, default_gate
from facerec.quality.measures import CHIP, MEASURES, Measure, handed_over, measure

__all__ = [
    "CHIP",
    "DEFAULT_GATE",
    "LIMITS",
    "MEASURES",
    "NO_GATE",
    "Measure",
    "QualityGate",
    "default_gate",
    "handed_over",
    "measure",
]
