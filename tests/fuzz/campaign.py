"""The long run: every kind of file in a process of its own, with what it cost.

::

    python -m tests.fuzz.campaign INPUTS [SEED]

A line per kind: how many damaged files were read and refused, how many ended in an error of another project, the
slowest in seconds of CPU, and by how many megabytes memory grew. Status 1 if any error was foreign, or a process died.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from facerec.errors import FacerecError
from tests.fuzz.targets import KINDS, targets


def tried(kind: str, inputs: int, seed: int) -> dict[str, object]:
    """Try one kind in this process; what came of it, with the number of the first input of each foreign error."""
    counts: Counter[str] = Counter()
    foreign: dict[str, int] = {}
    slowest = 0.0
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as folder:
        target = targets(Path(made))[kind]
        target.beside(Path(folder))
        before = _most_memory()
        path = Path(folder) / target.file
        for place, contents in enumerate(target.inputs(seed, max(1, inputs // target.cost))):
            path.write_bytes(contents)
            began = time.process_time()
            try:
                target.reads(path)
                counts["read"] += 1
            except FacerecError:
                counts["refused"] += 1
            except Exception as error:  # noqa: BLE001 - it is what is looked for
                counts["foreign"] += 1
                foreign.setdefault(f"{type(error).__name__}: {error!s:.80}", place)
            slowest = max(slowest, time.process_time() - began)
    peak = _most_memory() - before
    return {**counts, "foreign errors": foreign, "slowest": slowest, "peak": peak}


def _most_memory() -> float:
    """The most that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: list[str]) -> int:
    """Run the campaign, or one kind of it."""
    if len(arguments) == 3:
        warnings.simplefilter("error")
        print(json.dumps(tried(arguments[0], int(arguments[1]), int(arguments[2]))))
        return 0
    inputs, seed = arguments[0], arguments[1] if len(arguments) > 1 else "1"
    total: Counter[str] = Counter()
    print(f"{'kind':24} {'inputs':>8} {'read':>8} {'refused':>8} {'foreign':>8} {'slowest s':>10} {'more MB':>8}")
    for kind in KINDS:
        command = [sys.executable, "-m", "tests.fuzz.campaign", kind, inputs, seed]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        if done.returncode:
            total["crashed"] += 1
            print(f"{kind:24} ended with status {done.returncode}", flush=True)
            continue
        told = json.loads(done.stdout.splitlines()[-1])
        counts = {name: told.get(name, 0) for name in ("read", "refused", "foreign")}
        total.update(counts)
        numbers = " ".join(f"{number:8,}" for number in (sum(counts.values()), *counts.values()))
        print(f"{kind:24} {numbers} {told['slowest']:10.2f} {told['peak']:8.0f}", flush=True)
        for error, place in told["foreign errors"].items():
            print(f"    input {place:,}: {error}", flush=True)
    print(f"in all {sum(total.values()):,} inputs: {dict(total)}")
    return 1 if total["foreign"] or total["crashed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
