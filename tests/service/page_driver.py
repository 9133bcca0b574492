"""What tests of the page drive: a service on this machine, and a film for the camera of a Chromium."""

import io
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image as Pictures

from facerec.gallery import Gallery
from facerec.service import keys
from facerec.service.app import create_app
from facerec.service.galleries import place_of_state
from facerec.service.settings import Settings
from facerec.service.state import State
from facerec.testing import made_photo, made_point, made_recognizer

EXPIRES = date(2099, 1, 1)
REPORT = """<!doctype html><html lang="en"><title>LFW</title><h1>An audit</h1><p id="told">Nothing ran.</p>
<script>document.getElementById("told").textContent = "A script ran."</script></html>"""


class Service:
    """A service in a thread, on a port of the loopback, with galleries that tests fill without the page."""

    def __init__(self, folder: Path) -> None:
        (folder / "galleries").mkdir()
        (folder / "audits" / "lfw").mkdir(parents=True)
        (folder / "audits" / "lfw" / "report.html").write_text(REPORT, "utf-8")
        galleries = str(folder / "galleries")
        self.state = State(place_of_state(galleries))
        self.token = self.key("admin")
        self.recognizer = made_recognizer()
        settings = Settings(galleries, audits=folder / "audits")
        self.app = create_app(settings, self.recognizer, state=self.state, points=[made_point()])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def key(self, *roles: str, galleries: tuple[str, ...] | None = None) -> str:
        """The token of a new key."""
        key, token = keys.new_key(" ".join(roles), keys.scopes_of(list(roles)), galleries=galleries, now=keys.now())
        self.state.add_key(key)
        return token

    def gallery(self, name: str, **people: tuple[str, ...]) -> Gallery:
        """A new gallery in which people are enrolled, each by photos of these colours."""
        gallery = self.app.state.parts.galleries.made(name)
        for who, colours in people.items():
            faces = [replace(self.recognizer.faces(made_photo(colour))[0], source=colour) for colour in colours]
            gallery.enroll(who, faces, consent="form 12", expires=EXPIRES)
        return gallery

    @contextmanager
    def running(self) -> Iterator["Service"]:
        """Until the block ends."""
        import uvicorn

        server = uvicorn.Server(uvicorn.Config(self.app, port=self.port, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            until = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                assert time.monotonic() < until, "the server takes too long to start"
                time.sleep(0.02)
            yield self
        finally:
            server.should_exit = True
            thread.join(timeout=30)


@dataclass
class Watched:
    """A page, and what it asked for: every address, and whatever the browser had to complain about."""

    page: object
    service: Service
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._console)

    def _console(self, message) -> None:
        # An answer that is a problem is no fault of the page, though the browser notes it.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    @property
    def foreign(self) -> list[str]:
        """Addresses beyond the service; a blob is what the page holds itself."""
        own = (self.service.address + "/", f"blob:{self.service.address}/", "data:", "about:")
        return [url for url in self.asked if not url.startswith(own)]

    def sign_in(self, token: str | None = None, at: str = "") -> None:
        """Begin a session, and go to a view."""
        self.page.goto(f"{self.service.address}/")
        self.page.get_by_label("Key").fill(token or self.service.token)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name="Sign out").wait_for()
        if at:
            self.go(at)

    def go(self, fragment: str) -> None:
        """Go to a view, as its link does, and wait until it is there."""
        self.page.goto(f"{self.service.address}/{fragment}")
        self.ready()

    def ready(self) -> None:
        """Wait until the view that was asked for is there."""
        self.page.locator("main:not([aria-busy=true]) h1").wait_for()

    def text(self, selector: str) -> str:
        """What a person reads there, in one line."""
        return re.sub(r"\s+", " ", self.page.locator(selector).inner_text()).strip()

    def send(self) -> None:
        """Send the form of the view, or its first one."""
        self.page.locator("main form [type=submit]").first.click()


def photo(*people: str, size: int = 64) -> dict:
    """A made photo as a file to be chosen."""
    content = io.BytesIO()
    Pictures.fromarray(made_photo(*people, size=size)).save(content, "PNG")
    return {"name": f"{'-'.join(people)}.png", "mimeType": "image/png", "buffer": content.getvalue()}


def film(path: Path, *people: str, size: int = 480) -> Path:
    """A film of one picture, the made photo and black beside it, as a fake camera of Chromium plays it."""
    colours = np.zeros((size, size * 4 // 3, 3), np.uint8)
    made = made_photo(*people, size=size)
    colours[:, : made.shape[1]] = made
    light, blue, red = np.moveaxis(np.asarray(Pictures.fromarray(colours).convert("YCbCr")), 2, 0)
    half = [plane.reshape(size // 2, 2, -1, 2).mean(axis=(1, 3)).astype(np.uint8) for plane in (blue, red)]
    header = f"YUV4MPEG2 W{colours.shape[1]} H{size} F10:1 Ip A1:1 C420jpeg\n".encode()
    frame = b"FRAME\n" + light.tobytes() + b"".join(plane.tobytes() for plane in half)
    path.write_bytes(header + 10 * frame)
    return path
