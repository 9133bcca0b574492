"""``facerec gallery export, import, reembed``: moving people, and renewing their vectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, Device, GalleryFile, MinFaceSize, Model, ModelFiles, flag, option

if TYPE_CHECKING:
    from facerec.gallery import Sample
    from facerec.types import Face


def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder.")],
    gallery: GalleryFile,
    as_json: AsJson = False,
) -> None:
    """Write everybody to a new folder: JSON, vectors and kept photos; no pickle."""
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        count = people.export_to(folder)
    if as_json:
        console.document({"gallery": str(gallery), "folder": str(folder), "people": count})
    else:
        console.say(f"{console.counted(count, 'person', 'people')} written to {folder}")


def import_people(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made by facerec gallery export.")],
    *,
    gallery: GalleryFile,
    merge: Annotated[
        bool, flag("--merge", "Add faces to people who are enrolled already, instead of refusing.")
    ] = False,
    as_json: AsJson = False,
    model: Model = None,
    device: Device = None,
    model_files: ModelFiles = None,
) -> None:
    """Add everybody from an exported folder; the gallery file is made, for --model, if it does not exist."""
    from facerec.cli.recognition import load_recognizer
    from facerec.gallery import open_gallery

    embedder = None
    if not gallery.exists():
        embedder = load_recognizer(model, model_files=model_files, device=device).embedder
    with open_gallery(gallery, embedder) as people:
        done = people.import_from(folder, merge=merge)
    if as_json:
        console.document({"gallery": str(gallery), "imported": [each.to_dict() for each in done]})
        return
    for each in done:
        added = console.counted(each.added, "face", "faces")
        console.say(f"{each.person.name}: {added} added, {each.already_present} already there")
    console.say(f"{console.counted(len(done), 'person', 'people')} imported")


def reembed(
    *,
    gallery: GalleryFile,
    model: Annotated[
        str, option("--model NAME", "The embedder to change to, as facerec models lists it.")
    ] = "dlib-resnet",
    as_json: AsJson = False,
    min_face_size: MinFaceSize = 40,
    device: Device = None,
    model_files: ModelFiles = None,
) -> None:
    """Replace all vectors by those of another embedder, made from the kept photos.

    In each photo the face is taken that lies where the enrolled one lay. Nothing is changed if one is not found, or
    if a photo was not kept.
    """
    from facerec.cli.recognition import load_recognizer
    from facerec.gallery import open_gallery
    from facerec.gallery.rules import same_face

    recognizer = load_recognizer(model, model_files=model_files, device=device, min_face_size=min_face_size)

    with open_gallery(gallery) as people, console.progress("embedding") as progress:
        total = sum(person.samples for person in people.people())
        done = 0

        def enrolled_face(sample: Sample, photo: bytes) -> Face:
            nonlocal done
            face = same_face(recognizer.faces(photo, name=sample.source), sample)
            done += 1
            progress(done, total)
            return face

        count = people.reembed(recognizer.embedder, enrolled_face)
    if as_json:
        identity = {"name": recognizer.embedder.name, "digest": recognizer.embedder.digest}
        console.document({"gallery": str(gallery), "vectors": count, "embedder": identity})
    else:
        console.say(f"{console.counted(count, 'vector', 'vectors')} made anew by {recognizer.embedder.name}")
