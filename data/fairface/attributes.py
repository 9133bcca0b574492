"""Whom does a classifier of faces fail? Two networks, linear evaluation and fine-tuning, audited by race and gender.

Makes reports/fairface-attributes.

Run: python data/fairface/attributes.py --fairface FOLDER --work FOLDER

The classes to tell are the genders that FairFace's annotators saw. **Nobody should use such a classifier**: it learns
how photos were labelled. It is measured because it is the example that every course on fairness has; none is kept.
Both networks and all protocols see the faces at 150 pixels, the input of the one that was trained on faces; ImageNet's
was trained at 224. The first run takes about an hour on one core; what is there in the work folder is gone on with.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

TARGET = Path(__file__).parents[2] / "reports/fairface-attributes"
COMPARED = (
    ("--backbone", "dlib_resnet,efficientnet_lite0", "--protocol", "linear,fine-tune", "--shots", "all"),
    ("--seeds", "2", "--size", "150", "--epochs", "3", "--test-part", "0.5"),
)
ABOUT = (
    "--labels-from",
    "FairFace's annotators, who looked at the photo: race and gender as they appeared to them",
    "--purpose",
    "To teach how a classifier is audited; telling gender from a face is no intended use, and no such model is kept",
    "--evaluation",
    "technology",
)


def facerec(*arguments: str | Path) -> None:
    """Run the command line, as a user would."""
    program = Path(sys.executable).with_name("facerec")
    subprocess.run([program, *map(str, arguments)], check=True)  # noqa: S603 - our own program


def main() -> None:
    """Learn and test, audit the answers of each method, and copy what may be passed on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("fairface", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    photos = pd.read_csv(given.fairface / "fairface_label_val.csv")
    photos["image"] = [str((given.fairface / file).resolve()) for file in photos["file"]]
    manifest = given.work / "fairface.csv"
    photos[["image", "gender", "race"]].to_csv(manifest, index=False)
    run = given.work / "fairface-attributes"
    groups = ("--label", "gender", "--groups", "race,gender", "--publish")
    facerec("transfer", "run", "--data", manifest, "--out", run, *groups, *(word for line in COMPARED for word in line))
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    for path in (*run.glob("report*"), run / "results.csv", run / "run.json"):
        shutil.copyfile(path, TARGET / path.name)
    for table in sorted((run / "predictions").glob("*.csv")):
        about = ("--about", f"gender as {table.stem} tells it from 2,500 photos of FairFace, learned from 2,500 others")
        by = ("--by", "race,gender", "--subject", "subject")
        facerec("audit", "classification", table, *by, "--out", TARGET / table.stem, *about, *ABOUT)


if __name__ == "__main__":
    main()
