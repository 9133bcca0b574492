"""Reading a table's file as it is: from text as text, from Parquet with its types, and never more than memory holds.

Spreadsheets save tables in several ways, and parsers that guess types turn ``007`` into 7 and ``NA`` into nothing; so
every cell is read as the text that it is. How a file is written (separator, decimal commas, encoding, compression) is
seen in the file itself, and may be said (`Layout`). What had to be guessed is noted in the table (`notes_of`).
"""

from __future__ import annotations

import gzip
import os
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from facerec.errors import ArgumentError, FacerecError, ScoreTableError
from facerec.extras import extra
from facerec.files import is_folder, is_there, open_regular
from facerec.measure.tables.cells import as_text, trimmed
from facerec.measure.tables.part_files import is_in_parts, parts_of

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = ".csv, .tsv, .txt (and .gz of these), .xlsx or .parquet"
_TEXTS = (".csv", ".tsv", ".txt", "")
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_NOT_UTF8 = re.compile(r"column #(\d+): Row #(\d+): .*invalid UTF8")  # columns from 0, rows from 1 for the header
_SEPARATORS = (",", ";", "\t", "|")
_NAMES = {"tab": "\t", "comma": ",", "semicolon": ";", "bar": "|"}
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_START = 1 << 16
_MOST_ROWS = 1 << 20  # of a sheet, in every program that writes them
_NOTES = "facerec notes"
SCORED_BY = "facerec score column"
"""Under this a table's ``attrs`` keep what its maker called the scores."""
_COMMA_NUMBER = r"^\s*[+-]?(\d*|\d{1,3}(\.\d{3})+),\d+([eE][+-]?\d+)?\s*%?\s*$"
_OTHER_NUMBER = r"^\s*([+-]?(\d+|\d{1,3}(\.\d{3})+)([eE][+-]?\d+)?\s*%?|[nN][aA][nN]?)?\s*$"
_GROUPED_NUMBER = r"^\s*[+-]?\d{1,3}(,\d{3})+(\.\d+)?\s*%?\s*$"
_POINT_NUMBER = r"^\s*([+-]?\d{1,3}(\.\d+)?\s*%?|[nN][aA][nN]?)?\s*$"
_BOB = {4: ("reference_subject", "probe_subject"), 5: ("reference_subject", "model", "probe_subject")}


@dataclass(frozen=True)
class Layout:
    """How a text file of a table is written; what is None is seen in the file.

    The `separator` of cells is one character, or one of the words comma, semicolon, tab and bar; the sign of `decimal`
    is ``.`` or ``,``, and where it is said the other one groups thousands; the `encoding` is called as Python does,
    such as ``cp1252``; `sheet` is that of a workbook. `ArgumentError` if one cannot be.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.separator is not None:
            object.__setattr__(self, "separator", _NAMES.get(self.separator, self.separator))
            if len(self.separator) != 1 or self.separator in '"\r\n':
                message = f"a separator is one character, or {', '.join(_NAMES)}; got {self.separator!r}"
                raise ArgumentError(message)
        if self.decimal not in (None, ".", ",") or self.decimal == "," == self.separator:
            message = f"the decimal sign is . or , and not the separator; got {self.decimal!r}"
            raise ArgumentError(message)
        try:
            "".encode(self.encoding or "utf-8")
        except LookupError as problem:
            message = f"there is no encoding {self.encoding!r}; a spreadsheet's is often cp1252"
            raise ArgumentError(message) from problem


def read_raw(
    path: str | Path,
    *,
    kind: str = "a score table",
    layout: Layout = Layout(),
    memory: int | None = None,
    lists: Sequence[str] = (),
) -> pd.DataFrame:
    """Read a table (`kind`, in messages) of which nothing is known yet but its file; unchecked.

    From text and spreadsheets every column is text; from Parquet, of whose columns only `lists` may hold lists, an
    index that pandas stored is a column. The table may take `memory` bytes; None: what the machine has, or the process
    may have of it. `ScoreTableError` if that is too little, or the file is not of the kind that its name says. A folder
    of parts (``part_files.py``) is one table.
    """
    path = Path(path)
    if is_in_parts(path):
        return _read_parquet(path, available_memory() if memory is None else memory, lists)
    packed = path.suffix.lower() == ".gz"
    suffix = Path(path.stem if packed else path.name).suffix.lower()
    if suffix not in (*_TEXTS, *(() if packed else (".xlsx", ".parquet"))) or (suffix == "" and not is_there(path)):
        hint = "; save it as .xlsx" if suffix in (".xls", ".ods", ".xlsm") else ""
        message = f"{path}: the name of {kind} ends in {KINDS}{hint}"
        if suffix == "":
            message = f"{path}: there is no such file"
        raise ScoreTableError(message)
    if is_folder(path) or not is_there(path):
        message = f"{path}: is a folder, not a file" if is_folder(path) else f"{path}: there is no such file"
        raise ScoreTableError(message)
    _refuse_unless_regular(path)
    room = available_memory() if memory is None else memory
    if suffix == ".parquet":
        return _read_parquet(path, room, lists)
    if suffix == ".xlsx":
        return _read_excel(path, room, layout.sheet)
    _refuse_larger(path, path.stat().st_size, room)
    return read_text_csv(path, layout, room)


def table_suffix(path: str | Path, kind: str) -> str:
    """``.csv`` or ``.parquet``, as tables are written; `ScoreTableError` if the name of `kind` ends in neither."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".csv", ".parquet"):
        message = f"{path}: the name of {kind} ends in .csv or .parquet"
        raise ScoreTableError(message)
    return suffix


