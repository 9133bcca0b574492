"""The jobs of all replicas in one table: whoever sets a row to ``running`` first works on it, and nobody else.

Who works on a job says so every few seconds, by the clock of the database. A job of which nobody has said so for
`LEASE` seconds was given up by a process that ended; whoever looks then tells it so, or has it taken up again. Nothing
here tells who is enrolled: the ids of people who were forgotten are in it, and no names.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, TypeAlias

import sqlalchemy as sql

from facerec.errors import OverloadedError
from facerec.service.keys import Key
from facerec.service.state import clear_errors, make_tables
from facerec.types.plain import Value, plain

Kind: TypeAlias = Literal["import", "photos", "export", "reembedding", "purge"]
JobState: TypeAlias = Literal["waiting", "running", "done", "failed", "cancelled"]
ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled")

LEASE = 60.0
"""Seconds without a sign of life after which the process that works on a job is taken to have ended."""

_KEPT = timedelta(days=30)
_MOST_BEGINNINGS = 3  # of a job that can be taken up again: one that ends its process would end all of them
_TABLES = sql.MetaData()
_JOBS = sql.Table(
    "service_jobs",
    _TABLES,
    sql.Column("number", sql.Integer, primary_key=True),
    sql.Column("id", sql.String(32), nullable=False, unique=True),
    sql.Column("gallery", sql.Text, nullable=False),
    sql.Column("asked_by", sql.String(12), nullable=False),
    sql.Column("state", sql.String(12), nullable=False),
    sql.Column("worker", sql.String(32)),
    sql.Column("alive", sql.Float),
    sql.Column("beginnings", sql.Integer, nullable=False),
    sql.Column("stopping", sql.Boolean, nullable=False),
    sql.Column("content", sql.Text, nullable=False),
)


@dataclass(frozen=True)
class Job(Value):
    """Work that outlasts a request.

    `kind` says what, ``photos`` being people imported from photos; `asked_by` is the id of a key. `state` is
    ``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``; `stopping`: somebody wants it to end. `done` of
    `total` units are, where that is known; `result` is what came of it, `problem` why nothing did. `terms` are what
    was asked for besides. `beginnings` counts the processes that have begun it.
    """

    id: str
    kind: Kind
    gallery: str
    asked_by: str
    state: JobState
    created: datetime
    ended: datetime | None = None
    stopping: bool = False
    done: int = 0
    total: int | None = None
    result: Mapping[str, Any] | None = None
    problem: Mapping[str, Any] | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0
    beginnings: int = 0

    hidden: ClassVar[frozenset[str]] = frozenset({"number", "beginnings"})

    @property
    def actor(self) -> str:
        """What the log of the gallery calls whoever asked."""
        return f"key {self.asked_by}"

    @property
    def again(self) -> bool:
        """Whether it may be begun again after its process ended: what was done is then not done twice."""
        return self.kind in {"purge", "photos"} or (self.kind == "import" and bool(self.terms.get("merge")))


class JobTable:
    """The table, over the engine of the service's state. Several threads and processes may share it."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine
        make_tables(engine, _TABLES)

    # -- who asks ---------------------------------------------------------------------------------------------------

    def add(self, job: Job, *, most: int) -> Job:
        """Store a new job; `OverloadedError` if `most` wait already."""
        kept = _content(job)
        values = {"id": job.id, "gallery": job.gallery, "asked_by": job.asked_by, "state": "waiting", "content": kept}
        with clear_errors(), self._engine.begin() as connection:
            waiting = sql.select(sql.func.count()).select_from(_JOBS).where(_JOBS.c.state == "waiting")
            if (connection.scalar(waiting) or 0) >= most:
                message = f"{most} jobs wait for their turn, as many as may; ask again when some are done"
                raise OverloadedError(message, retry_after=60)
            connection.execute(sql.insert(_JOBS).values(**values, beginnings=0, stopping=False))
        return job

    def job(self, job_id: str) -> Job | None:
        """The job of that id, as it is now."""
        with clear_errors(), self._engine.connect() as connection:
            row = connection.execute(sql.select(_JOBS).where(_JOBS.c.id == job_id)).mappings().first()
        return None if row is None else _job_of(row)

    def seen_by(self, key: Key, *, after: int = 0, limit: int = 200) -> list[Job]:
        """The jobs that a key may know of, in the order in which they were asked for.

        Its own; and with the scope ``manage`` all those of the galleries that it reaches.
        """
        seen = sql.true() if "manage" in key.scopes else _JOBS.c.asked_by == key.id
        reached = sql.true() if key.galleries is None else _JOBS.c.gallery.in_(key.galleries)
        wanted = sql.select(_JOBS).where(_JOBS.c.number > after, seen, reached).order_by(_JOBS.c.number).limit(limit)
        with clear_errors(), self._engine.connect() as connection:
            return [_job_of(row) for row in connection.execute(wanted).mappings()]

    def stop(self, job: Job) -> Job:
        """End a job that waits; of one that runs, say that it is to end. Returns it as it is then."""
        with clear_errors(), self._engine.begin() as connection:
            ended = _content(job, ended=_now())
            waits = sql.update(_JOBS).where(_JOBS.c.id == job.id, _JOBS.c.state == "waiting")
            if not connection.execute(waits.values(state="cancelled", content=ended)).rowcount:
                runs = sql.update(_JOBS).where(_JOBS.c.id == job.id, _JOBS.c.state == "running")
                connection.execute(runs.values(stopping=True))
        return self.job(job.id) or job

    # -- who works --------------------------------------------------------------------------------------------------

    def take(self, worker: str) -> Job | None:
        """The job that has waited longest, which is this worker's from now on; ``None`` if none waits."""
        wanted = sql.select(_JOBS.c.id).where(_JOBS.c.state == "waiting").order_by(_JOBS.c.number)
        with clear_errors(), self._engine.connect() as connection:
            waiting = list(connection.execute(wanted).scalars())
        for job_id in waiting:
            with clear_errors(), self._engine.begin() as connection:
                mine = sql.update(_JOBS).where(_JOBS.c.id == job_id, _JOBS.c.state == "waiting")
                beginnings = _JOBS.c.beginnings + 1
                values = {"state": "running", "worker": worker, "alive": self._clock(), "beginnings": beginnings}
                if connection.execute(mine.values(**values)).rowcount:
                    row = connection.execute(sql.select(_JOBS).where(_JOBS.c.id == job_id)).mappings().one()
                    return _job_of(row)
        return None

    def alive(self, job: Job, worker: str) -> bool | None:
        """Say that it is worked on, and how far; whether it is to end; ``None`` if it is this worker's no more."""
        with clear_errors(), self._engine.begin() as connection:
            mine = self._mine(job, worker).values(alive=self._clock(), content=_content(job))
            if not connection.execute(mine).rowcount:
                return None
            return bool(connection.scalar(sql.select(_JOBS.c.stopping).where(_JOBS.c.id == job.id)))

    def end(self, job: Job, worker: str, state: JobState, **came: Mapping[str, Any] | None) -> bool:
        """Say how it ended: its `result`, or its `problem`; whether it was this worker's still.

        ``waiting``: it did not, and is to be taken up again.
        """
        ended = None if state == "waiting" else _now()
        content = _content(job, ended=ended, **came)
        with clear_errors(), self._engine.begin() as connection:
            mine = self._mine(job, worker).values(state=state, content=content, worker=None, stopping=False)
            return bool(connection.execute(mine).rowcount)

    def _mine(self, job: Job, worker: str) -> sql.Update:
        return sql.update(_JOBS).where(_JOBS.c.id == job.id, _JOBS.c.state == "running", _JOBS.c.worker == worker)

    def _clock(self) -> sql.ColumnElement[float]:
        """The time of the database, in seconds: clocks of replicas may differ."""
        sqlite = self._engine.dialect.name == "sqlite"
        text = "(julianday('now') - 2440587.5) * 86400.0" if sqlite else "extract(epoch from clock_timestamp())"
        return sql.literal_column(text, sql.Float)

    # -- what ended meanwhile ---------------------------------------------------------------------------------------

    def give_up_lost(self, problem: Mapping[str, Any]) -> list[str]:
        """Of jobs whose process ended, have those taken up again that can be; the others failed, for this `problem`.

        Returns the ids of those.
        """
        ended = []
        lost = [_JOBS.c.state == "running", _JOBS.c.alive < self._clock() - LEASE]
        with clear_errors(), self._engine.connect() as connection:
            rows = connection.execute(sql.select(_JOBS).where(*lost)).mappings().all()
        for row in rows:
            job, same = _job_of(row), [*lost, _JOBS.c.id == row["id"], _JOBS.c.worker == row["worker"]]
            values: dict[str, Any] = {"state": "waiting", "worker": None}
            if row["stopping"]:
                values |= {"state": "cancelled", "content": _content(job, ended=_now()), "stopping": False}
            elif not job.again or row["beginnings"] >= _MOST_BEGINNINGS:
                told = {**problem, "instance": f"/v1/jobs/{job.id}"}
                values |= {"state": "failed", "content": _content(job, ended=_now(), problem=told)}
            with clear_errors(), self._engine.begin() as connection:
                changed = connection.execute(sql.update(_JOBS).where(*same).values(**values)).rowcount
            if changed and values["state"] in ENDED:
                ended.append(job.id)
        return ended

    def all_by_id(self) -> dict[str, Job]:
        """All jobs by their ids, after those were dropped that ended a month ago."""
        with clear_errors(), self._engine.begin() as connection:
            jobs = {row["id"]: _job_of(row) for row in connection.execute(sql.select(_JOBS)).mappings()}
            old = [each.id for each in jobs.values() if each.ended is not None and each.ended < _now() - _KEPT]
            if old:
                connection.execute(sql.delete(_JOBS).where(_JOBS.c.id.in_(old)))
        return {each: job for each, job in jobs.items() if each not in old}


def new_job(kind: Kind, gallery: str, key: Key, terms: Mapping[str, Any] | None = None) -> Job:
    """A job that nobody works on yet."""
    return Job(secrets.token_hex(16), kind, gallery, key.id, "waiting", _now(), terms=dict(terms or {}))


def _now() -> datetime:
    return datetime.now(UTC)


_IN_CONTENT = ("kind", "created", "ended", "done", "total", "result", "problem", "terms")


def _content(job: Job, **changes: object) -> str:
    return json.dumps({each: plain(changes.get(each, getattr(job, each))) for each in _IN_CONTENT})


def _job_of(row: Mapping[Any, Any]) -> Job:
    content = json.loads(row["content"])
    ended = content["ended"]
    times = {"created": datetime.fromisoformat(content["created"])}
    times |= {"ended": None if ended is None else datetime.fromisoformat(ended)}  # type: ignore[dict-item]
    told = {each: row[each] for each in ("number", "beginnings", "id", "gallery", "asked_by", "state", "stopping")}
    return Job(**{**content, **times, **told})
