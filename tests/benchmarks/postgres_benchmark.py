"""What a gallery in PostgreSQL costs beside the bare server, as ratios on one machine; starts a private server.

    python tests/benchmarks/postgres_benchmark.py [--rows N]

Durable enrollment by one writer against one bare durable INSERT; log entries per second with 64 requests in flight;
a replica's start (all vectors into the search index) against a bare binary COPY of the same rows.
"""

from __future__ import annotations

import argparse
import json
import runpy
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psycopg

from facerec.gallery import open_gallery, sealing
from facerec.gallery.loaded import LoadedIndex
from facerec.gallery.rows import SampleRow

TESTS = Path(__file__).parents[1] / "gallery"
BUILD = runpy.run_path(str(TESTS / "conftest.py"))
DIMENSION = 128


def timed(do, numbers):
    """Seconds of each call."""
    took = []
    for number in numbers:
        start = time.perf_counter()
        do(number)
        took.append(time.perf_counter() - start)
    return took


def enrolling(server, gallery):
    """Medians, in turns, so that a busy machine is busy for both."""
    raw = psycopg.connect(host=str(server.folder), user="keeper", dbname="faces", autocommit=True)
    raw.execute("CREATE TABLE IF NOT EXISTS public.bare (number bigint PRIMARY KEY, vector bytea)")
    faces = [BUILD["make_face"](BUILD["make_vector"](seed, DIMENSION)) for seed in range(400)]
    content = [face.embedding.tobytes() for face in faces]
    bare, enrolled = [], []

    def insert(number):
        raw.execute("INSERT INTO public.bare VALUES (%s, %s)", (number, content[number]))

    def enroll(number):
        gallery.enroll(f"person {number}", faces[number])

    for turn in range(40):
        numbers = range(turn * 10, turn * 10 + 10)
        bare += timed(insert, numbers)
        enrolled += timed(enroll, numbers)
    raw.close()
    return statistics.median(bare), statistics.median(enrolled)


def deciding(gallery):
    """Entries per second with 64 threads on one handle."""
    point = BUILD["make_point"]()
    faces = [BUILD["make_face"](BUILD["make_vector"](seed, DIMENSION)) for seed in range(400)]

    def ask(number):
        return gallery.verify(f"person {number % 400}", faces[number % 400], at=point)

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(ask, range(256)))
        before, start = gallery.position(), time.perf_counter()
        list(pool.map(ask, range(5000)))
        return (gallery.position() - before) / (time.perf_counter() - start)


def filled(server, gallery, rows):
    """Samples past the gallery, by COPY, four a person; returns their vectors."""
    chance = np.random.default_rng(0)
    number = gallery._store._number
    made = []
    with psycopg.connect(host=str(server.folder), user="postgres", dbname="faces") as raw, raw.cursor() as cursor:
        names = ("gallery", "number", "person", "vector", "source", "x1", "y1", "x2", "y2", "score", "enrolled", "kept")
        with cursor.copy(f"COPY facerec.samples ({', '.join(names)}, salt, seal) FROM STDIN") as copy:
            for start in range(1000, 1000 + rows, 10_000):
                block = chance.standard_normal((min(10_000, 1000 + rows - start), DIMENSION)).astype("<f4")
                block /= np.linalg.norm(block, axis=1, keepdims=True)
                made.append(block)
                for place, vector in enumerate(block):
                    salt, content = place.to_bytes(16, "big"), vector.tobytes()
                    at = start + place
                    copy.write_row(
                        (
                            *(number, at, 1000 + (at - 1000) // 4, content, "s.jpg", 0, 0, 1, 1, 0.5, "2031-05-17", 0),
                            *(salt, sealing.seal(salt, content)),
                        )
                    )
        people = "INSERT INTO facerec.people SELECT %s, n, decode(md5(n::text), 'hex'), 'p' || n, NULL, NULL, NULL, "
        people += "'2031-05-17T00:00:00+00:00', 'p' || n, NULL FROM generate_series(1000, %s) n"
        cursor.execute(people, (number, 1000 + (rows - 1) // 4))
        last = "UPDATE facerec.galleries SET last_people = %s, last_samples = %s WHERE gallery = %s"
        cursor.execute(last, (1000 + (rows - 1) // 4, 999 + rows, number))
    server.admin("VACUUM ANALYZE facerec.samples, facerec.people", "CHECKPOINT", database="faces")
    return np.concatenate(made)


def starting(server, gallery, vectors):
    """Seconds of a bare COPY of the rows, of the store's reading, and of all of a start; and whether bits are equal."""
    number, bare, read, whole = gallery._store._number, [], [], []
    for _ in range(3):
        start = time.perf_counter()
        with psycopg.connect(host=str(server.folder), user="postgres", dbname="faces") as raw:
            text = f"COPY (SELECT number, person, vector, salt, seal FROM facerec.samples WHERE gallery = {number}) TO STDOUT (FORMAT BINARY)"  # noqa: E501
            with raw.cursor().copy(text) as copy:
                for _ in copy:
                    pass
        bare.append(time.perf_counter() - start)
        start = time.perf_counter()
        with gallery._store.reading() as rows:
            blocks = [
                (part.numbers, np.frombuffer(b"".join(part.vectors), "<u4")) for part in rows.searchable(after=999)
            ]
        read.append(time.perf_counter() - start)
        order = np.argsort(np.concatenate([numbers for numbers, _ in blocks]))
        bits = np.concatenate([content for _, content in blocks]).reshape(len(order), -1)[order]
        equal = bool(np.array_equal(bits, vectors.view(np.uint32)))
        del blocks
        start = time.perf_counter()
        with gallery._reading() as ledger:
            LoadedIndex(compact=False).follow(ledger)
        whole.append(time.perf_counter() - start)
    with gallery._store.reading() as rows:
        assert rows.count(SampleRow, after=999) == len(vectors)
    return min(bare), min(read), min(whole), equal


def main():
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    server = BUILD["SERVERS"].Server()
    try:
        with open_gallery(server.address(), BUILD["make_embedder"](dimension=DIMENSION)) as gallery:
            bare, enrolled = enrolling(server, gallery)
            entries = deciding(gallery)
            copied, read, whole, equal = starting(server, gallery, filled(server, gallery, rows))
        found = {
            "bare_insert_ms": 1e3 * bare,
            "enroll_ms": 1e3 * enrolled,
            "enroll_ratio": enrolled / bare,
            "log_entries_per_s": entries,
            "rows": rows,
            "bare_copy_s": copied,
            "read_s": read,
            "read_ratio": read / copied,
            "start_s": whole,
            "start_ratio": whole / copied,
            "bit_equal": equal,
        }
        print(json.dumps({key: round(each, 3) if isinstance(each, float) else each for key, each in found.items()}))
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
