"""The light runtime: a cold `facerec verify` beside `import torch`, its peak memory, and streams beside torch's.

Run: python tests/benchmarks/light_runtime_benchmark.py [RUNTIME]     (else a runtime is exported first)
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import PIL.Image
from scenes import data_folder

ROUNDS = 9
BEGIN = "from facerec.cli import main; main()"


def measured(*arguments: str) -> tuple[float, float, float]:
    """Seconds on the clock and of the processor, and the peak memory in MiB, of a Python of its own.

    The peak counts what this process has when it starts another, so that nothing large may be imported before.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    clock = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1), process.returncode  # 1: no match
    return time.perf_counter() - clock, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def start(runtime: Path) -> None:
    """Print the cold start and its memory."""
    portraits = [str(path) for path in sorted((data_folder() / "lfw/images").glob("*/*.jpg"))[:2]]
    commands = {
        "import torch": ("import torch",),
        "verify A B --runtime": (BEGIN, "verify", *portraits, "--runtime", str(runtime)),
        "verify A B": (BEGIN, "verify", *portraits),
    }
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for turn in range(ROUNDS + 1):
        for name, arguments in commands.items():
            each = measured(*arguments)
            if turn:
                taken[name].append(each)
    print("Cold: seconds on the clock and of the processor, medians (and the least), as ratios of import torch; MiB")
    torch = taken["import torch"]
    for name, rows in taken.items():
        wall, cpu, memory = (median(column) for column in zip(*rows, strict=True))
        ratios = [
            of(row[axis] for row in rows) / of(row[axis] for row in torch) for axis in (0, 1) for of in (median, min)
        ]
        print(
            f"  {name:<22} {wall:5.2f} {cpu:5.2f}   clock {ratios[0]:4.2f} ({ratios[1]:4.2f})   "
            f"processor {ratios[2]:4.2f} ({ratios[3]:4.2f})   {memory:5.0f} MiB"
        )
    print("  (aims for --runtime: at most .50 of import torch, 350 MiB)")


def large(runtime: Path) -> None:
    """Print the memory of a photo of 24 megapixels."""
    portrait = min((data_folder() / "lfw/images").glob("*/*.jpg"))
    with tempfile.TemporaryDirectory() as folder:
        enlarged = Path(folder) / "large.jpg"
        with PIL.Image.open(portrait) as photo:
            photo.resize((6000, 4000)).save(enlarged, quality=90)
        for name, how in (("--runtime", ("--runtime", str(runtime))), ("torch", ())):
            _, cpu, memory = measured(BEGIN, "verify", str(enlarged), str(portrait), *how)
            print(f"  verify, one photo of 24 megapixels, {name:<10} {memory:5.0f} MiB  {cpu:5.2f} s of the processor")


def streams(runtime: Path) -> None:
    """Print processor seconds of a stream of portraits, by stage, in turns."""
    import torch

    from facerec.recognizer import Recognizer

    torch.set_num_threads(1)
    photos = sorted((data_folder() / "lfw/images").glob("*/*.jpg"))[::40]
    recognizers = {"torch": Recognizer(device="cpu"), "--runtime": Recognizer(runtime=runtime)}

    def worked(run: Callable[[], object]) -> float:
        begin = time.process_time()
        run()
        return (time.process_time() - begin) / len(photos) * 1e3

    least = dict.fromkeys(recognizers, float("inf"))
    for _ in range(4):
        for name, recognizer in recognizers.items():
            least[name] = min(least[name], worked(lambda who=recognizer: list(who.stream(photos))))
    for name, milliseconds in least.items():
        print(f"  stream, {len(photos)} portraits, {name:<10} {milliseconds:6.1f} ms a photo, one thread")
    print(f"  ratio {least['--runtime'] / least['torch']:.2f}")


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        runtime = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "runtime"
        if not runtime.exists():
            measured(BEGIN, "export", "dlib-resnet", "--runtime", str(runtime))
        start(runtime)
        large(runtime)
        streams(runtime)


if __name__ == "__main__":
    main()
