"""What commands read and write: mistakes told before anything heavy is imported, and the answers about photos."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from facerec.cli import console
from facerec.cli.outputs import GOES_ON, MARK, MARKED, output
from facerec.cli.running import fail
from facerec.errors import DataSetError, ImageError, OutputError, ScoreTableError

if TYPE_CHECKING:
    from facerec.types import Image

Found = TypeVar("Found")

Annotate = Annotated[
    Path | None, output("--annotate DIR", "Write a copy of each photo with its faces marked to this folder.", GOES_ON)
]


def must_exist(data: Path, expected: str) -> None:
    """Raise `DataSetError` if there is nothing at `data`; `expected` says what it should be."""
    if not data.exists():
        message = f"{data}: expected {expected}; there is neither"
        raise DataSetError(message)


def must_be_new(folder: Path) -> None:
    """Raise `OutputError` if there is something at `folder` already."""
    if folder.exists():
        message = f"{folder} exists already; remove it or choose another name"
        raise OutputError(message)


def must_be_table(out: Path) -> None:
    """Raise `ScoreTableError` now if a table cannot be written to `out`, and not after an hour of work."""
    if out.suffix.lower() not in (".csv", ".parquet"):
        message = f"{out}: the name of a table ends in .csv or .parquet"
        raise ScoreTableError(message)
    if not out.absolute().parent.is_dir():
        message = f"{out}: cannot be written, there is no folder {out.parent}"
        raise ScoreTableError(message)


def _marked_names(stem: str) -> Iterator[str]:
    """What marked copies of photos with this stem are called, one after the other."""
    return (f"{stem}-faces{f'-{number}' if number > 1 else ''}.jpg" for number in itertools.count(1))


class PhotoAnswers:
    """What is found in photos, told as it is found, or kept for the one document; a photo that cannot be read, too.

    `annotate` is the folder for marked copies, made if it does not exist; the photos themselves stay untouched. With
    `columns` the answer is rows of CSV: the photo, these, and the error of a photo that cannot be read.
    """

    def __init__(
        self, photos: Sequence[Path], annotate: Path | None, *, as_json: bool, columns: Sequence[str] | None = None
    ) -> None:
        if annotate is not None:
            annotate.mkdir(parents=True, exist_ok=True)
            for stem, times in Counter(photo.stem for photo in photos).items():
                for name in itertools.islice(_marked_names(stem), times):
                    MARKED.refuse_others(annotate / name)
        self.entries: list[dict[str, Any]] = []
        self._photos, self._annotate, self._as_json = photos, annotate, as_json
        self._unreadable, self._taken = 0, set[str]()
        self._columns = tuple(columns or ())
        self._rows = console.CsvRows("photo", *self._columns, "error") if columns is not None else None

    def read(
        self, results: Iterable[Found | ImageError], doing: str, *, only: bool = False
    ) -> Iterator[tuple[Path, Found]]:
        """Each photo that could be read with its result; the others are told, and one that is the `only` one raised."""
        with console.progress(doing) as advance:
            for done, (photo, result) in enumerate(zip(self._photos, results, strict=True), 1):
                if isinstance(result, ImageError):
                    if only:
                        raise result
                    self._unreadable += 1
                    self.tell({"photo": photo, "error": str(result)}, str(result))
                else:
                    yield photo, result
                advance(done, len(self._photos))

    def tell(self, entry: dict[str, Any], *lines: str, rows: Iterable[Sequence[object]] = ()) -> None:
        """Tell what was found in a photo: its entry of the document, its lines, or its rows of CSV."""
        if self._as_json:
            self.entries.append(entry)
        elif self._rows is None:
            console.say(*lines)
        elif "error" in entry:
            self._rows.add(str(entry["photo"]), *[None] * len(self._columns), entry["error"])
        else:
            for row in rows:
                self._rows.add(str(entry["photo"]), *row, None)

    def marked(self, photo: Path, found: Any, image: Image | None = None) -> dict[str, Path]:  # noqa: ANN401 - draws
        """Write a marked copy, if that is asked for; returns where, for the document."""
        from facerec.photos import reader
        from facerec.types.marks import encode_jpeg

        if self._annotate is None:
            return {}
        # Photos of several folders may be called alike.
        name = next(name for name in _marked_names(photo.stem) if name not in self._taken)
        self._taken.add(name)
        path = self._annotate / name
        drawn = found.draw(reader.read(photo) if image is None else image)
        path.write_bytes(encode_jpeg(drawn, comment=MARK))
        return {"annotated": path}

    def finish(self) -> None:
        """Say where marked copies are, and end with status 2 if a photo could not be read."""
        if self._annotate is not None:
            marked = console.counted(len(self._taken), "marked photo", "marked photos")
            console.note(f"wrote {marked} to {self._annotate}")
        if self._unreadable:
            fail(f"{self._unreadable} of {len(self._photos)} photos could not be read")
