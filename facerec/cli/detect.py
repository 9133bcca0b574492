"""``facerec detect``: where the faces of photos are, and which of them are good enough as far as that is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from facerec.cli import console
from facerec.cli.options import DETECTOR, AsCsv, AsJson, Exclude, argument, examples, flag, grouped
from facerec.cli.paths import Annotate, PhotoAnswers
from facerec.cli.recognition import Networks, one_thread_per_photo

if TYPE_CHECKING:
    from facerec.photos.reader import Photo
    from facerec.quality import QualityGate
    from facerec.types import Detections, Detector, Image

_COLUMNS = ("left", "top", "right", "bottom", "score", "seen", "problems")
EXAMPLES = examples(
    "facerec detect party.jpg",
    "facerec detect photos/ --annotate marked/",
    "facerec detect photos/ --json > faces.json",
    "facerec detect photos/ --csv > faces.csv",
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
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    networks: Networks,
) -> None:
    """Find the faces in photos: a box, a score, five points and measures of quality for each.

    What the quality gate would refuse is said. Two measures need more than detection, and are not taken here: how alike
    a face and its mirror image are, and how well its landmarks agree; facerec quality takes all.

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
    if exact and networks.runtime is not None:
        message = "a runtime samples photos in the fast mode alone; leave out one of --exact and --runtime"
        raise ArgumentError(message)
    walked = find_photos(paths, exclude=exclude or ())  # a path that is none is told before torch is imported
    found = walked.photos
    console.say_left_out(walked.left_out)
    from facerec.quality import MEASURES, default_gate
    from facerec.types import Matcher

    detector = _detector(networks, exact=exact)
    gate = default_gate(replace(Matcher.unknown(), detector=detector.name))
    workers = one_thread_per_photo(networks.runtime)

    def look(photo: Path) -> tuple[reader.Photo, Detections, list[_Judged]] | ImageError:
        try:
            read = reader.read_photo(photo)
        except ImageError as error:
            return error
        detections = detector(read.pixels)
        return read, detections, _judged(reader.name_of(photo), read.pixels, detections, gate)

    answers = PhotoAnswers(found, annotate, as_json=as_json, columns=_COLUMNS if as_csv else None)
    looked = ahead(look, found, workers=workers, depth=2 * workers)
    faces = passed = 0
    for photo, (read, detections, judged) in answers.read(looked, "finding faces"):
        faces, passed = faces + len(judged), passed + sum(not each.problems for each in judged)
        entry = _entry(photo, read, detections, judged) | answers.marked(photo, detections, read.pixels)
        found_here = _lines(reader.name_of(photo), detections, judged)
        reading = (f"  note: {note}" for note in read.notes)
        answers.tell(entry, *found_here, *reading, rows=_rows(detections, judged))
    if as_json:
        missing = [name for name, each in MEASURES.items() if each.of is None]
        rest = {"gate": gate.name, "not_measured": missing, "files_left_out": walked.left_out}
        console.document({"photos": answers.entries, "detector": detector.name, **rest})
    elif faces and not as_csv:
        console.say(
            f"{passed} of {console.counted(faces, 'face', 'faces')} would be enrolled as far as detection tells; "
            "landmarks and mirror images are looked at by facerec quality"
        )
    answers.finish()


def _detector(networks: Networks, *, exact: bool) -> Detector:
    from facerec.detect import Mtcnn, SecondLook
    from facerec.detect.load import load_detector
    from facerec.device import best_device
    from facerec.models.runtime import read_runtime

    how = asdict(networks)
    name, runtime = how.pop("detector"), how.pop("runtime")
    if runtime is not None:
        how |= {"device": networks.device or "cpu"}
        return load_detector(name, **how, runtime=read_runtime(runtime))
    how |= {"device": networks.device or best_device()}
    return SecondLook(Mtcnn(mode="exact", **how)) if exact else load_detector(name, **how)


class _Judged(NamedTuple):
    """A face before anybody embeds it: what was measured, and what the gate says of that."""

    source: str
    measures: Mapping[str, float]
    problems: tuple[str, ...] = ()


def _judged(source: str, photo: Image, detections: Detections, gate: QualityGate) -> list[_Judged]:
    from facerec.quality import measure

    by_name = measure(photo, detections)
    rows = zip(*(values.tolist() for values in by_name.values()), strict=True)
    faces = [_Judged(source, dict(zip(by_name, row, strict=True))) for row in rows]
    return [face._replace(problems=gate.enrollment_problems(face)) for face in faces]


def _entry(photo: Path, read: Photo, detections: Detections, judged: Sequence[_Judged]) -> dict[str, Any]:
    entry = {"photo": photo, "notes": read.notes, **detections.to_dict()}
    for face, judgement in zip(entry["faces"], judged, strict=True):
        face |= {"measures": judgement.measures, "problems": judgement.problems}
    return entry


def _rows(detections: Detections, judged: Sequence[_Judged]) -> Iterator[tuple[object, ...]]:
    faces = zip(detections.boxes, detections.scores, detections.looks, judged, strict=True)
    for box, score, look, judgement in faces:
        edges = [round(float(edge)) for edge in box]
        yield (*edges, float(score), str(look), "; ".join(judgement.problems))


def _lines(name: str, detections: Detections, judged: Sequence[_Judged]) -> list[str]:
    from facerec.types.looks import FIRST_LOOK

    width, height = detections.image_size
    count = console.counted(len(detections), "face", "faces") if len(detections) else "no face"
    lines = [f"{name}  {width} × {height}  {count}"]
    faces = zip(detections.boxes, detections.scores, detections.looks, judged, strict=True)
    for box, score, look, judgement in faces:
        left, top, right, bottom = (round(float(edge)) for edge in box)
        seen = "" if look == FIRST_LOOK else f", {look}"
        lines.append(f"  {right - left} × {bottom - top} pixels at ({left}, {top}), score {score:.3f}{seen}")
        lines += [f"    {problem}" for problem in judgement.problems]
    return lines
