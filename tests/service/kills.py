"""Mixed load on two replicas and their database, killed by turns; then all that was acknowledged is looked for.

::

    python -m tests.service.kills MINUTES [SECONDS-BETWEEN-KILLS]

Prints one JSON object: operations, kills, acknowledged operations that were lost, wrong answers, megabytes of the
replicas at the first and at the last look. Status 1 if anything was lost or wrong.
"""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import PIL.Image

from facerec.quality import NO_GATE
from facerec.recognizer import Recognizer
from facerec.testing import SquareCrop, SquareDetector, made_point, made_vector
from facerec.types import Embedder, Matcher
from tests.gallery.servers import Server

DIMENSION = 64
_CLIENTS = 8
_WAIT = 120.0  # seconds in which an answer must come, however often it is asked for


def numbered_embedder() -> Embedder:
    """Reads a number out of a face's colour; people of different numbers are strangers."""

    def embed(chips):
        colours = chips.reshape(len(chips), -1, 3).max(axis=1).astype(int)
        numbers = colours @ [1 << 16, 1 << 8, 1]
        return np.array([made_vector(int(number), DIMENSION) for number in numbers]).reshape(-1, DIMENSION)

    return Embedder("numbered", "5e" * 32, DIMENSION, SquareCrop(), embed)


def numbered_photo(number: int) -> bytes:
    """A photo of the person of that number."""
    colour = number >> 16 & 255, number >> 8 & 255, number & 255
    file = io.BytesIO()
    PIL.Image.new("RGB", (64, 64), colour).save(file, "PNG")
    return file.getvalue()


