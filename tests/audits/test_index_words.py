"""Whoever adds an index gives it words."""

from audits.report.common.words import INDEX_WORDS
from audits.statistics.disparity import COMBINED, INDICES


def test_every_index_has_words():
    """Reports word each of them, and nothing that is none."""
    assert set(INDEX_WORDS) == {*INDICES, *COMBINED}
