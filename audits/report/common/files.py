"""A report on disk: page, Markdown with its drawings, every number as JSON and as tables for a spreadsheet."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audits.gate.verdict import PolicyVerdict
from audits.report.common.background import Run
from audits.report.common.bundle import MANIFEST, manifest, written_before
from facerec.errors import OutputError
from facerec.files import is_there
from facerec.reporting import Page, Table, render_html, render_markdown
from facerec.reporting.markdown import attachments
from facerec.reporting.spreadsheet import inert_csv
from facerec.types import Interval

ONE_PAGE = "one-page.html"


@dataclass(frozen=True)
class Report:
    """Everything that a report's folder will hold.

    `page` is for ``report.html`` and ``report.md``, `document`, plain values, for ``audit.json``, `tables` each for
    ``<name>.csv``, with numbers in full, `run` for ``run.json``, and `one_page` whether there is a ``one-page.html``,
    one sheet for who decides. `verdict` is what became of a policy's claims, as the
    report tells it, for summaries that go where the report goes; `lost` what it leaves out, because it is passed on, a
    sentence each.
    """

    page: Page
    document: Mapping[str, object]
    tables: Mapping[str, Table]
    run: Run
    verdict: PolicyVerdict | None = None
    lost: tuple[str, ...] = ()
    one_page: bool = False


def write_report(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write a report, and return what was written, ``report.html`` first and ``manifest.json`` last.

    Everything is rendered before the first file is touched. The folder is made if it is not there; files of the same
    names are replaced where an earlier report's manifest has them, its drawings, sheet and PDFs go, others are left
    alone. `OutputError` if a file that is no earlier report's would be replaced, or the folder cannot be made or
    written to.
    """
    sheet = {ONE_PAGE: render_html(report.page.one_sheet).encode("utf-8")} if report.one_page else {}
    contents = {
        "report.html": render_html(report.page).encode("utf-8"),
        **sheet,
        "report.md": render_markdown(report.page).encode("utf-8"),
        "audit.json": json_text(report.document).encode("utf-8"),
        **{f"{name}.csv": csv_text(table).encode("utf-8") for name, table in report.tables.items()},
        "run.json": json_text(report.run.document()).encode("utf-8"),
        **attachments(report.page),
    }
    contents[MANIFEST] = json_text(manifest(contents, report.run)).encode("utf-8")
    before = written_before(folder)
    if foreign := [name for name in contents if name not in before and is_there(folder / name)]:
        message = f"{folder} holds {foreign[0]}, which is of no report here; choose another folder, or delete it"
        raise OutputError(message)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        printed = [folder / Path(name).name for name in before if name.endswith(".pdf")]
        for stale in (*folder.glob("report-figure-*"), folder / ONE_PAGE, *printed) if before else ():
            if stale.name not in contents:
                stale.unlink(missing_ok=True)
        for name, content in contents.items():
            partial = folder / f".{name}.partial"
            partial.write_bytes(content)
            partial.replace(folder / name)  # at once: a reader never meets half a file
    except OSError as problem:
        message = f"the report cannot be written to {folder}: {problem.strerror or problem}"
        raise OutputError(message) from problem
    return tuple(folder / name for name in contents)


def json_text(document: Mapping[str, object]) -> str:
    """A document as JSON: keys in their order, NaN refused because ``document`` modules replace it by null."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def csv_text(table: Table) -> str:
    r"""A report's table for a program: one header line, numbers in full, two columns for an interval.

    A text that a spreadsheet would run as a formula, such as a group called ``=1+1``, has an apostrophe before it.

    Examples
    --------
    >>> from facerec.reporting import Column
    >>> csv_text(Table("", (Column("group"), Column("95 %", "interval")), (("f", Interval(0.1, 0.25)), ("=1+1", None))))
    "group,95 % low,95 % high\nf,0.1,0.25\n'=1+1,,\n"
    """
    header: list[str] = []
    for column in table.columns:
        header += [f"{column.name} low", f"{column.name} high"] if column.kind == "interval" else [column.name]
    rows: list[list[object]] = []
    for row in table.rows:
        cells: list[object] = []
        for column, cell in zip(table.columns, row, strict=True):
            if column.kind == "interval":
                ends = (cell.low, cell.high) if isinstance(cell, Interval) else (None, None)
                cells += [_number(end) for end in ends]
            else:
                cells.append(_number(cell))
        rows.append(cells)
    return inert_csv(header, rows)


def _number(cell: object) -> object:
    """Nothing for what was not measured: an empty cell is not taken for a zero."""
    return "" if cell is None or (isinstance(cell, float) and math.isnan(cell)) else cell
