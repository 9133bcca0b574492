"""Readers of labelled photos: what is in a folder or a manifest, as a table, with no photo opened.

A reader says what is missing before anything is computed on the rest.
"""

from facerec.datasets.folders import SUFFIXES, identity_folders, photos
from facerec.datasets.lfw import lfw
from facerec.datasets.manifest import pairs_csv
from facerec.datasets.photo_manifest import photos_csv

__all__ = ["SUFFIXES", "identity_folders", "lfw", "pairs_csv", "photos", "photos_csv"]
