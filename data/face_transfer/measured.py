"""What is measured in one fold: thresholds on people of the other nine, decisions about the people of this one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from facerec.measure.metrics import clustered_rate, threshold_at_fmr
from facerec.measure.metrics.rates import step_counts
from facerec.similarity import cosine_of_pairs, cosines_of_all
from facerec.training.people import People
from facerec.training.splits import split_people

Vectors = Callable[[np.ndarray], np.ndarray]
"""From numbers of photos to unit vectors."""

FMRS = (1e-2, 1e-3)
GENDERS = ("female", "male")


@dataclass(frozen=True)
class Setting:
    """A backbone and what was done with it."""

    backbone: str
    way: str

    def __str__(self) -> str:
        return f"{self.backbone}: {self.way}"

    @property
    def file_name(self) -> str:
        return "".join(letter if letter.isalnum() else "-" for letter in str(self))


@dataclass(frozen=True)
class Asis:
    """Nothing is learned."""

    backbone: str


@dataclass(frozen=True, eq=False)
class FoldPairs:
    """The people, photos and official pairs of a fold; photos are numbers of `people`."""

    number: int
    people: People
    test_people: frozenset[str]
    photos: np.ndarray
    first: np.ndarray
    second: np.ndarray
    genuine: np.ndarray
    gender: np.ndarray


@dataclass(frozen=True, eq=False)
class Fold:
    """One setting in one fold.

    `scores` are those of the official pairs; `at_fmr` are the thresholds that all pairs of two people of the fold give;
    `by_gender` the false matches, pairs and effective pairs of two women and of two men at each FMR of `FMRS`, shape
    (2, 2, 3); `epoch` is the one that was kept, 0 the start of the training.
    """

    setting: Setting
    pairs: FoldPairs
    threshold: float
    scores: np.ndarray
    at_fmr: np.ndarray
    by_gender: np.ndarray
    seconds: float
    epoch: int | None = None

    @property
    def wrong(self) -> np.ndarray:
        """Official pairs that are decided wrongly."""
        return (self.scores >= self.threshold) != self.pairs.genuine

    def missed(self, place: int) -> np.ndarray:
        """Official genuine pairs below the threshold for ``FMRS[place]``."""
        return self.scores[self.pairs.genuine] < self.at_fmr[place]

    def save(self, file: Path) -> None:
        arrays = {
            "scores": self.scores,
            "at_fmr": self.at_fmr,
            "by_gender": self.by_gender,
            "numbers": np.array([self.threshold, self.seconds]),
        }
        partial = file.with_suffix(".partial.npz")
        np.savez(partial, **arrays)
        partial.replace(file)

    @classmethod
    def load(cls, file: Path, setting: Setting, pairs: FoldPairs) -> "Fold":
        with np.load(file, allow_pickle=False) as held:
            threshold, seconds = held["numbers"].tolist()
            named = (held[name] for name in ("scores", "at_fmr", "by_gender"))
            return cls(setting, pairs, threshold, *named, seconds)


def folds_of(pairs: pd.DataFrame, people: People, *, prefix: str) -> list[FoldPairs]:
    """The ten folds. Their people are disjoint, which is checked."""
    number = {f"{prefix}/{file}" if prefix != "." else file: place for place, file in enumerate(people.files)}
    gender_of: dict[str, str] = {}
    for side in ("probe", "reference"):
        gender_of |= dict(zip(pairs[f"{side}_image"], pairs[f"{side}_gender"], strict=True))
    gender = np.full(len(people.files), "", object)
    for image, place in number.items():
        gender[place] = gender_of.get(image, "")
    folds, seen = [], set()
    for name, rows in pairs.groupby("fold", sort=False):
        own = frozenset(rows["probe_subject"]) | frozenset(rows["reference_subject"])
        if own & seen:
            message = f"fold {name} shares people with another"
            raise ValueError(message)
        seen |= own
        known = [place for place, identity in enumerate(people.identities) if identity in own]
        folds.append(
            FoldPairs(
                number=int(name),
                people=people,
                test_people=own & frozenset(people.identities),
                photos=np.flatnonzero(np.isin(people.labels, known)),
                first=rows["probe_image"].map(number).to_numpy(np.int64),
                second=rows["reference_image"].map(number).to_numpy(np.int64),
                genuine=rows["genuine"].to_numpy(bool),
                gender=gender,
            )
        )
    return folds


def measure(vectors_of: Vectors, setting: Setting, fold: FoldPairs, seconds: float) -> Fold:
    """Compare the fold's photos, at thresholds from those of the people who are set aside."""
    choosing = choosing_photos(fold)
    threshold = balanced_threshold(vectors_of(choosing), fold.people.labels[choosing])
    vectors = vectors_of(fold.photos)
    row = np.full(len(fold.people.files), -1)
    row[fold.photos] = np.arange(len(fold.photos))
    scores = cosine_of_pairs(vectors[row[fold.first]], vectors[row[fold.second]])
    one, other = np.triu_indices(len(fold.photos), 1)
    labels, gender = fold.people.labels[fold.photos], fold.gender[fold.photos]
    different = labels[one] != labels[other]
    all_scores = cosines_of_all(vectors, vectors)[one[different], other[different]]
    at_fmr = np.array([threshold_at_fmr(all_scores, fmr) for fmr in FMRS])
    left, right = labels[one[different]], labels[other[different]]
    by_gender = np.zeros((len(FMRS), 2, 3))
    for number, word in enumerate(GENDERS):
        rows = (gender[one[different]] == word) & (gender[other[different]] == word)
        for place, threshold_there in enumerate(at_fmr):
            rate = clustered_rate(all_scores[rows] >= threshold_there, left[rows], right[rows])
            by_gender[place, number] = rate.errors, rate.trials, rate.effective_trials or rate.trials
    return Fold(
        setting=setting,
        pairs=fold,
        threshold=threshold,
        scores=scores,
        at_fmr=at_fmr,
        by_gender=by_gender,
        seconds=seconds,
    )


def choosing_photos(fold: FoldPairs) -> np.ndarray:
    """At most three photos of each person whom a training on the other folds validates on; the same for all."""
    split = split_people(fold.people, seed=0, fmr=FMRS[0], held_out=fold.test_people)
    labels = fold.people.labels[split.validation]
    return np.concatenate([split.validation[labels == person][:3] for person in np.unique(labels)])


def balanced_threshold(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Where FMR + FNMR over all pairs is smallest: the middle of the best gap."""
    one, other = np.triu_indices(len(labels), 1)
    scores = cosines_of_all(vectors, vectors)[one, other]
    same = labels[one] == labels[other]
    thresholds, false_matches, false_non_matches = step_counts(scores[same], scores[~same])
    cost = false_matches / (~same).sum() + false_non_matches / same.sum()
    best = np.flatnonzero(cost == cost.min())
    chosen = int(best[len(best) // 2])
    return float((thresholds[chosen] + thresholds[max(chosen - 1, 0)]) / 2)
