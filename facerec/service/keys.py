"""Keys: made once, shown once, stored as a digest.

``fr_<12 hex: its id>_<64 hex: the secret><8 hex: CRC-32 of all before>``: a prefix and a check by which scanners know
a key that leaked without asking anybody.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from facerec.errors import ArgumentError
from facerec.gallery.rules import optional_text
from facerec.service.scopes import ROLES, SCOPES, Scope
from facerec.types.plain import Value
from facerec.visible_text import quoted

_TOKEN = re.compile(r"fr_([0-9a-f]{12})_([0-9a-f]{64})([0-9a-f]{8})")


@dataclass(frozen=True)
class Key(Value):
    """What is stored of a key.

    `id` is what logs call it, `label` what people do; it may do what `scopes` say, in the galleries named, all of them
    if ``None``. `expires` (UTC) is when it ends, ``None``: never; `revoked` says that somebody ended it.
    `secret_sha256` is the digest of the secret part of its token.
    """

    id: str
    label: str
    scopes: tuple[Scope, ...]
    galleries: tuple[str, ...] | None
    created: datetime
    expires: datetime | None
    revoked: bool
    secret_sha256: bytes

    hidden: ClassVar[frozenset[str]] = frozenset({"secret_sha256"})

    def __post_init__(self) -> None:
        if unknown := [each for each in self.scopes if each not in SCOPES]:
            message = f"no scope is called {quoted(unknown[0])}; there are {', '.join(SCOPES)}"
            raise ArgumentError(message)
        if not self.scopes:
            message = f"a key may do something: scopes of {', '.join(SCOPES)}, or a role of {', '.join(ROLES)}"
            raise ArgumentError(message)
        optional_text("label", self.label)

    @property
    def actor(self) -> str:
        """What the log of a gallery calls whoever asks with it."""
        return f"key {self.id}"

    def holds(self, now: datetime) -> bool:
        """Whether it is good at that time."""
        return not self.revoked and (self.expires is None or now < self.expires)

    def reaches(self, gallery: str) -> bool:
        """Whether it may be used with that gallery."""
        return self.galleries is None or gallery in self.galleries


def new_key(
    label: str,
    scopes: tuple[Scope, ...],
    *,
    galleries: tuple[str, ...] | None = None,
    expires: datetime | None = None,
    now: datetime,
) -> tuple[Key, str]:
    """A new key, and its token, which nothing keeps.

    `ArgumentError` if a scope is none, or `expires` is past or has no time zone.

    >>> key, token = new_key("front desk", ("verify",), now=datetime(2031, 5, 17, tzinfo=UTC))
    >>> key.scopes, token[:3], opens(key, parse(token)[1])
    (('verify',), 'fr_', True)
    """
    if expires is not None and (expires.tzinfo is None or expires <= now):
        message = f"a key expires at a time to come, with a time zone; got {expires}"
        raise ArgumentError(message)
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    head = f"fr_{key_id}_{secret}"
    key = Key(key_id, label, tuple(scopes), galleries, now, expires, False, digest(secret.encode()))
    return key, f"{head}{zlib.crc32(head.encode()):08x}"


def parse(token: str) -> tuple[str, str] | None:
    """The id and the secret of a token; ``None`` if it is none, or was mistyped."""
    found = _TOKEN.fullmatch(token)
    if found is None or f"{zlib.crc32(token[:-8].encode()):08x}" != found[3]:
        return None
    return found[1], found[2]


def opens(key: Key, secret: str) -> bool:
    """Whether this is the secret of that key."""
    return hmac.compare_digest(key.secret_sha256, digest(secret.encode()))


def scopes_of(names: list[str]) -> tuple[Scope, ...]:
    """The scopes that names of roles and scopes stand for, each once.

    >>> scopes_of(["kiosk", "read"])
    ('verify', 'read')
    """
    found: dict[Scope, None] = {}
    for name in names:
        if name in ROLES:
            found |= dict.fromkeys(ROLES[name])
        elif name in SCOPES:
            found[name] = None  # type: ignore[index]
        else:
            message = f"{quoted(name)} is no role ({', '.join(ROLES)}) and no scope ({', '.join(SCOPES)})"
            raise ArgumentError(message)
    return tuple(found)


def digest(content: bytes) -> bytes:
    """The SHA-256 of a content."""
    return hashlib.sha256(content).digest()


def now() -> datetime:
    """The present time, in UTC."""
    return datetime.now(UTC)
