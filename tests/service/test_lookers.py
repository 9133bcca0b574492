"""Faces looked for in a process apart: the same answers, and what is left of it when something ends."""

import io
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from starlette.testclient import TestClient

from facerec.errors import EndedProcessError, MissingWeightsError, NoFaceError
from facerec.service import keys, lookers
from facerec.service.app import create_app
from facerec.service.bodies import Upload
from facerec.service.engine import Engine
from facerec.service.lookers import Apart, Here
from facerec.service.settings import Settings
from facerec.testing import made_photo, made_point, made_recognizer
from tests.service.ending import dies, ending_recognizer, never


def _upload(*colours: str) -> Upload:
    file = io.BytesIO()
    PIL.Image.fromarray(made_photo(*colours)).save(file, "PNG")
    return Upload(file.getvalue(), "a photo.png")


@pytest.fixture
def apart(tmp_path):
    """One whose process obeys orders."""
    made = Apart(partial(ending_recognizer, tmp_path / "orders"), seconds=60)
    yield made, tmp_path / "orders"
    made.close()


@pytest.fixture
def engine(apart):
    """A door with that one behind it."""
    made = Engine([apart[0]], waiting=64)
    yield made
    made.close()


def test_the_answers_are_those_of_this_process(apart):
    """The same faces with the same vectors, bit for bit, and the same errors."""
    made, _ = apart
    photos = [_upload("red"), _upload("red", "blue"), _upload("black"), Upload(b"no photo", "text")]
    here = Here(made_recognizer())

    for choice in (None, "largest"):
        for one, other in zip(made(photos, choice), here(photos, choice), strict=True):
            assert type(one) is type(other)
            if isinstance(other, Exception):
                assert str(one) == str(other)
            elif choice is None:
                assert np.array_equal([each.embedding for each in one], [each.embedding for each in other])
                assert one.source == other.source
            else:
                assert np.array_equal(one.face.embedding, other.face.embedding)
    assert isinstance(made([_upload("black")], "only")[0], NoFaceError)


def test_a_process_that_is_killed_is_begun_anew(apart):
    """Whoever asked then hears of it, and the next have another process."""
    made, orders = apart
    made([_upload("red")], None)
    before = made.number
    orders.write_text("end", encoding="ascii")

    with pytest.raises(EndedProcessError, match="lost"):
        made([_upload("red")], None)

    assert not made.ready
    assert len(made([_upload("red", "blue")], None)[0]) == 2
    assert made.number != before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_one_that_does_not_come_back_is_ended(tmp_path, how):
    """Time over, its process is gone, though it hangs or was stopped, and the next photos have another."""
    made, orders = Apart(partial(ending_recognizer, tmp_path / "orders"), seconds=1), tmp_path / "orders"
    try:
        made([_upload("red")], None)
        before = made.number
        if how == signal.SIGSTOP:
            os.kill(before, signal.SIGSTOP)
        else:
            orders.write_text("hang", encoding="ascii")

        with pytest.raises(EndedProcessError, match="did not come back"):
            made([_upload("red")] * 2, None)

        orders.unlink(missing_ok=True)
        made._seconds = 60
        assert len(made([_upload("red")], None)[0]) == 1
        assert not Path(f"/proc/{before}").exists()
    finally:
        made.close()


def test_a_fault_there_is_raised_here(tmp_path):
    """The process goes on."""
    made = Apart(partial(ending_recognizer, tmp_path / "orders"), seconds=60)
    try:
        (tmp_path / "orders").write_text("fail", encoding="ascii")
        with pytest.raises(RuntimeError, match="as it was told"):
            made([_upload("red")], None)
        number = made.number
        (tmp_path / "orders").unlink()
        assert len(made([_upload("red")], None)[0]) == 1
        assert made.number == number
    finally:
        made.close()


@pytest.mark.parametrize(("make", "error"), [(never, MissingWeightsError), (dies, EndedProcessError)])
def test_one_that_cannot_be_begun(make, error):
    """What keeps its networks from being there is raised here, each time it is tried."""
    made = Apart(make, seconds=60)
    try:
        for _ in range(2):
            with pytest.raises(error):
                made.begin()
            assert not made.ready
    finally:
        made.close()


def test_the_service_has_what_decides_and_no_networks(apart):
    """The matcher, the gate and the decisions of the recognizer that is apart; it finds no face itself."""
    made, here = apart[0], made_recognizer()

    told = made.described()

    assert told.matcher == here.matcher
    assert (told.gate, told.runtime, told.embedder.dimension) == (here.gate, here.runtime, here.embedder.dimension)
    one, other = (made([_upload(each)], "main")[0] for each in ("red", "wine"))
    assert told.verify_faces(one, other, at=made_point()) == here.verify_faces(one, other, at=made_point())
    with pytest.raises(TypeError, match="another process"):
        told.faces(made_photo("red"))


def test_a_turn_ends_after_a_photo(monkeypatch):
    """Time over, no further photo is begun; one is always looked at, and what was begun is given."""
    monkeypatch.setattr(lookers, "TURN", 0.0)
    here = Here(made_recognizer())
    photos = [made_photo("red"), made_photo("blue")]
    assert len(here(photos, None)) == 1
    assert len(here(photos, "main")) == 1
    monkeypatch.setattr(lookers, "TURN", 60.0)
    assert len(here(photos, None)) == len(here(photos, "main")) == 2


