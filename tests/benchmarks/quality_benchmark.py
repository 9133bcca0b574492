"""What the quality gate is worth: error rates at the shipped operating point as one photo of each pair gets worse.

On the first 600 genuine and 600 impostor pairs of LFW; the reference photo stays as it is, the probe is shrunk or
blurred. The gate's limits were chosen where these tables turn.

Run: python tests/benchmarks/quality_benchmark.py
"""

import numpy as np
import PIL.Image
import PIL.ImageFilter
from scenes import data_folder

from facerec import Recognizer
from facerec.measure import datasets
from facerec.photos import reader
from facerec.types import Face


def main() -> None:
    """Print the table."""
    recognizer = Recognizer()
    point = recognizer.operating_point(1e-3)
    root = data_folder() / "lfw"
    pairs = datasets.lfw(root)
    pairs = pairs.groupby("genuine").head(600)

    def face(photo: PIL.Image.Image) -> Face | None:
        found = recognizer.faces(np.asarray(photo))
        return found.central() if len(found) else None

    photos = {
        name: PIL.Image.fromarray(reader.read(root / name)) for name in {*pairs.probe_image, *pairs.reference_image}
    }
    references = {name: face(photos[name]) for name in set(pairs.reference_image)}
    print(f"threshold {point.threshold:.4f} ({point.name}); {len(pairs)} pairs")
    print(
        f"{'probe':<22}{'no face':>8}{'size':>7}{'sharpness':>11}{'gated':>8}"
        f"{'FNMR':>9}{'FMR':>9}{'FNMR passed':>13}{'FMR passed':>12}"
    )
    changes = {
        "as it is": lambda photo: photo,
        **{
            f"{side} px wide": lambda photo, side=side: photo.resize((side, side))
            for side in (200, 150, 125, 110, 90, 70)
        },
        **{
            f"blurred, sigma {s}": lambda photo, s=s: photo.filter(PIL.ImageFilter.GaussianBlur(s))
            for s in (1, 2, 3, 4, 6)
        },
    }
    for name, change in changes.items():
        probes = {image: face(change(photos[image])) for image in set(pairs.probe_image)}
        faces = [probe for probe in probes.values() if probe is not None]
        rows = []
        for pair in pairs.itertuples():
            probe, reference = probes[pair.probe_image], references[pair.reference_image]
            if probe is not None and reference is not None:
                accepted = point.accepts(float(probe.embedding @ reference.embedding))
                rows.append((pair.genuine, accepted, not recognizer.gate.problems(probe)))
        genuine, accepted, passed = np.array(rows, bool).T
        with np.errstate(invalid="ignore", divide="ignore"):
            figures = [
                (genuine & ~accepted & kept).sum() / (genuine & kept).sum()
                if wanted
                else (~genuine & accepted & kept).sum() / (~genuine & kept).sum()
                for kept in (np.ones_like(passed), passed)
                for wanted in (True, False)
            ]
        print(
            f"{name:<22}{len(probes) - len(faces):>8}{np.median([f.size for f in faces]):>7.0f}"
            f"{np.median([f.sharpness for f in faces]):>11.1f}{1 - passed.mean():>8.1%}"
            f"{figures[0]:>9.2%}{figures[1]:>9.2%}{figures[2]:>13.2%}{figures[3]:>12.2%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