def notes_of(table: pd.DataFrame) -> tuple[str, ...]:
    """What a reader must know of how a table was read."""
    return tuple(table.attrs.get(_NOTES, ()))


def noted(table: pd.DataFrame, *notes: str) -> pd.DataFrame:
    """The table, with what a reader must know of it besides."""
    if notes:
        table.attrs[_NOTES] = list(dict.fromkeys((*notes_of(table), *notes)))
    return table


@contextmanager
def telling(path: str | Path, after: str = "", *, kind: type[FacerecError] | None = None) -> Iterator[None]:
    """Put the file before what is wrong with the table in it, and raise it as a `kind` of error where one is given."""
    try:
        yield
    except ScoreTableError as problem:
        told = (kind or type(problem))(f"{path}: {problem}{after}")
        if isinstance(told, ScoreTableError):
            told.problems = problem.problems
        raise told from problem


def read_text_csv(path: Path, layout: Layout = Layout(), memory: int | None = None) -> pd.DataFrame:
    """Read a text file with a header; each column is text and an empty cell the empty text.

    It is UTF-8, with or without a byte order mark, with any line ends, or else UTF-16 or cp1252, which is noted. Cells
    are separated by commas, or else by semicolons, tabs or bars; numbers have decimal points or, where commas do not
    separate, commas. Lines of four or five words without a header are taken for a score file of bob.
    `ScoreTableError` says what is otherwise, and where.
    """
    _refuse_unless_regular(path)
    source, notes = _unpacked(path, memory), []
    encoding = layout.encoding or _wide_encoding(path, source)
    if encoding is not None:
        source = _as_utf8(path, source, encoding)
        notes += [] if layout.encoding else [f"the table is in {encoding.upper()}, and was read as such"]
    try:
        return noted(_parsed(path, source, layout), *notes)
    except _NotUtf8Error as problem:
        where = str(problem)
        told = f"{path}: is not UTF-8 text{where}; save it as CSV (UTF-8), or name its encoding, --encoding"
        try:
            latin = _as_utf8(path, source, "cp1252")
        except ScoreTableError:
            raise ScoreTableError(told) from problem
        note = (
            f"the table is not UTF-8{where}, and was read as Windows' cp1252: look whether names come out right, or "
            "name its encoding with --encoding"
        )
        return noted(_parsed(path, latin, layout), note)


def _refuse_unless_regular(path: Path) -> None:
    """A pipe would be waited for, and a device never ends."""
    try:
        open_regular(path).close()
    except OSError as problem:
        message = f"{path}: cannot be read: {problem.strerror or problem}"
        raise ScoreTableError(message) from problem


class _NotUtf8Error(Exception):
    """Where a text is not UTF-8, as far as that is known: `` in row 3, column 2``, or nothing."""


