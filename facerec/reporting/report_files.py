"""A page on disk: HTML, Markdown with its drawings, and JSON, side by side in one folder.

Everything is rendered before the first file is touched, and each file is put in place at once, so that a reader
never meets half a report and a failure leaves the old one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from facerec.errors import ArgumentError, OutputError
from facerec.files import replacing
from facerec.reporting.document import render_json
from facerec.reporting.html import render_html
from facerec.reporting.markdown import attachments, render_markdown
from facerec.reporting.page import Page


@dataclass(frozen=True)
class Written:
    """Where a page is; `attachments` are the drawings and photos that the Markdown refers to, in reading order."""

    html: Path
    markdown: Path
    json: Path
    attachments: tuple[Path, ...]


def write(page: Page, folder: Path, *, stem: str = "report") -> Written:
    """Write `page` into `folder` in all three formats.

    The folder is made if it is not there; files of the same names are replaced, others are left alone. `stem` names the
    files: ``report.html``, ``report.md``, ``report.json``, ``report-figure-1.svg``. `ArgumentError` if it is not of
    letters, digits, dots, hyphens and underscores, a letter or digit first; `OutputError` if the folder cannot be made
    or written to.
    """
    if not re.fullmatch(r"\w[\w.-]*", stem):
        message = f"a report's files are named with letters, digits, dots, hyphens and underscores; got {stem!r}"
        raise ArgumentError(message)
    drawings = attachments(page, stem=stem)
    texts = {"json": render_json(page), "md": render_markdown(page, stem=stem), "html": render_html(page)}
    written = {**drawings, **{f"{stem}.{kind}": text.encode("utf-8") for kind, text in texts.items()}}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder {folder} cannot be made: {error.strerror or error}"
        raise OutputError(message) from error
    for name, content in written.items():
        with replacing(folder / name) as partial:
            partial.write_bytes(content)
    html, markdown, json = (folder / f"{stem}.{kind}" for kind in ("html", "md", "json"))
    return Written(html, markdown, json, tuple(folder / name for name in drawings))
