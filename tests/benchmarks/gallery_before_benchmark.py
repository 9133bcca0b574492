"""The gallery beside an earlier state of itself, by turns: each tree in a process of its own, on a gallery of its own.

Run as ``python tests/benchmarks/gallery_before_benchmark.py TREE [--people N]``, where TREE is a checkout of the
earlier state (``git worktree add TREE COMMIT``). Both import the same archive of N people with one vector of 128
numbers each, and then do the same in turns, so that a busy moment of the machine meets both. Ratios above 1: this tree
is slower. The time of the processor is printed besides, which others on the machine change less; it leaves out waiting
for the disk.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).parents[2]
DIMENSION = 128
DIGEST = "0123456789abcdef" * 4

_WORKER = """
import json, sys, time
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from facerec.gallery import open_gallery
from facerec.testing import GOOD
from facerec.types import Detections, Embedder, Face, Faces, Matcher, OperatingPoint, Rate

DIMENSION, DIGEST = 128, "0123456789abcdef" * 4
EMBEDDER = Embedder("random", DIGEST, DIMENSION, SimpleNamespace(name="none", size=1), lambda chips: chips)
MATCHER = Matcher("none", "none", "random", DIGEST, "cosine.v1", "none")
POINT = OperatingPoint(0.99, 1e-3, Rate(0, 1), Rate(0, 1), "nothing", MATCHER)
path, archive, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
rng = np.random.default_rng(9)
chosen = iter(range(10**9))

def vector():
    made = rng.standard_normal(DIMENSION).astype(np.float32)
    return made / np.linalg.norm(made)

def face():
    return Face(np.array([0, 0, 9, 9], np.float32), 1.0, np.zeros((5, 2), np.float32), GOOD, vector(), MATCHER, "a.jpg")

def faces(vectors):
    n = len(vectors)
    found = Detections(np.zeros((n, 4)), np.ones(n), np.zeros((n, 5, 2)), (1, 1))
    return Faces(found, {name: np.full(n, value) for name, value in GOOD.items()}, np.asarray(vectors), MATCHER)

def load():
    with open_gallery(path, EMBEDDER) as fresh:
        fresh.identify(faces([vector()]), at=POINT)

gallery = open_gallery(path, EMBEDDER)
DO = {
    "import": lambda: gallery.import_from(archive),
    "load": load,
    "identify": lambda: gallery.identify(faces([vector()]), at=POINT),
    "verify": lambda: gallery.verify("person 7", face(), at=POINT),
    "enroll": lambda: gallery.enroll(f"new {next(chosen)}", face(), consent="form"),
    "list": lambda: gallery.people(),
    "forget": lambda: gallery.forget(f"person {100 + next(chosen)}"),
    "update": lambda: gallery.update(f"person {50}", consent=f"form {next(chosen)}"),
    "check": lambda: gallery.check(),
    "log": lambda: gallery.log(last=20),
}
print("ready", flush=True)
for line in sys.stdin:
    run = DO[line.strip()]
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]), flush=True)
"""

_ROUNDS = {"import": 1, "load": 3, "identify": 15, "verify": 31, "enroll": 101, "update": 31, "log": 15, "list": 5}
_ROUNDS |= {"forget": 3, "check": 3}


def write_archive(folder: Path, count: int) -> None:
    """An archive of `count` people, as both trees read it."""
    folder.mkdir()
    rng, people = np.random.default_rng(1), []
    vectors = rng.standard_normal((count, DIMENSION), dtype=np.float32)
    np.save(folder / "vectors.npy", vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    then = "2026-01-01T00:00:00+00:00"
    for number in range(count):
        sample = {"source": "a.jpg", "box": [0, 0, 9, 9], "score": 0.9, "enrolled": then}
        sample |= {"photo_sha256": None, "photo_kept": False}
        person = {"id": f"{number:032x}", "name": f"person {number}", "consent": "form", "purpose": None}
        people.append({**person, "expires": None, "created": then, "samples": [sample]})
    embedder = {"name": "random", "digest": DIGEST, "dimension": DIMENSION}
    facts = {"format": "facerec gallery", "version": 1, "embedder": embedder, "vectors": count, "people": people}
    (folder / "gallery.json").write_text(json.dumps(facts))


class Tree:
    """A checkout's gallery, in a process of its own."""

    def __init__(self, tree: Path, folder: Path, archive: Path, count: int) -> None:
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        command = [sys.executable, "-c", _WORKER, str(folder / "people.db"), str(archive), str(count)]
        self.process = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"

    def run(self, what: str) -> tuple[float, float]:
        """Seconds, and seconds of the processor."""
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        wall, cpu = json.loads(self.process.stdout.readline())
        return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--people", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "archive"
        write_archive(archive, given.people)
        trees = []
        for name, tree in (("before", given.tree.absolute()), ("now", ROOT)):
            (Path(folder) / name).mkdir()
            trees.append(Tree(tree, Path(folder) / name, archive, given.people))
        print(f"{given.people:,} people         before        now   ratio   of the processor: before      now   ratio")
        for what, rounds in _ROUNDS.items():
            times = [[], []]
            for turn in range(rounds + (rounds > 1)):
                for number in (0, 1) if turn % 2 else (1, 0):
                    taken = trees[number].run(what)
                    if turn or rounds == 1:
                        times[number].append(taken)
            wall = [1000 * median(each[0] for each in kept) for kept in times]
            cpu = [1000 * median(each[1] for each in kept) for kept in times]
            print(
                f"{what:<10} {wall[0]:15.2f} ms {wall[1]:9.2f} ms {wall[1] / wall[0]:6.2f} {cpu[0]:25.2f} ms "
                f"{cpu[1]:9.2f} ms {cpu[1] / cpu[0]:6.2f}",
                flush=True,
            )
        for tree in trees:
            tree.process.stdin.close()
            tree.process.wait()


if __name__ == "__main__":
    main()
