"""Vectors of people: scores of pairs, error rates at a threshold, and a small head that learns to tell people apart."""

import numpy as np
import torch
from protocols import seeded
from pytorch_metric_learning.losses import TripletMarginLoss
from torch import nn
from torch.nn.functional import normalize


def pair_scores(vectors: np.ndarray, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of all pairs of photos: those of one person (mated) and those of two (non-mated)."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = np.triu_indices(len(units), 1)
    scores, same = (units @ units.T)[first, second], people[first] == people[second]
    return scores[same], scores[~same]


def fmr(non_mated: np.ndarray, threshold: float) -> float:
    """False match rate: the share of non-mated scores that reach the threshold."""
    return float((non_mated >= threshold).mean())


def fnmr(mated: np.ndarray, threshold: float) -> float:
    """False non-match rate: the share of mated scores that do not; a pair without a score (NaN) is one of them."""
    return float((~(mated >= threshold)).mean())


def threshold_at(non_mated: np.ndarray, target: float) -> float:
    """The smallest score at which no larger share than `target` of the non-mated pairs matches.

    >>> threshold_at(np.array([0.1, 0.2, 0.3, 0.4]), 0.25)
    0.4
    """
    allowed = int(target * len(non_mated) + 1e-9)
    descending = np.sort(np.nan_to_num(non_mated, nan=-1.0))[::-1]
    return float(descending[allowed - 1]) if allowed else float(np.nextafter(descending[0], np.inf))


def cross_validated_accuracy(scores: np.ndarray, mated: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Of each fold the share of right decisions, at the threshold that is best on the other folds: LFW's protocol."""
    found = []
    for fold in np.unique(folds):
        own = folds == fold
        order = np.argsort(-scores[~own])
        truth = mated[~own][order]
        best = np.argmax(np.cumsum(truth) - np.cumsum(~truth))
        threshold = scores[~own][order][best]
        found.append(((scores[own] >= threshold) == mated[own]).mean())
    return np.array(found)


def train_head(
    features: np.ndarray, people: np.ndarray, *, length: int = 64, steps: int = 200, seed: int = 0
) -> nn.Module:
    """A linear map to short vectors, trained by triplets: an anchor nearer to its own than to others, by a margin."""
    inputs, labels = torch.from_numpy(features), torch.from_numpy(people)
    with seeded(seed):
        head = nn.Sequential(nn.BatchNorm1d(features.shape[1], affine=False), nn.Linear(features.shape[1], length))
        loss, optimiser = TripletMarginLoss(margin=0.2), torch.optim.Adam(head.parameters(), lr=1e-3, weight_decay=1e-4)
        for _ in range(steps):
            optimiser.zero_grad()
            loss(normalize(head(inputs)), labels).backward()
            optimiser.step()
    return head.eval()


@torch.no_grad()
def embed(head: nn.Module, features: np.ndarray) -> np.ndarray:
    """Unit vectors."""
    return normalize(head(torch.from_numpy(features))).numpy()
