"""``facerec identify --out``: many probes, photos or vectors, into one table with a row for each face."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from facerec.cli import console
from facerec.errors import ArgumentError, FacerecError, OutputError, ScoreTableError

if TYPE_CHECKING:
    from facerec.cli.opening import Charged
    from facerec.cli.recognition import Threshold
    from facerec.types import Identification, Identifications, OperatingPoint

COLUMNS = (
    *("photo", "face", "left", "top", "right", "bottom", "decision", "name", "person_id", "score", "candidates"),
    *("gallery_size", "comparisons", "expected_fpir", "threshold", "target_fmr", "data_set", "embedder", "gate"),
    *("problems", "notes", "error"),
)
"""Of the table. A photo that cannot be read, shows no face or has no vector is a row with `error` and no decision."""

_MANY = 1000
_TABLES = (".csv", ".tsv", ".parquet")

Answer = tuple[str, "Sequence[Identification] | str"]
"""A photo's name and who is on it, or why nobody can say."""


class Told(NamedTuple):
    """How many rows of each decision were written, and the gallery's size; errors are a decision of their own."""

    decisions: Mapping[str, int]
    gallery_size: int | None


def is_table(paths: Sequence[Path]) -> bool:
    """Whether probes are named by one table rather than by themselves."""
    return len(paths) == 1 and paths[0].suffix.lower() in _TABLES and paths[0].is_file()


def must_be_csv(out: Path) -> None:
    """Raise `OutputError` now if the table cannot be written, and not after an hour of work."""
    if out.suffix.lower() != ".csv":
        message = f"{out}: decisions are written as .csv"
        raise OutputError(message)
    if not out.absolute().parent.is_dir():
        message = f"{out}: cannot be written, there is no folder {out.parent}"
        raise OutputError(message)


def holds_vectors(table: Path) -> bool:
    """Whether a table of probes is one of vectors rather than of photos."""
    if table.suffix.lower() == ".parquet":
        from pyarrow import ArrowInvalid, parquet

        try:
            return not {"vector", "v0"}.isdisjoint(parquet.read_schema(table).names)
        except ArrowInvalid:
            return True  # whoever reads it says what is wrong with it
    with table.open("rb") as file:
        heading = file.readline(1 << 20).decode("utf-8", "replace").lstrip("\ufeff")
    names = {name.strip().strip('"') for name in heading.replace(";", ",").replace("\t", ",").split(",")}
    return "v0" in names or "vector" in names


def photos_in(table: Path) -> list[Path]:
    """The photos that a table names, in its column `image`; paths start from the folder it is in."""
    from facerec.measure.tables.cells import as_text
    from facerec.measure.tables.table_files import Layout
    from facerec.measure.tables.vendor import read_several

    read = read_several(table, kind="a table of photos", rename=lambda raw: raw, layout=Layout())
    names = as_text(read["image"]) if "image" in read.columns else None
    if names is None or (names == "").any():
        message = f"{table}: a table of probes names a photo in the column image of each row, or holds vectors"
        raise ScoreTableError(message)
    return [table.parent / name for name in names]


