"""Faces looked for in a process apart: the same answers, and what is left of it when something ends."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from facerec.errors import EndedProcessError, NoFaceError
from facerec.service import lookers
from facerec.service.bodies import Upload
from facerec.service.engine import Engine
from facerec.service.lookers import Apart, Here
from facerec.testing import made_photo, made_recognizer


class Ending:
    """A detector that ends its process as often as a file says, and never comes back where the file says so."""

    def __init__(self, inner, orders: Path) -> None:
        self._inner, self._orders = inner, orders
        self.name, self.points_convention = inner.name, inner.points_convention

    def __call__(self, image):
        """Obey, then find squares."""
        orders = self._orders.read_text(encoding="ascii") if self._orders.exists() else ""
        if orders.startswith("end"):
            self._orders.write_text(orders.removeprefix("end"), encoding="ascii")
            os.kill(os.getpid(), signal.SIGKILL)
        while orders == "hang":
            time.sleep(1)
        return self._inner(image)


def ending_recognizer(orders: Path):
    """Of colours, whose detector obeys the file."""
    recognizer = made_recognizer()
    recognizer.detector = Ending(recognizer.detector, orders)
    return recognizer


def _upload(*colours: str) -> Upload:
    file = io.BytesIO()
    PIL.Image.fromarray(made_photo(*colours)).save(file, "PNG")
    return Upload(file.getvalue(), "a photo.png")


@pytest.fixture
def apart(tmp_path):
    """One whose process obeys orders."""
    made = Apart(ending_recognizer(tmp_path / "orders"))
    yield made, tmp_path / "orders"
    made.close()


def _number(apart: Apart) -> int:
    return next(iter(apart._pool._processes))


def test_the_answers_are_those_of_this_process(apart):
    """The same faces with the same vectors, bit for bit, and the same errors."""
    made, _ = apart
    photos = [_upload("red"), _upload("red", "blue"), _upload("black"), Upload(b"no photo", "text")]
    here = Here(made_recognizer())

    for choice in (None, "largest"):
        for one, other in zip(made(photos, choice, seconds=60), here(photos, choice, seconds=60), strict=True):
            assert type(one) is type(other)
            if isinstance(other, Exception):
                assert str(one) == str(other)
            elif choice is None:
                assert np.array_equal([each.embedding for each in one], [each.embedding for each in other])
                assert one.source == other.source
            else:
                assert np.array_equal(one.face.embedding, other.face.embedding)
    assert isinstance(made([_upload("black")], "only", seconds=60)[0], NoFaceError)


def test_a_process_that_ends_is_begun_anew(apart):
    """Whoever waited gets an answer, from another process."""
    made, orders = apart
    made([_upload("red")], None, seconds=60)
    before = _number(made)
    orders.write_text("end", encoding="ascii")

    assert len(made([_upload("red", "blue")], None, seconds=60)[0]) == 2
    assert _number(made) != before


def test_photos_that_end_it_twice_are_given_up(apart):
    """They are not asked for without end; the next ones are looked at."""
    made, orders = apart
    orders.write_text("endend", encoding="ascii")

    with pytest.raises(EndedProcessError, match="ended twice"):
        made([_upload("red")], None, seconds=60)

    assert len(made([_upload("red")], None, seconds=60)[0]) == 1


def test_one_that_hangs_is_ended(apart, monkeypatch):
    """Time and grace over, its process is gone, and the next photos have another."""
    monkeypatch.setattr(lookers, "_GRACE", 0.5)
    made, orders = apart
    made([_upload("red")], None, seconds=60)
    before = _number(made)
    orders.write_text("hang", encoding="ascii")

    with pytest.raises(EndedProcessError, match="did not come to an end"):
        made([_upload("red")], None, seconds=0.5)

    assert not Path(f"/proc/{before}").exists()
    orders.unlink()
    assert len(made([_upload("red")], None, seconds=60)[0]) == 1


def test_closed_it_leaves_no_process_and_begins_none(apart):
    """What was running is gone; what is asked later is refused."""
    made, _ = apart
    made([_upload("red")], None, seconds=60)
    number = _number(made)

    made.close()

    assert not Path(f"/proc/{number}").exists()
    with pytest.raises(EndedProcessError, match="is ending"):
        made([_upload("red")], None, seconds=60)


def test_an_interrupt_of_the_terminal_is_not_its_business(apart):
    """The service decides when its processes end."""
    made, _ = apart
    made([_upload("red")], None, seconds=60)
    number = _number(made)

    os.kill(number, signal.SIGINT)

    assert len(made([_upload("red")], None, seconds=60)[0]) == 1
    assert _number(made) == number


def test_it_ends_with_its_service(tmp_path):
    """Also where that is killed: nobody is left who holds photos and networks."""
    program = (
        "import sys, time\n"
        "from facerec.service.lookers import Apart\n"
        "from facerec.testing import made_photo, made_recognizer\n"
        "if __name__ == '__main__':\n"
        "    made = Apart(made_recognizer())\n"
        "    made([made_photo('red')], None, seconds=60)\n"
        "    print(next(iter(made._pool._processes)), flush=True)\n"
        "    time.sleep(600)\n"
    )
    (tmp_path / "service.py").write_text(program, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    running = subprocess.Popen([sys.executable, "service.py"], cwd=tmp_path, stdout=subprocess.PIPE, env=environment)
    number = int(running.stdout.readline())

    running.kill()
    running.wait()

    for _ in range(200):
        if not Path(f"/proc/{number}").exists():
            break
        time.sleep(0.1)
    assert not Path(f"/proc/{number}").exists()
    running.stdout.close()


def test_the_engine_ends_its_lookers(apart):
    """Closing the door ends what stands behind it."""
    made, _ = apart
    engine = Engine([made], waiting=4)
    assert len(engine.submit([_upload("red")], None, seconds=60).result(60)[0]) == 1
    number = _number(made)

    engine.close()

    assert not Path(f"/proc/{number}").exists()


def test_it_is_ready_when_its_networks_are_there(tmp_path):
    """Not before it is begun, nor while it begins; then, and again after it was ended and begun anew."""
    made = Apart(ending_recognizer(tmp_path / "orders"))
    try:
        assert not made.ready
        made.begin()
        made([_upload("red")], None, seconds=60)
        assert made.ready
        (tmp_path / "orders").write_text("end", encoding="ascii")
        made([_upload("red")], None, seconds=60)
        assert made.ready
    finally:
        made.close()
    assert Here(made_recognizer()).ready
