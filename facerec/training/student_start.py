"""Where a student starts: a backbone of the bench, or a smaller network of the kind of dlib's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from facerec.errors import ArgumentError
from facerec.networks.architectures import KEPT, STUDENTS, build, dissect
from facerec.networks.backbone import NONE, Backbone, Folder, load_backbone
from facerec.networks.names import DLIB_RESNET
from facerec.networks.preprocessing import Preprocessing
from facerec.networks.trunk import Trunk
from facerec.training.student_recipe import StudentRecipe

_FROM_RANDOM = 1e-3


@dataclass(frozen=True)
class Student:
    """A network that is to learn from a teacher.

    Attributes
    ----------
    name : str
        ``dlib_resnet``, ``dlib_resnet_trim``, ``dlib_resnet_half.none``, ``efficientnet_lite0`` …
    architecture : str
        Of its trunk.
    backbone : Backbone
        Whose weights it starts from; of a network with random weights, whose preprocessing it has.
    random : bool
        Whether its weights are random.
    """

    name: str
    architecture: str
    backbone: Backbone
    random: bool

    @property
    def preprocessing(self) -> Preprocessing:
        """How it takes its pixels."""
        return self.backbone.preprocessing

    def trunk(self, *, seed: int, size: int) -> Trunk:
        """A fresh trunk, in evaluation mode, with gradients.

        Parameters
        ----------
        seed : int
            Of random weights.
        size : int
            Side of its input in pixels.

        Raises
        ------
        CorruptWeightsError, WeightsError
            As ``Backbone.trunk``.
        """
        if self.architecture not in STUDENTS:
            return self.backbone.trunk(seed=seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            trunk = dissect(self.architecture, build(self.architecture, size=size), size=size)[0]
        if not self.random:
            _take_over(trunk, self.backbone.trunk(), KEPT[self.architecture])
        return trunk


def load_student(name: str, *, model_files: Folder = None) -> Student:
    """Find what a student starts from.

    Parameters
    ----------
    name : str
        A backbone (``facerec.networks.backbone.load_backbone``); ``dlib_resnet_trim`` or ``dlib_resnet_short``, dlib's
        network without two or four of its fourteen residual blocks, which start from the weights of the others;
        ``dlib_resnet_half.none``, all blocks with half the filters, which starts at random.
    model_files : path, optional
        Where weight files are looked for first.

    Raises
    ------
    ArgumentError
        If there is no such network, or no weights that it could start from.
    WeightsError
        If its weight file is absent or is not the expected one.
    """
    architecture, _, version = name.partition(".")
    if architecture not in STUDENTS:
        backbone = load_backbone(name, model_files=model_files)
        return Student(backbone.name, backbone.architecture, backbone, backbone.weights_sha256 is None)
    if version not in ("", NONE) or (architecture not in KEPT and version != NONE):
        message = f"there are no weights for {name}; use {architecture}.{NONE}, which starts at random"
        raise ArgumentError(message)
    random = version == NONE
    parent = load_backbone(f"{DLIB_RESNET}.{NONE}" if random else DLIB_RESNET, model_files=model_files)
    return Student(name, architecture, parent, random)


def recipe_for(student: Student, *, learning_rate: float | None = None, **chosen: Any) -> StudentRecipe:  # noqa: ANN401
    """A recipe that suits a student: one whose weights are random learns 20 times faster, unless told otherwise.

    Parameters
    ----------
    student : Student
    learning_rate : float, optional
    **chosen
        Further fields of ``StudentRecipe``.
    """
    rate = learning_rate or (_FROM_RANDOM if student.random else None)
    return StudentRecipe(**(chosen | ({} if rate is None else {"learning_rate": rate})))


def closed_form_head(
    features: NDArray[np.float32], targets: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The linear map W x + b from features to a teacher's vectors, by ridge regression.

    Parameters
    ----------
    features : ndarray, float32, shape (n, features)
        n >= 2.
    targets : ndarray, float32, shape (n, d)
        Of unit length.

    Returns
    -------
    ndarray, float64, shape (d, features)
    ndarray, float64, shape (d,)

    Notes
    -----
    W = Yᵀ X (Xᵀ X + λ I)⁻¹ on centred X and Y (Hoerl and Kennard 1970), with λ a hundredth of the mean of the
    diagonal of Xᵀ X; b takes means to means.

    Examples
    --------
    >>> x = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
    >>> matrix, shift = closed_form_head(x, x)
    >>> (matrix @ np.array([0.5, 0.5]) + shift).round(6).tolist()
    [0.5, 0.5]
    """
    x, y = features.astype(np.float64), targets.astype(np.float64)
    mean, centre = x.mean(axis=0), y.mean(axis=0)
    moments = (x - mean).T @ (x - mean)
    ridge = 1e-2 * max(float(moments.diagonal().mean()), float(np.finfo(np.float32).tiny))
    moments[np.diag_indices_from(moments)] += ridge
    matrix = np.linalg.solve(moments, (x - mean).T @ (y - centre)).T
    return matrix, centre - matrix @ mean


@torch.no_grad()
def _take_over(trunk: Trunk, parent: Trunk, kept: tuple[int, ...]) -> None:
    """Give a trunk the stem and the residual blocks at `kept` of its parent's."""
    trunk.body["stem"].load_state_dict(parent.body["stem"].state_dict())
    own, theirs = _blocks(trunk), _blocks(parent)
    for block, place in zip(own, kept, strict=True):
        block.load_state_dict(theirs[place].state_dict())


def _blocks(trunk: Trunk) -> list[nn.Module]:
    return [block for name, level in trunk.body.items() if name != "stem" for block in level.children()]
