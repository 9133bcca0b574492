"""Many probes searched in one call, beside the bare float32 product of the same matrices on the same cores.

Run as ``python tests/benchmarks/many_probes_benchmark.py [--people 1000000] [--probes 10000] [--cores 2]``. The vectors
are made: as crowded as faces are (cosines of strangers .82 ± .02), one photo a person; half of the probes are of
somebody enrolled. The bare product multiplies 256 probes with 1,024 vectors at a time, which
is its fastest here, and reads no score. Both are
timed by turns on the same threads; the smallest of the rounds counts, by the clock and by the processor's time. Aim:
at most 1.5 times the bare product.
"""

from __future__ import annotations

import argparse
import resource
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from facerec.gallery.matching import NEVER, SearchIndex

DIMENSION, ROWS, PROBES, TILE = 128, 8192, 256, 1024


def near(rng: np.random.Generator, centres: np.ndarray) -> np.ndarray:
    vectors = centres + rng.standard_normal(centres.shape, dtype=np.float32) * 0.25
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def bare(vectors: np.ndarray, probes: np.ndarray, cores: int) -> None:
    def multiply(share: int) -> None:
        room = np.empty((TILE, PROBES), np.float32)
        for first in range(share * PROBES, len(probes), PROBES * cores):
            few = np.ascontiguousarray(probes[first : first + PROBES].T)
            for start in range(0, len(vectors), TILE):
                some = vectors[start : start + TILE]
                np.matmul(some, few, out=room[: len(some), : few.shape[1]])

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(cores) as pool:
        list(pool.map(multiply, range(cores)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--probes", type=int, default=10_000)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    index = SearchIndex(DIMENSION)
    vectors = np.empty((asked.people, DIMENSION), np.float32)
    probes = [np.empty((0, DIMENSION), np.float32)]
    half = asked.probes // 2
    for start in range(0, asked.people, ROWS):
        centres = rng.standard_normal((min(ROWS, asked.people - start), DIMENSION), dtype=np.float32) * 0.4 + 1
        some = slice(start, start + len(centres))
        vectors[some] = near(rng, centres)
        people = np.arange(start, start + len(centres))
        index.add(vectors[some], people, np.full(len(centres), NEVER, np.int32))
        probes.append(near(rng, centres[: -(-half * ROWS // asked.people)]))
    mated = np.concatenate(probes)[:half]
    others = near(rng, rng.standard_normal((asked.probes - len(mated), DIMENSION), dtype=np.float32) * 0.4 + 1)
    searched = np.concatenate([mated, others])
    contenders = {
        "bare product": lambda: bare(vectors, searched, asked.cores),
        "search": lambda: index.search(searched, top=5, today=1),
    }
    taken = {name: (float("inf"), float("inf")) for name in contenders}
    for _ in range(asked.rounds):
        for name, run in contenders.items():
            clock, processor = time.perf_counter(), time.process_time()
            run()
            now = time.perf_counter() - clock, time.process_time() - processor
            taken[name] = min(taken[name][0], now[0]), min(taken[name][1], now[1])
    print(f"{len(searched)} probes among {asked.people} people")
    for name, seconds in taken.items():
        ratios = [mine / least for mine, least in zip(seconds, taken["bare product"], strict=True)]
        print(
            f"  {name:<16} {seconds[0]:6.2f} s, ratio {ratios[0]:.2f}; processor {seconds[1]:6.2f} s, {ratios[1]:.2f}"
        )
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


if __name__ == "__main__":
    main()
