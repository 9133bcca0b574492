"""``facerec embed``: a table of vectors, from photos of known people; in one go, or in parts that any machine makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from facerec.cli import console
from facerec.cli.options import AsJson, Exclude, FaceOption, Model, argument, examples, flag, grouped, option
from facerec.cli.outputs import VECTORS, output
from facerec.cli.paths import must_be_table
from facerec.cli.recognition import GatedNetworks
from facerec.cli.running import fail
from facerec.cli.tables import Root, failures_document, say_failures
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from facerec.batch.claims import Owner
    from facerec.batch.embedding import EmbedReport
    from facerec.batch.listing import Listing
    from facerec.batch.work import Runner
    from facerec.measure.photo_vectors import PhotoVectors
    from facerec.measure.tables.vector_table import Row

EXAMPLES = examples(
    "facerec embed photos.csv --out vectors.parquet",
    "facerec embed photos.csv --root photos/ --out vectors.csv --face largest",
    "facerec embed people/ --out vectors/ --workers 8",
    "facerec embed shards/ --out vectors/ --runner ray",
)
RunnerName: TypeAlias = Literal["local", "ray"]

_PARTS = "Into a folder"
_SHOWN = 3


@dataclass(frozen=True)
class InParts:
    """The options of work that is done in parts, by several processes."""

    runner: Annotated[
        RunnerName | None,
        option(
            "NAME",
            "Who does the work: processes of this machine (local, the default), or Ray (the extra ray): a cluster's, "
            "where RAY_ADDRESS names one.",
            _PARTS,
        ),
    ] = None
    workers: Annotated[
        int | None, option("N", "Processes, 1 or more. By default one for each core of this machine.", _PARTS)
    ] = None
    block: Annotated[
        int | None,
        option(
            "N",
            "Photos in a part, about: what a crash costs at most. By default 128; set as a folder is begun.",
            _PARTS,
        ),
    ] = None
    forget_removed: Annotated[
        bool, flag("--forget-removed", "Take out the rows of photos that are there no more; else they stay.", _PARTS)
    ] = False

    def __post_init__(self) -> None:
        for name in ("workers", "block"):
            value = getattr(self, name)
            if value is not None and value < 1:
                message = f"--{name} must be 1 or more; got {value}"
                raise ArgumentError(message)

    @property
    def given(self) -> list[str]:
        """The options that are not as they are by default."""
        return [f"--{name.replace('_', '-')}" for name, value in self.__dict__.items() if value not in (None, False)]

    def run(self, device: str | None) -> Runner:
        """The runner that is meant; `MissingExtraError` if it is not installed."""
        from facerec.device import cores

        workers = self.workers or cores()
        if self.runner == "ray":
            from facerec.batch.actors import on_ray

            return on_ray(workers, gpus=1.0 if (device or "").startswith("cuda") else 0.0)
        from facerec.batch.processes import local

        return local(workers)


@dataclass(frozen=True)
class _Asked:
    """What the command was given."""

    photos: Path
    out: Path
    root: Path | None
    face: FaceOption
    exclude: Sequence[str]
    model: str | None
    networks: GatedNetworks
    as_json: bool

    @property
    def in_place(self) -> bool:
        """Whether the photos lie in a folder or a shard, and no file lists them."""
        return self.photos.is_dir() or self.photos.suffix.lower() == ".tar"

    def listing(self) -> Listing:
        """The photos that are meant; what is left out is told."""
        from facerec.batch.listing import list_photos

        if not self.in_place:
            self.refuse_exclude()
        elif self.root is not None:
            message = "--root is for a CSV file; the photos of a folder or a shard are where they are"
            raise ArgumentError(message)
        listing = list_photos(self.photos, root=self.root, exclude=self.exclude)
        console.say_left_out(listing.left_out)
        return listing

    def refuse_exclude(self) -> None:
        """A CSV file lists what is meant."""
        if self.exclude:
            message = "--exclude is for folders and shards; a CSV file lists what is meant"
            raise ArgumentError(message)


@grouped
def embed(
    photos: Annotated[
        Path,
        argument(
            "PHOTOS",
            "A CSV file with columns image and subject; others, such as gender, are kept. Or a folder with one folder "
            "of photos per person; or shards, .tar files or a folder of them.",
        ),
    ],
    *,
    out: Annotated[
        Path,
        output(
            "VECTORS",
            "Where to write: a table, .parquet or .csv; or a folder of parts, which is gone on with.",
            VECTORS,
        ),
    ],
    root: Root = None,
    face: FaceOption = "main",
    exclude: Exclude = None,
    in_parts: InParts,
    as_json: AsJson = False,
    model: Model = None,
    networks: GatedNetworks,
) -> None:
    """Embed photos of known people: one row per photo, with the vector of its face.

    The table is what facerec audit mitigation reads. A photo that cannot be read, without a face, or whose face the
    quality gate refuses stays as a row without a vector; how many there are is printed. Vectors of faces are biometric
    data: keep them like the photos.

    Into a folder, photos are embedded by several processes, part by part. Started again, it goes on where it was, and
    says which photos were added, changed or removed since; several machines that share the folder share the work. All
    commands that read a table of vectors take such a folder for one.
    Exit status: 0 done, 2 error.
    """
    asked = _Asked(photos, out, root, face, exclude or (), model, networks, as_json)
    if out.suffix.lower() not in (".csv", ".parquet") and (out.suffix == "" or out.is_dir()):
        _into_parts(asked, in_parts)
        return
    if in_parts.given:
        message = f"{', '.join(in_parts.given)}: a table is written in one go; name a folder (--out vectors/) for parts"
        raise ArgumentError(message)
    _into_table(asked)


def _into_table(asked: _Asked) -> None:
    from facerec.measure.photo_vectors import PhotoVectors
    from facerec.measure.tables.vector_table import write_vectors

    table, top = _table_of(asked)
    must_be_table(asked.out)
    recognizer = asked.networks.load(asked.model)
    dimension, matcher = recognizer.embedder.dimension, recognizer.matcher
    columns = ["photo", *(name for name in table.columns if name != "image"), "failure"]
    with console.progress("embedding") as progress:
        vectors = PhotoVectors(recognizer, table["image"].tolist(), top, asked.face, progress)
        write_vectors(_rows(table, vectors), asked.out, columns=columns, dimension=dimension, matcher=matcher)
    failures = vectors.failures
    say_failures(failures)
    people = int(table["subject"].nunique())
    counts = {"vectors": asked.out, "photos": len(table), "photos_without_vector": len(failures), "people": people}
    console.answer(
        {**counts, "dimension": dimension, **failures_document(failures), "matcher": matcher},
        f"{asked.out}: {len(table)} photos of {people} people, {len(failures)} without a vector",
        as_json=asked.as_json,
    )


def _table_of(asked: _Asked) -> tuple[pd.DataFrame, Path]:
    """The photos that are meant as a table, and the folder that their paths start from."""
    if not asked.in_place:
        from facerec.measure.datasets import photos_csv

        asked.refuse_exclude()
        return photos_csv(asked.photos, root=asked.root), asked.root or asked.photos.parent
    import pandas as pd

    from facerec.photos.shards import InShard

    listing = asked.listing()
    if isinstance(listing.photos[0].place, InShard):
        message = "shards are embedded into a folder of parts: name one, such as --out vectors/"
        raise ArgumentError(message)
    rows = [(each.name, each.texts[0]) for each in listing.photos]
    return pd.DataFrame(rows, columns=["image", "subject"]), asked.photos


def _rows(table: pd.DataFrame, vectors: PhotoVectors) -> Iterator[Row]:
    texts = table.rename(columns={"image": "photo"})
    for row, (image, vector) in zip(texts.itertuples(index=False, name=None), vectors, strict=True):
        yield {**dict(zip(texts.columns, row, strict=True)), "failure": vectors.failure_of(image)}, vector


def _into_parts(asked: _Asked, in_parts: InParts) -> None:
    from facerec.batch.embedding import BLOCK, embed_photos

    photos, out = asked.photos, asked.out
    if photos.is_dir() and out.resolve().is_relative_to(photos.resolve()):
        message = f"{out} lies among the photos in {photos}; choose another folder"
        raise ArgumentError(message)
    run = in_parts.run(asked.networks.device)
    listing = asked.listing()
    recognizer = asked.networks.load(asked.model)
    with console.progress("embedding") as progress:
        report = embed_photos(
            listing,
            out,
            recognizer,
            run,
            choice=asked.face,
            block=in_parts.block or BLOCK,
            forget_removed=in_parts.forget_removed,
            progress=progress,
            waiting=_say_waiting,
        )
    _say(report)
    without = sum(report.failures.values())
    told = {
        "vectors": out,
        "photos": report.photos,
        "photos_without_vector": without,
        "people": report.people,
        "dimension": recognizer.embedder.dimension,
        "embedded_now": report.embedded,
        "kept": report.kept,
        **{name: len(getattr(report, name)) for name in ("added", "changed", "removed")},
        **{f"first_{name}": list(getattr(report, name)[:_SHOWN]) for name in ("added", "changed", "removed")},
        "failures": dict(report.failures),
        "processes_lost": report.lost,
        "parts_given_up": dict(report.given_up),
        "seconds": round(report.seconds, 1),
        "matcher": recognizer.matcher,
    }
    console.answer(
        told,
        f"{out}: {report.photos:,} photos of {report.people:,} people, {without:,} without a vector; "
        f"{report.embedded:,} embedded now, {report.kept:,} before or by others",
        as_json=asked.as_json,
    )
    if report.given_up:
        fail(f"{len(report.given_up)} parts could not be made; start it again, with fewer --workers if memory is short")


def _say(report: EmbedReport) -> None:
    """Tell on stderr what was found to be otherwise, and what went wrong."""
    for names, what in (
        (report.added, "added since the last run"),
        (report.changed, "changed since the last run, and embedded again"),
        (report.removed, "gone since the last run; --forget-removed takes their rows out, else they stay"),
    ):
        if names:
            more = " …" if len(names) > _SHOWN else ""
            photos = console.counted(len(names), "photo", "photos")
            console.note(f"{photos} {what}: {', '.join(names[:_SHOWN])}{more}")
    for word, count in report.failures.items():
        console.note(f"{console.counted(count, 'photo has', 'photos have')} no vector: {word}")
    if report.lost:
        console.note(f"{console.counted(report.lost, 'process was', 'processes were')} lost; others did their work")
    for part, ending in report.given_up.items():
        console.note(f"part {part} was given up: the last process that worked on it ended with {ending}")


def _say_waiting(units: int, owner: Owner | None) -> None:
    who = "others" if owner is None else str(owner)
    console.note(f"waiting for {console.counted(units, 'part', 'parts')} that {who} works on")
