"""The photos that the benchmarks look at, made from the real photos of the data folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps

from facerec.photos import reader
from facerec.types import Image


def data_folder() -> Path:
    """The folder of real photos: FACEREC_DATA, or the one beside the checkout."""
    folder = Path(os.environ.get("FACEREC_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (folder / "lfw").is_dir():
        message = "no real photos here: set FACEREC_DATA to a folder that holds lfw/ and face_samples/"
        raise SystemExit(message)
    return folder


def one_face() -> Image:
    """A portrait with its surroundings, 640 x 480."""
    path = data_folder() / "face_samples/face_recognition/examples/knn_examples/test/obama1.jpg"
    return np.asarray(PIL.ImageOps.fit(PIL.Image.fromarray(reader.read(path)), (640, 480)))


def many_faces() -> Image:
    """24 people of LFW in four rows, 1280 x 856."""
    photos = sorted((data_folder() / "lfw/images").glob("*/*_0001.jpg"))[::37][:24]
    side = 213
    scene = PIL.Image.new("RGB", (1280, 4 * side + 4), (120, 110, 100))
    for number, path in enumerate(photos):
        face = PIL.Image.fromarray(reader.read(path)).resize((side, side))
        scene.paste(face, ((number % 6) * side, (number // 6) * side))
    return np.asarray(scene)


def faces_in_scenes(part: float, *, count: int) -> Iterator[tuple[Image, tuple[float, float]]]:
    """Photos of 1600 x 1200 with a person of LFW somewhere, whose face is `part` of 1600 pixels wide; and its middle.

    Faces of LFW are 95 of 250 pixels wide, in the middle of the photo. Around it are flowers.
    """
    random = np.random.default_rng(0)
    people = sorted((data_folder() / "lfw/images").glob("*/*_0001.jpg"))
    grounds = sorted((data_folder() / "flowers5_small").rglob("*.jpg"))
    side = round(part * 1600 * 250 / 95)
    for number in range(count):
        scene = PIL.Image.fromarray(reader.read(grounds[number * 31 % len(grounds)])).resize((1600, 1200))
        person = PIL.Image.fromarray(reader.read(people[number * 37 % len(people)])).resize((side, side))
        left, top = (int(random.integers(0, extent - side + 1)) for extent in (1600, 1200))
        scene.paste(person, (left, top))
        yield np.asarray(scene), (left + side / 2, top + side / 2)


def real_photos(*, lfw: int) -> list[Image]:
    """The sample photos (at most 1280 pixels wide or high), then every n-th of LFW."""
    samples = sorted(
        path for path in (data_folder() / "face_samples").rglob("*") if path.suffix in (".jpg", ".jpeg", ".png")
    )
    found = []
    for path in samples:
        photo = PIL.Image.fromarray(reader.read(path))
        photo.thumbnail((1280, 1280))
        found.append(np.asarray(photo))
    faces = sorted((data_folder() / "lfw/images").glob("*/*.jpg"))
    return found + [reader.read(path) for path in faces[:: len(faces) // lfw][:lfw]]
