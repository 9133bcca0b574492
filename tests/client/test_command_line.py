"""The command line with --url: the same output as for a gallery here, and no networks on this side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import PIL.Image
import pytest
import uvicorn

from facerec.cli.app import app as program
from facerec.cli.running import run
from facerec.client import Client
from facerec.points import write_points
from facerec.service import keys
from facerec.service.app import create_app
from facerec.service.settings import Settings
from facerec.testing import made_photo, made_point, made_recognizer

URL = "http://testserver"


@pytest.fixture
def facerec(capfd):
    """Run a command line, to its exit status and what it printed."""

    def call(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        status = run(program, [str(argument) for argument in arguments])
        return (status, *capfd.readouterr())

    return call


@pytest.fixture
def both(service, client, monkeypatch, tmp_path, point):
    """The options of one gallery here and of one there; photos lie in the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("facerec.cli.recognition.load_recognizer", lambda *_, **__: made_recognizer())
    monkeypatch.setattr("facerec.embed.load.digest_of", lambda _: made_recognizer().embedder.digest)
    for home in ("facerec.client.Client", "facerec.client.client.Client"):
        monkeypatch.setattr(home, _in_process(service))
    monkeypatch.setenv("FACEREC_KEY", service.new_key("admin"))
    client.make_gallery("staff")
    write_points([point], tmp_path / "point.json")
    for colour in ("red", "wine", "green", "blue", "black"):
        PIL.Image.fromarray(made_photo(colour)).save(f"{colour}.png")
    PIL.Image.fromarray(made_photo("wine", "green", "blue")).save("crowd.png")
    Path("broken.png").write_bytes(b"no photo")
    return ("--gallery", "staff"), ("--gallery", "staff", "--url", URL)


def _in_process(service):
    def make(url, key=None, **more):
        return Client(url, key, transport=service.transport, insecure=True, **more)

    return make


def _told(text: str) -> object:
    """Output, without what differs between any two galleries: ids, times, digests."""
    found = json.loads(text) if text.startswith("{") else text
    return _plain(found)


_OWN = {
    "id",
    "person_id",
    "created",
    "enrolled",
    "forgotten",
    "removed",
    "head",
    "digest",
    "time",
    "log_entry",
    "actor",
}


def _plain(found: object) -> object:
    if isinstance(found, dict):
        own = {name for name, each in found.items() if name in _OWN and not isinstance(each, list)}
        own |= {"gallery"} if isinstance(found.get("gallery"), int) else set()  # the number of it, in its log
        return {name: _plain(each) for name, each in found.items() if name not in own}
    return [_plain(each) for each in found] if isinstance(found, list) else found


STORY = [
    ("enroll", "ada", "red.png", "--consent", "form 17", "--at", "point.json"),
    ("enroll", "bob", "green.png", "wine.png", "--at", "point.json", "--keep-photos"),
    ("enroll", "eve", "black.png"),
    ("enroll", "eve", "blue.png", "black.png", "broken.png"),
    ("verify", "wine.png", "--name", "ada", "--at", "point.json"),
    ("verify", "blue.png", "--name", "ada", "--at", "point.json"),
    ("verify", "blue.png", "--name", "nobody", "--at", "point.json"),
    ("identify", "crowd.png", "--at", "point.json"),
    ("identify", "crowd.png", "black.png", "broken.png", "--at", "point.json", "--top", "1"),
    ("identify", "broken.png"),
    ("gallery", "list"),
    ("gallery", "show", "bob"),
    ("gallery", "update", "ada", "--purpose", "door"),
    ("gallery", "rename", "ada", "Ada Lovelace"),
    ("gallery", "move", "bob", "Ada Lovelace", "--sample", "3", "--receipt", "moved.json"),
    ("gallery", "undo", "moved.json"),
    ("gallery", "split", "bob", "cleo", "--sample", "3"),
    ("gallery", "merge", "cleo", "Ada Lovelace"),
    ("gallery", "remove", "Ada Lovelace", "--sample", "3", "--yes"),
    ("gallery", "forget", "bob", "--yes"),
    ("gallery", "log"),
    ("gallery", "log", "--name", "Ada Lovelace", "--last", "2"),
    ("gallery", "head"),
    ("gallery", "check"),
]