def _unpacked(path: Path, memory: int | None) -> Path | bytes:
    """The file itself or, where it is compressed, what is in it."""
    if path.suffix.lower() != ".gz":
        return path
    limit = (available_memory() if memory is None else memory) or (1 << 62)
    try:
        with gzip.open(path) as file:
            content = file.read(limit // 5 + 1)
    except (OSError, EOFError, zlib.error) as problem:
        message = f"{path}: cannot be read as gzip: {problem}"
        raise ScoreTableError(message) from problem
    _refuse_larger(path, len(content), limit)
    return content


def _first(path: Path, source: Path | bytes, size: int) -> bytes:
    if isinstance(source, bytes):
        return source[:size]
    try:
        with source.open("rb") as file:
            return file.read(size)
    except OSError as problem:
        message = f"{path}: cannot be read: {problem.strerror}"
        raise ScoreTableError(message) from problem


def _wide_encoding(path: Path, source: Path | bytes) -> str | None:
    """The kind of UTF-16 that a file begins in; None for any other encoding."""
    start = _first(path, source, _START)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    line = start.partition(b"\n")[0]
    if b"\x00" not in line:
        return None
    return "utf-16-le" if line[1::2].count(0) >= line[::2].count(0) else "utf-16-be"


def _as_utf8(path: Path, source: Path | bytes, encoding: str) -> bytes:
    content = source if isinstance(source, bytes) else source.read_bytes()
    try:
        text = content.decode(encoding).encode("utf-8")
    except (UnicodeError, ValueError) as problem:
        message = f"{path}: is not text in {encoding}: {problem}"
        raise ScoreTableError(message) from problem
    if odd := _CONTROL.search(text):
        message = f"{path}: is not UTF-8 text, nor text in {encoding}: there is the byte {odd[0]!r} in it"
        raise ScoreTableError(message)
    return text


def _parsed(path: Path, source: Path | bytes, layout: Layout) -> pd.DataFrame:
    """Parse UTF-8; `_NotUtf8Error` where it is none."""
    import pyarrow as pa
    from pyarrow import csv

    separator, skipped, words = _header(path, source, layout)
    if words:
        return _read_bob(path, source, words)
    one_thread = csv.ReadOptions(use_threads=False, skip_rows=skipped)  # only so does a message know the bad row
    any_text = csv.ParseOptions(newlines_in_values=True, delimiter=separator)

    def opened() -> str | pa.BufferReader:
        return pa.BufferReader(source) if isinstance(source, bytes) else str(source)

    try:
        with csv.open_csv(opened(), read_options=one_thread, parse_options=any_text) as file:
            columns = dict.fromkeys(file.schema.names, pa.string())
        table = csv.read_csv(
            opened(),
            read_options=one_thread,
            parse_options=any_text,
            convert_options=csv.ConvertOptions(column_types=columns, strings_can_be_null=False),
        )
    except UnicodeDecodeError as problem:  # in the header, behind what is seen above as its line
        raise _NotUtf8Error from problem
    except (pa.ArrowInvalid, pa.ArrowKeyError) as problem:
        if found := _NOT_UTF8.search(str(problem)):
            where = f" in row {int(found[2]) - 1}, column {int(found[1]) + 1}"
            raise _NotUtf8Error(where) from problem
        message = f"{path}: cannot be read as CSV (UTF-8): {problem}"
        raise ScoreTableError(message) from problem
    return _named_columns(path, _plain_numbers(table, separator, layout).to_pandas())


def text_blocks(path: Path, columns: Sequence[str], layout: Layout) -> Iterator[pa.RecordBatch]:
    """Some columns of a text file, by the names that its header has, every cell as text, block by block.

    The file is UTF-8 and has a header; `ScoreTableError` otherwise, or where it cannot be read.
    """
    import pyarrow as pa
    from pyarrow import csv

    separator, skipped, words = _header(path, path, layout)
    if words:
        message = (
            f"{path}: a score file of bob, without a header, is read into memory; give it one to read it in blocks"
        )
        raise ScoreTableError(message)
    try:
        with csv.open_csv(
            str(path),
            read_options=csv.ReadOptions(use_threads=False, skip_rows=skipped, block_size=1 << 24),
            parse_options=csv.ParseOptions(newlines_in_values=True, delimiter=separator),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), include_columns=columns, strings_can_be_null=False
            ),
        ) as file:
            for block in file:
                table = _plain_numbers(pa.Table.from_batches([block]), separator, layout)
                yield from table.combine_chunks().to_batches()
    except (UnicodeDecodeError, pa.ArrowInvalid, pa.ArrowKeyError) as problem:
        message = f"{path}: cannot be read as CSV (UTF-8): {problem}"
        raise ScoreTableError(message) from problem


