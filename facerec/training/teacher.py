"""What a teacher says of faces, and how far a student is from it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from facerec.embed.load import load_embedder
from facerec.errors import ArgumentError
from facerec.learning import feature_cache
from facerec.models import catalogue
from facerec.models.folder import Terms, read_model
from facerec.models.weights import added_models, models_folder
from facerec.training.names import teacher_name
from facerec.training.people import People
from facerec.types import Embedder

_BATCH = 64


@dataclass(frozen=True, eq=False)
class Teacher:
    """An embedder that teaches, and what may be done with its weights.

    Attributes
    ----------
    embedder : Embedder
    terms : Terms
    """

    embedder: Embedder
    terms: Terms


def load_teacher(name: str, *, device: str = "cpu", model_files: Path | None = None) -> Teacher:
    """Load a teacher by its name.

    Parameters
    ----------
    name : str
        Of an embedder (``facerec.embed.load.embedder_names``): ``dlib-resnet``, or one that was added; as a backbone is
        written, ``dlib_resnet``, it is known, too.
    device, model_files
        As for ``facerec.embed.load.load_embedder``.

    Raises
    ------
    ArgumentError, WeightsError
        As ``facerec.embed.load.load_embedder``.
    """
    known = teacher_name(name)
    embedder = load_embedder(known, device=device, model_files=model_files)
    if known in added_models():
        return Teacher(embedder, read_model(models_folder() / known).description.terms)
    model = catalogue.model(known)
    return Teacher(embedder, Terms(model.weights_licence, model.commercial, model.commercial_reason))


def teacher_vectors(
    teacher: Embedder, faces: People, *, cache: Path, progress: Callable[[int, int], None] | None = None
) -> NDArray[np.float32]:
    """The teacher's vectors of all faces, or those that were computed before.

    Parameters
    ----------
    teacher : Embedder
    faces : People
        Cut as the teacher wants it.
    cache : Path
        A folder for the vectors.
    progress : callable, optional
        Called with the photos done and the photos in all, where they have to be computed.

    Returns
    -------
    ndarray, float32, shape (n, d)
        Of unit length.

    Raises
    ------
    ArgumentError
        If the faces were cut by another recipe than the teacher's.
    OutputError
        If the cache cannot be written.
    """
    if faces.crop != teacher.crop.name:
        message = f"{teacher.name} was trained on {teacher.crop.name}; the faces are {faces.crop}"
        raise ArgumentError(message)
    key = hashlib.sha256(f"teacher {teacher.digest} {faces.digest}".encode()).hexdigest()
    kept = feature_cache.read(cache, key)
    if kept is None:
        began = time.monotonic()
        parts = []
        for first in range(0, len(faces.files), _BATCH):
            last = min(first + _BATCH, len(faces.files))
            parts.append(teacher(faces.chips.take(np.arange(first, last))))
            if progress is not None:
                progress(last, len(faces.files))
        kept = feature_cache.Kept(np.concatenate(parts), time.monotonic() - began)
        feature_cache.write(cache, key, kept, about=f"{faces.name}: vectors of {teacher.name}")
    return kept.vectors


class TeacherLoss(nn.Module):
    """How far a batch of vectors is from the teacher's.

    The mean of 1 - cos(student, teacher), and `relation` times the mean squared difference between the cosines of all
    pairs of the batch, the student's and the teacher's. The second term is what a verification sees (Park et al. 2019,
    Relational Knowledge Distillation, with cosines for distances; Tung and Mori 2019, equation 4, without the
    normalisation of rows).

    Parameters
    ----------
    targets : float32 tensor, shape (n, d)
        The teacher's vectors of the photos learned from, of unit length.
    relation : float
        Weight of the second term, >= 0.

    Examples
    --------
    >>> loss = TeacherLoss(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), relation=1.0)
    >>> round(loss(torch.tensor([[2.0, 0.0], [3.0, 0.0]]), torch.tensor([0, 1])).item(), 6)
    1.5
    """

    def __init__(self, targets: Tensor, *, relation: float) -> None:
        super().__init__()
        self.targets = nn.Buffer(targets, persistent=False)
        self.relation = relation

    def forward(
        self, vectors: Tensor, labels: Tensor, *, margin_share: float = 1.0, weights: Tensor | None = None
    ) -> Tensor:
        """The loss of a batch, a scalar.

        Parameters
        ----------
        vectors : float32 tensor, shape (n, d)
            Any length; cosines are taken.
        labels : int64 tensor, shape (n,)
            Which of the targets is each one's.
        margin_share : float
            Of losses with a margin, which this is not.
        weights : float32 tensor, shape (n,), optional
            How much each photo counts, >= 0; a pair counts as the product.
        """
        del margin_share
        student, teacher = normalize(vectors), self.targets[labels]
        own = torch.ones(len(labels), device=vectors.device) if weights is None else weights
        cosine = (own * (1 - (student * teacher).sum(dim=1))).sum() / own.sum()
        pairs = torch.outer(own, own).fill_diagonal_(0)
        apart = (student @ student.T - teacher @ teacher.T).square()
        return cosine + self.relation * (pairs * apart).sum() / pairs.sum().clamp(min=torch.finfo(torch.float32).tiny)


@dataclass(frozen=True)
class Agreement:
    """How a student's vectors of some faces agree with the teacher's.

    Attributes
    ----------
    cosine : float
        Mean cosine between the two vectors of a face, -1 … 1.
    apart : float
        Root mean square difference between the cosines of all pairs of faces, the student's and the teacher's; 0 … 2.
        This is the error of the scores that a verification compares with a threshold.
    faces : int
    """

    cosine: float
    apart: float
    faces: int


def agreement(student: NDArray[np.float32], teacher: NDArray[np.float32]) -> Agreement:
    """Compare two sets of unit vectors of the same faces, float32 (n, d) each, n >= 2.

    Examples
    --------
    >>> eye = np.eye(3, dtype=np.float32)
    >>> agreement(eye, eye)
    Agreement(cosine=1.0, apart=0.0, faces=3)
    """
    places = np.triu_indices(len(teacher), 1)
    apart = (student @ student.T)[places].astype(np.float64) - (teacher @ teacher.T)[places]
    return Agreement(
        cosine=float((student.astype(np.float64) * teacher).sum(axis=1).mean()),
        apart=float(np.sqrt((apart**2).mean())),
        faces=len(teacher),
    )
