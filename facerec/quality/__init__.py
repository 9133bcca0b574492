"""Which faces can carry a decision: measures by name, and the gate that sets limits to them.

>>> from facerec.quality import QualityGate
"""

from facerec.quality.gate import DEFAULT_GATE, NO_GATE, QualityGate
from facerec.quality.measures import MEASURES, measure

__all__ = ["DEFAULT_GATE", "MEASURES", "NO_GATE", "QualityGate", "measure"]
