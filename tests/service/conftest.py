"""The service in this process, over galleries in a folder of the test, with keys for every role."""

import io
import json
import time
from contextlib import ExitStack

import PIL.Image
import pytest
from starlette.testclient import TestClient

from facerec.service import keys
from facerec.service.app import create_app
from facerec.service.problems import PROBLEMS, UNEXPECTED
from facerec.service.scopes import ROLES
from facerec.service.settings import Limits, Settings
from facerec.testing import made_photo, made_point, made_recognizer

ENDED = {"done", "failed", "cancelled"}


def _png(*people, size=64):
    """A photo of people side by side, as a file."""
    file = io.BytesIO()
    PIL.Image.fromarray(made_photo(*people, size=size)).save(file, "PNG")
    return file.getvalue()


class Service:
    """An application that runs, and what a test needs to ask it something."""

    def __init__(self, folder, recognizer, *, limits, beat, stack, **settings):
        self.folder = folder
        given = Settings(str(folder), hosts=("testserver",), limits=limits, **settings)
        self.app = create_app(given, recognizer, points=[made_point()], workers=1, beat=beat)
        self.parts = self.app.state.parts
        # What goes wrong on the server is an answer here, too.
        self.client = stack.enter_context(TestClient(self.app, raise_server_exceptions=False))

    def key(self, *roles, scopes=(), galleries=None):
        """A new key of these roles and scopes: its value, and its token."""
        scopes = (*keys.scopes_of(list(roles)), *scopes)
        made = keys.new_key("of a test", scopes, galleries=galleries, now=keys.now())
        self.parts.state.add_key(made[0])
        return made

    def token(self, *roles, **more):
        """The token of a new key."""
        return self.key(*roles, **more)[1]

    def ask(self, method, path, token=None, **more):
        """One request, with a key if one is given."""
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.client.request(method, path, headers=headers, **more)

    def enroll(self, token, name, *photos, gallery="staff", headers=None, terms=None, **params):
        """Enroll somebody from made photos, each a colour."""
        files = [("photos", (f"{name} {number}.png", _png(each))) for number, each in enumerate(photos)]
        data = {"person": json.dumps({"name": name, **(terms or {})})}
        path = f"/v1/galleries/{gallery}/people"
        return self.ask("POST", path, token, files=files, data=data, params=params, headers=headers or {})

    def identify(self, token, *people, gallery="staff", **params):
        """Who is on a made photo."""
        files = [("photo", ("probe.png", _png(*people)))]
        return self.ask("POST", f"/v1/galleries/{gallery}/identify", token, files=files, params=params)

    def gallery(self, name="staff"):
        """The gallery itself, behind the service."""
        return self.parts.galleries.opened(name)

    def ended(self, answer, token):
        """The job of an answer, once it has ended."""
        assert answer.status_code == 202, answer.text
        while (job := self.ask("GET", answer.headers["location"], token).json())["state"] not in ENDED:
            time.sleep(0.01)
        return job

    def files(self, wanted=0):
        """The folders of jobs, once there are no more than are wanted: they go a moment after their jobs ended."""
        folder = self.folder / ".facerec-service" / "files"
        while len(found := sorted(folder.iterdir()) if folder.exists() else []) > wanted:
            time.sleep(0.01)
        return found

    def state_bytes(self):
        """All that the service itself keeps in its state."""
        return b"".join(file.read_bytes() for file in (self.folder / ".facerec-service").glob("state.sqlite*"))


@pytest.fixture
def folder(tmp_path):
    """Where galleries are."""
    (tmp_path / "galleries").mkdir()
    return tmp_path / "galleries"


@pytest.fixture
def serve(folder):
    """Start services over the folder; each stops with the test."""
    with ExitStack() as stack:

        def start(recognizer=None, *, limits=None, beat=0.02, **settings):
            made = recognizer or made_recognizer()
            return Service(folder, made, limits=limits or Limits(), beat=beat, stack=stack, **settings)

        yield start


@pytest.fixture(scope="module")
def start_shared(tmp_path_factory):
    """Start a service for several tests of a file, with a gallery ``staff``; it gives out vectors, too."""
    with ExitStack() as stack:

        def start(limits):
            place = tmp_path_factory.mktemp("galleries")
            made = Service(place, made_recognizer(), limits=limits, beat=0.02, stack=stack, embeddings=True)
            made.parts.galleries.made("staff")
            return made

        yield start


@pytest.fixture(scope="module")
def shared(start_shared):
    """One for all tests of a file that leave nothing behind."""
    return start_shared(Limits())


@pytest.fixture
def service(serve):
    """One with the usual limits, and a gallery ``staff``."""
    made = serve()
    made.parts.galleries.made("staff")
    return made


@pytest.fixture
def admin(service):
    """The token of a key that may do everything."""
    return service.token("admin")


@pytest.fixture(scope="session")
def start_service():
    """Starts a service over a folder or a database, which stops with the stack that is given."""

    def start(galleries, stack, **settings):
        return Service(galleries, made_recognizer(), limits=Limits(), beat=0.02, stack=stack, **settings)

    return start


@pytest.fixture(scope="session")
def png():
    """Makes photos."""
    return _png


@pytest.fixture(scope="session")
def roles():
    """All of them."""
    return tuple(ROLES)


@pytest.fixture(scope="session")
def refused():
    """Hold an answer against what every problem must be; returns its body."""
    codes = {kind.code for kind in PROBLEMS} | {UNEXPECTED}  # test_problems.py opens the page of each

    def check(answer, status, code):
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert {"type", "title", "status", "detail", "instance", "code"} <= set(body)
        assert set(body) <= {"type", "title", "status", "detail", "instance", "code", "errors"}
        assert (body["status"], body["code"], body["type"]) == (status, code, f"/problems/{code}")
        assert body["title"]
        assert body["detail"]
        assert body["instance"] == f"/requests/{answer.headers['x-request-id']}"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert ("retry-after" in answer.headers) == (status in {429, 503})
        assert (answer.headers.get("www-authenticate") == "Bearer") == (status == 401)
        assert code in codes
        return body

    return check
