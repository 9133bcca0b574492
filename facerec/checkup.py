"""Whether this installation works: packages, model files, operating points, folders, and the time of one photo."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from facerec.errors import FacerecError
from facerec.models.catalogue import MODELS
from facerec.models.runtime import read_runtime
from facerec.models.shipped_points import shipped_points
from facerec.models.state import added_states, file_state
from facerec.models.weights import cache_folder, models_folder, named_folder
from facerec.recognizer import Recognizer

NEEDED = ("torch", "numpy", "pillow", "pandas", "pyarrow", "scipy", "typer", "rich", "platformdirs")
"""Distributions without which nothing works."""
USED = ("torchvision", "onnxruntime", "matplotlib", "jinja2", "scikit-learn", "fairlearn", "timm", "onnx")
"""Distributions that some commands use."""
LIGHT = ("numpy", "pillow", "onnxruntime", "typer", "rich", "platformdirs")
"""Distributions without which nothing works on a runtime's graphs."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `text` says what was found, of a problem what is wrong and what to do."""

    name: str
    ok: bool
    text: str


def checkup(
    *, model_files: Path | None = None, device: str | None = None, runtime: Path | None = None
) -> Iterator[Finding]:
    """Look at one thing after the other; the last one runs the networks. The options are those of `Recognizer`."""
    yield Finding("python", ok=True, text=f"{platform.python_version()} on {platform.platform(terse=True)}")
    needed = NEEDED if runtime is None else LIGHT
    for distribution in dict.fromkeys((*needed, *NEEDED, *USED)):
        yield _package(distribution, needed=distribution in needed)
    yield from _model_files(model_files) if runtime is None else _graphs(runtime)
    for added in added_states():
        where = added.problem if added.model is None else str(added.model.path)
        yield Finding(f"added model {added.name}", ok=added.model is not None, text=where)
    yield from _folders()
    try:
        points = shipped_points()
        yield Finding("operating points", ok=True, text=f"{len(points)} can be read")
        known = {point.matcher.embedder_digest for point in points}
        yield _photo(Recognizer(device=device, model_files=model_files, runtime=runtime), known)
    except FacerecError as error:
        yield Finding("a photo", ok=False, text=str(error))


def _model_files(model_files: Path | None) -> Iterator[Finding]:
    for model in MODELS:
        for weight in model.weights:
            file = file_state(weight, model_files=model_files)
            spared = file.state == "absent" and not model.default
            text = f"absent, and not needed unless you choose {model.name}" if spared else file.path or file.problem
            yield Finding(f"{model.name}: {weight.file_name}", ok=file.state == "ok" or spared, text=text)


def _graphs(runtime: Path) -> Iterator[Finding]:
    try:
        folder = read_runtime(runtime)
    except FacerecError as error:
        yield Finding("runtime", ok=False, text=str(error))
        return
    for stated in folder.description.files:
        try:
            folder.contents(stated)
            yield Finding(f"runtime: {stated.file}", ok=True, text=str(folder.path / stated.file))
        except FacerecError as error:
            yield Finding(f"runtime: {stated.file}", ok=False, text=str(error))


def _package(distribution: str, *, needed: bool) -> Finding:
    try:
        return Finding(distribution, ok=True, text=metadata.version(distribution))
    except metadata.PackageNotFoundError:
        told = "not installed; reinstall facerec" if needed else "not installed; only some commands need it"
        return Finding(distribution, ok=not needed, text=told)


def _folders() -> Iterator[Finding]:
    named = named_folder()
    if named is not None:
        yield Finding("folder of model files", ok=Path(named).is_dir(), text=f"{named} (FACEREC_MODEL_FILES)")
    for name, folder in (("cache of model files", cache_folder()), ("added models", models_folder())):
        there = next(each for each in (folder, *folder.parents) if each.exists())
        writable = os.access(there, os.W_OK)
        found = "" if folder.exists() else ", not made yet"
        text = f"{folder}{found}" if writable else f"{folder} cannot be written; change the permissions of {there}"
        yield Finding(name, ok=writable, text=text)


def _photo(recognizer: Recognizer, digests: set[str]) -> Finding:
    """Time the detector on a drawn photo and the embedder on a drawn chip; the second time, when all is loaded."""
    pixels = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    size = recognizer.embedder.crop.size
    for _ in range(2):
        start = time.perf_counter()
        recognizer.faces(pixels)
        recognizer.embedder(pixels[None, :size, :size].copy())
        seconds = time.perf_counter() - start
    if recognizer.embedder.digest not in digests:
        text = f"no operating point comes with {recognizer.embedder.name} as it is here; run: facerec models check"
        return Finding("a photo", ok=False, text=text)
    return Finding("a photo", ok=True, text=f"640 × 480 pixels with one face in {seconds:.2f} s")
