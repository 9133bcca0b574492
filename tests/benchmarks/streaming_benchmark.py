"""Sums of a table of any size beside DuckDB's: cells, people, a histogram and couples with errors, from Parquet.

Run from the repository root: ``python tests/benchmarks/streaming_benchmark.py [PAIRS [TURNS]]``, by default ten million
twice; a hundred million for the published figure (about 1 GB in a temporary folder). DuckDB (``pip install duckdb``)
has two threads, we have one process, for which Arrow reads with another. DuckDB leaves out how often couples meet, of
which it would have to hold all.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

PEOPLE, GROUPS, THRESHOLD = 100_000, 4, 0.375
PROCESSES = 1  # and a thread that reads
ROWS = 1_000_000


def write(path: Path, pairs: int) -> None:
    """A table of pairs of pseudonymous people, a tenth of them genuine."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    names = pa.array([f"{number:016x}" for number in rng.permutation(1 << 20)[:PEOPLE]])
    labels, group = pa.array(["Asian", "Black", "Indian", "White"]), rng.integers(0, GROUPS, PEOPLE)
    writer = None
    for start in range(0, pairs, ROWS):
        n = min(ROWS, pairs - start)
        first, genuine = rng.integers(0, PEOPLE, n), rng.random(n) < 0.1
        second = np.where(genuine, first, (first + rng.integers(1, PEOPLE, n)) % PEOPLE)
        columns = {"genuine": genuine, "score": (rng.normal(0, 0.1, n) + 0.5 * genuine).astype(np.float32)}
        for side, codes in (("probe", first), ("reference", second)):
            columns[f"{side}_subject"] = pa.DictionaryArray.from_arrays(codes.astype(np.int32), names)
            columns[f"{side}_race"] = pa.DictionaryArray.from_arrays(group[codes].astype(np.int8), labels)
        table = pa.table(columns)
        writer = writer or parquet.ParquetWriter(path, table.schema, dictionary_pagesize_limit=1 << 23)
        writer.write_table(table, row_group_size=ROWS)
    writer.close()


def ours(path: Path) -> dict[str, float]:
    """Our sums, and a few numbers of them."""
    from audits.verification.streamed import Tables, sum_tables

    sums = sum_tables(Tables([path]), by=["race"], at=THRESHOLD, processes=PROCESSES)
    (race,) = sums.groupings
    return {
        "pairs": int(race.table[0].sum()),
        "errors": int(race.table[1].sum()),
        "people": int((race.takes.counts[1].astype(np.int64) ** 2).sum()),
        "couples": int(race.erred.counts.counts.sum()),
    }


def duckdbs(path: Path) -> dict[str, float]:
    """DuckDB's, of the same kinds."""
    import duckdb

    with tempfile.TemporaryDirectory() as spill:
        db = duckdb.connect(config={"threads": 2, "temp_directory": spill})
        db.execute("SET enable_progress_bar = false")
        table = f"""(SELECT probe_race AS p, reference_race AS r, genuine, probe_subject AS a, reference_subject AS b,
            (score >= {THRESHOLD}) <> genuine AS wrong, score FROM read_parquet('{path}'))"""
        cell, counts = (
            "p, r, genuine",
            "count(*) AS n, count(*) FILTER (wrong) AS k, count(*) FILTER (score IS NULL) AS f",
        )
        cells = db.execute(f"SELECT {cell}, {counts} FROM {table} GROUP BY ALL").fetchnumpy()
        probes = db.sql(f"SELECT {cell}, a, {counts} FROM {table} GROUP BY ALL").to_arrow_table()
        others = db.sql(f"SELECT {cell}, b, {counts} FROM {table} WHERE NOT genuine GROUP BY ALL").to_arrow_table()
        db.execute(f"SELECT {cell}, floor(score * 4096) AS bin, count(*) AS n FROM {table} GROUP BY ALL").fetchnumpy()
        couples = db.execute(
            f"SELECT {cell}, least(a, b) AS lo, greatest(a, b) AS hi, count(*) AS n FROM {table} "
            "WHERE wrong AND NOT genuine GROUP BY ALL"
        ).fetchnumpy()
    return {
        "pairs": int(cells["n"].sum()),
        "errors": int(cells["k"].sum()),
        "people": int(sum((side.column("k").to_numpy() ** 2).sum() for side in (probes, others))),
        "couples": int(couples["n"].sum()),
    }


def resident(process: int) -> int:
    """Kibibytes of a process and its children that are in memory, what they share counted once (PSS)."""
    found = 0
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
            found += int(line.split()[1]) if line.startswith("Pss:") else 0
        for task in Path(f"/proc/{process}/task").iterdir():
            found += sum(map(resident, map(int, (task / "children").read_text(encoding="ascii").split())))
    except OSError:
        pass
    return found


def measured(side: str, path: Path) -> tuple[float, float, dict[str, float]]:
    """Seconds, MB at the peak, and the numbers, of one side in a process of its own."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, side, str(path)], stdout=subprocess.PIPE, text=True)
    peak, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            peak.append(resident(process.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    told = json.loads(process.communicate()[0].splitlines()[-1])
    done.set()
    watcher.join()
    return time.perf_counter() - begin, max(peak) * 1024 / 1e6, told


def main(pairs: int, turns: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.parquet"
        write(path, pairs)
        print(f"{pairs:,} pairs, {path.stat().st_size / 1e6:,.0f} MB of Parquet")
        rounds = [(measured("ours", path), measured("duckdb", path)) for _ in range(turns)]
    if rounds[0][0][2] != rounds[0][1][2]:
        message = f"the sums differ: {rounds[0][0][2]}, {rounds[0][1][2]}"
        raise SystemExit(message)
    seconds = [min(each[side][0] for each in rounds) for side in (0, 1)]
    memory = [max(each[side][1] for each in rounds) for side in (0, 1)]
    for name, time_, peak in zip(("ours", "DuckDB"), seconds, memory, strict=True):
        print(f"  {name:<8} {time_:8.1f} s {peak:8.0f} MB")
    for what, value, aim in (("time over DuckDB's", seconds[0] / seconds[1], 2), ("MB", memory[0], 600)):
        print(f"  {what} {value:.3g} (aim <= {aim}: {'reached' if value <= aim else 'MISSED'})")


if __name__ == "__main__":
    sides = {"ours": ours, "duckdb": duckdbs}
    if sys.argv[1:2] and sys.argv[1] in sides:
        print(json.dumps(sides[sys.argv[1]](Path(sys.argv[2]))))
    else:
        pairs, turns = [*map(int, sys.argv[1:]), *(10_000_000, 2)[len(sys.argv) - 1 :]]
        main(pairs, turns)
