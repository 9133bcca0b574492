"""Work for runners that leaves tracks, and a program that embeds made photos: what tests run in processes of theirs."""

import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import PIL.Image

from facerec.batch import local, on_ray
from facerec.batch.embedding import embed_photos
from facerec.batch.listing import list_photos
from facerec.recognizer import Recognizer
from facerec.testing import SquareDetector, made_embedder, made_photo


def add_line(path, line):
    """Append a line in one step, whoever else does."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


@dataclass(frozen=True)
class Doubling:
    """Writes twice a unit's number under its key; some units end, stop or fail instead, as their task says."""

    folder: Path

    def begin(self):
        """Does one unit."""
        add_line(self.folder / "begun", os.getpid())
        return self._do

    def lost(self, unit):
        """Notes it."""
        add_line(self.folder / "lost", unit.key)

    def path(self, unit):
        """Where a unit's result is."""
        return self.folder / f"{unit.key}.result"

    def _do(self, unit):
        add_line(self.folder / "tried", unit.key)
        task = unit.task
        if task == "fail":
            message = "it went wrong"
            raise ValueError(message)
        if task == "die" or (task == "die once" and not (self.folder / "died").exists()):
            (self.folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "slow":
            time.sleep(60)
        number = task if isinstance(task, int) else 0
        partial = self.path(unit).with_suffix(f".{os.getpid()}")
        partial.write_text(str(2 * number))
        partial.replace(self.path(unit))
        return 2 * number


@dataclass
class SlowSquares(SquareDetector):
    """A detector that takes its time, notes each photo that it looks at, and dies of one that is all white."""

    log: str = ""
    seconds: float = 0.0

    def __call__(self, image):
        """The squares of a photo."""
        add_line(self.log, image[:4, :4].tobytes().hex()[:24])
        time.sleep(self.seconds)
        if (image == 255).all():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(image)


def slow_recognizer(log, seconds=0.0):
    """A recognizer of made photos by `SlowSquares`."""
    return Recognizer(detector=SlowSquares(log=str(log), seconds=seconds), embedder=made_embedder())


def make_photos(folder, people=10, each=4):
    """One folder per person, with photos that differ all; some show nobody, and one is no photo."""
    rng = np.random.default_rng(7)
    for person in range(people):
        (folder / f"p{person:02d}").mkdir(parents=True)
        for number in range(each):
            path = folder / f"p{person:02d}" / f"{number}.png"
            colour = tuple(int(part) for part in rng.integers(20, 250, 3))
            PIL.Image.fromarray(made_photo("black" if number == 3 else colour)).save(path)
    (folder / "p00" / "9.png").write_bytes(b"no photo")


def main(arguments):
    """``FOLDER OUT LOG WORKERS BLOCK SECONDS RUNNER``: embed, and print what was done."""
    folder, out, log, workers, block, seconds, runner = arguments
    run = on_ray(int(workers)) if runner == "ray" else local(int(workers))
    recognizer = slow_recognizer(log, float(seconds))
    report = embed_photos(list_photos(folder), Path(out), recognizer, run, block=int(block))
    sys.stdout.write(f"{replace(report, seconds=0.0)}\n")
