"""Side-by-side timing: every contender in one process, in turns, so that a busy moment hits all of them."""

import time
from collections.abc import Callable
from statistics import median


def milliseconds(contenders: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Median time of each contender over `rounds` turns, after two turns that do not count."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 2):
        for name, run in contenders.items():
            begin = time.perf_counter()
            run()
            if turn >= 2:
                times[name].append((time.perf_counter() - begin) * 1e3)
    return {name: median(measured) for name, measured in times.items()}


def report(title: str, times: dict[str, float], *, ours: str, targets: dict[str, float]) -> None:
    """Print each contender's time, and its ratio to ours beside the ratio aimed at."""
    print(f"\n{title}")
    print(f"  {ours:<46} {times[ours]:9.1f} ms")
    for peer, wanted in targets.items():
        ratio = times[peer] / times[ours]
        verdict = "reached" if ratio >= wanted else "MISSED"
        print(f"  {peer:<46} {times[peer]:9.1f} ms   ratio {ratio:5.2f}  (aim >= {wanted:g}: {verdict})")