def replica(address: str) -> None:
    """Serve until the end, on a port that is told on stdout."""
    import uvicorn

    from facerec.service.app import create_app
    from facerec.service.settings import Limits, Settings

    recognizer = Recognizer(detector=SquareDetector(), embedder=numbered_embedder(), gate=NO_GATE)
    matcher: Matcher = recognizer.matcher
    limits = Limits(requests_per_minute=1e6, photos_per_minute=1e6)
    point = made_point(0.9, matcher=matcher)
    config = uvicorn.Config(
        create_app(Settings(address, limits=limits), recognizer, points=[point]), port=0, log_level="error"
    )
    with config.bind_socket() as socket:
        sys.stdout.write(f"{socket.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[socket])


class Replica:
    """A process that serves, begun again after it was killed."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.start()

    def start(self) -> None:
        """Begin it, and wait for its port."""
        program = f"from tests.service.kills import replica; replica({self._address!r})"
        errors = Path(f"/tmp/facerec-replica-{uuid.uuid4().hex}.log").open("w")  # noqa: SIM115 - until it ends
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=errors, text=True
        )
        self.port = int(self.process.stdout.readline() or 0)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def megabytes(self) -> float:
        """What it holds in memory now."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) / 1024


class Load:
    """What clients do, and what they were told."""

    def __init__(self, replicas: list[Replica], token: str) -> None:
        self.replicas, self.token = replicas, token
        self.ending = threading.Event()
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.alive: dict[int, str] = {}
        self.forgotten: set[int] = set()
        self._lock = threading.Lock()
        self._next = iter(range(1, 1 << 24))

    def ask(self, method: str, path: str, **body) -> httpx.Response | None:
        """An answer, of whichever replica gives one; asked again under one key until there is."""
        value, until = str(uuid.uuid4()), time.monotonic() + _WAIT
        while time.monotonic() < until:
            port = random.choice(self.replicas).port
            headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": value}
            try:
                answer = httpx.request(method, f"http://127.0.0.1:{port}{path}", headers=headers, timeout=30, **body)
            except httpx.HTTPError:
                self.counts["broken connections"] += 1
                time.sleep(0.1)
                continue
            if answer.status_code < 500 and answer.status_code != 429:
                return answer
            if answer.status_code != 503:
                self.counts[f"status {answer.status_code} {answer.json()['code']}"] += 1
            self.counts["asked again"] += 1
            time.sleep(0.2)
        self.wrong.append(f"{method} {path} was not answered within {_WAIT:g} s")
        return None

    def work(self, seed: int) -> None:
        """One client: enrolls, verifies, identifies and forgets people of its own."""
        draw = random.Random(seed)
        mine: dict[int, str] = {}
        gone: list[int] = []
        while not self.ending.is_set():
            turn = draw.random()
            if len(mine) < 5 or turn < 0.2:
                with self._lock:
                    number = next(self._next)
                self._enroll(number, mine)
            elif turn < 0.5:
                self._identify(draw.choice(list(mine)), known=True)
            elif turn < 0.7:
                self._verify(*draw.choice(list(mine.items())))
            elif turn < 0.85 and gone:
                self._identify(draw.choice(gone), known=False)
            elif len(mine) > 20:
                self._forget(*mine.popitem(), gone)
            self.counts["operations"] += 1
        with self._lock:
            self.alive |= mine
            self.forgotten |= set(gone)

    def _enroll(self, number: int, mine: dict[int, str]) -> None:
        files, data = (
            {"photos": ("p.png", numbered_photo(number))},
            {"person": json.dumps({"name": f"person {number}"})},
        )
        answer = self.ask("POST", "/v1/galleries/main/people", files=files, data=data)
        if answer is not None and answer.status_code in {200, 201}:
            mine[number] = answer.json()["person"]["id"]
        elif answer is not None:
            self.wrong.append(f"enroll {number}: {answer.text[:200]}")

    def _identify(self, number: int, *, known: bool) -> None:
        answer = self.ask("POST", "/v1/galleries/main/identify", files={"photo": ("p.png", numbered_photo(number))})
        if answer is None:
            return
        (face,) = answer.json()["faces"] if answer.status_code == 200 else ({"name": answer.text},)
        if face["name"] != (f"person {number}" if known else None):
            self.wrong.append(f"identify {number}, {'enrolled' if known else 'forgotten'}: {face['name']}")

    def _verify(self, number: int, person: str) -> None:
        path = f"/v1/galleries/main/people/{person}/verify"
        answer = self.ask("POST", path, files={"photo": ("p.png", numbered_photo(number))})
        if answer is not None and answer.json().get("decision") != "match":
            self.wrong.append(f"verify {number}: {answer.text[:200]}")

    def _forget(self, number: int, person: str, gone: list[int]) -> None:
        for _ in range(10):
            answer = self.ask("DELETE", f"/v1/galleries/main/people/{person}")
            if answer is None:
                return
            if answer.status_code != 409 or answer.json()["code"] != "done_before":
                break
            self.counts["how it ended was not known"] += 1  # of a replica that was killed at it: asked with a new key
        if answer.status_code in {200, 404}:  # 404: it was done
            gone.append(number)
        else:
            self.wrong.append(f"forget {number}: {answer.text[:200]}")


def main(minutes: float, between: float) -> int:
    """Run it; the status."""
    from facerec.gallery.stores.postgres.address import Address
    from facerec.service import keys
    from facerec.service.state import State

    server = Server()
    address = f"postgresql://keeper@/faces?host={server.folder}"
    state = State(Address.parse(address))
    key, token = keys.new_key("load", keys.scopes_of(["admin"]), now=keys.now())
    state.add_key(key)
    replicas = [Replica(address), Replica(address)]
    load, kills, sizes = Load(replicas, token), Counter(), []
    draw = random.Random(7)
    try:
        load.ask("POST", "/v1/galleries", json={"id": "main"})
        with ThreadPoolExecutor(_CLIENTS) as pool:
            clients = [pool.submit(load.work, seed) for seed in range(_CLIENTS)]
            end = time.monotonic() + 60 * minutes
            while time.monotonic() < end:
                time.sleep(min(between, max(0.1, end - time.monotonic())))
                sizes.append([round(each.megabytes()) for each in replicas])
                victim = (kills.total()) % 3
                kills[("replica", "replica", "database")[victim]] += 1
                if victim < 2:
                    replicas[victim].kill()
                    time.sleep(draw.uniform(0, 2))
                    replicas[victim].start()
                else:
                    server.kill()
                    time.sleep(draw.uniform(0, 2))
                    server.start()
            load.ending.set()
            for each in clients:
                each.result()
        lost = looked_at(load)
        check = load.ask("POST", "/v1/galleries/main/log/check").json()
        found = {
            **load.counts,
            "kills": dict(kills),
            "people": len(load.alive),
            "forgotten": len(load.forgotten),
            "lost": lost,
            "wrong": load.wrong[:20],
            "log intact": check["intact"],
            "megabytes": [sizes[0], sizes[-1]] if sizes else [],
        }
        sys.stdout.write(f"{json.dumps(found, indent=1)}\n")
        return int(bool(lost or load.wrong or not check["intact"]))
    finally:
        for each in replicas:
            each.kill()
        server.stop()


def looked_at(load: Load) -> list[str]:
    """Whoever was acknowledged and is not there, or was forgotten and is."""
    names, cursor = set(), None
    while True:
        query = f"?limit=200&after={cursor}" if cursor else "?limit=200"
        page = load.ask("GET", f"/v1/galleries/main/people{query}").json()
        names |= {person["name"] for person in page["people"]}
        if (cursor := page["next"]) is None:
            break
    lost = [f"person {number} was lost" for number in load.alive if f"person {number}" not in names]
    return lost + [f"person {number} is there" for number in load.forgotten if f"person {number}" in names]


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 20.0))
