"""Which faces a person has already: a picture that comes again is no second piece of evidence, and is not kept twice.

It is the same face where it stands at the same place in the same photo, by the digest of the photo's file; and it is
where the vectors differ by no more than rounding does. A picture that was saved anew has another digest and another
vector: whether that is one too many only people can tell (``doubts.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from facerec.gallery import rules
from facerec.gallery.records import Sample

NOISE = 2.0**-14
"""The Euclidean distance up to which two unit vectors are one that was computed twice.

The networks sum in an order that depends on how many faces they are given at once, on the processor and on what runs
them. In single precision, of unit roundoff u = 2⁻²⁴, a sum of n products is off by √n u, relatively, as errors of
random sign add up (Higham & Mary 2019, SIAM J. Sci. Comput. 41:A2815), and L layers one after the other by √(L n) u.
With L n ≤ 2¹⁸ (dlib's ResNet: 29 layers of 2,304 products at most; 50 layers of 4,608) that is 2⁹ u a vector, and two
are off by twice as much. ``tests/gallery/test_present.py`` measures it: one face alone and among others differ by 5 u,
and no picture that was saved anew as JPEG comes as near as this.
"""


class Known:
    """The faces that a person has, to be looked through for those that come again; `vectors`, (n, d), are theirs."""

    def __init__(self, samples: Sequence[Sample], vectors: NDArray[np.float32]) -> None:
        self._samples = list(samples)
        self._vectors = vectors.astype(np.float64)

    def same(self, sample: Sample, vector: NDArray[np.float32]) -> list[int]:
        """The numbers of the samples that are this very face of this very picture."""
        far = np.linalg.norm(self._vectors - vector, axis=1)
        return [
            each.number
            for each, distance in zip(self._samples, far, strict=True)
            if distance <= NOISE or (_one_photo(each, sample) and rules.one_place(each.box, sample.box))
        ]

    def add(self, number: int, sample: Sample, vector: NDArray[np.float32]) -> None:
        """Take in a sample that was stored under that number."""
        self._samples.append(replace(sample, number=number))
        self._vectors = np.vstack([self._vectors, vector.astype(np.float64)])


def _one_photo(first: Sample, second: Sample) -> bool:
    return first.photo_sha256 is not None and first.photo_sha256 == second.photo_sha256
