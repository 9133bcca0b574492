"""The default rule for choosing a face, on real photos with bystanders: nobody is left out, and no stranger gets in."""

from pathlib import Path

import numpy as np

from facerec import Recognizer
from facerec.photos.folders import photos_by_folder
from facerec.types import Face

# Of these, LFW's first photos show others beside the person; all 25 of ten draws: data/face_choice.py.
PEOPLE = ("Bill_Paxton", "Carrie-Anne_Moss", "Demi_Moore", "Donatella_Versace", "Fidel_Castro", "Gary_Doer")


def test_everybody_is_enrolled_and_nobody_else(data: Path) -> None:
    """Each person of photos with bystanders has a face, and each face is nearest to the same person's other ones."""
    folders = photos_by_folder(data / "lfw" / "images").folders
    photos = [(name, data / "lfw" / "images" / photo) for name in PEOPLE for photo in folders[name][:3]]

    found = zip(photos, Recognizer().usable([photo for _, photo in photos], "main"), strict=True)

    faces = [(name, face) for (name, _), face in found if isinstance(face, Face)]
    names, vectors = np.array([name for name, _ in faces]), np.array([face.embedding for _, face in faces])
    alike = vectors @ vectors.T - 2 * np.eye(len(faces))
    assert set(names) == set(PEOPLE)
    assert (names[alike.argmax(axis=1)] == names).all()
    assert any(face.notes for _, face in faces)  # there are bystanders, and they are told
