"""The photos that the benchmarks look at, made from the real photos of the data folder."""

import os
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
