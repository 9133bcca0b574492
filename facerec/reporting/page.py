"""A report as a value: what it says, before any format.

It is frozen and checked when it is made, so that a table with a missing cell or a picture without a description fails
where it was written and not in a reader's browser. ``html``, ``markdown`` and ``report_files`` render the same page;
none of them computes anything. Prose (`Text`, summaries, captions, notes) may hold the marks of
``facerec.reporting.inline``; names and cells may not: they are shown as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, TypeAlias, TypeVar, get_args

from facerec.errors import ArgumentError
from facerec.reporting.columns import WORDS, Cell, Column, Kind, Standing
from facerec.reporting.drawings import Drawing
from facerec.reporting.inline import Paragraph, Spans, parse_paragraphs, parse_spans, printable

_Row = TypeVar("_Row")

ColumnOf: TypeAlias = tuple[str, Kind, Callable[[_Row], Cell]]
"""A column of a table of values: its name, its kind, and what of a value stands in it."""


def _set(block: object, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(block, name, value)


@dataclass(frozen=True)
class Text:
    """Paragraphs of prose, separated by blank lines; lines that start with ``-``, or ``1)``, and a space are a list."""

    content: str

    def __post_init__(self) -> None:
        _set(self, content=printable(self.content))
        self.paragraphs  # noqa: B018 - a bad link must be refused here, not when the page is rendered

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """The content, parsed."""
        return parse_paragraphs(self.content)


@dataclass(frozen=True)
class Callout:
    """A remark, one paragraph of prose, that stands out by its word and its shape, and only then by its colour."""

    standing: Standing
    text: str

    def __post_init__(self) -> None:
        if self.standing not in get_args(Standing):
            message = f"a callout is one of {', '.join(get_args(Standing))}; got {self.standing!r}"
            raise ArgumentError(message)
        _set(self, text=printable(self.text))
        self.spans  # noqa: B018 - as in Text

    @property
    def word(self) -> str:
        """The standing in a word, for example ``Insufficient evidence``."""
        return WORDS[self.standing]

    @property
    def spans(self) -> Spans:
        """The text, parsed."""
        return parse_spans(self.text)


_FACTS: Mapping[type, Kind] = {str: "text", int: "count"}


@dataclass(frozen=True)
class Facts:
    """Names and values (provenance, settings, counts): shown as they are, numbers with separators and four digits."""

    items: tuple[tuple[str, str | int | float | None], ...]

    def __post_init__(self) -> None:
        checked = tuple(
            (printable(name), Column(name, _FACTS.get(type(value), "number")).checked(value))
            for name, value in self.items
        )
        _set(self, items=checked)

    @property
    def written(self) -> tuple[tuple[str, str], ...]:
        """Names and values as the reader sees them."""
        number = Column("number", "number")
        return tuple((name, number.written(value)) for name, value in self.items)


@dataclass(frozen=True)
class Table:
    """A table whose columns know what they hold.

    `caption`, what the table shows, and `notes`, under it, are prose. The first of the `columns` names the rows; each
    of the `rows` has one cell per column: a value of the column's kind, ``None`` where none applies, NaN where nothing
    was measured. `strong` are the numbers of the rows that stand out, from 0.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    strong: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.columns:
            message = f"table {self.caption!r} has no columns"
            raise ArgumentError(message)
        _set(self, caption=printable(self.caption), columns=tuple(self.columns))
        rows = tuple(self._checked(number, row) for number, row in enumerate(self.rows))
        _set(self, rows=rows, notes=tuple(map(printable, self.notes)), strong=tuple(sorted(set(self.strong))))
        for note in (self.caption, *self.notes):
            parse_spans(note)
        if any(not 0 <= number < len(self.rows) for number in self.strong):
            message = f"table {self.caption!r} has rows 0 … {len(self.rows) - 1}; strong names {self.strong}"
            raise ArgumentError(message)

    @classmethod
    def of(
        cls,
        caption: str,
        rows: Iterable[_Row],
        *columns: ColumnOf[_Row],
        notes: tuple[str, ...] = (),
        strong: tuple[int, ...] = (),
    ) -> Table:
        """A table of values, one a row.

        >>> Table.of("Squares", [2, 3], ("n", "count", lambda n: n), ("n²", "count", lambda n: n * n)).rows
        ((2, 4), (3, 9))
        """
        heads = tuple(Column(name, kind) for name, kind, _ in columns)
        return cls(caption, heads, tuple(tuple(cell(row) for *_, cell in columns) for row in rows), notes, strong)

    def _checked(self, number: int, row: Sequence[object]) -> tuple[Cell, ...]:
        if len(row) != len(self.columns):
            message = f"row {number} of table {self.caption!r} needs {len(self.columns)} cells; got {len(row)}"
            raise ArgumentError(message)
        try:
            return tuple(column.checked(cell) for column, cell in zip(self.columns, row, strict=True))
        except ArgumentError as error:
            message = f"row {number} of table {self.caption!r}: {error}"
            raise ArgumentError(message) from None


