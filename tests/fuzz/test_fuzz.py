"""Damaged files of every kind that is read: they are read, or refused by an error of this project, and nothing else.

``make fuzz`` tries as many of each as the variable FUZZ_INPUTS says; the default run a few dozen, of the same seeds.
"""

import io
import json
import os
from functools import cache

import numpy as np
import pandas as pd
import PIL.Image
import pytest

from facerec.errors import FacerecError
from facerec.measure.tables.table_files import read_raw
from facerec.models.folder import read_model
from facerec.photos import read
from facerec.points import read_points
from tests.fuzz.damage import damaged

_INPUTS = int(os.environ.get("FUZZ_INPUTS", "60"))


@cache
def _photo(kind: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(noise).save(file, kind, **({"progressive": True} if kind == "JPEG" else {}))
    return file.getvalue()


@cache
def _table(suffix: str) -> bytes:
    table = pd.DataFrame({"probe_image": ["a", "b"] * 8, "genuine": [True, False] * 8, "score": np.arange(16) / 16})
    file = io.BytesIO()
    table.to_parquet(file) if suffix == ".parquet" else table.to_csv(file, index=False)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000"])
def test_damaged_photos(kind):
    """Every one becomes pixels or an error of this project."""
    for contents in damaged(_photo(kind), 1, _INPUTS):
        try:
            read(contents)
        except FacerecError:
            continue


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_damaged_tables(tmp_path, suffix):
    """Every one becomes a table or an error of this project, also where it describes itself in damaged words."""
    path = tmp_path / f"table{suffix}"
    for contents in damaged(_table(suffix), 2, _INPUTS):
        path.write_bytes(contents)
        try:
            read_raw(path)
        except FacerecError:
            continue


@pytest.mark.parametrize("name", ["model.json", "operating_points.json"])
def test_damaged_json(tmp_path, name):
    """Descriptions of models and operating points, each nested too deep at times."""
    document = {"format": "facerec model", "version": 1, "dimension": 128, "crop_weights": [], "points": [{"fmr": 0.1}]}
    if name != "model.json":
        document |= {"format": "facerec operating points", "version": 2}
    path = tmp_path / name
    for contents in damaged(json.dumps(document).encode(), 3, _INPUTS):
        path.write_bytes(contents)
        try:
            read_model(tmp_path) if name == "model.json" else read_points(path)
        except FacerecError:
            continue
