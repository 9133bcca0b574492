"""The command line ``facerec``: one file per command group, each a thin shell that parses, calls and prints.

A command imports what it runs when it runs, so that ``facerec --help`` loads neither torch nor pandas.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave it with its exit status; by default with the arguments that Python was started with."""
    from facerec.cli.app import app
    from facerec.cli.running import run

    sys.exit(run(app, sys.argv[1:] if arguments is None else arguments))
