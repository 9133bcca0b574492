"""How long a run of the bench takes to start again on 20,000 photos: seconds beyond the imports.

Small photos of two classes are made on the spot, a run of one probe is finished on them, and the same command is
started again in a process of its own: everything that a resumed run does before it measures, and the report.

Run: python tests/benchmarks/transfer_start_benchmark.py [PHOTOS]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import PIL.Image

ROUNDS, AIM = 3, 5.0

_RUN = "from facerec.cli import main; main()"
_IMPORTS = """
import facerec.transfer.follower, facerec.transfer.predictions, facerec.transfer.report
from facerec.networks.backbone import load_backbone
load_backbone("resnet18", weights="none")
"""


def make(folder: Path, photos: int) -> None:
    """Photos of two classes, 32 pixels wide, that look alike to nobody."""
    random = np.random.default_rng(0)
    for number in range(photos):
        path = folder / "ab"[number % 2] / f"{number:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8)).save(path)


def seconds(program: str, *words: str) -> float:
    """Of a process."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", program, *words], check=True, capture_output=True)
    return time.perf_counter() - begin


def main() -> None:
    """Print the seconds."""
    photos = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        make(folder / "photos", photos)
        time.sleep(1.1)  # what changed a moment ago is not kept in the index
        words = ["transfer", "run", "--data", str(folder / "photos"), "--out", str(folder / "out")]
        words += ["--backbone", "resnet18", "--weights", "none", "--size", "32", "--device", "cpu"]
        words += ["--protocol", "centroid", "--shots", "all", "--seeds", "1"]
        first = seconds(_RUN, *words)
        again = [seconds(_RUN, *words) for _ in range(ROUNDS)]
        imports = [seconds(_IMPORTS) for _ in range(ROUNDS)]
    beyond = median(again) - median(imports)
    print(f"{photos:,} photos: first run {first:.1f} s")
    print(f"started again {median(again):.1f} s, imports {median(imports):.1f} s")
    print(f"beyond imports {beyond:.1f} s  (aim <= {AIM:g}: {'reached' if beyond <= AIM else 'MISSED'})")


if __name__ == "__main__":
    main()
