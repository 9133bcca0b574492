"""The runner of Ray: the same units into the same parts, and what it starts stays on this machine.

Ray starts servers: these tests run in a network of their own (a namespace with a loopback and nothing else).
"""

import builtins
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from facerec.batch.actors import on_ray
from facerec.batch.embedding import embed_photos
from facerec.batch.listing import list_photos
from facerec.errors import ArgumentError, MissingExtraError
from tests.batch.made_work import make_photos, slow_recognizer

ROOT = Path(__file__).parents[2]
APART = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def _why_not():
    if importlib.util.find_spec("ray") is None:
        return "ray is not installed: pip install facerec[ray]"
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "unshare and ip are needed to give Ray a network of its own"
    if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode:
        return "this user may make no network namespace, and Ray's servers are started in no other network"
    return ""


apart = pytest.mark.skipif(bool(_why_not()), reason=_why_not())


def start(program, *arguments, **options):
    """A program in a network of its own."""
    return subprocess.Popen([*APART, sys.executable, "-c", program, *map(str, arguments)], cwd=ROOT, **options)


UNITS = """
import sys
from pathlib import Path
from facerec.batch import on_ray
from tests.batch.test_doing import run, units
from tests.batch.made_work import Doubling
runner = on_ray(2)
told = {}
work = Doubling(Path(sys.argv[1]))
report = run(work, units(1, "die once", 3, 4), runner, told=lambda unit, x: told.update({unit.key: x}))
print(sorted(told.items()), report.done, report.lost, flush=True)
try:
    run(Doubling(Path(sys.argv[1]) / "other"), units("fail"), runner)
except ValueError as error:
    print(error, flush=True)
"""
EMBED = "import sys; from tests.batch.made_work import main; main(sys.argv[1:])"


@apart
@pytest.mark.slow
def test_units_by_actors(tmp_path):
    """Each unit once but the one whose actor died; what a work raises is raised where it is run."""
    (tmp_path / "other").mkdir()

    done = start(UNITS, tmp_path, stdout=subprocess.PIPE, text=True)
    out, _ = done.communicate(timeout=280)

    assert out.splitlines()[-2:] == ["[('000', 2), ('001', 0), ('002', 6), ('003', 8)] 4 1", "it went wrong"]
    assert sorted((tmp_path / "tried").read_text().split()) == ["000", "001", "001", "002", "003"]
    assert (tmp_path / "lost").read_text().split() == ["001"]


@apart
@pytest.mark.slow
def test_killed_by_force_and_gone_on_with(tmp_path):
    """An actor and then the driver are killed: a local run finishes the parts that Ray began, with the same bytes.

    No photo of a part that was finished is looked at again, nothing of Ray is left, and all of its servers listened on
    the loopback.
    """
    make_photos(tmp_path / "people")
    log = tmp_path / "log"
    alone = _in_turn
    embed_photos(
        list_photos(tmp_path / "people"), tmp_path / "whole", slow_recognizer(tmp_path / "log2"), alone, block=5
    )
    driver = start(EMBED, tmp_path / "people", tmp_path / "out", log, 2, 5, 0.2, "ray", stdout=subprocess.DEVNULL)
    _wait_for_looks(driver, log, 4)
    children = _below(driver.pid)
    listening = subprocess.run(
        ["nsenter", "-t", str(driver.pid), "-U", "-n", "--preserve-credentials", "ss", "-Hltn"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    os.kill(next(each for each in children if "_Actor" in _name(each)), signal.SIGKILL)
    _wait_for_looks(driver, log, 14)
    driver.kill()
    driver.wait()

    ran = embed_photos(list_photos(tmp_path / "people"), tmp_path / "out", slow_recognizer(log), alone, block=5)

    parts = [{path.name: path.read_bytes() for path in (tmp_path / name).glob("part-*")} for name in ("out", "whole")]
    assert parts[0] == parts[1]
    assert 0 < ran.embedded < 41
    assert len(log.read_text().split()) <= 40 + 3 * 12
    for line in listening.splitlines():
        assert line.split()[3].rpartition(":")[0] in ("127.0.0.1", "[::ffff:127.0.0.1]", "[::1]"), line
    end = time.monotonic() + 120
    while (left := [_name(each) for each in children if _works(_name(each))]) and time.monotonic() < end:
        time.sleep(0.1)
    assert not left


def _in_turn(work, take):
    done = work.begin()
    while (unit := take()) is not None:
        yield unit, done(unit)


def _wait_for_looks(driver, log, wanted):
    while driver.poll() is None and (not log.exists() or len(log.read_text().split()) < wanted):
        time.sleep(0.02)
    assert driver.poll() is None


def _below(process):
    """All processes that descend from one."""
    try:
        found = [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return [*found, *(each for child in found for each in _below(child))]


def _works(name):
    """Whether a process of that name does work or gives it out; Ray's agents end some time after these."""
    return any(word in name for word in ("_Actor", "gcs_server", "raylet/raylet"))


def _name(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""


def test_refusals(monkeypatch):
    """No workers, less than no GPU, and no Ray."""
    monkeypatch.setattr(os, "environ", {})
    with pytest.raises(ArgumentError, match="at least 1 worker"):
        on_ray(0)
    with pytest.raises(ArgumentError, match="0 or more of a GPU"):
        on_ray(1, gpus=-1)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"facerec\[ray\]"):
        on_ray(1)


@pytest.mark.parametrize("address", [None, "10.0.0.5:6379"])
def test_what_ray_reads_when_it_is_imported_is_set_before(monkeypatch, address):
    """No reports of use; and a token for servers that are started here, not for a cluster that has its own ways."""
    environment = {} if address is None else {"RAY_ADDRESS": address}
    monkeypatch.setattr(os, "environ", environment)
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.setattr("builtins.__import__", _without_ray)

    with pytest.raises(MissingExtraError):
        on_ray(1)

    assert environment["RAY_USAGE_STATS_ENABLED"] == "0"
    assert ("RAY_AUTH_TOKEN" in environment) == (address is None)
    assert environment.get("RAY_AUTH_MODE") == ("token" if address is None else None)


_IMPORT = builtins.__import__


def _without_ray(name, *rest, **more):
    if name == "ray":
        raise ModuleNotFoundError(name=name)
    return _IMPORT(name, *rest, **more)
