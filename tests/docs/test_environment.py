"""The table of environment variables holds every one that the code reads, and no other."""

from __future__ import annotations

import re

from tests.docs.page_examples import ROOT

# What facerec reads no more, and says so.
_OLD = {"FACEREC_WEIGHTS"}


def test_every_variable_stands_in_the_table():
    """Those that the code names, and those of the first column."""
    code = [file for package in ("facerec", "audits") for file in (ROOT / package).rglob("*.py")]
    named = {name for file in code for name in re.findall(r"\bFACEREC_[A-Z_]+", file.read_text(encoding="utf-8"))}
    page = (ROOT / "docs" / "reference" / "install.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if re.match(r"\| `[A-Z_]+`", line)]
    listed = {name for row in rows for name in re.findall(r"[A-Z_]{4,}", row)}

    assert listed - {"NO_COLOR"} == named - _OLD
