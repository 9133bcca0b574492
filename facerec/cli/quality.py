"""``facerec quality``: which photos are good enough to enroll from, best first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console
from facerec.cli.options import AsCsv, AsJson, Exclude, FaceOption, Model, argument, examples, grouped
from facerec.cli.outputs import QUALITIES, output
from facerec.cli.recognition import Networks
from facerec.cli.running import fail

if TYPE_CHECKING:
    from facerec.photo_quality import PhotoQuality

EXAMPLES = examples(
    "facerec quality photos/",
    "facerec quality photos/ --out quality.csv",
    "facerec quality photos/ --csv",
)


@grouped
def quality(
    paths: Annotated[list[Path], argument("PATH", "Photos, or folders of photos.")],
    *,
    out: Annotated[Path | None, output("--out TABLE.csv", "Write all measures to a CSV file, too.", QUALITIES)] = None,
    face: FaceOption = "main",
    exclude: Exclude = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    model: Model = None,
    networks: Networks,
) -> None:
    """Rank photos before anybody is enrolled from them, and say which would be refused, and why.

    Quality is how alike the vectors of a face and of its mirror image are, a cosine; with a model that does not look
    at mirror images the detector's score ranks. What is left out of a folder is counted, with the reasons; a photo that
    cannot be read, or shows no such face, comes last.

    Exit status: 0 done, 2 a photo could not be read, or another error.
    """
    from facerec.photos.folders import find_photos
    from facerec.photos.remarks import Remarks

    walked = find_photos(paths, exclude=exclude or ())
    console.say_left_out(walked.left_out)
    from facerec.photo_quality import photo_qualities

    recognizer = networks.load(model)
    with console.progress("measuring photos") as progress:
        ranked = photo_qualities(recognizer, walked.photos, choice=face, progress=progress)
    if out is not None:
        _write(ranked, out)
    remarks = Remarks()
    for each in ranked:
        remarks.add(each.photo, each.notes)
    console.say_remarks(list(remarks), len(ranked))
    enrolls = sum(each.enrolls for each in ranked)
    if as_json:
        gate = recognizer.gate.name
        console.document({"photos": ranked, "enroll": enrolls, "gate": gate, "files_left_out": walked.left_out})
    elif as_csv:
        _print_csv(ranked)
    else:
        rows = [_row(each) for each in ranked]
        console.table(("photo", "quality", "size", "enrolls"), rows, right=("quality", "size"))
        console.say(f"{enrolls} of {console.counted(len(ranked), 'photo', 'photos')} would be enrolled")
    if unreadable := sum(not each.readable for each in ranked):
        fail(f"{unreadable} of {len(ranked)} photos could not be read")


def _row(photo: PhotoQuality) -> tuple[str, str, str, str]:
    size = photo.measures.get("size")
    return (
        photo.photo,
        "" if photo.quality is None else f"{photo.quality:.3f}",
        "" if size is None else f"{size:.0f}",
        "yes" if photo.enrolls else f"no: {'; '.join(photo.problems)}",
    )


def _columns() -> tuple[str, ...]:
    from facerec.quality import MEASURES

    return ("photo", "faces", "enrolls", "quality", *MEASURES, "problems", "notes")


def _cells(photo: PhotoQuality) -> list[object]:
    from facerec.quality import MEASURES

    measures = [photo.measures.get(name) for name in MEASURES]
    texts = map("; ".join, (photo.problems, photo.notes))
    return [photo.photo, photo.faces, int(photo.enrolls), photo.quality, *measures, *texts]


def _print_csv(ranked: list[PhotoQuality]) -> None:
    rows = console.CsvRows(*_columns())
    for each in ranked:
        rows.add(*_cells(each))


def _write(ranked: list[PhotoQuality], out: Path) -> None:
    import csv

    from facerec.files import replacing
    from facerec.visible_text import inert_cell

    with replacing(out) as path, path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(_columns())
        rows.writerows(["" if cell is None else inert_cell(cell) for cell in _cells(each)] for each in ranked)
    console.wrote(out)
