"""A distillation under way: the loop of trainings with a teacher's vectors for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facerec.errors import ArgumentError
from facerec.learning.team import Team
from facerec.models.folder import Pixels
from facerec.networks.face_network import FaceNetwork
from facerec.training.face_loop import FaceLoop
from facerec.training.faces import named
from facerec.training.inputs import FromPixels
from facerec.training.people import People
from facerec.training.progress import Epoch
from facerec.training.samplers import PhotoBatches
from facerec.training.splits import PeopleSplit
from facerec.training.student_recipe import StudentRecipe
from facerec.training.teacher import TeacherLoss, agreement
from facerec.training.validation import separation
from facerec.training.validation_scores import epoch_photos


@dataclass(frozen=True)
class StudentEpoch(Epoch):
    """What one epoch brought; `tmr`, `threshold` and `eer` are NaN where no two held-out photos are of one person.

    Attributes
    ----------
    cosine : float
        Mean cosine to the teacher's vectors of held-out faces.
    apart : float
        Root mean square difference of the cosines of their pairs to the teacher's.
    """

    cosine: float
    apart: float


class StudentLoop(FaceLoop):
    """The state of a distillation and the steps that move it.

    Parameters
    ----------
    network : FaceNetwork
        With its head where it starts; on its device.
    targets : ndarray, float32, shape (n, d)
        The teacher's vectors of all faces.
    faces : People
    pixels : Pixels
    split : PeopleSplit
    recipe : StudentRecipe
    team : Team
    weights : ndarray, float32, optional
        How much each photo of ``split.train`` counts in the loss.
    """

    epoch_type: ClassVar[type[Any]] = StudentEpoch

    def __init__(
        self,
        network: FaceNetwork,
        targets: NDArray[np.float32],
        faces: People,
        pixels: Pixels,
        *,
        split: PeopleSplit,
        recipe: StudentRecipe,
        team: Team,
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        self._taught, self._targets, self._faces, self._named = recipe, targets, faces, named(faces)
        self._deviation = torch.tensor(pixels.std, device=network.device).reshape(1, 3, 1, 1)
        loss = TeacherLoss(torch.from_numpy(targets[split.train]), relation=recipe.relation).to(network.device)
        self.sides = (False, True) if recipe.flip else (False,)
        super().__init__(
            network,
            loss,
            FromPixels(faces, pixels, network.device),
            files=faces.files,
            labels=np.arange(len(faces.files)),  # each photo has a target of its own
            split=split,
            sampler=PhotoBatches(len(split.train), recipe.batch_size, recipe.seed),
            recipe=recipe.training,
            team=team,
            compared=split.validation[epoch_photos(faces, split.validation, seed=recipe.seed)],
            weights=weights,
        )

    @property
    def best_epoch(self) -> StudentEpoch:
        """The one nearest to the teacher by the mean cosine; of equal ones the first."""
        return max(self.epochs, key=lambda each: (each.cosine, -each.number))

    @property
    def epochs(self) -> list[StudentEpoch]:
        """The start, then every whole epoch."""
        return [each for each in self.history if isinstance(each, StudentEpoch)]

    def _forward(self, x: Tensor) -> Tensor:
        return super()._forward(self._recoloured(x) if self.network.training else x)

    def _recoloured(self, x: Tensor) -> Tensor:
        """Another contrast and brightness for each photo, from torch's generator, which is seeded in each step."""
        each = (len(x), 1, 1, 1)
        contrast, brightness = ((2 * torch.rand(each) - 1).to(x.device) * self._taught.colour for _ in range(2))
        return x * (1 + contrast) + brightness * 255 / 4 / self._deviation

    def _measured(self, means: Sequence[float]) -> StudentEpoch:
        vectors = self.vectors(self._validation).cpu().numpy()
        found = agreement(vectors, self._targets[self._validation])
        known = self._named[self._validation]
        try:
            split = separation(vectors[known], self._faces.labels[self._validation][known], fmr=self._taught.fmr)
            rates = (split.tmr, split.threshold, split.eer)
        except ArgumentError:  # no two photos of one person, which is as good
            rates = (math.nan,) * 3
        return StudentEpoch(
            **self._so_far(means),
            tmr=rates[0],
            threshold=rates[1],
            eer=rates[2],
            cosine=found.cosine,
            apart=found.apart,
        )
