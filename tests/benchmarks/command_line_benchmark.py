"""The command line: what a start costs beside Python's and torch's own, and the memory of large and of many photos.

Run: python tests/benchmarks/command_line_benchmark.py
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import PIL.Image
from scenes import data_folder

# In a process of its own, so that the peak is that command's alone.
PEAK = """
import resource, sys
from facerec.cli import main
sys.argv = ["facerec", *sys.argv[1:]]
try:
    main()
except SystemExit as leave:
    assert leave.code in (None, 0, 1), leave.code  # 1: no match
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)
"""


def run(*arguments: str) -> tuple[float, float]:
    """Peak memory in MiB and seconds of one command."""
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", PEAK, *arguments], capture_output=True, text=True, check=True)
    return float(done.stderr.split()[-1]), time.perf_counter() - begin


def start_times(rounds: int = 9) -> dict[str, tuple[float, float]]:
    """Median seconds on the clock, and of the processor, of each command; in turns, after one that does not count."""
    portraits = sorted((data_folder() / "lfw/images").glob("*/*.jpg"))[:2]
    begin = "from facerec.cli import main; main()"
    commands = {
        "import torch": ("import torch",),
        "facerec verify A B": (begin, "verify", *map(str, portraits)),
        "facerec --help": (begin, "--help"),
        "facerec models": (begin, "models"),
        "facerec verify A, missing": (begin, "verify", str(portraits[0]), "missing.jpg"),
        "facerec calibrate, missing": (begin, "calibrate", "missing.csv", "--fmr", "0.001", "--out", "point.json"),
        "facerec audit, missing": (begin, "audit", "verification", "missing.csv", "--by", "g", "--at-fmr", "0.001"),
    }
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, arguments in commands.items():
            clock, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", *arguments], capture_output=True, check=False, env=environment)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            if turn:
                taken[name].append((time.perf_counter() - clock, worked))
    return {name: (median(wall for wall, _ in each), median(cpu for _, cpu in each)) for name, each in taken.items()}


def main() -> None:
    """Print the figures."""
    print("The command line, from a cold start: seconds on the clock, of the processor, and as a ratio of the latter")
    times = start_times()
    for name, (wall, cpu) in times.items():
        peer, aim = ("import torch", 1.5) if name in ("import torch", "facerec verify A B") else ("facerec --help", 3)
        wanted = "" if name == peer else f"   {cpu / times[peer][1]:5.2f} of {peer} (aim <= {aim})"
        print(f"  {name:<28} {wall:6.2f} {cpu:6.2f}{wanted}")
    with tempfile.TemporaryDirectory() as folder:
        portrait = data_folder() / "face_samples/face_recognition/tests/test_images/obama.jpg"
        large = Path(folder) / "large.jpg"
        with PIL.Image.open(portrait) as photo:
            photo.resize((6000, 4000)).save(large, quality=90)
        memory, _ = run("verify", str(large), str(portrait), "--json")
        print(f"  verify, one photo of 24 megapixels {memory:5.0f} MiB    (aim <= 1500)")
        many = Path(folder) / "many"
        many.mkdir()
        for number, path in enumerate(sorted((data_folder() / "lfw/images").glob("*/*.jpg"))[:1000]):
            (many / f"{number}.jpg").symlink_to(path)
        for count in (100, 900):
            part = Path(folder) / str(count)
            part.mkdir()
            for path in sorted(many.iterdir())[:count]:
                path.rename(part / path.name)
            memory, seconds = run("detect", str(part), "--json")
            print(
                f"  detect, a folder of {len(list(part.iterdir())):4} photos     {memory:6.0f} MiB    {seconds:.0f} s"
            )


if __name__ == "__main__":
    main()
