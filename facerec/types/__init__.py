"""The values that the stages hand to one another; all frozen, none gains a field later.

``photos.py`` holds what is read off a photo (detections, faces), ``decisions.py`` what is decided about it
(rates, operating points, verifications, identifications) and ``contracts.py`` what a detector, a crop recipe and
an embedder must be. Similarity is cosine everywhere: larger means more alike.
"""

from facerec.types.contracts import Chips, Crop, Detector, Embedder
from facerec.types.decisions import (
    Candidate,
    Decision,
    Identification,
    Interval,
    OperatingPoint,
    Rate,
    Verification,
)
from facerec.types.photos import Detections, Face, FaceChoice, Faces, Image

__all__ = [
    "Candidate",
    "Chips",
    "Crop",
    "Decision",
    "Detections",
    "Detector",
    "Embedder",
    "Face",
    "FaceChoice",
    "Faces",
    "Identification",
    "Image",
    "Interval",
    "OperatingPoint",
    "Rate",
    "Verification",
]
