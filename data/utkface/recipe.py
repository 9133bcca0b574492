"""How far apart faces of one group lie, on UTKFace: makes spread.csv beside this file.

Run: python data/utkface/recipe.py --utkface FOLDER --work FOLDER

The folder holds labels.csv (file, age, gender, race, as numbers) and the crops in images/. Vectors are kept in the work
folder and read again; the first run takes a quarter of an hour. Nothing but sums over groups is written: the photos
are for research only, and show strangers. What such a table can and cannot show: docs/lecture/6_ethics.ipynb.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from facerec.measure.tables.vector_table import read_vectors

HERE = Path(__file__).parent
GENDERS = ("Male", "Female")
RACES = ("White", "Black", "Asian", "Indian", "Others")
"""What the set's numbers stand for, in its own words."""
SHARE = 0.001
"""Of all pairs, those that count as look-alikes."""


def manifest(folder: Path, kept: Path) -> Path:
    """The photos as ``facerec embed`` reads them; every photo counts as another person."""
    labels = pd.read_csv(folder / "labels.csv")
    group = labels["race"].map(dict(enumerate(RACES))) + "," + labels["gender"].map(dict(enumerate(GENDERS)))
    photos = pd.DataFrame({"image": labels["file"], "subject": range(len(labels)), "group": group})
    photos.to_csv(kept, index=False)
    return kept


def spread(group: np.ndarray, threshold: float) -> dict[str, float]:
    """Of unit vectors, shape (n, d): the variance, 95 % over other people of the group, and the share of look-alikes.

    The variance, within sum of squares over n - 1, is half the mean squared distance of two photos, a U-statistic of
    order 2: its standard error is 2 sd(h) / sqrt(n), h being half of each photo's mean squared distance to the others
    (Hoeffding, 1948, Annals of Mathematical Statistics 19:293).
    """
    n = len(group)
    cosines = group @ group.T
    half = (n - cosines.sum(axis=1)) / (n - 1)
    error = 1.959964 * 2 * half.std(ddof=1) / np.sqrt(n)
    alike = float((cosines[np.triu_indices(n, 1)] >= threshold).mean())
    mean = float(half.mean())
    return {"photos": n, "variance": mean, "ci_low": mean - error, "ci_high": mean + error, "look_alikes": alike}


def main() -> None:
    """Embed, and write the table of groups."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("utkface", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    table = given.work / "vectors.parquet"
    if not table.is_file():
        photos = manifest(given.utkface, given.work / "photos.csv")
        command = (Path(sys.executable).with_name("facerec"), "embed", photos, "--root", given.utkface / "images")
        subprocess.run([*command, "--face", "largest", "--out", table], check=True)  # noqa: S603 - our own program
    vectors = read_vectors(table)
    seen = vectors.embedded
    matrix, groups = vectors.matrix[seen].astype(np.float64), vectors.photos["group"].to_numpy()[seen]
    cosines = (matrix @ matrix.T)[np.triu_indices(len(matrix), 1)]
    threshold = float(np.quantile(cosines, 1 - SHARE))
    rows = [{"group": name} | spread(matrix[groups == name], threshold) for name in np.unique(groups)]
    pd.DataFrame(rows).round(6).to_csv(HERE / "spread.csv", index=False)
    print(f"{len(matrix)} of {len(seen)} photos have a vector; {SHARE:.1%} of all pairs reach {threshold:.4f}")


if __name__ == "__main__":
    main()
