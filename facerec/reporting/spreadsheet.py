"""Tables for people as CSV: whatever a name holds, a spreadsheet that opens it runs nothing.

Not for tables that a program reads again (scores, vectors, predictions, lists of photos): there an apostrophe before an
id would make another id of it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from facerec.visible_text import inert_cell


def inert_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""The text of a CSV file of these rows, every cell as `inert_cell` writes it.

    >>> inert_csv(("class", "error"), [('=HYPERLINK("x")', 0.5), ("cat", -0.25)])
    'class,error\n"\'=HYPERLINK(""x"")",0.5\ncat,-0.25\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(inert_cell, header))
    writer.writerows(map(inert_cell, row) for row in rows)
    return text.getvalue()
