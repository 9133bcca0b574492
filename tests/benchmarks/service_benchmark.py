"""Requests per second of the service over the library called in a loop, on the same photos and processor.

    FACEREC_DATA=/data python tests/benchmarks/service_benchmark.py [--seconds N] [--photos DIR] [--clients 1 8 32]

Verification of two photos by `facerec serve`, over the better of one process with two threads and two processes with
one thread that call ``Recognizer.verify``; then enrollment, identification and all of them mixed. With ``--people N``
also how long an identification among so many takes at half of the load that the service bears. Servers listen on the
loopback and end with the script.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

_LOOP = """
import itertools, sys, threading, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from facerec import Recognizer
threads, seconds, photos = int(sys.argv[1]), float(sys.argv[2]), [Path(each).read_bytes() for each in sys.argv[3:]]
recognizer = Recognizer()
pairs = itertools.cycle(zip(photos, photos[1:] + photos[:1]))
lock, done = threading.Lock(), [0] * threads
def work(number, end):
    while time.monotonic() < end:
        with lock:
            one, other = next(pairs)
        recognizer.verify(one, other)
        done[number] += 1
recognizer.verify(photos[0], photos[1])
print("ready", flush=True)
sys.stdin.readline()
begin = time.monotonic()
workers = [threading.Thread(target=work, args=(n, begin + seconds)) for n in range(threads)]
for each in workers: each.start()
for each in workers: each.join()
print(sum(done) / (time.monotonic() - begin), flush=True)
"""


def library(processes: int, threads: int, seconds: float, photos: list[Path]) -> float:
    """Verifications per second of so many processes."""
    command = [sys.executable, "-c", _LOOP, str(threads), str(seconds), *map(str, photos)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, **pipes) for _ in range(processes)]
    for each in running:
        each.stdout.readline()
    for each in running:
        each.stdin.write("go\n")
        each.stdin.flush()
    return sum(float(each.communicate()[0]) for each in running)


class Service:
    """`facerec serve` on a free port, with a client."""

    def __init__(self, folder: str) -> None:
        program = "import sys; from facerec.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", program, "serve", "--galleries", folder, "--port", "0"]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        told = ""
        while "serves" not in told:
            told += self.process.stderr.readline()
        port = int(re.search(r":(\d+)\s*$", told)[1])
        token = re.search(r"fr_[0-9a-f]{12}_[0-9a-f]+", told)[0]
        headers = {"Authorization": f"Bearer {token}"}
        limits = httpx.Limits(max_connections=64)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, limits=limits)
        self.client.post("/v1/galleries", json={"id": "people"}).raise_for_status()

    def stop(self) -> None:
        """End it."""
        self.client.close()
        self.process.terminate()
        self.process.wait()


def load(ask, clients: int, seconds: float) -> tuple[float, list[float]]:
    """Requests per second by so many clients, and the seconds that each took."""
    took, lock = [], threading.Lock()
    end = time.monotonic() + seconds

    def work(_: int) -> None:
        while time.monotonic() < end:
            start = time.perf_counter()
            ask()
            with lock:
                took.append(time.perf_counter() - start)

    begin = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, range(clients)))
    return len(took) / (time.monotonic() - begin), sorted(took)


def filled(path: Path, people: int) -> None:
    """A gallery of the default embedder with people of random vectors, past the library: one by one takes hours."""
    from facerec.embed.load import load_embedder
    from facerec.gallery import open_gallery
    from facerec.gallery.sealing import new_salt, seal

    with open_gallery(path, load_embedder()) as gallery:
        dimension = gallery.embedder.dimension
    draw = np.random.default_rng(1)
    with sqlite3.connect(path) as connection:
        for start in range(1, people + 1, 8192):
            vectors = draw.standard_normal((min(8192, people + 1 - start), dimension)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            rows = [(start + place, vector.tobytes(), new_salt()) for place, vector in enumerate(vectors)]
            connection.executemany(
                "INSERT INTO people (number, id, name, created) "
                "VALUES (?, randomblob(16), 'stranger ' || ?, '2026-01-01T00:00:00+00:00')",
                [(number, number) for number, _, _ in rows],
            )
            connection.executemany(
                "INSERT INTO samples (number, person, vector, source, x1, y1, x2, y2, score, enrolled, salt, seal) "
                "VALUES (?, ?, ?, 'a.jpg', 0, 0, 1, 1, 1, '2026-01-01T00:00:00+00:00', ?, ?)",
                [(number, number, vector, salt, seal(salt, vector)) for number, vector, salt in rows],
            )


def at_rate(ask, per_second: float, seconds: float) -> list[float]:
    """The seconds that requests took which came at random moments, so many a second, whoever waits."""
    draw = random.Random(0)
    took, lock = [], threading.Lock()

    def timed(due: float) -> None:
        ask()
        with lock:
            took.append(time.monotonic() - due)  # from when it was due: who waits for a free client waits, too

    with ThreadPoolExecutor(64) as pool:
        due, end = time.monotonic(), time.monotonic() + seconds
        while due < end:
            time.sleep(max(0.0, due - time.monotonic()))
            pool.submit(timed, due)
            due += draw.expovariate(per_second)
    return sorted(took)


def quantiles(took: list[float]) -> dict[str, float]:
    """Median and 99th percentile in seconds."""
    return {"p50": took[len(took) // 2], "p99": took[min(len(took) - 1, int(0.99 * len(took)))], "requests": len(took)}


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(os.environ.get("FACEREC_DATA", "."))
    parser.add_argument("--photos", type=Path, default=data / "lfw" / "images")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32], help="may be none")
    parser.add_argument("--people", type=int, default=0)
    given = parser.parse_args()
    photos = sorted(given.photos.rglob("*.jpg"))[:200:5]
    contents = [photo.read_bytes() for photo in photos]
    counter = itertools.count()
    found: dict[str, object] = {"photos": len(photos), "seconds": given.seconds}
    found["library_1x2"] = library(1, 2, given.seconds, photos)
    found["library_2x1"] = library(2, 1, given.seconds, photos)
    best = max(found["library_1x2"], found["library_2x1"])
    with tempfile.TemporaryDirectory() as folder:
        if given.people:
            filled(Path(folder) / "many.db", given.people)
        service = Service(folder)
        post = service.client.post

        def photo(number: int):
            return ("photo.jpg", contents[number % len(contents)])

        def verify() -> None:
            number = next(counter)
            files = {"probe": photo(number), "reference": photo(number + 1)}
            post("/v1/compare", files=files).raise_for_status()

        def enroll() -> None:
            number = next(counter)
            person = {"person": json.dumps({"name": f"person {number}"})}
            answer = post("/v1/galleries/people/people", files={"photos": photo(number)}, data=person)
            if answer.status_code not in {200, 201, 422}:  # a photo below the gate is an answer, too
                answer.raise_for_status()

        def identify() -> None:
            post("/v1/galleries/people/identify", files={"photo": photo(next(counter))}).raise_for_status()

        turns = itertools.cycle([verify, identify, identify, identify, enroll])

        def mixed() -> None:
            next(turns)()

        try:
            verify()
            for clients in given.clients:
                for name, ask in {
                    "verify": verify,
                    "enroll": enroll,
                    "identify": identify,
                    "mixed": mixed,
                }.items():
                    rate, took = load(ask, clients, given.seconds)
                    found[f"{name}_{clients}"] = {"per_second": rate, **quantiles(took)}
                    if name == "verify":
                        found[f"verify_ratio_{clients}"] = rate / best
            if given.people:
                found["people"] = given.people

                def among() -> None:
                    post("/v1/galleries/many/identify", files={"photo": photo(next(counter))}).raise_for_status()

                among()
                most, _ = load(among, 8, given.seconds)
                took = at_rate(among, most / 2, 3 * given.seconds)
                found["identify_among_many"] = {"most_per_second": most, **quantiles(took)}
                found["identify_p99_over_p50"] = quantiles(took)["p99"] / quantiles(took)["p50"]
        finally:
            service.stop()
    print(json.dumps(found, indent=1, default=str))


if __name__ == "__main__":
    main()
