"""Where the file of a backbone is, and the proof that it is that file; nothing is downloaded here."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from facerec.errors import CorruptWeightsError, MissingWeightsError, WeightsError
from facerec.files import read_regular, sha256_of
from facerec.models import weights
from facerec.models.weights import WeightFile
from facerec.networks.pretrained import PRETRAINED, Pretrained


@dataclass(frozen=True)
class Found:
    """A weight file on this machine.

    Attributes
    ----------
    path : Path
        Where it is.
    file : WeightFile
        Which of the names of these weights it has.
    sha256 : str
        Of its contents, all 64 digits.
    older : bool
        Whether it is an older file of the weights, under another name and of other bytes than today's.
    """

    path: Path
    file: WeightFile
    sha256: str
    older: bool


def find(network: Pretrained, *, model_files: str | os.PathLike[str] | None = None) -> Found:
    """Find the file of some weights and check its SHA-256, or as much of it as its publisher gives.

    Parameters
    ----------
    network : Pretrained
        Which weights.
    model_files : path, optional
        Looked into first; then the folder that the environment variable ``FACEREC_MODEL_FILES`` names, the package that
        carries the file, the user's cache and torch's. Today's file name is looked for everywhere before older ones.

    Raises
    ------
    MissingWeightsError
        If there is no such file; the message says its name, the places, its SHA-256 and the command that gets it.
    CorruptWeightsError
        If the first file of that name is another file.
    WeightsError
        If a file cannot be read.
    """
    cache = torch_cache()
    places = [(f"torch's cache, {cache}", cache)]
    missing: MissingWeightsError | None = None
    for file in network.files:
        try:
            path = weights.locate(file, model_files=model_files, also=places)
        except MissingWeightsError as error:
            missing = missing or error
        else:
            return Found(path, file, sha256_of(path, error=WeightsError), older=file is not network.files[0])
    older = ", ".join(file.file_name for file in network.files[1:])
    message = f"{missing}{f'. An older file will do as well: {older}' if older else ''}"
    raise MissingWeightsError(message)


def names_here(model_files: str | os.PathLike[str] | None = None) -> list[str]:
    """Names of the sets of weights with ImageNet's classes whose files are here, in the order of `PRETRAINED`.

    `CorruptWeightsError` or `WeightsError` as `find`.
    """
    found = []
    for network in PRETRAINED:
        if network.classes is None:
            continue
        try:
            find(network, model_files=model_files)
        except MissingWeightsError:
            continue
        found.append(network.name)
    return found


def torch_cache() -> Path:
    """Where torch keeps downloaded weights; without loading torch, by the rule that torch itself goes by."""
    if hub := sys.modules.get("torch.hub"):
        return Path(hub.get_dir()) / "checkpoints"  # which the program may have set
    home = os.environ.get("TORCH_HOME", Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "torch")
    return Path(home).expanduser() / "hub" / "checkpoints"


def read(found: Found) -> bytes:
    """The contents of a file that was found; what is returned is what was checked.

    Raises
    ------
    CorruptWeightsError
        If the file is no longer the one that was found.
    WeightsError
        If it cannot be read.
    """
    contents = read_regular(found.path, limit=weights.MOST_BYTES, error=WeightsError)
    digest = hashlib.sha256(contents).hexdigest()
    if digest != found.sha256:
        message = f"{found.path} has changed since it was found: expected the SHA-256 {found.sha256}, got {digest}"
        raise CorruptWeightsError(message)
    return contents