def test_a_whole_story_reads_the_same_here_and_there(both, facerec, service):
    """Every command that works on galleries: exit status, text for people, and JSON, but for ids, times and digests."""
    here, there = both
    for line in STORY:
        told = []
        for place, kept in ((here, "here"), (there, "there")):
            words = [word.replace("moved", kept) for word in line]
            told.append([facerec(*words, *place, "--json")])
        (status, out, err), (status_there, out_there, err_there) = told[0][0], told[1][0]
        expected = err.replace("in staff.db", "in staff").replace("wrote here.", "wrote there.")
        assert (status_there, err_there) == (status, expected), line
        assert _told(out_there) == _told(out), line


def test_text_for_people_is_the_same(both, facerec):
    """Without --json, too."""
    here, there = both
    for place in both:
        facerec("enroll", "ada", "red.png", "--at", "point.json", *place)
    for line in (
        ("verify", "wine.png", "--name", "ada", "--at", "point.json"),
        ("identify", "crowd.png", "black.png", "broken.png", "--at", "point.json"),
        ("identify", "black.png", "--at", "point.json"),
        ("gallery", "update", "ada", "--no-consent"),
        ("verify", "--name", "ada"),
    ):
        assert facerec(*line, *there) == facerec(*line, *here), line


def test_a_folder_of_people_is_enrolled_alike(both, facerec, monkeypatch):
    """Photos that cannot be used are skipped with their reasons, people without one told; more than go at once, too."""
    monkeypatch.setattr("facerec.enrollment.MOST_AT_ONCE", 2)
    people = {"ada": ["red", "wine", "black", "blue"], "bob": ["green"], "eve": ["black"], "zoe\u200b": ["red"]}
    for name, colours in people.items():
        Path("people", name).mkdir(parents=True)
        for number, colour in enumerate(colours):
            PIL.Image.fromarray(made_photo(colour)).save(f"people/{name}/{number}.png")
    Path("people/bob/9.png").write_bytes(b"no photo")
    here, there = ([*("enroll", "--folder", "people", "--at", "point.json"), *place] for place in both)
    (status, out, err), (status_there, out_there, err_there) = facerec(*here, "--json"), facerec(*there, "--json")

    assert (status_there, err_there) == (status, err)
    found, wanted = _told(out_there), _told(out)
    assert [each["person"] for each in found["enrolled"]] == [each["person"] for each in wanted["enrolled"]]
    told = [(each["added"], each["created"]) for each in json.loads(out_there)["enrolled"]]
    assert told == [(each["added"], each["created"]) for each in json.loads(out)["enrolled"]] == [(3, True), (1, True)]
    assert (found["skipped"], found["not_enrolled"]) == (wanted["skipped"], wanted["not_enrolled"])


def test_two_photos_are_compared_by_the_service(both, facerec):
    """Without a gallery; the same answer as of the networks here."""
    here = facerec("verify", "red.png", "wine.png", "--at", "point.json", "--json")

    assert facerec("verify", "red.png", "wine.png", "--at", "point.json", "--json", "--url", URL) == here
    assert facerec("verify", "red.png", "green.png", "--url", URL)[0] == 1
    assert facerec("verify", "red.png", "wine.png", "--fmr", "0.01", "--url", URL)[0] == 0


HERE_ONLY = [
    ("gallery", "purge"),
    ("gallery", "compact"),
    ("gallery", "protect", "new.key"),
    ("gallery", "backup", "new.db"),
    ("gallery", "restore", "new.db"),
    ("gallery", "export", "new"),
    ("gallery", "import", "new"),
    ("gallery", "reembed"),
]


