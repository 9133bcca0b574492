"""Hand-made faces, a fake embedder, and one factory per engine: the contract's tests run on each of them."""

import re
import runpy
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facerec.gallery import Gallery, open_gallery
from facerec.gallery.rules import identity
from facerec.gallery.stores.memory import MemoryStore
from facerec.similarity import NAME
from facerec.testing import GOOD, Clock
from facerec.types import Detections, Embedder, Face, Faces, Matcher, OperatingPoint, Rate

SERVERS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("servers.py"))))
DIMENSION = 8
DIGEST = "5eed" * 16


def make_embedder(digest=DIGEST, name="fake", dimension=DIMENSION):
    """An embedder that a gallery can be bound to; it is never called."""
    return Embedder(name, digest, dimension, SimpleNamespace(name="no crop", size=1), lambda chips: chips)


def make_vector(seed, dimension=DIMENSION):
    """A unit vector; the same seed gives the same vector."""
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


def make_matcher(digest=DIGEST, **parts):
    """The matcher of `make_embedder`; parts replace its own."""
    made = {"detector": "none", "crop": "no crop", "embedder": "fake", "similarity": NAME, "gate": "none", **parts}
    return Matcher(embedder_digest=digest, **made)


def make_face(
    vector_or_seed, *, source="photo.jpg", digest=DIGEST, box=(1, 2, 30, 40), score=0.5, measures=GOOD, **parts
):
    """A face with a given vector, or with that of a seed, that the default gate passes."""
    vector = make_vector(vector_or_seed) if np.isscalar(vector_or_seed) else np.asarray(vector_or_seed)
    points = np.zeros((5, 2), np.float32)
    return Face(np.array(box, np.float32), score, points, measures, vector, make_matcher(digest, **parts), source)


def make_faces(vectors, *, digest=DIGEST, source="crowd.jpg", measures=GOOD, **parts):
    """All faces of one photo, from vectors (n, d); box i starts at x = i."""
    vectors = np.asarray(vectors, np.float32).reshape(-1, np.shape(vectors)[-1] if len(vectors) else DIMENSION)
    boxes = np.array([[i, 0, i + 10, 10] for i in range(len(vectors))], np.float32).reshape(-1, 4)
    detections = Detections(boxes, np.ones(len(vectors)), np.zeros((len(vectors), 5, 2)), (100, 100))
    measured = {name: np.broadcast_to(value, len(vectors)) for name, value in measures.items()}
    return Faces(detections, measured, vectors, make_matcher(digest, **parts), source)


def make_point(threshold=0.9, digest=DIGEST, **parts):
    """An operating point with invented rates."""
    return OperatingPoint(threshold, 1e-3, Rate(1, 1000), Rate(30, 1000), "no data", make_matcher(digest, **parts))


@pytest.fixture
def clock():
    """The time that the galleries of this test go by."""
    return Clock()


def _sqlite_factory(folder: Path, clock: Clock) -> Callable:
    def open_one(name="people.db", embedder="fake", **options):
        chosen = make_embedder() if isinstance(embedder, str) else embedder
        return open_gallery(folder / name, chosen, clock=clock, **options)

    return open_one


def _memory_factory(folder: Path, clock: Clock) -> Callable:
    stores = {}

    def open_one(name="people.db", embedder="fake", **options):
        chosen = make_embedder() if isinstance(embedder, str) else embedder
        options.pop("wait", None)
        if name not in stores:
            stores[name] = MemoryStore(identity(chosen), name=str(folder / name))
        return Gallery(stores[name].again(), clock=clock, **options)

    return open_one


_tests = count(1)


def _postgres_factory(folder: Path, clock: Clock, server: object) -> Callable:
    test = next(_tests)

    def open_one(name="people.db", embedder="fake", **options):
        chosen = make_embedder() if isinstance(embedder, str) else embedder
        gallery = re.sub("[^a-z0-9._-]", "-", f"t{test}-{name}".lower())
        return open_gallery(server.address(gallery), chosen, clock=clock, **options)

    return open_one


THROUGH_CLIENT = {"test_contract", "test_asking", "test_naming", "test_decisions"}
"""Modules whose tests run through a client of a service, too."""
SLOWLY_THROUGH_CLIENT = {"test_repair", "test_doubts"}
"""Those that ask it thousands of times."""

_FACTORIES = {"sqlite": _sqlite_factory, "memory": _memory_factory, "postgres": _postgres_factory}


@pytest.fixture(scope="session")
def postgres_server():
    """A server of this run's own."""
    if why := SERVERS.why_not():
        pytest.skip(why)
    server = SERVERS.Server()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def remote_galleries(tmp_path_factory):
    """A service of this run's own."""
    pytest.importorskip("fastapi")
    path = Path(__file__).with_name("through_client.py")
    galleries = runpy.run_path(str(path))["RemoteGalleries"](tmp_path_factory.mktemp("served"), make_embedder())
    yield galleries
    galleries.stop()


def pytest_generate_tests(metafunc):
    """Every test that opens galleries runs over each store, and through a client, unless it is marked otherwise.

    `files`: over files only; `local`: not through a client.
    """
    if "gallery_factory" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker
        stores = ["sqlite"] if marked("files") else list(_FACTORIES)
        module = metafunc.module.__name__.rpartition(".")[2]
        if not marked("files") and not marked("local"):
            stores += ["client"] * (module in THROUGH_CLIENT)
            stores += [pytest.param("client", marks=pytest.mark.slow)] * (module in SLOWLY_THROUGH_CLIENT)
        metafunc.parametrize("store", stores, indirect=True)


@pytest.fixture
def store(request):
    """The name of the store that this test's galleries stand in."""
    return request.param


@pytest.fixture
def gallery_factory(store, tmp_path, clock, request):
    """Opens galleries: the same name gives the same gallery."""
    if store == "client":
        return request.getfixturevalue("remote_galleries").factory(clock)
    needed = [request.getfixturevalue("postgres_server")] if store == "postgres" else []
    return _FACTORIES[store](tmp_path, clock, *needed)


@pytest.fixture
def gallery(gallery_factory):
    """An empty gallery."""
    with gallery_factory() as opened:
        yield opened


@pytest.fixture
def build():
    """What tests make values with: embedder, matcher, vector, face, faces, point."""
    return SimpleNamespace(
        embedder=make_embedder,
        matcher=make_matcher,
        vector=make_vector,
        face=make_face,
        faces=make_faces,
        point=make_point,
        digest=DIGEST,
        dimension=DIMENSION,
    )
