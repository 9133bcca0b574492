"""``facerec audit print``: a report, or any page of this program, as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from facerec.cli import console
from facerec.cli.options import argument, examples, option
from facerec.errors import ArgumentError

EXAMPLES = examples(
    "facerec audit print report/",
    "facerec audit print report/one-page.html --out decision.pdf",
    "facerec audit print bench/report.html",
)


def print_pages(
    page: Annotated[Path, argument("PAGE", "A page, or a folder: all of its pages.")],
    *,
    out: Annotated[Path | None, option("--out FILE.pdf", "Where to; by default beside the page.")] = None,
) -> None:
    """Print pages as PDF, A4, with running heads and page numbers, by this machine's Chromium, Chrome or Edge."""
    from facerec.reporting.paper import print_page

    pages = sorted(page.glob("*.html")) if page.is_dir() else [page]
    if not pages or (out is not None and len(pages) > 1):
        message = f"{page} holds {len(pages)} pages; name one, or leave --out away"
        raise ArgumentError(message)
    for each in pages:
        pdf = out or each.with_suffix(".pdf")
        print_page(each, pdf)
        console.say(f"written to {pdf}")
