"""Requests per second of the service over the library called in a loop, on the same photos and processor.

    FACEREC_DATA=/data python tests/benchmarks/service_benchmark.py [--seconds N] [--rounds N] [--clients 1 8 32]

Verification of two photos by `facerec serve`, over the better of one process with two threads and two processes with
one thread that call ``Recognizer.verify``, by turns, `--rounds` times; the ratio is of medians. As the rates of a
machine that does other things mislead, processor milliseconds per verification are told, too: of the library, and of
the service, its workers, its limited processes and the clients. Then enrollment, identification and all of them mixed.
With ``--people N`` also how long an identification among so many takes at half of the load that the service bears.
Clients are threads that send bodies made before, each over one connection that it keeps: they take from the same
processor. Servers listen on the loopback and end with the script.
"""

from __future__ import annotations

import argparse
import http.client
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
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np

_LOOP = """
import itertools, os, sys, threading, time
from pathlib import Path
if "FACEREC_RUNTIME" not in os.environ:
    import torch
    torch.set_num_threads(1)
from facerec import Recognizer
threads, seconds, photos = int(sys.argv[1]), float(sys.argv[2]), [Path(each).read_bytes() for each in sys.argv[3:]]
recognizer = Recognizer(runtime=os.environ.get("FACEREC_RUNTIME"))
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
begin, used = time.monotonic(), time.process_time()
workers = [threading.Thread(target=work, args=(n, begin + seconds)) for n in range(threads)]
for each in workers: each.start()
for each in workers: each.join()
print(sum(done) / (time.monotonic() - begin), 1000 * (time.process_time() - used) / sum(done), flush=True)
"""


def library(processes: int, threads: int, seconds: float, photos: list[Path]) -> tuple[float, float]:
    """Verifications per second of so many processes, and processor milliseconds for each."""
    command = [sys.executable, "-c", _LOOP, str(threads), str(seconds), *map(str, photos)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, **pipes) for _ in range(processes)]
    for each in running:
        each.stdout.readline()
    for each in running:
        each.stdin.write("go\n")
        each.stdin.flush()
    told = [[float(word) for word in each.communicate()[0].split()] for each in running]
    return sum(rate for rate, _ in told), sum(used for _, used in told) / len(told)


class Service:
    """`facerec serve` on a free port."""

    def __init__(self, folder: str, *options: str) -> None:
        program = "import sys; from facerec.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", program, "serve", "--galleries", folder, "--port", "0", *options]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self._log = tempfile.NamedTemporaryFile()  # noqa: SIM115 - of a line per request, which a pipe does not hold
        self.process = subprocess.Popen(command, env=environment, stderr=self._log)
        while "serves" not in (told := Path(self._log.name).read_text()):
            if self.process.poll() is not None:
                raise RuntimeError(told)
            time.sleep(0.1)
        self._port = int(re.search(r"serves .*:(\d+)$", told, re.MULTILINE)[1])
        self._key = re.search(r"fr_[0-9a-f]{12}_[0-9a-f]+", told)[0]
        self._kept = threading.local()
        while self._asked("GET", "/readyz", b"", "")[0] != 200:
            time.sleep(0.1)
        self.post("/v1/galleries", json.dumps({"id": "people"}).encode(), "application/json")

    def _asked(self, method: str, path: str, body: bytes, media: str) -> tuple[int, bytes]:
        if time.monotonic() > getattr(
            self._kept, "until", 0.0
        ):  # or the service has closed it, which waits 5 s for a request
            self._kept.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": media}
        self._kept.connection.request(method, path, body, headers)
        answer = self._kept.connection.getresponse()
        content = answer.read()
        self._kept.until = time.monotonic() + 3
        return answer.status, content

    def post(self, path: str, body: bytes, media: str, *, fine: tuple[int, ...] = (200, 201)) -> None:
        """Ask, and look at the status."""
        status, content = self._asked("POST", path, body, media)
        if status not in fine:
            message = f"{path}: {status} {content[:500]!r}"
            raise RuntimeError(message)

    def used(self) -> Counter[str]:
        """Processor milliseconds so far: of the service, of its workers, of limited processes, and of this client."""
        found = Counter(client=1000 * time.process_time(), server=_used(self.process.pid))
        workers = _children(self.process.pid)
        for worker in workers:
            found["limited"] += sum(map(_used, _children(worker)))
            command = Path(f"/proc/{worker}/cmdline").read_bytes()
            found["limited" if b"facerec.limited" in command else "workers"] += _used(worker)
        return found

    def memory(self) -> dict[str, list[int]]:
        """Megabytes of each process, what it shares with others in parts."""
        workers = _children(self.process.pid)
        limited = [each for worker in workers for each in _children(worker)]
        return {
            name: [_megabytes(each) for each in numbers]
            for name, numbers in {"server": [self.process.pid], "workers": workers, "limited": limited}.items()
        }

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()
        self._log.close()


