"""The service on a runtime of graphs, as it is started: what each of its processes has loaded."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import PIL.Image
import pytest

from facerec.testing import made_photo


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's list of what a process has loaded")
def test_a_light_service_has_torch_nowhere(tmp_path, runtime):
    """Neither the service nor a worker nor what decodes loads torch; ONNX Runtime is in workers alone."""
    (tmp_path / "galleries").mkdir(mode=0o700)
    told = tmp_path / "told"
    command = [sys.executable, "-c", "from facerec.cli import main; main()", "serve", "--port", "0", "--workers", "1"]
    command += ["--runtime", str(runtime), "--galleries", str(tmp_path / "galleries")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with told.open("w", encoding="utf-8") as log:
        running = subprocess.Popen(command, env=environment, stderr=log)
    try:
        while "serves" not in (said := told.read_text(encoding="utf-8")):
            assert running.poll() is None, said
            time.sleep(0.1)
        token = re.search(r"fr_\w+", said)[0]
        address = re.search(r"http://127\.0\.0\.1:\d+", said)[0]
        file = io.BytesIO()
        PIL.Image.fromarray(made_photo("red")).save(file, "PNG")
        files = [("photos", ("photo.png", file.getvalue()))]
        answer = httpx.post(
            f"{address}/v1/detect", files=files, headers={"Authorization": f"Bearer {token}"}, timeout=60
        )
        assert answer.status_code == 200, answer.text

        workers = [each for each in _children(running.pid) if "onnxruntime" in _loaded(each)]

        assert len(workers) == 1
        family = [running.pid, *_children(running.pid), *_children(workers[0])]
        assert len(family) >= 3
        assert not [each for each in family if "libtorch" in _loaded(each)]
        assert "onnxruntime" not in _loaded(running.pid)
    finally:
        running.send_signal(signal.SIGINT)
        running.wait()
    _gone(*family)


def _gone(*numbers: int) -> None:
    """Wait for processes to end, which nobody waits for in their place."""
    for _ in range(200):
        if not [each for each in numbers if Path(f"/proc/{each}").exists()]:
            return
        time.sleep(0.1)
    assert not [each for each in numbers if Path(f"/proc/{each}").exists()]


def _children(number: int) -> list[int]:
    """Processes that a process has begun."""
    threads = Path(f"/proc/{number}/task").glob("*/children")
    return [int(each) for thread in threads for each in thread.read_text(encoding="ascii").split()]


def _loaded(number: int) -> str:
    """The files that a process has in its memory."""
    return Path(f"/proc/{number}/maps").read_text(encoding="utf-8", errors="replace")
