"""A gallery that a service holds, with the arguments of `Gallery`: faces become photos, which a recognizer reads back.

A service takes photos, and the contract's tests make faces. So each face is written into the pixels of a lossless
photo, and the service's recognizer finds in a photo what is written there; everything else is real: client, HTTP,
forms, keys, engine, gallery. Its galleries go by the clock of the test, and it has every operating point that a test
decides at.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import PIL.Image

from facerec.client import Client
from facerec.gallery import Gallery
from facerec.gallery.rules import identity
from facerec.gallery.stores.memory import MemoryStore
from facerec.photos import reader
from facerec.points import digest_of
from facerec.recognizer import Chosen, Recognizer
from facerec.service import keys
from facerec.service.app import create_app
from facerec.service.settings import Limits, Settings
from facerec.types import Detections, Face, Faces, Matcher

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

_WIDTH = 64


def photo_of(faces: Faces | Face, file_of_it: bytes = b"") -> io.BytesIO:
    """A photo in whose pixels a face, or all faces of a photo, are written; it is called as theirs is.

    What a test takes for the photo's file stands behind the picture, so that two files are two.
    """
    several = [faces] if isinstance(faces, Face) else list(faces)
    told = [
        {
            "box": each.box.tolist(),
            "score": each.score,
            "points": each.points.tolist(),
            "measures": dict(each.measures),
            "embedding": each.embedding.tolist(),
            "matcher": each.matcher.text,
        }
        for each in several
    ]
    content = json.dumps(told).encode().ljust(1, b" ")
    rows = -(-len(content) // (3 * _WIDTH))
    pixels = np.frombuffer(content.ljust(rows * 3 * _WIDTH, b" "), np.uint8).reshape(rows, _WIDTH, 3)
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    file.write(file_of_it)
    file.seek(0)
    file.name = faces.source  # type: ignore[attr-defined]
    return file


def faces_in(photo: object, matcher: Matcher) -> Faces:
    """The faces that are written in a photo."""
    told = json.loads(reader.read(photo).tobytes())
    n = len(told)
    detections = Detections(
        np.array([each["box"] for each in told], np.float32).reshape(n, 4),
        np.array([each["score"] for each in told], np.float32),
        np.array([each["points"] for each in told], np.float32).reshape(n, 5, 2),
        (100, 100),
    )
    measures = {
        name: np.array([each["measures"][name] for each in told]) for name in (told[0]["measures"] if n else ())
    }
    vectors = np.array([each["embedding"] for each in told], np.float32).reshape(n, -1 if n else 8)
    matcher = Matcher.parse(told[0]["matcher"]) if n else matcher
    return Faces(detections, measures, vectors, matcher, reader.name_of(photo))


class ReadsFaces(Recognizer):
    """Finds in a photo the faces that are written there."""

    def chosen(self, photos, *_, **__) -> Iterator[Chosen]:
        """The one face of each."""
        return (Chosen(faces_in(photo, self.matcher)[0], ()) for photo in photos)

    def stream(self, photos, **_) -> Iterator[Faces]:
        """All faces of each."""
        return (faces_in(photo, self.matcher) for photo in photos)


class InProcess(httpx.BaseTransport):
    """Hands requests to an application, through all of its middleware."""

    def __init__(self, app: object) -> None:
        self.app = TestClient(app, base_url="http://testserver", raise_server_exceptions=False, follow_redirects=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        content = request.read()
        found = self.app.request(request.method, str(request.url), content=content, headers=dict(request.headers))
        return httpx.Response(found.status_code, headers=found.headers.multi_items(), content=found.content)


class RemoteGalleries:
    """One service for all tests, each of which has galleries of its own."""

    def __init__(self, folder: Path, embedder: object) -> None:
        self._clock = None
        limits = Limits(requests_per_minute=1e9, photos_per_minute=1e9)
        detector = SimpleNamespace(name="none", points_convention="mtcnn-5.v1")
        recognizer = ReadsFaces(detector=detector, embedder=embedder)
        settings = Settings(str(folder), hosts=("testserver",), limits=limits)
        self._app = create_app(settings, recognizer, workers=1)
        self._app.state.parts.galleries._opens = self._open
        self._transport = InProcess(self._app)
        self._transport.app.__enter__()
        key, token = keys.new_key("a test", keys.scopes_of(["admin"]), now=keys.now())
        self._app.state.parts.state.add_key(key)
        self.client = Client("http://testserver", token, transport=self._transport, insecure=True, tries=1)
        self._tests = count(1)

    def _open(self, path: Path, embedder: object, *, key: bytes | None = None) -> Gallery:
        path.touch()  # the service lists files; what stores their rows is tested beside this
        return Gallery(MemoryStore(identity(embedder), name=str(path)), clock=self._clock, key=key)

    def factory(self, clock):
        """What opens galleries of one test, which go by its clock."""
        self._clock = clock
        test = next(self._tests)

        def open_one(name="people.db", embedder="fake"):
            called = re.sub("[^a-z0-9._-]", "-", f"t{test}-{Path(name).stem}".lower())
            made = called in self.client.galleries()
            remote = self.client.gallery(called) if made else self.client.make_gallery(called)
            return ThroughClient(remote, self._app.state.parts.galleries.opened(called), self.allow)

        return open_one

    def allow(self, point) -> None:
        """Have the service decide at a point, too."""
        self._app.state.parts.points._by_id[digest_of(point)[:12]] = point

    def stop(self) -> None:
        """End the service."""
        self.client.close()
        self._transport.app.__exit__(None, None, None)


class ThroughClient:
    """A gallery of a service, whose methods take faces as those of `Gallery` do."""

    def __init__(self, remote, held, allow) -> None:
        self._remote, self._held, self._allow = remote, held, allow

    def __getattr__(self, name):
        return getattr(self._remote, name)

    def __len__(self) -> int:
        return len(self._remote)

    def __contains__(self, name: object) -> bool:
        return name in self._remote

    def __iter__(self):
        return iter(self._remote)

    def __enter__(self):
        return self

    def __exit__(self, *error: object) -> None:
        self._remote.close()

    def enroll(self, name, faces, *, at=None, photos=(), **terms):
        """From faces."""
        if at is not None:
            self._allow(at)
        several = [faces] if isinstance(faces, Face) else faces
        files = [photo_of(*each) for each in zip(several, photos or [b""] * len(several), strict=True)]
        return self._remote.enroll(files, name, at=at, **terms)

    def vectors(self, name):
        """What no service gives out: as the one behind it holds them."""
        return self._held.vectors(name)

    def verify(self, name, face, *, at):
        """A face that was found before."""
        self._allow(at)
        return self._remote.verify_person(photo_of(face), name, at=at)

    def identify(self, faces, *, at, top=5, logged=True):
        """All faces of one photo; what is to leave no entry, as the gallery behind finds it."""
        if not logged:
            return self._held.identify(faces, at=at, top=top, logged=False)
        self._allow(at)
        return self._remote.identify(photo_of(faces), at=at, top=top)
