"""The examples of docs/service.md, line by line, against a service that is started as the page says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.page_examples import ROOT, examples

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Where a service over an empty folder listens, on the loopback alone, and its first key; it is ended by its id."""
    (tmp_path / "galleries").mkdir(mode=0o700)
    program = [sys.executable, "-c", "from facerec.cli import main; main()", "serve", "--galleries", "galleries/"]
    options = ["--port", "0", "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*program, *options], cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            said = ""
            assert process.stdout is not None
            while (place := re.search(r"facerec serves .* at http://([\d.:]+)", said)) is None:
                line = process.stdout.readline()
                assert line, said
                said += line
            key = re.search(r"\bfr_\w+", said)
            assert key is not None, said
            yield place[1], key[0]
        finally:
            process.terminate()


def test_a_first_round_with_curl(served: tuple[str, str], data: Path, tmp_path: Path) -> None:
    """Each command is answered with success; what an answer gives, such as an id, goes into the next commands."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    address, key = served
    folder = next(each for each in sorted((data / "lfw/images").iterdir()) if len(list(each.iterdir())) >= 4)
    for name, photo in zip(("ada1", "ada2", "door", "claim"), sorted(folder.iterdir()), strict=False):
        shutil.copyfile(photo, tmp_path / f"{name}.jpg")
    blocks = [each for each in examples(ROOT / "docs/service.md") if each.language == "console"]
    commands = [command for block in blocks[1:] for command in block.commands()]
    define = next(command for command in commands if command.startswith("ask()")).replace(
        "curl -s", "curl -sS --fail-with-body"
    )
    answers: list[dict[str, Any]] = []

    for command in commands:
        if command.startswith(("ask()", "export KEY", "ID=")):
            continue
        person = next((each["person"]["id"] for each in answers if "person" in each), "")
        line = (
            command.replace("localhost:8000", address).replace("$(uuidgen)", str(uuid.uuid4())).replace("$ID", person)
        )
        line = line.replace("/keys/2d6f194b4f9d", f"/keys/{answers[-1]['id']}") if "/keys/" in line else line
        done = subprocess.run(
            ["bash", "-u", "-c", f"{define}\n{line}"],
            cwd=tmp_path,
            env={**os.environ, "KEY": key},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        answers.append(json.loads(done.stdout or "{}"))

    assert len(answers) == 8
    told = json.dumps(answers)
    assert '"name": "ada"' in told
    assert '"match"' in told