@dataclass(frozen=True)
class Figure:
    """One drawing or several, side by side where there is room.

    `alt` says what it shows, for who cannot see it: one sentence with the finding, not the word "chart"; `title`, the
    message with the unit, and `caption` are prose. `data` are the numbers that it shows, by name; only the JSON holds
    them.
    """

    drawings: tuple[Drawing, ...]
    alt: str
    caption: str = ""
    data: Mapping[str, Sequence[Cell]] = field(default_factory=dict)
    title: str = ""

    def __post_init__(self) -> None:
        _describe(self)
        if not self.drawings:
            message = f"figure {self.alt!r} has nothing to draw"
            raise ArgumentError(message)
        series = {name: Column(name, "number") for name in self.data}
        checked = {column.name: tuple(map(column.checked, self.data[name])) for name, column in series.items()}
        _set(self, data=MappingProxyType(checked), drawings=tuple(self.drawings), title=printable(self.title))
        parse_spans(self.title)


@dataclass(frozen=True)
class Picture:
    """A photo, inside the page: for pages that stay where their photos may be seen.

    `data` are the bytes of a PNG or JPEG file, `alt` says what it shows, for who cannot see it, `caption` is prose.
    """

    data: bytes
    alt: str
    caption: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        _describe(self)
        self.media_type  # noqa: B018 - as in Text

    @property
    def media_type(self) -> str:
        """``image/png`` or ``image/jpeg``, read off the first bytes."""
        for start, media_type in ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg")):
            if self.data.startswith(start):
                return media_type
        message = f"picture {self.alt!r} is neither PNG nor JPEG; it starts with {self.data[:4]!r}"
        raise ArgumentError(message)


@dataclass(frozen=True)
class SideBySide:
    """Figures and pictures that are compared; they stand in a row where the screen is wide enough."""

    items: tuple[Figure | Picture, ...]

    def __post_init__(self) -> None:
        _set(self, items=tuple(self.items))


Block: TypeAlias = Text | Callout | Facts | Table | Figure | Picture | SideBySide


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading.

    `place` is ``first`` where it belongs to what is read first, and may stand on a sheet of its own with that;
    ``folded`` where the reader of a screen opens it (on paper it is open).
    """

    title: str
    blocks: tuple[Block, ...]
    place: Literal["first", "body", "folded"] = "body"

    def __post_init__(self) -> None:
        _set(self, title=printable(self.title), blocks=tuple(self.blocks))


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes
    ----------
    title : str
        The message, in a few words.
    summary : str
        Prose under it: what was examined.
    sections : tuple of Section
        Those that are ``first`` before all others.
    lead : tuple of Block
        Read first: a sentence with the number, a picture, the verdict.
    kind : str
        What sort of a page it is, such as ``Audit of verification``.
    source : str
        From what it was made, as each figure says it.
    signed : bool
        Whether there are lines for who decides, and when.
    """

    title: str
    summary: str
    sections: tuple[Section, ...]
    lead: tuple[Block, ...] = ()
    kind: str = ""
    source: str = ""
    signed: bool = False

    def __post_init__(self) -> None:
        if not self.title.strip():
            message = "a page needs a title"
            raise ArgumentError(message)
        told = {name: printable(getattr(self, name)) for name in ("title", "summary", "kind", "source")}
        _set(self, sections=tuple(self.sections), lead=tuple(self.lead), **told)
        parse_spans(self.summary)

    @property
    def one_sheet(self) -> Page:
        """What is read first alone, for one sheet of paper."""
        return replace(self, sections=tuple(section for section in self.sections if section.place == "first"))

    def illustrations(self) -> Iterator[Figure | Picture]:
        """Every figure and picture in reading order: the order in which each format numbers them, from 1."""
        for block in (*self.lead, *(block for section in self.sections for block in section.blocks)):
            if isinstance(block, SideBySide):
                yield from block.items
            elif isinstance(block, Figure | Picture):
                yield block


def _describe(illustration: Figure | Picture) -> None:
    if not illustration.alt.strip():
        message = f"a {type(illustration).__name__.lower()} needs an alt text: what it shows, in a sentence"
        raise ArgumentError(message)
    _set(illustration, alt=printable(" ".join(illustration.alt.split())), caption=printable(illustration.caption))
    parse_spans(illustration.caption)
