"""What the service itself keeps: keys, sessions of the page, answers to requests that may be asked again.

Beside the galleries, in a file or in the same database; nothing in it tells who is enrolled. Answers, which may, are
sealed with the Idempotency-Key of whoever asked, which is not stored.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

import sqlalchemy as sql
from cryptography.fernet import Fernet
from sqlalchemy.exc import DBAPIError, IntegrityError

from facerec.errors import (
    DoneBeforeError,
    GalleryBusyError,
    GalleryUnreachableError,
    ReusedKeyError,
    UnknownResourceError,
)
from facerec.gallery.stores.postgres.address import Address
from facerec.service.keys import Key

_LOGGER = logging.getLogger("facerec.service")
KEPT = timedelta(hours=24)
"""How long an answer is kept for whoever asks again."""

_TRIES = 10
_TABLES = sql.MetaData()
_KEYS = sql.Table(
    "service_keys",
    _TABLES,
    sql.Column("id", sql.String(12), primary_key=True),
    sql.Column("label", sql.Text, nullable=False),
    sql.Column("scopes", sql.Text, nullable=False),
    sql.Column("galleries", sql.Text),
    sql.Column("created", sql.Text, nullable=False),
    sql.Column("expires", sql.Text),
    sql.Column("revoked", sql.Boolean, nullable=False),
    sql.Column("secret_sha256", sql.LargeBinary, nullable=False),
)
_SESSIONS = sql.Table(
    "service_sessions",
    _TABLES,
    sql.Column("digest", sql.LargeBinary, primary_key=True),
    sql.Column("key", sql.String(12), nullable=False),
    sql.Column("expires", sql.Text, nullable=False),
)
_REQUESTS = sql.Table(
    "service_requests",
    _TABLES,
    sql.Column("digest", sql.LargeBinary, primary_key=True),
    sql.Column("content", sql.LargeBinary, nullable=False),
    sql.Column("begun", sql.Text, nullable=False),
    sql.Column("answer", sql.LargeBinary),
)
_GALLERIES = sql.Table("service_galleries", _TABLES, sql.Column("name", sql.Text, primary_key=True))
_FACTS = sql.Table(
    "service_facts",
    _TABLES,
    sql.Column("name", sql.String(64), primary_key=True),
    sql.Column("value", sql.LargeBinary, nullable=False),
)


class Answer(NamedTuple):
    """What a request was answered, as it is kept."""

    status: int
    headers: Mapping[str, str]
    body: Any


class State:
    """The tables, in a file or a database. Several threads and processes may share them."""

    def __init__(self, place: Path | Address) -> None:
        if isinstance(place, Path):
            place.parent.mkdir(mode=0o700, exist_ok=True, parents=True)
            self._engine = sql.create_engine(f"sqlite:///{place}", connect_args={"timeout": 30}, hide_parameters=True)
            sql.event.listen(self._engine, "connect", _careful)
        else:
            given = {**place.parameters, "application_name": "facerec serve"}
            self._engine = sql.create_engine(
                "postgresql+psycopg://", connect_args=given, pool_pre_ping=True, hide_parameters=True
            )
        with clear_errors():
            make_tables(self._engine, _TABLES)
        self.secret = self._fact("secret", secrets.token_bytes(32))

    @property
    def engine(self) -> sql.Engine:
        """The connections, for what else is kept there."""
        return self._engine

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[sql.Connection]:
        with clear_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sql.Connection]:
        with clear_errors(), self._engine.connect() as connection:
            yield connection

    def _fact(self, name: str, new: bytes) -> bytes:
        """A fact that whoever comes first decides."""
        wanted = sql.select(_FACTS.c.value).where(_FACTS.c.name == name)
        try:
            with self._writing() as connection:
                if (found := connection.scalar(wanted)) is not None:
                    return bytes(found)
                connection.execute(sql.insert(_FACTS).values(name=name, value=new))
                return new
        except IntegrityError:  # another process was first
            with self._reading() as connection:
                return bytes(cast("bytes", connection.scalar(wanted)))

    def check(self) -> None:
        """Ask the tables something; raises what is wrong with them."""
        with self._reading() as connection:
            connection.scalar(sql.select(sql.func.count()).select_from(_FACTS))

    # -- keys -----------------------------------------------------------------------------------------------------

    def add_key(self, key: Key) -> None:
        """Store a new key."""
        with self._writing() as connection:
            connection.execute(sql.insert(_KEYS).values(**_row_of(key)))

    def add_first_key(self, key: Key) -> bool:
        """Store a key if there is none at all, of whichever process came first; whether it was."""
        with self._writing() as connection:
            if connection.scalar(sql.select(sql.func.count()).select_from(_KEYS)):
                return False
        if self._fact("first key", key.id.encode()) != key.id.encode():
            return False
        self.add_key(key)
        return True

    def key(self, key_id: str) -> Key | None:
        """The key of that id."""
        with self._reading() as connection:
            row = connection.execute(sql.select(_KEYS).where(_KEYS.c.id == key_id)).mappings().first()
        return None if row is None else _key_of(dict(row))

    def keys(self) -> list[Key]:
        """All keys, those that ended included, in the order in which they were made."""
        with self._reading() as connection:
            rows = connection.execute(sql.select(_KEYS).order_by(_KEYS.c.created, _KEYS.c.id)).mappings().all()
        return [_key_of(dict(row)) for row in rows]

    def revoke(self, key_id: str) -> Key:
        """End a key; `UnknownResourceError` if there is none of that id."""
        with self._writing() as connection:
            connection.execute(sql.update(_KEYS).where(_KEYS.c.id == key_id).values(revoked=True))
            connection.execute(sql.delete(_SESSIONS).where(_SESSIONS.c.key == key_id))
        found = self.key(key_id)
        if found is None:
            message = f"there is no key {key_id}"
            raise UnknownResourceError(message)
        return found

    # -- sessions of the page ---------------------------------------------------------------------------------------

    def begin_session(self, key: Key, *, until: datetime) -> str:
        """A text that stands for the key until then; the page's browser keeps it, and the state its digest."""
        token = secrets.token_urlsafe(32)
        values = {"digest": _digest(token), "key": key.id, "expires": until.isoformat()}
        with self._writing() as connection:
            now = datetime.now(UTC).isoformat()
            connection.execute(sql.delete(_SESSIONS).where(_SESSIONS.c.expires < now))
            connection.execute(sql.insert(_SESSIONS).values(**values))
        return token

    def session(self, token: str, *, now: datetime) -> Key | None:
        """The key that it stands for."""
        wanted = sql.select(_SESSIONS.c.key, _SESSIONS.c.expires).where(_SESSIONS.c.digest == _digest(token))
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None or datetime.fromisoformat(row.expires) <= now else self.key(row.key)

    def end_session(self, token: str) -> None:
        """Forget it."""
        with self._writing() as connection:
            connection.execute(sql.delete(_SESSIONS).where(_SESSIONS.c.digest == _digest(token)))

    # -- requests that may be asked again -------------------------------------------------------------------------

    def begun(self, key: Key, value: str, content: bytes, *, now: datetime) -> Answer | None:
        """Note that a request is begun; or what it was answered, if it was done before.

        Raises
        ------
        ReusedKeyError
            If another request was made under this value.
        DoneBeforeError
            If the same was begun, and its answer is not known (yet).
        """
        digest = _digest(f"{key.id} {value}")
        wanted = sql.select(_REQUESTS).where(_REQUESTS.c.digest == digest)
        try:
            with self._writing() as connection:
                old = _REQUESTS.c.begun < (now - KEPT).isoformat()
                connection.execute(sql.delete(_REQUESTS).where(old))
                row = connection.execute(wanted).first()
                if row is None:
                    values = {"digest": digest, "content": content, "begun": now.isoformat()}
                    connection.execute(sql.insert(_REQUESTS).values(**values))
                    return None
        except IntegrityError:  # at the same moment, by another
            with self._reading() as connection:
                row = connection.execute(wanted).first()
        if row is None or row.content != content:
            message = "this Idempotency-Key was given with another request; give each request one of its own"
            raise ReusedKeyError(message)
        if row.answer is None:
            message = (
                "a request of this Idempotency-Key was begun, and how it ended is not known; read what it was to "
                "change, and ask with a new key if it was not done"
            )
            raise DoneBeforeError(message)
        return _opened(value, row.answer)

    def ended(self, key: Key, value: str, answer: Answer | None) -> None:
        """Keep the answer; ``None``: nothing was done, so that it may be asked again."""
        where = _REQUESTS.c.digest == _digest(f"{key.id} {value}")
        with self._writing() as connection:
            if answer is None:
                connection.execute(sql.delete(_REQUESTS).where(where))
            else:
                connection.execute(sql.update(_REQUESTS).where(where).values(answer=_sealed(value, answer)))

    # -- galleries of a database ------------------------------------------------------------------------------------

    def galleries(self) -> list[str]:
        """Those that the service was told of; row-level security shows no list of all."""
        with self._reading() as connection:
            return list(connection.execute(sql.select(_GALLERIES.c.name).order_by(_GALLERIES.c.name)).scalars())

    def add_gallery(self, name: str) -> None:
        """Remember one."""
        try:
            with self._writing() as connection:
                connection.execute(sql.insert(_GALLERIES).values(name=name))
        except IntegrityError:
            return  # it is remembered


