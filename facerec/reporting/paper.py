"""A page as PDF, by the Chromium of this machine.

A browser prints what it shows: the page's own rules for paper (running heads, page numbers, what unfolds) are those
that it is looked at with in tests. WeasyPrint would be a second engine with other rules, and needs libraries (Pango)
that pip does not bring; whoever reads a page has a browser.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from facerec.errors import MissingExtraError, OutputError
from facerec.files import replacing

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_SECONDS = 120
_PRINTED = b"% printed by facerec\n"  # a comment behind the end of the PDF, by which one of ours is known


def print_page(html: Path, pdf: Path) -> None:
    """Print an HTML page into a PDF file, which is replaced as a whole.

    Raises
    ------
    MissingExtraError
        If there is no Chromium, Chrome or Edge on this machine.
    OutputError
        If the page is not there, or the PDF cannot be made.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        message = (
            "printing needs a browser, and there is none on the PATH: install Chromium (apt-get install chromium, brew "
            "install --cask chromium) or Chrome, or open the page and print it"
        )
        raise MissingExtraError(message)
    if not html.is_file():
        message = f"there is no page {html}"
        raise OutputError(message)
    with tempfile.TemporaryDirectory() as profile, replacing(pdf) as partial:
        flags = [
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--no-pdf-header-footer",
            f"--user-data-dir={profile}",
        ]
        # Chromium refuses its sandbox to root; the page runs no script and loads nothing.
        flags += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        try:
            made = subprocess.run(  # noqa: S603 - the browser of this machine
                [program, *flags, f"--print-to-pdf={partial.resolve()}", html.resolve().as_uri()],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as problem:
            message = f"{html} was not printed within {_SECONDS} s by {program}"
            raise OutputError(message) from problem
        if not partial.is_file():
            last = made.stderr.strip().splitlines()[-1:] or [f"exit status {made.returncode}"]
            message = f"{html} was not printed by {program}: {last[0]}"
            raise OutputError(message)
        with partial.open("ab") as file:
            file.write(b"\n" + _PRINTED)


def is_printed(path: Path) -> bool:
    """Whether a file is a PDF that `print_page` made."""
    content = path.read_bytes()
    return content.startswith(b"%PDF") and content.endswith(_PRINTED)


def is_page(path: Path) -> bool:
    """Whether a file is a page that this program wrote: by the policy and the first colours of its head."""
    with path.open("rb") as file:
        head = file.read(4096)
    return b"content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:;" in head and b"--paper:" in head
