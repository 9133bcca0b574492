"""Which faces can carry a decision.

>>> from facerec.quality import QualityGate
"""

from facerec.quality.gate import QualityGate, sharpness

__all__ = ["QualityGate", "sharpness"]