@pytest.mark.parametrize("line", HERE_ONLY, ids=" ".join)
def test_what_is_done_where_the_gallery_is_says_so(both, facerec, line):
    """In one line, by option or by variable, and nothing is made."""
    status, out, err = facerec(*line, "--gallery", "staff", "--url", URL)

    assert (status, out) == (2, "")
    assert err == (
        "facerec: error: this is done on the machine that holds the gallery; leave out --url (and FACEREC_URL) there\n"
    )
    assert not Path("staff").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("identify", "red.png", "--no-log"), "a service logs every decision"),
        (("identify", "red.png", "--model", "facenet"), "--model is for networks on this machine"),
        (("verify", "red.png", "wine.png", "--device", "cpu", "--no-gate"), "--device and --no-gate is for networks"),
        (("gallery", "rename", "a", "b", "--actor", "desk"), "--actor is for a gallery on this machine"),
        (("gallery", "check", "--key-file", "key"), "--key-file is for a gallery on this machine"),
        (("gallery", "list", "--key-from", "no-such-file"), "no-such-file"),
    ],
)
def test_options_that_a_service_does_not_take_are_refused(both, facerec, monkeypatch, line, said):
    """Each names itself, and what to do."""
    if "--key-from" in line:
        monkeypatch.delenv("FACEREC_KEY")
    gallery = () if line[0] == "verify" else ("--gallery", "staff")
    status, _, err = facerec(*line, *gallery, "--url", URL)

    assert status == 2
    assert said in err
    assert len(err.splitlines()) == 1


def test_the_key_is_read_from_a_file_or_the_environment(both, facerec, service, monkeypatch):
    """Never from the line; of both neither is guessed."""
    Path("key.txt").write_text(os.environ["FACEREC_KEY"] + "\n")
    there = ("--gallery", "staff", "--url", URL)
    assert "given twice" in facerec("gallery", "list", *there, "--key-from", "key.txt")[2]
    monkeypatch.delenv("FACEREC_KEY")
    assert facerec("gallery", "list", *there, "--key-from", "key.txt")[0] == 0
    assert "FACEREC_KEY" in facerec("gallery", "list", *there)[2]
    assert "add --url" in facerec("gallery", "list", "--gallery", "staff", "--key-from", "key.txt")[2]
    monkeypatch.setenv("FACEREC_URL", URL)
    assert facerec("gallery", "list", "--gallery", "staff", "--key-from", "key.txt")[0] == 0


def test_a_service_over_the_network(tmp_path, point):
    """A real server, and a real program in which torch cannot be imported: enroll, identify, list; key in a file."""
    folder = tmp_path / "galleries"
    folder.mkdir()
    made = create_app(Settings(str(folder)), made_recognizer(), points=[point], workers=1)
    key, token = keys.new_key("a test", keys.scopes_of(["admin"]), now=keys.now())
    made.state.parts.state.add_key(key)
    (tmp_path / "key").write_text(token)
    PIL.Image.fromarray(made_photo("red", "green")).save(tmp_path / "crowd.png")
    PIL.Image.fromarray(made_photo("red")).save(tmp_path / "ada.png")
    server = uvicorn.Server(uvicorn.Config(made, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with Client(url, token) as client:
            client.make_gallery("staff")
            found = client.compare(tmp_path / "ada.png", tmp_path / "ada.png")
            assert found == made_recognizer().verify(tmp_path / "ada.png", tmp_path / "ada.png", at=point)
        more = ("--gallery", "staff", "--url", url, "--key-from", "key", "--json")
        lines = [("enroll", "ada", "ada.png"), ("identify", "crowd.png"), ("gallery", "list"), ("gallery", "head")]
        told = _without_torch([[*line, *more] for line in lines], tmp_path)
    finally:
        server.should_exit = True
        thread.join()

    assert [each["status"] for each in told] == [0, 0, 0, 0]
    assert [face["name"] for face in json.loads(told[1]["out"])["faces"]] == ["ada", None]
    assert json.loads(told[2]["out"])["people"][0]["name"] == "ada"


def _without_torch(lines: list[list[str]], folder: Path) -> list[dict]:
    text = """
import contextlib, io, json, sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('torch', 'torchvision', 'facenet_pytorch', 'fastapi'): raise ImportError(name)
sys.meta_path.insert(0, NoTorch())
from facerec.cli.app import app
from facerec.cli.running import run
told = []
for line in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = run(app, line)
    told.append({'status': status, 'out': out.getvalue(), 'err': err.getvalue()})
print(json.dumps(told))
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FACEREC_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", text, json.dumps(lines)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_point_file_that_the_service_lacks_is_told(both, facerec):
    """By the service's own words."""
    write_points([made_point(0.7, data_set="elsewhere")], Path("other.json"))
    status, _, err = facerec("identify", "red.png", "--at", "other.json", "--gallery", "staff", "--url", URL)

    assert status == 2
    assert "/v1/operating-points lists them" in err
