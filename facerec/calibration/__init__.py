"""Operating points: made from a score table, kept in JSON files, and found among those that this project ships.

A threshold says nothing without the embedder, the data and the error rates that it was measured with, so nothing
here hands out one alone.
"""

from facerec.calibration.all_pairs import calibrate_all_pairs
from facerec.calibration.files import read_points, write_points
from facerec.calibration.measure import calibrate, is_indicative
from facerec.calibration.shipped import shipped_point, shipped_points

__all__ = [
    "calibrate",
    "calibrate_all_pairs",
    "is_indicative",
    "read_points",
    "shipped_point",
    "shipped_points",
    "write_points",
]
