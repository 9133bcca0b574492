"""Killed while they change a gallery: what was acknowledged is there, what was not is whole or absent."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_CAMPAIGN = Path(__file__).with_name("crashes.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kills", [8, pytest.param(400, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_kills_lose_nothing(tmp_path, kills):
    """After kill -9, of one or two processes, of every kind of change: opened, intact, complete, nothing forgotten."""
    command = [sys.executable, str(_CAMPAIGN), str(kills), "--seed", str(kills), "--folder", str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(told)

    assert found["faults"] == []
    assert found["kills"] >= kills
    assert found["acknowledged"] > kills