def of_vectors(
    table: Path, gallery: Path, *, top: int, logged: bool, threshold: Threshold, charged: Charged
) -> tuple[OperatingPoint, Iterator[Answer], int]:
    """The point that decides, the answers about a table of vectors, and how many there are."""
    from facerec.gallery import open_gallery
    from facerec.gallery.probes import identify_vectors
    from facerec.measure.tables.table_files import Layout, telling
    from facerec.measure.tables.vector_table import check_vectors
    from facerec.measure.tables.vendor import read_several
    from facerec.models.shipped_points import DEFAULT_TARGET_FMR, shipped_point

    if charged.url is not None:
        message = "vectors are searched on the machine that holds the gallery; leave out --url, or give photos"
        raise ArgumentError(message)

    def nameless(raw: Any) -> Any:  # noqa: ANN401 - a DataFrame; pandas is imported when it is needed
        return raw if "subject" in raw.columns else raw.assign(subject="unknown")

    read = read_several(table, kind="a table of vectors", rename=nameless, layout=Layout(), lists=("vector",))
    with telling(table):
        probes = check_vectors(read)
    with open_gallery(gallery) as people:
        embedder = people.embedder
    point = threshold.of_embedder(embedder.digest, embedder.name)
    if point is None:
        point = shipped_point(embedder.digest, DEFAULT_TARGET_FMR, embedder=embedder.name)
    names = probes.photos["photo"].tolist()
    failures = probes.photos["failure"].tolist() if "failure" in probes.photos else [""] * len(names)

    def answers() -> Iterator[Answer]:
        # Of many probes a search in whole rows is quicker; rows of 16 bits would take half the memory.
        with charged.open_here(gallery, compact=False if len(names) >= _MANY else None) as people:
            found = identify_vectors(people, probes, at=point, top=top, logged=logged)
            for name, why, outcome in zip(names, failures, found, strict=True):
                yield name, (why or "no vector") if outcome is None else [outcome]

    return point, answers(), len(names)


def of_photos(photos: Sequence[Path], found: Iterable[Identifications | FacerecError]) -> Iterator[Answer]:
    """The answers about photos."""
    for photo, outcomes in zip(photos, found, strict=True):
        if isinstance(outcomes, FacerecError):
            yield str(photo), str(outcomes)
        else:
            yield str(photo), outcomes if len(outcomes) else "no face"


def write(answers: Iterable[Answer], count: int, out: Path) -> Told:
    """Write the table, whole or not at all, while answers come."""
    from facerec.files import replacing

    decisions: Counter[str] = Counter()
    size = None
    with (
        replacing(out) as partial,
        console.progress("identifying") as advance,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for done, (photo, outcomes) in enumerate(answers, 1):
            if isinstance(outcomes, str):
                decisions["error"] += 1
                writer.writerow({"photo": photo, "error": outcomes})
            else:
                for number, outcome in enumerate(outcomes, 1):
                    decisions[outcome.decision] += 1
                    size = outcome.gallery_size
                    writer.writerow({"photo": photo, "face": number, **_row(outcome)})
            advance(done, count)
    return Told(decisions, size)


def _row(outcome: Identification) -> dict[str, object]:
    point, best = outcome.operating_point, outcome.candidates[0] if outcome.candidates else None
    left, top, right, bottom = (round(float(edge)) for edge in outcome.box)
    place = {"left": left, "top": top, "right": right, "bottom": bottom} if right > left else {}
    return {
        **place,
        "decision": outcome.decision,
        "name": outcome.name or "",
        "person_id": best.person_id if best is not None and outcome.decision == "match" else "",
        "score": "" if best is None else outcome.score,
        "candidates": "; ".join(f"{each.name} {each.score:.7g}" for each in outcome.candidates),
        "gallery_size": outcome.gallery_size,
        "comparisons": outcome.comparisons,
        "expected_fpir": f"{outcome.expected_fpir.value:.6g}",
        "threshold": point.threshold,
        "target_fmr": point.target_fmr,
        "data_set": point.data_set,
        "embedder": point.matcher.embedder,
        "gate": outcome.gate,
        "problems": "; ".join(outcome.problems),
        "notes": "; ".join(outcome.notes),
    }


def say(told: Told, point: OperatingPoint, notes: Sequence[str], out: Path, *, as_json: bool) -> int:
    """Tell what was written; the exit status: 0 somebody was identified, 1 nobody, 2 there are errors."""
    counts = {name: told.decisions.get(name, 0) for name in ("match", "no match", "ambiguous", "undecided", "error")}
    if as_json:
        document = {"out": out, "rows": sum(counts.values()), "decisions": counts, "gallery_size": told.gallery_size}
        console.document({**document, "operating_point": point, "notes": notes})
    else:
        named = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)
        console.say(f"{out}: {console.counted(sum(counts.values()), 'row', 'rows')}: {named or 'none'}")
        console.say_point(point)
        console.say(*(f"  note: {note}" for note in notes))
    return 2 if counts["error"] else 0 if counts["match"] else 1
