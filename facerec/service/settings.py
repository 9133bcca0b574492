"""How the service runs: one frozen value, which refuses what is not safe before anything is loaded."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from facerec.errors import UnsafeSettingsError
from facerec.visible_text import quoted

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one request, and one key, may take.

    `photo_bytes`, `request_bytes` of a form and `document_bytes` of any other body are counted as they come in; a
    request has at most `photos` of them. An import has at most `import_photos` in a form, or an archive of
    `archive_bytes`. A request is done within `deadline` seconds; an archive may take longer
    to come, if nothing stops for so long. At most `waiting` photos, and `jobs` jobs, wait for their turn. A key may
    make `requests_per_minute` requests with `photos_per_minute` photos; ten seconds' worth of either may come at once.
    """

    photo_bytes: int = 10 * _MEGABYTE
    request_bytes: int = 64 * _MEGABYTE
    document_bytes: int = _MEGABYTE
    photos: int = 20
    import_photos: int = 1000
    archive_bytes: int = 2048 * _MEGABYTE
    deadline: float = 30.0
    waiting: int = 256
    jobs: int = 100
    requests_per_minute: float = 6000.0
    photos_per_minute: float = 6000.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < math.inf:
                message = f"the limit {name} must be a number above 0; got {value}"
                raise UnsafeSettingsError(message)


def limits_of(given: Iterable[str]) -> Limits:
    """The usual limits, but for those that are given as ``name=number``; `UnsafeSettingsError` if one is none.

    >>> limits_of(["deadline=60", "photos=5"]).deadline
    60.0
    """
    usual = vars(Limits())
    changed: dict[str, Any] = {}
    for each in given:
        name, _, number = each.partition("=")
        try:
            changed[name] = type(usual[name])(number)
        except (KeyError, ValueError) as error:
            known = ", ".join(f"{name}={value}" for name, value in usual.items())
            message = f"{quoted(each)} is no limit; those are, with their usual numbers, {known}"
            raise UnsafeSettingsError(message) from error
    return Limits(**changed)


@dataclass(frozen=True)
class Settings:
    """Where the service listens, what it serves, and how much of it.

    `galleries` is a folder, or the address of a database (``postgresql://user@host/database``, without ``?gallery=``).
    `host` and `port` are where it listens; `hosts` are the names by which it may be called, by default those of the
    loopback. Beyond the loopback it listens only with `certificate` and `private_key` (PEM files), or `behind_proxy`:
    a proxy on the way that encrypts. `audits` is a folder of published reports. `files` is one for archives on their
    way in and out, which replicas share; by default it stands beside galleries in a folder, and with a database it must
    be given where there is to be import and export. `keep_exports` says for how long an export may be fetched.

    `UnsafeSettingsError` if they do not go together; the message says what to change.
    """

    galleries: str
    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()
    behind_proxy: bool = False
    certificate: Path | None = None
    private_key: Path | None = None
    audits: Path | None = None
    embeddings: bool = False
    files: Path | None = None
    keep_exports: timedelta = timedelta(days=1)
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.private_key is None):
            message = "a certificate and its private key go together: --certificate FILE --private-key FILE"
            raise UnsafeSettingsError(message)
        if not self.loopback and not (self.encrypted or self.behind_proxy):
            message = (
                f"{quoted(self.host)} is beyond this machine, and keys and photos would cross the network for all to "
                "read. Give --certificate FILE --private-key FILE, or --behind-proxy where a proxy encrypts, or listen "
                "on 127.0.0.1"
            )
            raise UnsafeSettingsError(message)
        if not self.loopback and not self.hosts:
            message = (
                "say by which name the service is called, such as --name faces.example: requests for other names are "
                "refused"
            )
            raise UnsafeSettingsError(message)
        if not 0 <= self.port < 1 << 16:
            message = f"a port is a number from 0 (any that is free) to 65535; got {self.port}"
            raise UnsafeSettingsError(message)

    @property
    def loopback(self) -> bool:
        """Whether it listens on this machine only."""
        return self.host in _LOOPBACK

    @property
    def encrypted(self) -> bool:
        """Whether the service itself encrypts."""
        return self.certificate is not None

    @property
    def names(self) -> frozenset[str]:
        """What the header Host may say, without the port."""
        # Those of this machine always: no page elsewhere can be called so, and health is asked for by them.
        return frozenset(name.lower() for name in self.hosts) | _LOOPBACK
