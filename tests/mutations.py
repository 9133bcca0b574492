"""Does a test notice? One-line changes to the code, one at a time in a copy of the tree, and the tests that must fail.

    python tests/mutations.py [--jobs N] [--only WORD] [--write]

``mutations.toml`` beside this file lists them: a file, a text that stands in it once, the text in its place, and the
quick test files that should notice. A mutation is killed where a test fails, and survives where all pass. Exit
status 1 if one survives or the list no longer fits the code; ``--write`` puts the list with its results into README.md.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tests" / "mutations.toml"
README = ROOT / "tests" / "README.md"
BEGIN, END = "<!-- mutations -->", "<!-- /mutations -->"
_LONGEST = 300.0  # seconds; a change that makes a test hang was noticed


@dataclass(frozen=True)
class Mutation:
    """One change and the tests that should notice it."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    what: str

    def problem(self, root: Path) -> str:
        """Why it cannot be applied; empty if it can."""
        path = root / self.file
        times = path.read_text(encoding="utf-8").count(self.old) if path.is_file() else -1
        missing = [test for test in self.tests if not (root / test.partition("::")[0]).is_file()]
        if times != 1:
            return "the file is gone" if times < 0 else f"the old text stands there {times} times"
        return f"{missing[0]} is gone" if missing else ""

    def result(self, root: Path) -> str:
        """Apply it to the copy at `root`, run its tests, and take it back: ``killed`` or ``survived``."""
        path = root / self.file
        before = path.read_text(encoding="utf-8")
        path.write_text(before.replace(self.old, self.new), encoding="utf-8")
        try:
            return "survived" if passed(root, self.tests) else "killed"
        finally:
            path.write_text(before, encoding="utf-8")


def mutations() -> list[Mutation]:
    """The list, in its order."""
    entries = tomllib.loads(LIST.read_text(encoding="utf-8"))["mutation"]
    return [Mutation(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries]


def passed(root: Path, tests: tuple[str, ...]) -> bool:
    """Whether all `tests` pass in the tree at `root`, without real photos, as in a fresh clone."""
    environment = {name: value for name, value in os.environ.items() if name != "FACEREC_DATA"}
    environment |= {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, check=False, cwd=root, env=environment, capture_output=True, timeout=_LONGEST, text=True
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1, 2):  # 2: a change may break an import, which is noticed as well
        message = f"pytest ended with {done.returncode} on {', '.join(tests)}:\n{done.stdout[-2000:]}{done.stderr}"
        raise RuntimeError(message)
    return done.returncode == 0


def copied(folder: Path) -> Path:
    """A copy of the tree."""
    left_out = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
    return Path(shutil.copytree(ROOT, folder, ignore=left_out))


def judged(chosen: list[Mutation], jobs: int) -> dict[Mutation, str]:
    """What became of each, `jobs` at a time in copies of their own."""
    found: dict[Mutation, str] = {each: each.problem(ROOT) for each in chosen}
    fitting = [each for each in chosen if not found[each]]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(jobs):
            trees.put(copied(Path(folder) / str(number) / "tree"))

        def with_tree(each: Mutation | str) -> str:
            tree = trees.get()
            try:
                if isinstance(each, str):
                    return "" if passed(tree, (each,)) else f"{each} fails without any mutation"
                return each.result(tree)
            finally:
                trees.put(tree)

        whole = sorted({test for each in fitting for test in each.tests})
        if broken := [problem for problem in pool.map(with_tree, whole) if problem]:
            raise SystemExit("\n".join(broken))
        for each, result in zip(fitting, pool.map(with_tree, fitting), strict=True):
            found[each] = result
            print(f"{result:9} {each.file}: {each.what}", flush=True)  # noqa: T201 - a script
    return found


def table(found: dict[Mutation, str]) -> str:
    """The results in Markdown."""
    counts = Counter(found.values())
    lines = [f"{counts['killed']} of {len(found)} killed ({counts['killed'] / len(found):.0%}).", ""]
    lines += ["| file | changed | result |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| `{each.file}` | {each.what} | {result} |" for each, result in found.items())])


def main() -> int:
    """Run the list."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="only mutations whose file or words hold this")
    parser.add_argument("--write", action="store_true", help="put the results into tests/README.md")
    given = parser.parse_args()
    if given.only and given.write:
        parser.error("--write replaces the whole table of tests/README.md, so it goes without --only")
    chosen = [each for each in mutations() if given.only in each.file + each.what]
    if not chosen:
        parser.error(f"no mutation of {LIST.name} has {given.only!r} in its file or its words; add one for new code")
    found = judged(chosen, given.jobs)
    for each, result in found.items():
        if result != "killed":
            print(f"{result}: {each.file}: {each.what}\n  - {each.old}\n  + {each.new}")  # noqa: T201 - as above
    print(table(found).splitlines()[0])  # noqa: T201 - as above
    if given.write:
        before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        README.write_text(f"{before}{BEGIN}\n{table(found)}\n{END}{after}", encoding="utf-8")
    return int(set(found.values()) != {"killed"})


if __name__ == "__main__":
    sys.exit(main())
