"""The values that the stages hand to one another; all frozen, none gains a field later.

``photos.py`` holds what is read off a photo (detections, faces), ``looks.py`` how it was looked at, ``matcher.py`` what
made a score, ``points.py`` the threshold with what it rests on, ``decisions.py`` what is decided, ``contracts.py`` what
a detector, a crop recipe and an embedder must be. Similarity is cosine everywhere: larger means more alike.
"""

from facerec.types.contracts import Chips, Crop, Cut, Detector, Embedded, Embedder, cut
from facerec.types.decisions import Candidate, Decision, Identification, Identifications, Verification
from facerec.types.looks import Look
from facerec.types.matcher import Differences, Matcher
from facerec.types.photos import DEFAULT_CHOICE, Detections, Face, FaceChoice, Faces, Image
from facerec.types.points import ExpectedRate, ImpostorTail, Interval, OperatingPoint, Rate

__all__ = [
    "DEFAULT_CHOICE",
    "Candidate",
    "Chips",
    "Crop",
    "Cut",
    "Decision",
    "Detections",
    "Detector",
    "Differences",
    "Embedded",
    "Embedder",
    "ExpectedRate",
    "Face",
    "FaceChoice",
    "Faces",
    "Identification",
    "Identifications",
    "Image",
    "ImpostorTail",
    "Interval",
    "Look",
    "Matcher",
    "OperatingPoint",
    "Rate",
    "Verification",
    "cut",
]