@contextmanager
def clear_errors() -> Iterator[None]:
    """Raise what the database raises as errors that say what to do."""
    try:
        yield
    except IntegrityError:  # somebody else was first, which who asked knows of
        raise
    except DBAPIError as error:
        # What the database says of itself, its address for instance, is for the log and not for callers.
        _LOGGER.warning("the tables of the service: %s", " ".join(str(error.orig).split()))
        if "locked" in str(error.orig):
            message = "the tables of the service are held by another process; try again"
            raise GalleryBusyError(message) from error
        message = "the service cannot reach what it keeps of itself just now; try again later"
        raise GalleryUnreachableError(message) from error


def make_tables(engine: sql.Engine, tables: sql.MetaData) -> None:
    """Make the tables that there are not yet; of several processes that begin at once, all go on."""
    for left in reversed(range(_TRIES)):
        try:
            with engine.begin() as connection:
                if engine.dialect.name == "sqlite":  # whose driver begins nothing before tables are made
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                tables.create_all(connection)
        except DBAPIError:  # another made one after it was looked for
            if not left:
                raise
        else:
            return


def _careful(connection: Any, _: object) -> None:  # noqa: ANN401 - sqlite3's
    """What is deleted is overwritten, and what is acknowledged is on the disk."""
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "busy_timeout = 30000"):
        connection.execute(f"PRAGMA {pragma}")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _lock(value: str) -> Fernet:
    # The value is a secret of whoever asks, and long; a password would need a slower derivation.
    return Fernet(base64.urlsafe_b64encode(_digest(f"facerec answer {value}")))


def _sealed(value: str, answer: Answer) -> bytes:
    return _lock(value).encrypt(json.dumps([answer.status, dict(answer.headers), answer.body]).encode())


def _opened(value: str, answer: bytes) -> Answer:
    return Answer(*json.loads(_lock(value).decrypt(bytes(answer))))


def _row_of(key: Key) -> dict[str, object]:
    return {
        **vars(key),
        "scopes": " ".join(key.scopes),
        "galleries": None if key.galleries is None else " ".join(key.galleries),
        "created": key.created.isoformat(),
        "expires": None if key.expires is None else key.expires.isoformat(),
    }


def _key_of(row: Mapping[str, Any]) -> Key:
    return Key(
        **{
            **row,
            "scopes": tuple(row["scopes"].split()),
            "galleries": None if row["galleries"] is None else tuple(row["galleries"].split()),
            "created": datetime.fromisoformat(row["created"]),
            "expires": None if row["expires"] is None else datetime.fromisoformat(row["expires"]),
            "secret_sha256": bytes(row["secret_sha256"]),
        }
    )
