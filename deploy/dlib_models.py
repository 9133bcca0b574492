"""Makes facerec-dlib-models, a package of the two files of dlib's author that facerec uses, and of nothing else.

    python deploy/dlib_models.py FOLDER

The package face_recognition_models, from which facerec takes them, carries two more files; one, the predictor of 68
points, was trained on photos whose terms exclude commercial use. Whoever wants no such file on a machine installs this
wheel instead (docs/guides/cc0-models.md): CC0-1.0 throughout, 32 MB instead of 132. Both files are checked against
their SHA-256; the same files give the same wheel, byte by byte. Needs the package `build` and a package registry.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import cast

from facerec.models.catalogue import DLIB_5PT_WEIGHTS, DLIB_RESNET_WEIGHTS
from facerec.models.weights import InPackage, load

WEIGHTS = (DLIB_5PT_WEIGHTS, DLIB_RESNET_WEIGHTS)
GIVER = cast("InPackage", DLIB_RESNET_WEIGHTS.source)
MADE = cast("InPackage", GIVER.instead)
SINCE_1980 = "315532800"  # the date of every file within, in seconds of Unix time: the earliest that a wheel can hold

PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "facerec-dlib-models"
version = "{version}"
description = "dlib's face recognition network and its 5-point landmark predictor, as their author released them"
readme = "README.md"
requires-python = ">=3.9"
license = "CC0-1.0"
license-files = ["LICENSE"]
"""

README = """\
# facerec-dlib-models

Two files by the author of dlib, who dedicates them to the public domain; they come from the package
face_recognition_models {version}, which grants CC0-1.0. No code.

{files}
"""


def lay_out(project: Path) -> None:
    """Write the project that the wheel is built from: both files, checked, and what says whose they are."""
    giver = metadata.distribution(GIVER.distribution)
    module = project / Path(MADE.path).parent
    module.mkdir()
    (module / "__init__.py").write_text('"""No code: facerec reads the files beside this one."""\n', "utf-8")
    for weight in WEIGHTS:
        (module / weight.file_name).write_bytes(load(weight))
    files = "\n".join(f"- `{weight.file_name}`, SHA-256 `{weight.sha256}`" for weight in WEIGHTS)
    (project / "README.md").write_text(README.format(version=giver.version, files=files), "utf-8")
    (project / "pyproject.toml").write_text(PROJECT.format(version=MADE.version), "utf-8")
    grants = [Path(str(file.locate())) for file in giver.files or () if file.name == "LICENSE"]
    (project / "LICENSE").write_bytes(grants[0].read_bytes())


def main() -> int:
    """Build the wheel into the folder that the command line names."""
    if len(sys.argv) != 2:
        print("usage: python deploy/dlib_models.py FOLDER", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        line = [sys.executable, "-m", "build", "--wheel", "--outdir", sys.argv[1], folder]
        return subprocess.run(line, check=False, env={**os.environ, "SOURCE_DATE_EPOCH": SINCE_1980}).returncode


if __name__ == "__main__":
    sys.exit(main())
