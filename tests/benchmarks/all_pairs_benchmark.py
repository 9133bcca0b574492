"""All pairs of photos counted by group, beside the bare float32 product of the same blocks on the same cores.

Run as ``python tests/benchmarks/all_pairs_benchmark.py [--photos 50000] [--cores 2]``. The vectors are made: as crowded
as faces are (cosines of strangers .82 ± .02), two photos a person, four groups. The bare product writes each block of
scores over the last and reads none. Both are timed by turns; the smallest of the rounds counts, by the clock and by
the processor's time. Aim: at most 3 times the bare product, and 1 GB at the peak.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from facerec.measure.all_pairs.counts import Count
from facerec.measure.all_pairs.people import PhotosOfPeople
from facerec.measure.all_pairs.running import count_pairs

DIMENSION, GROUPS = 128, 4


def made(photos: int) -> PhotosOfPeople:
    rng = np.random.default_rng(0)
    people = np.arange(photos) // 2
    centres = rng.standard_normal((people[-1] + 1, DIMENSION), dtype=np.float32) * 0.4 + 1
    vectors = centres[people] + rng.standard_normal((photos, DIMENSION), dtype=np.float32) * 0.25
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return PhotosOfPeople.of(vectors, [f"{person:07d}" for person in people], people % GROUPS)


def bare(photos: PhotosOfPeople, threads: int) -> None:
    blocks = list(photos.blocks)

    def multiply(start: int) -> None:
        most = max(part.photos.stop - part.photos.start for part in photos.parts)
        room = np.empty(most * most, np.float32)
        for block in blocks[start::threads]:
            left, right = (photos.vectors[photos.parts[number].photos] for number in block)
            np.matmul(left, right.T, out=room[: len(left) * len(right)].reshape(len(left), len(right)))

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        list(pool.map(multiply, range(threads)))


def processor_seconds() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=50_000)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    photos = made(asked.photos)
    strangers = photos.vectors[:2000] @ photos.vectors[-2000:].T
    threshold = float(np.quantile(strangers, 0.999))
    contenders: dict[str, Callable[[], object]] = {
        "bare product": lambda: bare(photos, asked.cores),
        "histogram by group": lambda: count_pairs(photos, Count(), processes=asked.cores),
        "histogram, and errors of people at FMR 1e-3": lambda: count_pairs(
            photos, Count((threshold,)), processes=asked.cores
        ),
    }
    taken = {name: (float("inf"), float("inf")) for name in contenders}
    for _ in range(asked.rounds):
        for name, run in contenders.items():
            clock, processor = time.perf_counter(), processor_seconds()
            run()
            now = time.perf_counter() - clock, processor_seconds() - processor
            taken[name] = min(taken[name][0], now[0]), min(taken[name][1], now[1])
    pairs = asked.photos * (asked.photos - 1) // 2
    print(f"{pairs:.4g} pairs of {asked.photos} photos, {asked.cores} cores")
    for name, seconds in taken.items():
        ratios = [mine / least for mine, least in zip(seconds, taken["bare product"], strict=True)]
        print(
            f"  {name:<46} {seconds[0]:6.2f} s, ratio {ratios[0]:.2f}; processor {seconds[1]:6.2f} s, {ratios[1]:.2f}"
        )
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"  peak memory {peaks[0] + asked.cores * peaks[1]:.0f} MB of all processes together, at most (aim 1024)")


if __name__ == "__main__":
    main()
