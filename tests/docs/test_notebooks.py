"""The three notebooks for those who use facerec: what is stored in them is what they give, and they run."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def build():
    """What executes the notebooks of the lecture, too."""
    spec = importlib.util.spec_from_file_location("lecture_build", ROOT / "docs" / "lecture" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_one_for_each_kind_of_user():
    """Who audits, who chooses a network, who recognizes."""
    assert [each.stem for each in NOTEBOOKS] == ["audit", "choose", "recognize"]


@each_notebook
def test_what_is_stored_is_of_the_code(path, build):
    """Whoever edits a cell executes the notebook; nothing failed, and nothing tells of the machine or shows a photo."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    told = "\n".join(str(cell.source) + str(cell.outputs) for cell in code)

    assert notebook.metadata["executed"] == build.digest(notebook), f"{path.name} was edited and not executed"
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [each for cell in code for each in cell.outputs if each.output_type == "error"]
    assert not re.search(r"(?<![\w.])/(home|root|tmp|usr|work|Users|opt|mnt)/", told)
    assert not [each for cell in code for each in cell.outputs if "image/png" in each.get("data", {})]
    assert path.stat().st_size <= 100_000


@pytest.mark.slow
@pytest.mark.timeout(600)
@each_notebook
def test_a_notebook_runs(path, build, monkeypatch):
    """In a fresh kernel of this Python."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    if path.stem == "recognize":
        pytest.importorskip("facerec.demo.photos").sample_photos()

    notebook = build.execute(path)

    assert not [each for cell in notebook.cells for each in cell.get("outputs", []) if each.output_type == "error"]
