"""Where a gallery in a database is: ``postgresql://user@host:port/database?gallery=staff``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from facerec.errors import ArgumentError
from facerec.gallery.rules import check_gallery_name

_BEGINNING = re.compile(r"postgres(ql)?:/", re.IGNORECASE)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_address(text: object) -> bool:
    """Whether this names a gallery in a database, not a file."""
    return _BEGINNING.match(str(text)) is not None


class Address(str):
    """A gallery in a database: as a text, what people call it, without the password.

    `gallery` is its name in the database; `parameters` are libpq's, among which a password may be, and never shown.
    """

    gallery: str
    parameters: Mapping[str, str]

    @property
    def name(self) -> str:
        """What people call it."""
        return str.__str__(self)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address.

        A server elsewhere must prove who it is (``sslmode=verify-full``), unless the address says another `sslmode`.

        Raises
        ------
        ArgumentError
            If it is none, names several hosts, or no such gallery can be.

        Examples
        --------
        >>> Address.parse("postgresql://ada:secret@db.example/faces?gallery=staff").name
        'postgresql://ada@db.example/faces?gallery=staff'
        """
        # `Path`, which options of the command line are, keeps one slash of two.
        rest = re.sub(r"^postgres(ql)?:/+", "postgresql://", str(text), flags=re.IGNORECASE)
        if not is_address(text) or "\0" in rest:
            raise _no_address(cause="it does not begin with postgresql://")
        if str(text).lower().startswith(("postgresql:///", "postgres:///")):
            rest = rest.replace("postgresql://", "postgresql:///", 1)
        try:
            parts = urlsplit(rest)
            host, port = parts.hostname or "", parts.port
            given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        except ValueError:  # its text may hold the password
            raise _no_address(
                cause="it names several hosts, a port that is no number, or an option without a value"
            ) from None
        if "," in parts.netloc:
            raise _no_address(cause="it names several hosts")
        gallery = given.pop("gallery", "main")
        check_gallery_name(gallery)
        found = {
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "host": unquote(host),
            "port": "" if port is None else str(port),
            "dbname": unquote(parts.path.lstrip("/")),
        }
        parameters = {key: value for key, value in found.items() if value} | given
        place = parameters.get("hostaddr") or parameters.get("host", "")
        if place and not place.startswith(("/", "@")) and place not in _LOOPBACK:
            parameters.setdefault("sslmode", "verify-full")
        made = cls(_shown(parameters, gallery))
        made.gallery, made.parameters = gallery, MappingProxyType(parameters)
        return made


def _shown(parameters: Mapping[str, str], gallery: str) -> str:
    user, host, port = (parameters.get(key, "") for key in ("user", "host", "port"))
    in_query = host.startswith(("/", "@"))
    place = "" if in_query else (f"[{host}]" if ":" in host else host)
    whole = (f"{quote(user)}@" if user else "") + place + (f":{port}" if port else "")
    options = ([f"host={host}"] if in_query else []) + [f"gallery={gallery}"]
    return f"postgresql://{whole}/{quote(parameters.get('dbname', ''))}?{'&'.join(options)}"


def _no_address(*, cause: str) -> ArgumentError:
    return ArgumentError(
        f"this is no address of a gallery in a database: {cause}. One is postgresql://user@host/database?gallery=staff"
    )
