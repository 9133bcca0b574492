"""List the photos of LFW's official pairs with their people and genders, for ``facerec embed``.

Run: python data/lfw/photos.py --data FOLDER_OF_LFW --out photos.csv
"""

import argparse
from pathlib import Path

import pandas as pd

from facerec.measure import datasets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of LFW")
    parser.add_argument("--out", type=Path, required=True, help="where to write the list")
    options = parser.parse_args()
    pairs = datasets.lfw(options.data)
    names = ["image", "subject", "gender"]
    sides = [pairs[[f"{side}_{name}" for name in names]].set_axis(names, axis=1) for side in ("probe", "reference")]
    photos = pd.concat(sides).drop_duplicates("image").sort_values("image")
    photos.to_csv(options.out, index=False)
    print(f"{options.out}: {len(photos)} photos of {photos['subject'].nunique()} people")


if __name__ == "__main__":
    main()
