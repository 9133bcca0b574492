"""Connections on which no request comes: ended after a while, since anybody can hold as many as they like."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def patient(seconds: float) -> type[H11Protocol]:
    """The protocol of a server that waits so many seconds for the head of a request; `Guard` waits for its body.

    uvicorn waits for ever where a connection says nothing, or half of a head.
    """

    class Patient(H11Protocol):
        _due: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._wait()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._stop()

        def _wait(self) -> None:
            # Nor may what was answered before its body had come keep the connection.
            answered = self.cycle is not None and self.cycle.response_complete
            if not (answered or self.conn.their_state is h11.IDLE) or self.transport.is_closing():
                self._stop()
            elif self._due is None:
                self._due = self.loop.call_later(seconds, self.transport.close)

        def _stop(self) -> None:
            if self._due is not None:
                self._due.cancel()
                self._due = None

    return Patient