def text_columns(path: Path, layout: Layout) -> list[str]:
    """The names in the header of a text file, as `text_blocks` takes them; `ScoreTableError` as there."""
    import pyarrow as pa
    from pyarrow import csv

    _refuse_unless_regular(path)
    try:
        separator, skipped, _ = _header(path, path, layout)
        with csv.open_csv(
            str(path),
            read_options=csv.ReadOptions(use_threads=False, skip_rows=skipped),
            parse_options=csv.ParseOptions(newlines_in_values=True, delimiter=separator),
        ) as file:
            return list(file.schema.names)
    except (_NotUtf8Error, UnicodeDecodeError, pa.ArrowInvalid) as problem:
        message = f"{path}: cannot be read as CSV (UTF-8): {problem}"
        raise ScoreTableError(message) from problem


def _header(path: Path, source: Path | bytes, layout: Layout) -> tuple[str, int, int]:
    """The sign between cells, lines before the header, and how many words a line has if it is a score file of bob."""
    lines = _first(path, source, _START).splitlines() or [b""]
    if not lines[0].strip():
        empty = not _first(path, source, _START).strip()
        state = "the file is empty" if empty else "its first line is blank"
        message = f"{path}: {state}; a header with the names of the columns is expected there"
        raise ScoreTableError(message)
    try:
        header = lines[0].decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise _NotUtf8Error from problem
    if told := re.fullmatch(r"sep=(.)\s*", header):  # how Excel is told, in a line before the header
        return layout.separator or told[1], 1, 0
    words = _bob_words(header) if layout.separator is None else 0
    return layout.separator or _separator(header), 0, words


def _plain_numbers(table: pa.Table, separator: str, layout: Layout) -> pa.Table:
    """Without thousands grouped and with decimal points, where columns are of numbers throughout."""
    if layout.decimal == "," or (separator != "," and layout.decimal is None):
        return _without(table, ".", number=_COMMA_NUMBER, other=_OTHER_NUMBER)
    return _without(table, ",", number=_GROUPED_NUMBER, other=_POINT_NUMBER) if layout.decimal == "." else table


