"""Readers of labelled photos: what is in a folder or a manifest, as a table, with no photo opened.

A reader says what is missing before anything is computed on the rest.
"""

from facerec.measure.datasets.lfw_folds import lfw
from facerec.measure.datasets.pair_list import pairs_csv
from facerec.measure.datasets.photo_list import photos_csv
from facerec.photos.folders import identity_folders, photos

__all__ = ["identity_folders", "lfw", "pairs_csv", "photos", "photos_csv"]
