"""Operating points are made here: from a score table, or from all pairs of photos.

A threshold says nothing without the matcher, the data and the error rates that it was measured with, so nothing here
hands out one alone.
"""

from facerec.measure.operating_points.from_all_pairs import calibrate_all_pairs
from facerec.measure.operating_points.from_table import calibrate

__all__ = ["calibrate", "calibrate_all_pairs"]
