"""The list of mutations keeps up with the code that it changes; running them is ``python tests/mutations.py``."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_mutation_can_be_made() -> None:
    """Its text stands in its file, once, another text takes its place, and its tests are there."""
    listed = tomllib.loads((ROOT / "tests/mutations.toml").read_text("utf-8"))["mutation"]
    stale = [
        f"{each['file']}: {each['what']}"
        for each in listed
        if (ROOT / each["file"]).read_text("utf-8").count(each["old"]) != 1
        or each["old"] == each["new"]
        or not all((ROOT / test).is_file() for test in each["tests"])
    ]

    assert stale == [], "bring these up to date in tests/mutations.toml"
