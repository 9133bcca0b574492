"""The six notebooks: what is stored in them, what is around them, and that they run."""

import ast
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LECTURE = ROOT / "docs/lecture"
NOTEBOOKS = sorted(LECTURE.glob("[1-9]_*.ipynb"))
QUESTIONS = {1: 6, 2: 9, 3: 7, 4: 3, 5: 6, 6: 10}
GONE = ("lesson", "gradients", "look", "beyond", "spread", "blocks", "attributes")
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture
def notebook(path):
    """A notebook as it is stored."""
    return nbformat.read(path, as_version=4)


def _code(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _pictures(cell) -> list:
    return [output for output in cell.outputs if "image/png" in output.get("data", {})]


def test_there_are_six() -> None:
    """One for each part of the lecture."""
    assert [path.name[0] for path in NOTEBOOKS] == list("123456")


@each_notebook
def test_stored_outputs_are_those_of_the_code(notebook, path) -> None:
    """Whoever edits a cell executes the notebook: `make lecture`."""
    from build import digest

    nbformat.validate(notebook)
    assert notebook.metadata["executed"] == digest(notebook), f"{path.name} was edited and not executed"
    assert [cell.execution_count for cell in _code(notebook)] == list(range(1, len(_code(notebook)) + 1))
    assert not [each for cell in _code(notebook) for each in cell.outputs if each.output_type == "error"]


@each_notebook
def test_outputs_are_small(notebook, path) -> None:
    """At most 700 kB a notebook and 250 kB a cell, so that a change can be read."""
    assert path.stat().st_size <= 700_000
    assert max(len(str(cell.outputs)) for cell in _code(notebook)) <= 250_000
    assert sum(each.stat().st_size for each in NOTEBOOKS) <= 3_000_000


@each_notebook
def test_nothing_tells_of_the_machine(notebook) -> None:
    """No absolute path, no time, no warning in what is stored."""
    for cell in notebook.cells:
        texts = [cell.source]
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output.text
            texts += [output.get("text", "")]
            texts += [str(text) for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
        assert not re.search(r"(?<![\w.])/(home|root|tmp|usr|work|Users|opt|mnt)/|[A-Z]:\\\\", "\n".join(texts))
        assert "execution" not in cell.metadata


@each_notebook
def test_every_question_has_a_folded_answer(notebook, path) -> None:
    """In its own cell, or given by a cell that follows before the next question."""
    number, waiting, asked = int(path.name[0]), None, []
    for cell in notebook.cells:
        found = re.findall(r"\*\*Question (\d+\.\d+)\.\*\*", cell.source)
        folded = [cell.source, *(str(each.get("data", {}).get("text/markdown")) for each in cell.get("outputs", []))]
        if found:
            assert waiting is None, f"question {waiting} has no folded answer"
            (waiting,) = found[-1:]
            asked += found
        if waiting and any("<details><summary>" in text.split(f"Question {waiting}")[-1] for text in folded):
            waiting = None
    assert waiting is None
    assert asked == [f"{number}.{place}" for place in range(1, QUESTIONS[number] + 1)]


@each_notebook
def test_a_student_sees_predicts_and_does(notebook) -> None:
    """A picture from the first cell on, a prediction that is asked for, an exercise that is checked; alt texts."""
    assert _pictures(_code(notebook)[0])
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "**Predict" in prose or "**Before anything else" in prose
    assert any(re.search(r"^check\($|^check\(", cell.source, re.MULTILINE) for cell in _code(notebook))
    assert all(each.metadata["image/png"]["alt"] for cell in _code(notebook) for each in _pictures(cell))


def test_modules_are_few_lines() -> None:
    """1,500 in all: what needs more belongs into the library, or nowhere."""
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in LECTURE.glob("*.py")) <= 1500


def _imports(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_nothing_imports_the_lecture() -> None:
    """Neither library nor audits know of the notebooks' modules."""
    own = {path.stem for path in LECTURE.glob("*.py")}
    for package in ("facerec", "audits"):
        for path in (ROOT / package).rglob("*.py"):
            used = {name.split(".")[0] for name in _imports(path.read_text(encoding="utf-8"))}
            assert not used & (own | {"docs"}), path


def test_the_lecture_stands_on_what_stays() -> None:
    """It replaces the labs of the library and imports none of them."""
    sources = [path.read_text(encoding="utf-8") for path in LECTURE.glob("*.py")]
    sources += ["\n".join(cell.source for cell in _code(nbformat.read(path, as_version=4))) for path in NOTEBOOKS]
    used = {name for source in sources for name in _imports(source)}
    assert not [name for name in used if re.match(rf"facerec\.(cli|transfer\.({'|'.join(GONE)}))\b", name)]


@pytest.mark.slow
def test_pages_and_slides_need_nothing_from_anywhere() -> None:
    """No address is loaded by any of them; answers fold without a script."""
    from build import index, page, slides

    made = [page(path, NOTEBOOKS) for path in NOTEBOOKS] + [slides(path) for path in NOTEBOOKS] + [index(NOTEBOOKS)]
    for html in made:
        assert not re.search(r"""(src|srcset)=["']?(https?:)?//|<link|@import|url\((?!["']?data:)""", html)
        assert "require.js" not in html
        assert "MathJax" not in html
    assert all("<details>" in html and "data:image/png" in html and "<section>" not in html for html in made[:6])
    assert all(html.count("<section>") >= 6 for html in made[6:12])


@pytest.mark.slow
@pytest.mark.timeout(600)
@each_notebook
def test_notebook_runs(path, tmp_path, monkeypatch) -> None:
    """In a copy, in a fresh kernel of this Python, with no way out of the machine."""
    from build import execute

    copy = tmp_path / "docs/lecture"
    shutil.copytree(LECTURE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("reports", "data"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))

    executed = execute(copy / path.name)

    assert not [each for cell in _code(executed) for each in cell.outputs if each.get("name") == "stderr"]
