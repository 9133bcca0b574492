"""Searches that come at the same time are one search: a batch of probes costs hardly more than one."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from facerec.gallery import Gallery
from facerec.recognizer import Recognizer
from facerec.service.points import id_of
from facerec.types import Faces, Identifications, OperatingPoint


class Search(NamedTuple):
    """The faces of one photo, and who asks about them."""

    faces: Faces
    actor: str


class Searches:
    """One gathering place for each gallery, operating point and number of candidates."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._places: dict[tuple[Any, ...], Gathered] = {}
        self._lock = threading.Lock()

    def identify(
        self, gallery: Gallery, name: str, search: Search, *, at: OperatingPoint | None, top: int
    ) -> Identifications:
        """As ``Recognizer.identify_faces``, together with whoever else asks just then."""

        def work(searches: list[Search]) -> list[Identifications]:
            actors = [each.actor for each in searches]
            photos = [each.faces for each in searches]
            return self._recognizer.identify_many(photos, gallery, at=at, top=top, actors=actors)

        point = None if at is None else id_of(at)
        with self._lock:
            place = self._places.setdefault((name, point, top), Gathered(work))
        found: Identifications = place(search)
        return found


class Gathered:
    """Calls that come while one is under way wait, and are then made as one.

    `work` takes what all of them gave, and gives one result for each. Several threads may share it: the first that
    finds nobody at work does it for all who wait.
    """

    def __init__(self, work: Callable[[list[Any]], list[Any]], *, most: int = 64) -> None:
        self._work, self._most = work, most
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._waiting: list[_Call] = []

    def __call__(self, given: Any) -> Any:  # noqa: ANN401 - what `work` takes and gives
        """The result of this call; what `work` raises is raised for each call that it worked for."""
        call = _Call(given)
        with self._lock:
            self._waiting.append(call)
        while not call.done:
            with self._turn:
                if call.done:
                    break
                with self._lock:
                    batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                self._do(batch)
        if call.error is not None:
            raise copy.copy(call.error)  # a traceback is not for several
        return call.result

    def _do(self, batch: list[_Call]) -> None:
        try:
            results = self._work([call.given for call in batch])
            for call, result in zip(batch, results, strict=True):
                call.result = result
        except Exception as error:  # noqa: BLE001 - raised where each call waits
            for call in batch:
                call.error = error
        finally:
            for call in batch:
                call.done = True


class _Call:
    def __init__(self, given: object) -> None:
        self.given = given
        self.result: object = None
        self.error: Exception | None = None
        self.done = False
