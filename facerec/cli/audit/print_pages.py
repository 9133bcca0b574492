"""``facerec audit print``: a report, or any page of this program, as PDF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from facerec.cli import console
from facerec.cli.options import argument, examples
from facerec.cli.outputs import PDF, output
from facerec.errors import ArgumentError
from facerec.files import is_there

EXAMPLES = examples(
    "facerec audit print report/",
    "facerec audit print report/one-page.html --out decision.pdf",
    "facerec audit print bench/report.html",
)


def print_pages(
    page: Annotated[Path, argument("PAGE", "A page, or a folder: all of its pages.")],
    *,
    out: Annotated[Path | None, output("--out FILE.pdf", "Where to; by default beside the page.", PDF)] = None,
) -> None:
    """Print pages as PDF, A4, with running heads and page numbers, by this machine's Chromium, Chrome or Edge.

    A PDF in a report's folder gets into its manifest.json, as long as the rest is as it was written and no signature
    lies beside: print before you sign.
    """
    from facerec.reporting.paper import is_page, print_page

    if not is_there(page):
        message = f"{page}: there is no such page or folder"
        raise ArgumentError(message)
    pages = [each for each in sorted(page.glob("*.html")) if is_page(each)] if page.is_dir() else [page]
    if not pages or (out is not None and len(pages) > 1):
        message = f"{page} holds {len(pages)} pages of facerec; name one, or leave --out away"
        raise ArgumentError(message)
    if not is_page(pages[0]):
        message = f"{page} is no page that facerec wrote; open it in a browser and print it there"
        raise ArgumentError(message)
    pdfs = {each: out or each.with_suffix(".pdf") for each in pages}
    for pdf in pdfs.values():
        PDF.refuse_others(pdf)
    folder = pages[0].parent
    made = [pdf.name for pdf in pdfs.values() if pdf.parent.resolve() == folder.resolve()]
    whole = _is_whole(folder) if made else None  # before anything is written into it
    for each, pdf in pdfs.items():
        print_page(each, pdf)
        console.say(f"written to {pdf}")
    if whole is not None:
        _include(folder, made, whole=whole)


def _is_whole(folder: Path) -> bool | None:
    """Whether the report in a folder is as it was written; None where there is none that has a manifest."""
    from audits.report.common.bundle import check, written_before

    return check(folder).intact if written_before(folder) else None


def _include(folder: Path, names: Sequence[str], *, whole: bool) -> None:
    from audits.report.common.bundle import include

    why = include(folder, names) if whole else f"{folder} is not as it was written: facerec audit verify {folder}"
    if why:
        console.tell(f"{', '.join(names)}: not in manifest.json, and outside of a signature over it; {why}")
    else:
        console.say(f"manifest.json has their SHA-256 now; sign it after this, not before: {', '.join(names)}")