def _children(process: int) -> list[int]:
    threads = Path(f"/proc/{process}/task").glob("*/children")
    return [int(each) for thread in threads for each in thread.read_text().split()]


def _used(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(process: int) -> int:
    told = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.search(r"Pss:\s+(\d+)", told)[1]) // 1024


def form(photos: dict[str, bytes], **texts: str) -> tuple[bytes, str]:
    """A form of photos and texts, and its media type."""
    line = "facerec-benchmark-boundary"
    parts = [
        f'--{line}\r\nContent-Disposition: form-data; name="{name}"; filename="photo.jpg"\r\n'
        f"Content-Type: image/jpeg\r\n\r\n".encode()
        + photo
        + b"\r\n"
        for name, photo in photos.items()
    ]
    parts += [
        f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in texts.items()
    ]
    return b"".join((*parts, f"--{line}--\r\n".encode())), f"multipart/form-data; boundary={line}"


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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32], help="may be none")
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--runtime", type=Path, help="of graphs for ONNX Runtime; both sides run them")
    given = parser.parse_args()
    if given.runtime:
        os.environ["FACEREC_RUNTIME"] = str(given.runtime)
    photos = sorted(given.photos.rglob("*.jpg"))[:200:5]
    contents = [photo.read_bytes() for photo in photos]
    shifted = zip(contents, contents[1:] + contents[:1], strict=True)
    pairs = [form({"probe": one, "reference": other}) for one, other in shifted]
    probes = [form({"photo": each}) for each in contents]
    counter = itertools.count()
    found: dict[str, object] = {"photos": len(photos), "seconds": given.seconds, "rounds": given.rounds}
    with tempfile.TemporaryDirectory() as folder:
        if given.people:
            filled(Path(folder) / "many.db", given.people)
        service = Service(folder, *(["--runtime", str(given.runtime)] if given.runtime else []))

        def verify() -> None:
            service.post("/v1/compare", *pairs[next(counter) % len(pairs)])

        def enroll() -> None:
            number = next(counter)
            person = json.dumps({"name": f"person {number}"})
            body = form({"photos": contents[number % len(contents)]}, person=person)
            service.post("/v1/galleries/people/people", *body, fine=(200, 201, 422))  # below the gate: an answer, too

        def identify() -> None:
            service.post("/v1/galleries/people/identify", *probes[next(counter) % len(probes)])

        turns = itertools.cycle([verify, identify, identify, identify, enroll])

        def mixed() -> None:
            next(turns)()

        def among() -> None:
            service.post("/v1/galleries/many/identify", *probes[next(counter) % len(probes)])

        try:
            load(verify, 8, 3)
            found["megabytes"] = service.memory()
            found["verify_8_over_library"] = beside(service, verify, given.rounds, given.seconds, photos)
            for clients in given.clients:
                for name, ask in {"verify": verify, "enroll": enroll, "identify": identify, "mixed": mixed}.items():
                    rate, took = load(ask, clients, given.seconds)
                    found[f"{name}_{clients}"] = {"per_second": rate, **quantiles(took)}
            if given.people:
                found["people"] = given.people
                among()
                most, _ = load(among, 8, given.seconds)
                took = at_rate(among, most / 2, 3 * given.seconds)
                found["identify_among_many"] = {"most_per_second": most, **quantiles(took)}
                found["identify_p99_over_p50"] = quantiles(took)["p99"] / quantiles(took)["p50"]
        finally:
            service.stop()
    print(json.dumps(found, indent=1, default=str))


def beside(service: Service, verify, rounds: int, seconds: float, photos: list[Path]) -> dict[str, object]:
    """Verification by 8 clients and by the library, by turns."""
    rates: dict[str, list[float]] = {"library_1x2": [], "library_2x1": [], "service": []}
    used: dict[str, list[float]] = {"library_1x2": [], "library_2x1": []}
    parts: Counter[str] = Counter()
    asked = 0
    for _ in range(rounds):
        for name, (processes, threads) in {"library_1x2": (1, 2), "library_2x1": (2, 1)}.items():
            rate, milliseconds = library(processes, threads, seconds, photos)
            rates[name].append(rate)
            used[name].append(milliseconds)
        before = service.used()
        rate, took = load(verify, 8, seconds)
        parts += service.used() - before
        asked += len(took)
        rates["service"].append(rate)
        print(json.dumps({name: each[-1] for name, each in rates.items()}), file=sys.stderr, flush=True)
    better = max(median(rates["library_1x2"]), median(rates["library_2x1"]))
    milliseconds = {name: each / asked for name, each in parts.items()}
    least = min(median(each) for each in used.values())
    return {
        "per_second": rates,
        "ratio": median(rates["service"]) / better,
        "processor_milliseconds": {**{name: median(each) for name, each in used.items()}, **milliseconds},
        "processor_ratio": least / sum(milliseconds.values()),
    }


if __name__ == "__main__":
    main()
