"""The site of the documentation: `make docs` writes build/docs, which can be read without a network.

Sphinx, because the docstrings are numpydoc and are the reference, and because its search works on pages opened from a
disk; Furo, because it is readable on a phone and in the dark and loads nothing from elsewhere.
"""

import importlib.metadata
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cards import write_cards
from commands import write_commands
from sphinx.application import Sphinx

project = "facerec"
author = "The facerec authors"
project_copyright = "The facerec authors, Apache-2.0"
release = importlib.metadata.version("facerec")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["lecture/*.py"]
nb_execution_mode = "off"  # tests execute the notebooks; what they showed is kept in them
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type", "ref.python"]  # `size` is a field of several values
nitpicky = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings say types, with shapes and units
napoleon_use_rtype = False
napoleon_use_param = False
napoleon_preprocess_types = False

html_theme = "furo"
html_title = "facerec"
html_show_sourcelink = False
html_copy_source = False
html_static_path: list[str] = []


_OUTSIDE = re.compile(r"\[(?P<label>[^\]]*)\]\((?:\.\./)+(?P<home>reports|data)/(?P<rest>[^)#\s]*)(?:#[^)]*)?\)")


def _within_the_site(app: Sphinx, name: str, source: list[str]) -> None:
    """Lead links out of docs/, which are for readers of the repository, to where the same stands on the site."""
    up = "../" * name.count("/")

    def moved(found: re.Match[str]) -> str:
        home, rest = found["home"], found["rest"]
        if not rest.endswith("report.md"):
            return f"[{found['label']}]({up}reference/data-cards.md)"
        page = Path(home, rest).with_suffix(".html")
        goal = page if (HERE.parent / page).exists() else Path(home, rest)
        return f'<a href="{up}{goal.as_posix()}">{found["label"]}</a>'

    source[0] = _OUTSIDE.sub(moved, source[0])


def _with_published(app: Sphinx, failed: Exception | None) -> None:
    """Put the published reports beside the pages that lead to them."""
    if failed is None and app.builder.format == "html":
        for home in ("reports", "data"):
            for page in sorted((HERE.parent / home).rglob("report.*")):
                goal = Path(app.outdir) / page.relative_to(HERE.parent)
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(page, goal)


def setup(app: Sphinx) -> None:
    """Write the pages that the code itself says, before anything is read."""
    write_commands(HERE / "reference" / "commands.md")
    write_cards(HERE / "reference")
    app.connect("source-read", _within_the_site)
    app.connect("build-finished", _with_published)
