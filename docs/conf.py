"""The site of the documentation: `make docs` writes build/docs, which can be read without a network.

Sphinx, because the docstrings are numpydoc and are the reference, and because its search works on pages opened from a
disk; Furo, because it is readable on a phone and in the dark and loads nothing from elsewhere.
"""

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

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
suppress_warnings = ["mystnb.unknown_mime_type"]
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


def setup(app: Sphinx) -> None:
    """Write the command reference from the commands themselves, before anything is read."""
    write_commands(Path(app.srcdir) / "reference" / "commands.md")