def test_whoever_was_beside_it_is_answered(apart, engine):
    """Of requests that were looked at together, only the one whose photo ends every process ends with a problem."""
    orders = apart[1]
    orders.write_text("blue ends it", encoding="ascii")
    # A larger one first, so that the others wait, and are taken together.
    first = engine.submit([_upload("red")] * 3, None, seconds=60)
    several = [engine.submit([_upload(each)], None, seconds=60) for each in ("red", "blue", "green", "red")]

    assert len(first.result(60)) == 3
    for number in (0, 2, 3):
        assert len(several[number].result(60)[0]) == 1
    with pytest.raises(EndedProcessError, match="lost"):
        several[1].result(60)
    assert len(engine.submit([_upload("red")], None, seconds=60).result(60)[0]) == 1
    assert engine.waiting == 0


def test_one_that_was_killed_costs_no_request(apart, engine):
    """It is looked at once more, in another process, and answered once."""
    orders = apart[1]
    orders.write_text("end", encoding="ascii")

    assert [
        len(each) for each in engine.submit([_upload("red"), _upload("red", "blue")], None, seconds=60).result(60)
    ] == [1, 2]


def test_an_idle_one_comes_back_by_itself(apart, engine):
    """Killed while nobody asks, it is not ready; a moment later it is, before anybody asks."""
    made, _ = apart
    engine.submit([_upload("red")], None, seconds=60).result(60)
    before = made.number
    assert engine.ready == 1

    os.kill(before, signal.SIGKILL)

    while made.number == before or not engine.ready:
        time.sleep(0.05)
    assert len(engine.submit([_upload("red")], None, seconds=60).result(60)[0]) == 1


def test_closed_it_leaves_no_process_and_begins_none(apart):
    """What was running is gone; what is asked later is refused."""
    made, _ = apart
    made([_upload("red")], None)
    number = made.number

    made.close()

    assert not Path(f"/proc/{number}").exists()
    with pytest.raises(EndedProcessError, match="is ending"):
        made([_upload("red")], None)


def test_an_interrupt_of_the_terminal_is_not_its_business(apart):
    """The service decides when its processes end."""
    made, _ = apart
    made([_upload("red")], None)
    number = made.number

    os.kill(number, signal.SIGINT)

    assert len(made([_upload("red")], None)[0]) == 1
    assert made.number == number


def test_it_ends_with_its_service(tmp_path):
    """Also where that is killed while photos are looked at: nobody is left who holds photos and networks."""
    program = (
        "import time\n"
        "from facerec.service.lookers import Apart\n"
        "from facerec.testing import SquareDetector, made_photo, made_recognizer\n"
        "class Hanging(SquareDetector):\n"
        "    def __call__(self, image):\n"
        "        print('looks', flush=True)\n"
        "        time.sleep(600)\n"
        "def make():\n"
        "    made = made_recognizer()\n"
        "    made.detector = Hanging()\n"
        "    return made\n"
        "if __name__ == '__main__':\n"
        "    made = Apart(make, seconds=600)\n"
        "    made.begin()\n"
        "    print(made.number, flush=True)\n"
        "    made([made_photo('red')], None)\n"
    )
    (tmp_path / "service.py").write_text(program, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    running = subprocess.Popen([sys.executable, "service.py"], cwd=tmp_path, stdout=subprocess.PIPE, env=environment)
    number = int(running.stdout.readline())
    assert running.stdout.readline() == b"looks\n"

    running.kill()
    running.wait()

    _gone(number)
    running.stdout.close()


def test_the_engine_ends_its_lookers(apart):
    """Closing the door ends what stands behind it."""
    made, _ = apart
    engine = Engine([made], waiting=4)
    assert len(engine.submit([_upload("red")], None, seconds=60).result(60)[0]) == 1
    number = made.number

    engine.close()

    assert not Path(f"/proc/{number}").exists()


def test_it_is_ready_when_its_networks_are_there(tmp_path):
    """Not before it is begun, nor while it begins; then, and again after it was ended and begun anew."""
    made = Apart(partial(ending_recognizer, tmp_path / "orders"), seconds=60)
    try:
        assert not made.ready
        made.begin()
        assert made.ready
        (tmp_path / "orders").write_text("end", encoding="ascii")
        with pytest.raises(EndedProcessError):
            made([_upload("red")], None)
        assert not made.ready
        made.begin()
        assert made.ready
    finally:
        made.close()
    assert Here(made_recognizer()).ready


def _gone(*numbers: int) -> None:
    """Wait for processes to end, which nobody waits for in their place."""
    for _ in range(200):
        if not [each for each in numbers if Path(f"/proc/{each}").exists()]:
            return
        time.sleep(0.1)
    assert not [each for each in numbers if Path(f"/proc/{each}").exists()]


def test_the_service_is_ready_with_its_first_worker(tmp_path, apart, refused):
    """Not while none is there; photos go to it, and what is decided on them is decided here."""
    made, _ = apart
    folder = tmp_path / "galleries"
    folder.mkdir()
    settings = Settings(str(folder), hosts=("testserver",))
    app = create_app(settings, made.described(), points=[made_point()], lookers=[made])
    key, token = keys.new_key("of a test", keys.scopes_of(["admin"]), now=keys.now())
    app.state.parts.state.add_key(key)
    with TestClient(app) as client:
        assert client.get("/readyz").status_code == 200
        files = {
            name: ("photo.png", _upload(each).getvalue()) for name, each in (("probe", "red"), ("reference", "wine"))
        }
        answer = client.post("/v1/compare", files=files, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["decision"]) == (200, "match")
        made.close()
        refused(client.get("/readyz"), 503, "overloaded")
