"""What claims and searches against several faces of a person let in, beside what is stated: photos of LFW, drawn anew.

Run: facerec embed FOLDER_OF_LFW/images --out lfw.parquet; python tests/benchmarks/claim_benchmark.py lfw.parquet
"""

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from facerec import Recognizer
from facerec.similarity import cosines_of_all

DRAWS = 10
rng = np.random.default_rng(0)


def drawn(code: np.ndarray, people: Sequence[int], faces: int) -> np.ndarray:
    """The places of so many photos of each of the people."""
    return np.concatenate([rng.choice(np.flatnonzero(code == each), faces, replace=False) for each in people])


def main(path: str) -> None:
    """Print true and stated rates; intervals are of a bootstrap over people."""
    point = Recognizer(device="cpu").operating_point()
    table = pd.read_parquet(path)
    table = table[table["vector"].notna() & (table["failure"].fillna("") == "")]
    vectors = np.stack(table["vector"].to_numpy()).astype(np.float32)
    _, code, photos = np.unique(table["subject"].astype(str), return_inverse=True, return_counts=True)
    print(f"{len(vectors):,} photos of {len(photos):,} people, threshold {point.threshold:.4f}")
    for faces in (2, 3, 5, 10):
        people = np.flatnonzero(photos >= faces)
        accepted = []
        for person in people:
            mine = drawn(code, [person] * DRAWS, faces)
            hits = cosines_of_all(vectors[code != person], vectors[mine]) >= point.threshold
            accepted.append(hits.reshape(len(hits), DRAWS, faces).any(2).mean())
        rates = 1000 * np.array(accepted)
        means = [rng.choice(rates, len(rates)).mean() for _ in range(2_000)]
        stated = 1000 * point.expected_fpir(faces).value
        print(
            f"claims against {faces} faces of {len(people):,} people: {rates.mean():.2f} of 1,000 "
            f"{np.quantile(means, (0.025, 0.975)).round(2)}, stated at most {stated:.2f}; "
            f"{100 * np.mean(rates > stated):.0f} % of people above, one of them {rates.max():.0f}"
        )
    for people, faces in ((10, 1), (100, 1), (1000, 1), (10, 3), (100, 3), (400, 3)):
        found = []
        for _ in range(3 * DRAWS):
            enrolled = rng.choice(np.flatnonzero(photos >= faces), people, replace=False)
            mine = drawn(code, enrolled, faces)
            scores = cosines_of_all(vectors[~np.isin(code, enrolled)], vectors[mine])
            found.append(1000 * (scores >= point.threshold).any(1).mean())
        stated = 1000 * point.expected_fpir(people * faces).value
        print(
            f"searches among {people:,} people with {faces} faces: {np.mean(found):.1f} of 1,000 (galleries scatter "
            f"by {np.std(found):.1f}), stated at most {stated:.1f}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
