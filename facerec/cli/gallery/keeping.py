"""Copies of a gallery, people from elsewhere, and another embedder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console, options, recognition
from facerec.cli.opening import ChargedHere, KeyedHere, is_there
from facerec.cli.options import AsJson, GalleryFile, Model, argument, examples, flag, grouped, option, place_of_gallery
from facerec.cli.outputs import NEW, output_argument

if TYPE_CHECKING:
    from facerec.gallery import Backup, Sample
    from facerec.types import Face

BACKUP_EXAMPLES = examples("facerec gallery backup people-2031-06-01.db --gallery people.db")
COPY_EXAMPLES = examples("facerec gallery copy people.db postgresql://facerec@db.example/faces?gallery=staff")
RESTORE_EXAMPLES = examples("facerec gallery restore people-2031-06-01.db --gallery people.db")
EXPORT_EXAMPLES = examples("facerec gallery export people-2031/ --gallery people.db")
IMPORT_EXAMPLES = examples("facerec gallery import people-2031/ --gallery new.db")
REEMBED_EXAMPLES = examples("facerec gallery reembed --gallery people.db --model facenet")


@grouped
def backup(
    file: Annotated[Path, output_argument("FILE", "A new file; nothing is overwritten.", NEW)],
    *,
    gallery: GalleryFile,
    as_json: AsJson = False,
    charged: ChargedHere,
) -> None:
    """Copy the gallery to one new file and read the copy through; others may go on using the gallery.

    Unlike a copy by cp, it lacks nothing that was acknowledged. Whoever is forgotten later is still in it.
    """
    with charged.open(gallery) as people:
        done = people.back_up_to(file)
    console.answer({"gallery": gallery, **done.to_dict()}, *_backup_lines(done), as_json=as_json)


@grouped
def restore(
    file: Annotated[Path, argument("FILE", "Made by facerec gallery backup.")],
    *,
    gallery: GalleryFile,
    as_json: AsJson = False,
    keyed: KeyedHere,
) -> None:
    """Make a gallery of a backup, where there is none; one to be replaced is moved away first, with its -wal and -shm.

    Whoever was forgotten after the backup was made is in it again: forget them again.
    """
    from facerec.gallery import restore_gallery

    done = restore_gallery(file, gallery, key=keyed.key())
    console.answer({"backup": file, **done.to_dict()}, *_backup_lines(done), as_json=as_json)
    if done.note:
        console.tell(f"{file}: {done.note}")


@grouped
def copy(
    source: Annotated[Path, argument("FROM", "A gallery: a file or an address.", parser=place_of_gallery)],
    target: Annotated[Path, output_argument("TO", "Likewise; there must be none yet.", NEW, parser=place_of_gallery)],
    *,
    as_json: AsJson = False,
    keyed: KeyedHere,
) -> None:
    """Copy a gallery between files and databases, bit for bit, and check the copy.

    The logs of both say so. Whoever is forgotten in one of them later is still in the other.
    """
    from facerec.gallery import copy_gallery

    done = copy_gallery(source, target, key=keyed.key())
    several = f"{console.counted(done.people, 'person', 'people')}, {console.counted(done.samples, 'face', 'faces')}"
    console.answer(
        {"gallery": source, **done.to_dict()},
        f"{done.file}: {several}, copied and read through",
        f"its log: {console.counted(done.log_entries, 'entry', 'entries')}, digest {done.head}",
        as_json=as_json,
    )


def _backup_lines(done: Backup) -> tuple[str, str]:
    several = f"{console.counted(done.people, 'person', 'people')}, {console.counted(done.samples, 'face', 'faces')}"
    return (
        f"{done.file}: {several}, written and read through; SHA-256 {done.sha256}",
        f"its log: {console.counted(done.log_entries, 'entry', 'entries')}, digest {done.head}",
    )


@grouped
def export(
    folder: Annotated[Path, output_argument("FOLDER", "A new folder.", NEW)],
    *,
    gallery: GalleryFile,
    as_json: AsJson = False,
    charged: ChargedHere,
) -> None:
    """Write everybody to a new folder: JSON, vectors and kept photos; no pickle."""
    with charged.open(gallery) as people:
        count = people.export_to(folder)
    console.answer(
        {"gallery": gallery, "folder": folder, "people": count},
        f"{console.counted(count, 'person', 'people')} written to {folder}",
        as_json=as_json,
    )


@grouped
def import_people(
    folder: Annotated[Path, argument("FOLDER", "Made by facerec gallery export.")],
    *,
    gallery: GalleryFile,
    merge: Annotated[
        bool, flag("--merge", "Add faces to people who are enrolled already, instead of refusing.")
    ] = False,
    as_json: AsJson = False,
    model: Model = None,
    device: options.Device = None,
    model_files: options.ModelFiles = None,
    runtime: options.Runtime = None,
    charged: ChargedHere,
) -> None:
    """Add everybody from an exported folder; the gallery file is made, for --model, if it does not exist."""
    embedder = None
    if not is_there(gallery):
        model = recognition.model_of(gallery, model, may_be_new=True, runtime=runtime)
        recognizer = recognition.load_recognizer(model, model_files=model_files, device=device, runtime=runtime)
        embedder = recognizer.embedder
    with charged.open(gallery, embedder) as people:
        done = people.import_from(folder, merge=merge)
    lines = [f"{console.counted(len(done), 'person', 'people')} imported"]
    for each in reversed(done):
        added = console.counted(each.added, "face", "faces")
        terms = "".join(f"; {change.text}" for change in each.replaced)
        lines.insert(0, f"{each.person.name}: {added} added, {each.already_present} already there{terms}")
    console.answer({"gallery": gallery, "imported": done}, *lines, as_json=as_json)


@grouped
def reembed(
    *,
    gallery: GalleryFile,
    model: Annotated[str, option("NAME", "The embedder to change to, as facerec models lists it.")] = "dlib-resnet",
    as_json: AsJson = False,
    networks: recognition.Networks,
    charged: ChargedHere,
) -> None:
    """Replace all vectors by those of another embedder, made from the kept photos.

    In each photo the face is taken that lies where the enrolled one lay. Nothing is changed if one is not found, or
    if a photo was not kept.
    """
    from facerec.gallery.rules import same_face

    recognizer = networks.load(recognition.model_of(gallery, model, runtime=networks.runtime))
    with charged.open(gallery) as people, console.progress("embedding") as progress:
        total = sum(person.samples for person in people.people())
        done = 0

        def enrolled_face(sample: Sample, photo: bytes) -> Face:
            nonlocal done
            face = same_face(recognizer.faces(photo, name=sample.source), sample)
            done += 1
            progress(done, total)
            return face

        count = people.reembed(recognizer.embedder, enrolled_face)
    identity = {"name": recognizer.embedder.name, "digest": recognizer.embedder.digest}
    console.answer(
        {"gallery": gallery, "vectors": count, "embedder": identity},
        f"{console.counted(count, 'vector', 'vectors')} made anew by {recognizer.embedder.name}",
        as_json=as_json,
    )
