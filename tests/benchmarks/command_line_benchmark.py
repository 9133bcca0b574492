"""The command line: how long help takes, and how much memory one large photo and a folder of many take.

Run: python tests/benchmarks/command_line_benchmark.py
"""

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


def main() -> None:
    """Print the figures."""
    print("The command line")
    help_times = [run("--help")[1] for _ in range(7)]
    print(f"  facerec --help                    {median(help_times):6.2f} s      (aim <= 0.5)")
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
