"""Which face of a photo is the one that is meant: the rules of ``FaceChoice``, measured on LFW.

    FACEREC_DATA=DIR python data/face_choice.py

LFW names the person nearest to the centre of each photo. Of people with three photos or more (the first twelve of each)
every face is found and embedded; who is the named person is told by the vectors, as the face that is most like the
person's other photos. Then (1) what each rule makes of photos with several faces, as they are and cropped at random so
that the named person is not in the centre; and (2) the acceptance: 25 people with three photos each, drawn by seeds 0
to 9, are enrolled by the default rule through the default gate; everybody must be enrolled, and each enrolled face must
match another photo of that person at the shipped point.
"""

import os
import random
from pathlib import Path

import numpy as np

from facerec import Recognizer
from facerec.errors import FaceError
from facerec.photos.folders import photos_by_folder
from facerec.types import Detections

MOST, PEOPLE, PHOTOS, SEEDS, CROPS = 12, 25, 3, range(10), 10
RULES = ("main", "only", "largest", "central")
KNOWN = 0.90
"""Median cosine to the person's other photos above which a face is taken for the named person's; below it the truth is
not known, and the photo is left out."""


def found_faces(recognizer, root):
    """Each person's photos' faces, as `Faces`."""
    people = {name: inside[:MOST] for name, inside in photos_by_folder(root).folders.items() if len(inside) >= PHOTOS}
    stream = recognizer.stream(root / photo for inside in people.values() for photo in inside)
    return {name: [next(stream) for _ in inside] for name, inside in people.items()}


def named_face(people, name, number):
    """The number of the face that is the named person's, or None; and how alike it is to the person's other photos."""
    faces = people[name][number]
    others = [each.central().embedding for i, each in enumerate(people[name]) if i != number and len(each)]
    if not len(faces) or not others:
        return None
    alike = np.median(faces.embeddings @ np.array(others).T, axis=1)
    return int(alike.argmax()) if alike.max() >= KNOWN else None


def cropped(detections, named, draw):
    """The detections of a random crop that holds the named face, and that face's number among them."""
    (left, top, right, bottom), (width, height) = detections.boxes[named], detections.image_size
    x, y = draw.uniform(0, max(left, 0)), draw.uniform(0, max(top, 0))
    size = draw.uniform(min(right, width), width) - x, draw.uniform(min(bottom, height), height) - y
    centres = detections.boxes.reshape(-1, 2, 2).mean(axis=1) - (x, y)
    kept = ((centres > 0) & (centres < size)).all(axis=1)
    kept[named] = True
    boxes = detections.boxes[kept] - np.array([x, y, x, y], np.float32)
    return Detections(boxes, detections.scores[kept], detections.points[kept], size), int(kept[:named].sum())


def judged(photos):
    """Per rule: right, wrong, refused."""
    counts = {rule: [0, 0, 0] for rule in RULES}
    for detections, named in photos:
        for rule, count in counts.items():
            try:
                count[0 if detections.choose(rule) == named else 1] += 1
            except FaceError:
                count[2] += 1
    return counts


def accepted(recognizer, people, seed):
    """People enrolled, faces enrolled, and those that match no other photo of the person, for one draw."""
    point, draw = recognizer.operating_point(), random.Random(seed)  # noqa: S311 - draws people, keeps no secret
    enrolled, taken, strangers = 0, 0, []
    for name in draw.sample(sorted(people), PEOPLE):
        faces = []
        for number in draw.sample(range(len(people[name])), PHOTOS):
            try:
                face = people[name][number].choose("main")
            except FaceError:
                continue
            if not recognizer.gate.problems(face):
                faces.append(face)
                others = [each.central().embedding for i, each in enumerate(people[name]) if i != number and len(each)]
                if not any(point.accepts(float(face.embedding @ other)) for other in others):
                    strangers.append(face.source)
        enrolled += bool(faces)
        taken += len(faces)
    return enrolled, taken, strangers


def main():
    """Measure and print."""
    root = Path(os.environ["FACEREC_DATA"]) / "lfw" / "images"
    recognizer = Recognizer(workers=os.cpu_count() or 1)
    people = found_faces(recognizer, root)
    several = [
        (faces.detections, named)
        for name, photos in people.items()
        for number, faces in enumerate(photos)
        if len(faces) > 1 and (named := named_face(people, name, number)) is not None
    ]
    draw = np.random.default_rng(0)
    crops = [cropped(detections, named, draw) for detections, named in several for _ in range(CROPS)]
    crops = [each for each in crops if len(each[0]) > 1]
    print(f"{len(people)} people, {sum(map(len, people.values()))} photos")
    for title, photos in (("as they are", several), ("cropped", crops)):
        print(f"{len(photos)} photos with several faces, {title}: right, wrong, refused")
        for rule, counts in judged(photos).items():
            print(f"  {rule:8}", *counts)
    for seed in SEEDS:
        enrolled, taken, strangers = accepted(recognizer, people, seed)
        print(
            f"seed {seed}: {enrolled} of {PEOPLE} enrolled, {taken} of {PEOPLE * PHOTOS} faces, strangers: {strangers}"
        )


if __name__ == "__main__":
    main()
