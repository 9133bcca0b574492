"""Readers of labelled photos: what is in a folder or a manifest, as a table, with no photo opened.

A reader says what is missing before anything is computed on the rest.
"""

from facerec.measure.datasets.lfw_folds import lfw
from facerec.measure.datasets.manifests import pairs_csv, photos_csv
from facerec.photos.folders import identity_folders, photos

__all__ = ["identity_folders", "lfw", "pairs_csv", "photos", "photos_csv"]
