"""The thread of each process that works on jobs, one after the other, and one that says that it does."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from facerec.errors import ClosedGalleryError, EndedProcessError, MissingGalleryError
from facerec.service.jobs.table import ENDED, Job, JobState, JobTable
from facerec.service.jobs.work import Means, Progress, StoppedError, do, forgotten_since
from facerec.service.problems import log_fault, nameless, problem_of

_LOGGER = logging.getLogger("facerec.service")
_LOOKS = 5.0  # seconds between looks for what other replicas were asked, and for what they left
_SWEEPS = 720  # looks between sweeps of files: an hour
_PATIENCE = 20.0  # seconds for the work to come to where it can stop, when the service ends


class Worker:
    """Works on the jobs of a table from `start` to `close`; `beat` are seconds between two signs of life."""

    def __init__(self, table: JobTable, means: Means, *, keep_exports: timedelta, beat: float = 2.0) -> None:
        self.table, self.files = table, means.files
        self._means, self._keep_exports, self._beat = means, keep_exports, beat
        self._name = secrets.token_hex(16)
        self._woken, self._ending = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look for jobs."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    def close(self) -> None:
        """Stop where it can be stopped; what cannot be within a while is found lost later, by whoever looks."""
        self._ending.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def look(self) -> None:
        """See which jobs were left by processes that ended."""
        for job_id in self.table.give_up_lost(nameless(EndedProcessError(), instance="/v1/jobs")):
            self.files.drop(job_id)

    def sweep(self) -> None:
        """Delete exports that were kept long enough, and files that no job needs any more."""
        jobs = self.table.all_by_id()
        for job in jobs.values():
            if job.state in ENDED and not self.keeps(job):
                self.files.drop(job.id)
        self.files.sweep(jobs)

    def keeps(self, job: Job) -> bool:
        """Whether there is something to be fetched: not for ever, nor with somebody in it who was forgotten since."""
        if job.kind != "export" or job.state != "done" or job.ended is None or job.result is None:
            return False
        if datetime.now(UTC) >= job.ended + self._keep_exports:
            return False
        try:
            return not forgotten_since(self._means.galleries.opened(job.gallery), job.result.get("log_before", 0))
        except MissingGalleryError:
            return False

    def drop_stale(self, gallery: str) -> None:
        """Delete the exports of a gallery that hold somebody who is forgotten by now.

        Nothing is raised, so that no receipt is lost by it; what stays is given to nobody, and swept later.
        """
        try:
            for job in self.table.all_by_id().values():
                if job.gallery == gallery and job.kind == "export" and job.state == "done" and not self.keeps(job):
                    self.files.drop(job.id)
        except Exception as error:  # noqa: BLE001
            log_fault("exports", error)

    def _run(self) -> None:
        looks = 0
        while not self._ending.is_set():
            try:
                self.look()
                if looks % _SWEEPS == 0:
                    self.sweep()
                while not self._ending.is_set() and (job := self.table.take(self._name)) is not None:
                    self._work(job)
            except Exception as error:  # noqa: BLE001 - the database is away for a moment, for instance
                log_fault("jobs", error)
            looks += 1
            self._woken.wait(_LOOKS)
            self._woken.clear()

    def _work(self, job: Job) -> None:
        progress, over = Progress(), threading.Event()
        signs = threading.Thread(target=self._live, args=(job, progress, over), name="jobs alive", daemon=True)
        signs.start()
        state: JobState = "done"
        came: dict[str, Mapping[str, Any]] = {}
        try:
            came["result"] = do(job, self._means, progress)
        except StoppedError as error:
            if self._ending.is_set() and not progress.wanted:
                state, came = self._interrupted(job)
            else:
                state, came = "cancelled", {} if error.so_far is None else {"result": error.so_far}
        except Exception as error:  # noqa: BLE001 - told to whoever looks at the job
            if self._ending.is_set() and isinstance(error, ClosedGalleryError):  # the service did not wait for it
                state, came = self._interrupted(job)
            else:
                state, came = "failed", {"problem": nameless(error, instance=f"/v1/jobs/{job.id}")}
            if problem_of(error).status >= 500:
                log_fault(f"job {job.id}", error)
        finally:
            over.set()
            signs.join()
        reached = replace(job, done=progress.done, total=progress.total)
        mine = self.table.end(reached, self._name, state, **came)
        if mine and state in ENDED and (state != "done" or job.kind != "export"):
            self.files.drop(job.id)
        if mine and job.kind == "purge":
            self.drop_stale(job.gallery)
        _LOGGER.info("job %s %s %s", job.id, job.kind, state if mine else "lost")

    def _interrupted(self, job: Job) -> tuple[JobState, dict[str, Mapping[str, Any]]]:
        if job.again:
            return "waiting", {}
        return "failed", {"problem": nameless(EndedProcessError(), instance=f"/v1/jobs/{job.id}")}

    def _live(self, job: Job, progress: Progress, over: threading.Event) -> None:
        """Say that the job is worked on until it is over, and tell the work where it is to stop."""
        while not over.wait(self._beat):
            try:
                wanted = self.table.alive(replace(job, done=progress.done, total=progress.total), self._name)
            except Exception as error:  # noqa: BLE001 - tried again
                log_fault("jobs", error)
                continue
            progress.wanted = progress.wanted or bool(wanted)
            if wanted is None or wanted or self._ending.is_set():
                progress.stop.set()