def _named_columns(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Without the blank columns behind the others that spreadsheets write; names without blanks around them."""
    bare = [place for place, name in enumerate(table.columns) if not name.strip()]
    if odd := next((place for place in bare if table.iloc[:, place].str.strip().ne("").any()), None):
        message = f"{path}: column {odd + 1} has cells and no name; the first line names every column"
        raise ScoreTableError(message)
    return trimmed(table.iloc[:, [place for place in range(table.shape[1]) if place not in bare]])


def _separator(header: str) -> str:
    """What separates most names of a header, outside of quotation marks; a comma where in doubt."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_SEPARATORS, key=bare.count)


def _without(table: pa.Table, mark: str, *, number: str, other: str) -> pa.Table:
    """Columns of nothing but numbers, some like `number`, without the `mark` of thousands and with decimal points."""
    import pyarrow.compute as pc

    for place, name in enumerate(table.column_names):
        column = table.column(place)
        marked = pc.match_substring_regex(column, number)
        if pc.any(marked).as_py() and pc.all(pc.or_(marked, pc.match_substring_regex(column, other))).as_py():
            plain = pc.replace_substring(pc.replace_substring(column, mark, ""), ",", ".")
            table = table.set_column(place, name, plain)
    return table


def _bob_words(line: str) -> int:
    """How many words a line of a score file of bob has, the last a number; 0 if it is of another kind."""
    words = line.split()
    if len(words) not in _BOB or any(separator in line for separator in ",;|"):
        return 0
    return len(words) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|NaN", words[-1]) else 0


def _read_bob(path: Path, source: Path | bytes, words: int) -> pd.DataFrame:
    text = (source if isinstance(source, bytes) else source.read_bytes()).decode("utf-8-sig")
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if odd := next((number for number, row in enumerate(rows, 1) if len(row) != words), None):
        message = f"{path}: row {odd} has {len(rows[odd - 1])} words and row 1 has {words}; a header names columns"
        raise ScoreTableError(message)
    names = (*_BOB[words], "probe_path", "score")
    note = f"without a header, {words} words a line were taken for a score file of bob: {', '.join(names)}"
    return noted(pd.DataFrame(rows, columns=names, dtype="str"), note)


def _read_excel(path: Path, memory: int | None, sheet: str | None) -> pd.DataFrame:
    """A sheet of a workbook, by default the first, every cell as text."""
    with extra("excel"):
        import openpyxl
    try:
        with zipfile.ZipFile(path) as parts:
            size = sum(part.file_size for part in parts.infolist())
        _refuse_larger(path, size, memory)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, which no cell's value depends on
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            sheets = [each.title for each in book.worksheets]
            chosen = sheet or next(iter(sheets), "")
            rows = _rows_of(path, book[chosen], chosen) if chosen in sheets else []
    except ScoreTableError:  # it is too large
        raise
    except Exception as problem:  # of a zip, of XML, of openpyxl's: a damaged workbook meets all of their errors
        message = f"{path}: cannot be read as a workbook (.xlsx): {problem}"
        raise ScoreTableError(message) from problem
    if chosen not in sheets:
        message = f"{path}: there is no sheet {chosen!r}; --sheet names one of {', '.join(sheets)}"
        raise ScoreTableError(message)
    width = max((place for row in rows for place, cell in enumerate(row, 1) if cell is not None), default=0)
    rows = [(*row[:width], *[None] * (width - len(row))) for row in rows]
    if not width or None in rows[0]:
        message = f"{path}: the first row of the sheet {chosen!r} must name every column"
        raise ScoreTableError(message)
    columns = [pd.Series([row[place] for row in rows[1:]], dtype=object, name=rows[0][place]) for place in range(width)]
    frame = pd.concat([as_text(column) for column in columns], axis=1)
    frame.columns = pd.Index([str(cell) for cell in rows[0]])
    first = f"only the first of {len(sheets)} sheets, {chosen!r}, was read; --sheet names another"
    return noted(trimmed(frame), *([first] if sheet is None and len(sheets) > 1 else []))


def _rows_of(path: Path, sheet: Any, chosen: str) -> list[tuple[Any, ...]]:  # noqa: ANN401 - openpyxl has no types
    """The rows of a sheet that hold anything."""
    sheet.reset_dimensions()  # what the file says of its size, beyond which rows would be left out in silence
    rows = []
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        if number == _MOST_ROWS:  # also blank ones: a file may give a row any number, and each before it would be made
            message = f"{path}: the sheet {chosen!r} has more than {_MOST_ROWS:,} rows; save the table as .csv"
            raise ScoreTableError(message)
        if any(value is not None for value in row):
            rows.append(row)
    return rows


def available_memory(limits: Sequence[Path] = _LIMITS) -> int | None:
    """Bytes of memory of this machine or, by the files `limits`, of this container; None where neither is told."""
    found = []
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names:
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    told = [limit.read_text(encoding="ascii").strip() for limit in limits if limit.is_file()]
    found += [int(text) for text in told if text.isdigit()]  # "max": no limit
    return min(found, default=None)


def _read_parquet(path: Path, memory: int | None, lists: Sequence[str]) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import parquet

    files = parts_of(path) if is_folder(path) else [path]
    try:
        size = 0
        for each in files:
            metadata = parquet.read_metadata(each)
            encoded = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
            # A text that occurs often is stored once, but takes a place of its own in every row once it is read.
            size += max(encoded, 8 * metadata.num_rows * metadata.num_columns)
        _refuse_larger(path, size, memory)
        refuse_nested(path, parquet.read_schema(files[0]), lists)
        read = [parquet.ParquetFile(each).read() for each in files]
        table = read[0] if len(read) == 1 else pa.concat_tables(read)
        table.validate(full=True)  # texts are UTF-8, or they would be found out one by one where they are used
        for place, field in enumerate(table.schema):
            if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
                table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
        # Not by pandas' notes in the file: they would make an index of a column that is meant.
        frame = table.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as problem:  # ValueError: what it says of itself is no JSON
        message = f"{path}: cannot be read as Parquet: {problem}"
        raise ScoreTableError(message) from problem
    return frame.loc[:, [not name.startswith("__index_level_") for name in frame.columns]]


def refuse_nested(path: Path, schema: pa.Schema, lists: Sequence[str]) -> None:
    """`ScoreTableError` if a column but those of `lists` holds lists or records."""
    from pyarrow import types

    kinds = types.is_list, types.is_large_list, types.is_fixed_size_list
    if nested := [
        field.name
        for field in schema
        if types.is_nested(field.type) and not (field.name in lists and any(kind(field.type) for kind in kinds))
    ]:
        message = (
            f"{path}: {', '.join(nested)} holds lists or records; a table's cells are numbers or texts, so leave such "
            "columns out"
        )
        raise ScoreTableError(message)


def _refuse_larger(path: Path, size: int, memory: int | None) -> None:
    """Read, checked and coded, a table takes about five times the space of its text."""
    needed = 5 * size
    if memory is not None and needed > memory:
        message = (
            f"{path}: the table needs about {needed / 2**30:.1f} GiB of memory and there are {memory / 2**30:.1f} GiB; "
            "leave out columns that the audit does not use, or audit a random part of the people"
        )
        raise ScoreTableError(message)
