"""A service in this process, of the recognizer that reads colours, and clients of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import httpx
import PIL.Image
import pytest

from facerec.client import Client
from facerec.service import keys
from facerec.service.app import create_app
from facerec.service.settings import Settings
from facerec.testing import made_photo, made_point, made_recognizer
from facerec.types import ImpostorTail, OperatingPoint

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

HOST = "http://testserver"


class InProcess(httpx.BaseTransport):
    """Hands requests to an application, through all of its middleware, and keeps what was asked."""

    def __init__(self, app: object) -> None:
        self._app = TestClient(app, base_url=HOST, raise_server_exceptions=False, follow_redirects=False)
        self.asked: list[httpx.Request] = []
        self.answered: list[httpx.Response] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.asked.append(request)
        content = request.read()
        found = self._app.request(request.method, str(request.url), content=content, headers=dict(request.headers))
        answer = httpx.Response(found.status_code, headers=found.headers.multi_items(), content=found.content)
        self.answered.append(answer)
        return answer

    def __enter__(self) -> InProcess:
        self._app.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._app.__exit__(*error)


def point_with_a_tail() -> OperatingPoint:
    """An operating point that says how many strangers reach which score."""
    made = made_point()
    tail = ImpostorTail((0.999, 0.95, 0.5, 0.1), (1, 20, 900, 20_000), (9000.0,) * 4, 30_000)
    return OperatingPoint(made.threshold, made.target_fmr, made.fmr, made.fnmr, made.data_set, made.matcher, tail=tail)


@pytest.fixture(scope="session")
def point() -> OperatingPoint:
    """What decides here by default."""
    return point_with_a_tail()


@pytest.fixture
def service(tmp_path, point) -> Iterator[SimpleNamespace]:
    """The application, its folder of galleries, its transport, and a maker of keys."""
    folder = tmp_path / "galleries"
    folder.mkdir()
    app = create_app(
        Settings(str(folder), hosts=("testserver",)),
        made_recognizer(),
        points=[point, made_point(0.8, target_fmr=0.01)],
        workers=1,
    )

    def new_key(*roles: str, galleries: tuple[str, ...] | None = None) -> str:
        key, token = keys.new_key("a test", keys.scopes_of(list(roles)), galleries=galleries, now=keys.now())
        app.state.parts.state.add_key(key)
        return token

    with InProcess(app) as transport:
        yield SimpleNamespace(app=app, folder=folder, transport=transport, new_key=new_key)


@pytest.fixture
def connect(service) -> Iterator[Callable[..., Client]]:
    """Make a client whose key has these roles, by default that of an admin."""
    made = []

    def call(*roles: str, transport: httpx.BaseTransport | None = None, **more: object) -> Client:
        token = service.new_key(*(roles or ("admin",)))
        made.append(Client(HOST, token, transport=transport or service.transport, insecure=True, **more))
        return made[-1]

    yield call
    for each in made:
        each.close()


@pytest.fixture
def client(connect) -> Client:
    """A client that may do everything."""
    return connect()


@pytest.fixture
def gallery(client):
    """An empty gallery of the service."""
    return client.make_gallery("staff")


@pytest.fixture
def no_waiting(monkeypatch) -> list[float]:
    """Nobody sleeps; the list has how long they would have."""
    slept: list[float] = []
    monkeypatch.setattr("facerec.client.connection._sleep", slept.append)
    return slept


@pytest.fixture
def photo(tmp_path) -> Callable[..., str]:
    """The path of a photo of squares in these colours."""

    def draw(*colours: str, name: str = "", size: int = 64) -> str:
        path = tmp_path / (name or f"{'-'.join(colours)}.png")
        PIL.Image.fromarray(made_photo(*colours, size=size)).save(path)
        return str(path)

    return draw
