"""``facerec detect``: where the faces of photos are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console
from facerec.cli.options import DETECTOR, Annotate, AsJson, Exclude, argument, examples, flag, grouped
from facerec.cli.paths import PhotoAnswers
from facerec.cli.recognition import Networks, one_thread_per_photo

if TYPE_CHECKING:
    from facerec.types import Detections

EXAMPLES = examples(
    "facerec detect party.jpg",
    "facerec detect photos/ --annotate marked/",
    "facerec detect photos/ --json > faces.json",
)


@grouped
def detect(
    paths: Annotated[list[Path], argument("PATH", "Photos, or folders of photos.")],
    *,
    exclude: Exclude = None,
    annotate: Annotate = None,
    exact: Annotated[
        bool, flag("--exact", "With mtcnn: sample the photo as facenet-pytorch does, slower, nearly the same faces.")
    ] = False,
    as_json: AsJson = False,
    networks: Networks,
) -> None:
    """Find the faces in photos: a box, a score and five points for each.

    A photo that cannot be read is reported in its place and the others go on; the exit status is then 2. What is left
    out of a folder is counted, with the reasons.
    """
    from facerec.errors import ArgumentError, ImageError
    from facerec.photos import reader
    from facerec.photos.folders import find_photos
    from facerec.photos.prefetch import ahead

    if exact and networks.detector != DETECTOR:
        message = f"--exact is a way of {DETECTOR}; {networks.detector} has none. Leave one of the two options out"
        raise ArgumentError(message)
    walked = find_photos(paths, exclude=exclude or ())  # a path that is none is told before torch is imported
    found = walked.photos
    console.say_left_out(walked.left_out)
    from facerec.detect import Mtcnn, SecondLook
    from facerec.detect.load import load_detector
    from facerec.device import best_device

    how = asdict(networks) | {"device": networks.device or best_device()}
    name = how.pop("detector")
    detector = SecondLook(Mtcnn(mode="exact", **how)) if exact else load_detector(name, **how)
    workers = one_thread_per_photo()

    def look(photo: Path) -> tuple[reader.Photo, Detections] | ImageError:
        try:
            read = reader.read_photo(photo)
        except ImageError as error:
            return error
        return read, detector(read.pixels)

    answers = PhotoAnswers(found, annotate, as_json=as_json)
    looked = ahead(look, found, workers=workers, depth=2 * workers)
    for photo, (read, detections) in answers.read(looked, "finding faces"):
        entry = {"photo": photo, "notes": read.notes, **detections.to_dict()}
        entry |= answers.marked(photo, detections, read.pixels)
        answers.tell(entry, *_lines(reader.name_of(photo), detections), *(f"  note: {note}" for note in read.notes))
    if as_json:
        console.document({"photos": answers.entries, "detector": detector.name, "files_left_out": walked.left_out})
    answers.finish()


def _lines(name: str, detections: Detections) -> list[str]:
    from facerec.types.looks import FIRST_LOOK

    width, height = detections.image_size
    count = console.counted(len(detections), "face", "faces") if len(detections) else "no face"
    lines = [f"{name}  {width} × {height}  {count}"]
    for box, score, look in zip(detections.boxes, detections.scores, detections.looks, strict=True):
        left, top, right, bottom = (round(float(edge)) for edge in box)
        seen = "" if look == FIRST_LOOK else f", {look}"
        lines.append(f"  {right - left} × {bottom - top} pixels at ({left}, {top}), score {score:.3f}{seen}")
    return lines
