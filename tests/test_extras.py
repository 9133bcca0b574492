"""What only some users need: extras that pyproject and the error about them both know."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from facerec.extras import EXTRAS

ROOT = Path(__file__).parents[1]


def test_the_extras_are_those_of_pyproject() -> None:
    """A line that an error tells people to run asks for an extra that there is, and ``all`` is all of them."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]

    assert set(EXTRAS) == extras.keys() - {"all", "dev", "docs", "lecture"}
    (everything,) = extras["all"]
    assert set(re.findall(r"\w+", everything)) == {"facerec", *EXTRAS}


def test_a_package_that_is_absent_is_one_error_with_its_line() -> None:
    """Whoever imports what needs ONNX Runtime where that is not installed is told what to install."""
    program = (
        "import sys\n"
        "sys.modules['onnxruntime'] = None\n"
        "from facerec.errors import MissingExtraError\n"
        "try:\n"
        "    from facerec.extras import onnx_runtime\n"
        "    onnx_runtime()\n"
        "except MissingExtraError as error:\n"
        "    print(error, error.code)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == 'onnxruntime is not installed; run: pip install "facerec[onnx]" missing_extra\n'
