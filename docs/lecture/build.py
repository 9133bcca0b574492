"""Execute the notebooks, and make pages and slides of them that need nothing from anywhere else.

Run: python docs/lecture/build.py [--execute] [--out build/lecture] [NOTEBOOK …]
"""

import argparse
import base64
import hashlib
import io
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from PIL import Image
from pygments.formatters import HtmlFormatter
from traitlets.config import Config

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BREAK = re.compile(r"^(?=#{1,3} |\*\*Question )", re.MULTILINE)
CODE = re.compile(r'(<div class="highlight hl-python">.*?</div>)', re.DOTALL)
TITLE = re.compile(r"^# (?P<title>.+)$", re.MULTILINE)


def notebooks() -> list[Path]:
    """The six, in the order of the lecture."""
    return sorted(HERE.glob("[1-9]_*.ipynb"))


def digest(notebook: NotebookNode) -> str:
    """SHA-256 of the code cells: what the stored outputs are outputs of."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()


def execute(path: Path, *, seconds: int = 600) -> NotebookNode:
    """Run a notebook in a fresh kernel of this Python, beside its modules; what is told of the machine is taken out."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    with TemporaryDirectory(prefix="kernel-") as folder:  # the kernel is spoken to through files there, not ports
        files = Config(KernelManager={"transport": "ipc", "ip": f"{folder}/socket"})
        NotebookClient(notebook, timeout=seconds, kernel_name="python3", resources=resources, config=files).execute()
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:02d}"
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            pictures = output.get("data", {})
            if "image/png" in pictures:
                pictures.pop("text/plain", None)  # the size of a figure in pixels says nothing
                pictures["image/png"] = small(pictures["image/png"])
                output.metadata = {"image/png": {"alt": cell.metadata.get("alt", "")}}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "executed": digest(notebook),
    }
    return notebook


def small(picture: str) -> str:
    """A PNG, in base64, with 256 colours at most: a third of the bytes, and hardly to be told apart."""
    file = io.BytesIO()
    colours = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    colours.quantize(256, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def title_of(notebook: NotebookNode) -> str:
    """The first heading."""
    return TITLE.search(notebook.cells[0].source)["title"]


def page(path: Path, others: list[Path]) -> str:
    """A notebook as one self-contained page; questions and answers fold, and so does the code of answers."""
    notebook = nbformat.read(path, as_version=4)
    here = {path: " aria-current=page"}
    links = "".join(f'<a href="{each.stem}.html"{here.get(each, "")}>{each.stem[0]}</a>' for each in others)
    navigation = f'<nav><a href="index.html">Lecture</a>{links}<a href="{path.stem}.slides.html">slides</a></nav>'
    return wrapped(title_of(notebook), f"{navigation}<main>{_body(notebook)}</main>")


def slides(path: Path) -> str:
    """A notebook as slides, one per heading and question, that snap into place as they are scrolled; code folds."""
    notebook = nbformat.read(path, as_version=4)
    parts: list[list[NotebookNode]] = [[]]
    for cell in notebook.cells:
        pieces = BREAK.split(cell.source) if cell.cell_type == "markdown" else [cell.source]
        for piece in filter(str.strip, pieces):
            if cell.cell_type == "markdown" and BREAK.match(piece) and parts[-1]:
                parts.append([])
            parts[-1].append(NotebookNode(cell | {"source": piece}))
    script = (HERE / "slides.js").read_text(encoding="utf-8")
    sections = []
    for cells in parts:
        part = notebook.copy()
        part.cells = cells
        body = CODE.sub(r'<details class="code"><summary>code</summary>\1</details>', _body(part))
        sections.append(f"<section><div>{body}</div></section>")
    return wrapped(
        title_of(notebook), f'<div class="slides">{"".join(sections)}</div>', script=f"<script>{script}</script>"
    )


def index(paths: list[Path]) -> str:
    """The list of the six."""
    rows = []
    for path in paths:
        title = title_of(nbformat.read(path, as_version=4))
        rows.append(f'<li><a href="{path.stem}.html">{title}</a> (<a href="{path.stem}.slides.html">slides</a>)</li>')
    more = '<p>To play with: <a href="interactive.html">what blocks cost, and what a threshold does</a>.</p>'
    return wrapped("The lecture", f"<main><h1>The lecture</h1><ul>{''.join(rows)}</ul>{more}</main>")


def wrapped(title: str, body: str, *, script: str = "") -> str:
    """A whole page around a body."""
    style = (HERE / "page.css").read_text(encoding="utf-8")
    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{light}@media screen and (prefers-color-scheme: dark){{{dark}}}{style}</style></head>"
        f"<body>{body}{script}</body></html>\n"
    )


def _body(notebook: NotebookNode) -> str:
    """Cells as HTML without any frame; what only an interactive notebook needs is taken out."""
    hidden = Config(TagRemovePreprocessor={"enabled": True, "remove_input_tags": {"answer"}})
    exporter = HTMLExporter(template_name="basic", anchor_link_text="", config=hidden)
    html, _ = exporter.from_notebook_node(notebook)
    html = re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    return html.replace('class="dataframe"', 'class="dataframe" tabindex="0"').replace('border="1"', "")


def main() -> None:
    """Execute if asked for, then make every page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, help="which to execute; without one, all")
    parser.add_argument("--execute", action="store_true", help="run the notebooks and store their outputs")
    parser.add_argument("--out", type=Path, default=ROOT / "build/lecture")
    given = parser.parse_args()
    if given.execute:
        for path in given.notebooks or notebooks():
            print(f"executing {path.name}", flush=True)
            nbformat.write(execute(path), path)
    given.out.mkdir(parents=True, exist_ok=True)
    everything = notebooks()
    for path in everything:
        (given.out / f"{path.stem}.html").write_text(page(path, everything), encoding="utf-8")
        (given.out / f"{path.stem}.slides.html").write_text(slides(path), encoding="utf-8")
    (given.out / "index.html").write_text(index(everything), encoding="utf-8")
    if (HERE / "interactive.html").is_file():
        shutil.copy(HERE / "interactive.html", given.out)
    print(f"pages: {given.out / 'index.html'}")


if __name__ == "__main__":
    main()
