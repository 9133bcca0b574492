"""What an audit costs: time and memory by the size of the table, the bootstrap, and cimat beside our intervals.

Run from the repository root: ``OMP_NUM_THREADS=1 python tests/benchmarks/audit_benchmark.py``. For the comparison
``pip install --no-deps cimat==0.1.2`` (its metadata ask for NumPy 1; its code runs with NumPy 2) and ``tqdm``.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from audits import audit_verification
from audits.statistics.intervals import clustered_estimate
from audits.verification.thresholds import AtFmr
from facerec.measure import tables
from facerec.measure.metrics import dyadic_variance
from facerec.types import Interval, Rate

sys.path.insert(0, str(Path(__file__).parent))
from timing import milliseconds, report

BY = ["gender", "race", "race,gender"]


def simulated(pairs: int, people: int, seed: int = 0) -> pd.DataFrame:
    """A checked score table: 30 % genuine pairs, four races, two genders, photo names that seldom repeat."""
    rng = np.random.default_rng(seed)
    race = rng.choice(["Asian", "Black", "Indian", "White"], people)
    gender = rng.choice(["female", "male"], people)
    names = np.array([f"person{number:06d}" for number in range(people)])
    first = rng.integers(0, people, pairs)
    genuine = rng.random(pairs) < 0.3
    second = np.where(genuine, first, (first + rng.integers(1, people, pairs)) % people)
    columns = {"genuine": genuine, "score": rng.normal(size=pairs) + 3 * genuine}
    for side, codes in (("probe", first), ("reference", second)):
        columns[f"{side}_image"] = side[0] + pd.Series(rng.integers(0, 10**7, pairs)).astype(str)
        columns[f"{side}_subject"] = names[codes]
        columns[f"{side}_race"] = race[codes]
        columns[f"{side}_gender"] = gender[codes]
    return tables.check(pd.DataFrame(columns))


def measure(path: str) -> None:
    """In a process of its own: audit the table in a file as a user does, and print processor time and peak memory."""
    table = tables.check(pd.read_parquet(path))
    size = int(table.memory_usage(deep=True).sum())
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak of the reading
    before = _kibibytes("VmRSS")
    begin = time.process_time()
    audit_verification(table, by=BY, at=AtFmr(1e-3))
    seconds = time.process_time() - begin
    peak = size + (_kibibytes("VmHWM") - before) * 1024
    print(json.dumps({"seconds": seconds, "table": size, "peak": peak}))


def _kibibytes(name: str) -> int:
    """What Linux says of this process's memory; `resource` would give the peak of the process that started it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def sizes() -> None:
    """The audit that a user types, 1,000 draws of every index of 2 + 4 groups and 8 intersections, at three sizes."""
    print(
        "\nthe whole audit, 1,000 draws, three groupings, processor time (aim at 1,000,000 pairs: <= 3 s, memory <= 4x)"
    )
    with tempfile.TemporaryDirectory() as folder:
        for pairs in (10**5, 10**6, 10**7):
            path = Path(folder) / f"{pairs}.parquet"
            simulated(pairs, 20_000).to_parquet(path)
            done = subprocess.run([sys.executable, __file__, str(path)], capture_output=True, text=True, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
            each, mebibytes = 1e6 * found["seconds"] / pairs, found["table"] / 2**20
            times = found["peak"] / found["table"]
            print(
                f"  {pairs:>10,} pairs {found['seconds']:7.2f} s, {each:6.2f} µs a pair, "
                f"table {mebibytes:7.0f} MiB, with what the audit adds {times:.1f}x"
            )


def draws() -> None:
    """1,000 draws of people for every index, 100,000 pairs."""
    table = simulated(10**5, 5000)
    begin = time.perf_counter()
    audit_verification(table, by=BY, at=AtFmr(1e-2), replicates=1000)
    seconds = time.perf_counter() - begin
    print(f"\n1,000 draws of every index of two groupings, 100,000 pairs: {seconds:.2f} s (aim <= 20 s)")


def _uncorrected(wrong: np.ndarray, first: np.ndarray, second: np.ndarray) -> Interval:
    p = float(wrong.mean())
    return Rate(int(wrong.sum()), len(wrong), p * (1 - p) / dyadic_variance(wrong, first, second)).interval()


def beside_cimat(people: int = 200) -> None:
    """The same intervals by cimat: dense impostor pairs and ten genuine pairs of everyone."""
    try:
        from cimat.uncertainty_estimator import UncertaintyEstimator
    except ImportError:
        print("\ncimat is not installed: pip install --no-deps cimat==0.1.2 tqdm")
        return
    rng = np.random.default_rng(1)
    ease = rng.normal(size=people)
    first, second = np.triu_indices(people, 1)
    impostor = 0.5 * (ease[first] + ease[second]) + rng.normal(size=len(first))
    mated = np.repeat(np.arange(people), 10)
    genuine = 3 + ease[mated] + rng.normal(size=len(mated))
    theirs = {i: {} for i in range(people)}
    for i, j, score in zip(first.tolist(), second.tolist(), impostor.tolist(), strict=True):
        theirs[i].setdefault(j, []).append(score)
        theirs[j].setdefault(i, []).append(score)
    for i, score in zip(mated.tolist(), genuine.tolist(), strict=True):
        theirs[i].setdefault(i, []).append(score)

    def ours() -> list[object]:
        return [
            clustered_estimate(impostor >= 2, first, second),
            clustered_estimate(genuine < 2, mated, mated),
        ]

    def by_cimat() -> tuple[list[float], list[float]]:
        return UncertaintyEstimator(theirs).get_binerror_ci(threshold=2)

    # Where the definitions agree: cimat has neither our correction for few people nor our floor at independent pairs.
    fmr = _uncorrected(impostor >= 2, first, second)
    fnmr = _uncorrected(genuine < 2, mated, mated)
    their_fnmr, their_fmr = by_cimat()
    apart = np.abs(np.array([fmr.low, fmr.high, fnmr.low, fnmr.high]) - np.array([*their_fmr, *their_fnmr])).max()
    print(f"\nwithout the correction for few people, largest difference to cimat's bounds: {apart:.1e} (aim <= 1e-6)")
    times = milliseconds({"ours": ours, "cimat 0.1.2": by_cimat}, rounds=3)
    report(
        f"intervals of FMR and FNMR, {len(impostor):,} impostor pairs", times, ours="ours", targets={"cimat 0.1.2": 100}
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        beside_cimat()
        draws()
        sizes()
