"""Where the next page begins: opaque texts, signed, and good for the address and filters that they were given with."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from facerec.errors import BadRequestError

_SIGNATURE = 16


@dataclass(frozen=True)
class Cursors:
    """Makes and reads them with a secret that all replicas share.

    >>> cursors = Cursors(b"of the service")
    >>> cursors.after(cursors.at("/people", 41), "/people")
    41
    """

    secret: bytes

    def at(self, place: str, number: int) -> str:
        """The cursor for what comes after `number` at an address, filters included."""
        content = number.to_bytes(8, "big")
        return base64.urlsafe_b64encode(content + self._signature(place, content)).decode().rstrip("=")

    def after(self, cursor: str | None, place: str) -> int:
        """The number; 0 where there is no cursor; `BadRequestError` if it is none of this address."""
        if cursor is None:
            return 0
        try:
            content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            content = b""
        if not hmac.compare_digest(content[8:], self._signature(place, content[:8])):
            message = "after is the cursor of a page before, `next` of its answer, for the same address and filters"
            raise BadRequestError(message)
        return int.from_bytes(content[:8], "big")

    def _signature(self, place: str, content: bytes) -> bytes:
        return hmac.digest(self.secret, place.encode() + b"\0" + content, hashlib.sha256)[:_SIGNATURE]
