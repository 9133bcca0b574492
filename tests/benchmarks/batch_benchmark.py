"""Photos by Ray against photos by processes and by threads of one machine, start-up apart.

    unshare -rn sh -c 'ip link set lo up; python tests/benchmarks/batch_benchmark.py [PHOTOS] [WORKERS] [ROUNDS]'

Ray starts servers: without a network of its own, as above, its side is left out. Needs real photos: LFW.
The sides take turns; each is timed from the end of its first part on, so that imports, models and servers are apart,
and the best round of each counts. Seconds of processors are those of everything that a side ran.
"""

import os
import resource
import socket
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from scenes import data_folder

from facerec.batch import local, on_ray
from facerec.batch.embedding import embed_photos
from facerec.batch.listing import list_photos
from facerec.recognizer import Recognizer

BLOCK = 32


def in_threads(recognizer):
    """One process whose threads read photos and find faces (`Recognizer.stream`)."""

    def run(work, take):
        import torch

        torch.set_num_threads(1)
        done = replace(work, recognizer=recognizer).begin()
        while (unit := take()) is not None:
            yield unit, done(unit)

    return run


def rate(listing, recognizer, runner):
    """Photos a second after the first part, and the bytes of the table."""
    seen = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        began = time.perf_counter()
        embed_photos(
            listing,
            out,
            recognizer,
            runner,
            block=BLOCK,
            progress=lambda done, _: seen.append((done, time.perf_counter())),
        )
        table = b"".join(path.read_bytes() for path in sorted(out.glob("part-*")))
    (first, at), (last, end) = seen[1], seen[-1]
    return (last - first) / (end - at), at - began, table


def processor_seconds():
    """Of this process and of all that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main(photos=1000, workers=2, rounds=1):
    """Print the rates and their ratios."""
    listing = list_photos(data_folder() / "lfw" / "images")
    listing = replace(listing, photos=listing.photos[:photos])
    recognizer, threads = Recognizer(device="cpu"), Recognizer(device="cpu", workers=workers)
    sides = {"local": (recognizer, local(workers)), "threads": (threads, in_threads(threads))}
    if [name for _, name in socket.if_nameindex()] == ["lo"]:
        sides["ray"] = recognizer, on_ray(workers)
    best, tables = dict.fromkeys(sides, 0.0), {}
    for number in range(rounds):
        for name, (made, runner) in sides.items():
            before = processor_seconds()
            found, start, tables[name] = rate(listing, made, runner)
            best[name] = max(best[name], found)
            used = processor_seconds() - before
            load = os.getloadavg()[0]
            print(f"{number} {name}: {found:.2f} photos/s, {start:.1f} s to the first part, ", end="")
            print(f"{used:.0f} processor seconds, load {load:.1f}", flush=True)
    print(f"local / threads: {best['local'] / best['threads']:.2f}x")
    if "ray" not in sides:
        print("ray: left out, for this network is not its own")
        return
    print(f"ray / local: {best['ray'] / best['local']:.2f}x (aim >= .8)")
    print(f"same bytes by ray and local: {tables['ray'] == tables['local']}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
