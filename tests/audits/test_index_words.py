"""Whoever adds an index gives it words, and names it where people look for one."""

from pathlib import Path

import pytest

from audits.report.common.words import INDEX_WORDS
from audits.statistics.index_kinds import COMBINED, INDICES, KINDS

ROOT = Path(__file__).parents[2]


def test_every_index_has_words():
    """Reports word each of them, and nothing that is none."""
    assert set(INDEX_WORDS) == {*INDICES, *COMBINED}, (
        "INDEX_WORDS in audits/report/common/words.py has a line for every index and for nothing else: "
        f"missing {sorted(KINDS.keys() - INDEX_WORDS.keys())}, unknown {sorted(INDEX_WORDS.keys() - KINDS.keys())}"
    )


@pytest.mark.parametrize("page", ["data/policies/example.toml", "docs/guides/audits.md"])
def test_every_index_is_named(page):
    """A policy's example and the guide to audits leave none out."""
    text = (ROOT / page).read_text(encoding="utf-8")

    missing = [name for name in KINDS if name not in text]

    assert missing == [], f"{page} lists the indices, and leaves out {', '.join(missing)}"
