"""What enrolling's doubts are worth: how often each is raised where it should be, and where it should not.

From the published scores of LFW's official pairs: photos of one person that would be called another face or the same
picture; strangers that would not be called another face. And 60 photos saved anew: which are seen to be the same
picture.

Run: python tests/benchmarks/enrollment_benchmark.py
"""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
from scenes import data_folder

from facerec import Recognizer
from facerec.gallery.doubts import SAME_PICTURE, Limits
from facerec.measure.metrics import clustered_rate
from facerec.similarity import cosine

SCORES = Path(__file__).parents[2] / "data/lfw/scores.csv"


def saved(photo: PIL.Image.Image, *, quality: int, scale: float = 1.0) -> np.ndarray:
    """The photo after another program has saved it."""
    smaller = photo.resize([round(side * scale) for side in photo.size])
    smaller.save(kept := io.BytesIO(), "JPEG", quality=quality)
    return np.asarray(PIL.Image.open(kept))


def main() -> None:
    """Print the rates."""
    recognizer = Recognizer(device="cpu")
    table = pd.read_csv(SCORES)
    for people in (1, 100, 10_000, 1_000_000):
        limits = Limits.of(recognizer.operating_point(), people)
        print(f"{people:>9,} samples: another name from {limits.another_name:.4f} on")
    print(f"another face below {limits.another_face:.4f}, same picture from {SAME_PICTURE} on")
    for genuine, group in table.groupby("genuine"):
        for words, flagged in (
            ("another face", group.score < limits.another_face),
            ("same picture", group.score >= SAME_PICTURE),
        ):
            rate = clustered_rate(flagged, group.probe_subject, group.reference_subject)
            print(f"{'one person' if genuine else 'two people'}, called {words}: {rate}")
    root = data_folder() / "lfw" / "images"
    photos = [PIL.Image.open(file) for file in sorted(root.rglob("*.jpg"))[::100][:60]]
    originals = [recognizer.face(photo, "central") for photo in photos]
    for quality, scale in ((95, 1.0), (75, 1.0), (50, 1.0), (90, 0.8), (90, 0.5)):
        scores = []
        for photo, face in zip(photos, originals, strict=True):
            again = recognizer.faces(saved(photo, quality=quality, scale=scale))
            scores.append(cosine(face.embedding, again.central().embedding) if len(again) else np.nan)
        same, least = np.mean(np.array(scores) >= SAME_PICTURE), np.nanmin(scores)
        print(f"saved at quality {quality}, {scale:.0%} of its size: {same:.0%} the same picture; {least:.4f} …")


if __name__ == "__main__":
    main()
