"""The table of jobs, as several processes share it."""

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sql
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from facerec.errors import OverloadedError
from facerec.service import keys
from facerec.service.jobs import table as tables
from facerec.service.jobs.table import LEASE, JobTable, new_job

KEY = keys.new_key("x", ("forget",), now=keys.now())[0]
PROBLEM = {"code": "ended_process", "instance": "/v1/jobs"}


def _engine(path):
    return sql.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})


@pytest.fixture
def table(tmp_path):
    """A table in a file."""
    engine = _engine(tmp_path / "state.sqlite")
    yield JobTable(engine)
    engine.dispose()


def _lose(table, job):
    """Have the process that works on a job be silent for longer than the lease."""
    with table._engine.begin() as connection:
        late = tables._JOBS.c.alive - LEASE - 1
        connection.execute(sql.update(tables._JOBS).where(tables._JOBS.c.id == job.id).values(alive=late))


def test_one_takes_a_job(table, tmp_path):
    """Of many workers that want the same jobs at the same moment, each job is one's."""
    jobs = [table.add(new_job("purge", "staff", KEY), most=100) for _ in range(20)]
    taken, start = [], threading.Barrier(6)

    def work(name):
        engine = _engine(tmp_path / "state.sqlite")
        own = JobTable(engine)
        start.wait()
        while (job := own.take(name)) is not None:
            taken.append(job.id)
        engine.dispose()

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(taken) == sorted(job.id for job in jobs)


def test_in_the_order_in_which_they_were_asked_for(table):
    """Whoever waited longest is next."""
    jobs = [table.add(new_job("purge", "staff", KEY), most=100) for _ in range(5)]
    assert [table.take("w").id for _ in jobs] == [job.id for job in jobs]
    assert table.take("w") is None


def test_only_who_took_it_ends_it(table):
    """A process that was taken for ended, and was not, changes nothing of what another one took up."""
    table.add(new_job("purge", "staff", KEY), most=100)
    mine = table.take("one")
    _lose(table, mine)
    table.give_up_lost(PROBLEM)
    theirs = table.take("two")
    assert theirs.id == mine.id
    assert table.alive(mine, "one") is None
    assert table.end(mine, "one", "done", result={"by": "one"}) is False
    assert table.end(theirs, "two", "done", result={"by": "two"}) is True
    assert table.job(mine.id).result == {"by": "two"}
    assert table.end(theirs, "two", "failed", problem={}) is False
    assert table.job(mine.id).state == "done"


@pytest.mark.parametrize(
    ("kind", "terms", "state"),
    [
        ("purge", {}, "waiting"),
        ("photos", {}, "waiting"),
        ("import", {"merge": True}, "waiting"),
        ("import", {"merge": False}, "failed"),
        ("export", {}, "failed"),
        ("reembedding", {}, "failed"),
    ],
)
def test_of_processes_that_ended(table, kind, terms, state):
    """What can be done again is taken up again; of the rest whoever looks says that its process ended."""
    job = table.add(new_job(kind, "staff", KEY, terms), most=100)
    table.take("one")
    table.give_up_lost(PROBLEM)
    assert table.job(job.id).state == "running"  # it lives
    _lose(table, job)
    assert table.give_up_lost(PROBLEM) == ([job.id] if state == "failed" else [])
    found = table.job(job.id)
    assert found.state == state
    if state == "failed":
        assert found.problem == {"code": "ended_process", "instance": f"/v1/jobs/{job.id}"}
        assert found.ended is not None
    else:
        assert found.ended is None


def test_a_sign_of_life(table):
    """A job of which somebody says that they work on it is not lost."""
    job = table.add(new_job("export", "staff", KEY), most=100)
    taken = table.take("one")
    _lose(table, job)
    assert table.alive(replace(taken, done=3, total=7), "one") is False
    table.give_up_lost(PROBLEM)
    found = table.job(job.id)
    assert (found.state, found.done, found.total) == ("running", 3, 7)


def test_what_ends_its_process_ends_not_all(table):
    """A job that ended three processes is not given to a fourth."""
    job = table.add(new_job("purge", "staff", KEY), most=100)
    for number in range(3):
        assert table.take(str(number)).id == job.id
        _lose(table, job)
        table.give_up_lost(PROBLEM)
    assert table.job(job.id).state == "failed"
    assert table.take("next") is None


def test_cancelled_and_lost(table):
    """A job that was to end, and whose process did, is cancelled, and not taken up again."""
    job = table.add(new_job("purge", "staff", KEY), most=100)
    table.take("one")
    assert table.stop(job).stopping is True
    assert table.alive(job, "one") is True
    _lose(table, job)
    table.give_up_lost(PROBLEM)
    found = table.job(job.id)
    assert (found.state, found.stopping) == ("cancelled", False)


def test_so_many_wait(table):
    """As many wait as may; those that run or ended do not count."""
    for _ in range(3):
        table.add(new_job("purge", "staff", KEY), most=3)
    with pytest.raises(OverloadedError):
        table.add(new_job("purge", "staff", KEY), most=3)
    table.take("one")
    table.add(new_job("purge", "staff", KEY), most=3)


def test_old_jobs_are_dropped(table):
    """A month after it ended nobody knows of a job any more; one that did not end stays."""
    old, new = (table.add(new_job("purge", "staff", KEY), most=9) for _ in range(2))
    table.stop(old)
    assert set(table.all_by_id()) == {old.id, new.id}
    with table._engine.begin() as connection:
        ended = replace(table.job(old.id), ended=keys.now() - tables._KEPT * 2)
        content = tables._content(ended)
        connection.execute(sql.update(tables._JOBS).where(tables._JOBS.c.id == old.id).values(content=content))
    assert set(table.all_by_id()) == {new.id}
    assert table.job(old.id) is None


def test_jobs_of_this_machine_and_others(table):
    """The clock is the database's, in seconds since 1970."""
    import time

    with table._engine.connect() as connection:
        assert abs(connection.scalar(sql.select(table._clock())) - time.time()) < 300


class Story(RuleBasedStateMachine):
    """Workers that take, end, fall silent and come back, in any order."""

    path = None

    def __init__(self):
        super().__init__()
        self.engine = _engine(":memory:")
        self.table = JobTable(self.engine)
        self.holders = {}
        self.ended = {}
        self.jobs = []

    def teardown(self):
        """Close it."""
        self.engine.dispose()

    @rule(kind=st.sampled_from(["purge", "export", "photos"]))
    def ask(self, kind):
        """Somebody asks for something."""
        self.jobs.append(self.table.add(new_job(kind, "staff", KEY), most=1000))

    @rule(worker=st.sampled_from("abc"))
    def take(self, worker):
        """A worker takes the next."""
        if (job := self.table.take(worker)) is not None:
            assert job.id not in self.ended
            self.holders.setdefault(job.id, []).append(worker)

    @rule(data=st.data(), state=st.sampled_from(["done", "failed", "cancelled", "waiting"]))
    def end(self, data, state):
        """Somebody who took a job, perhaps long ago, says how it ended."""
        if not self.holders:
            return
        job_id = data.draw(st.sampled_from(list(self.holders)))
        worker = data.draw(st.sampled_from(self.holders[job_id]))
        before = self.table.job(job_id)
        mine = self.table.end(before, worker, state)
        assert mine <= (before.state == "running" and worker == self.holders[job_id][-1])
        if mine and state != "waiting":
            assert job_id not in self.ended
            self.ended[job_id] = state

    @rule(data=st.data())
    def lose(self, data):
        """A worker is silent for too long, and somebody looks."""
        running = [job for job in self.jobs if self.table.job(job.id).state == "running"]
        if running:
            job = data.draw(st.sampled_from(running))
            _lose(self.table, job)
            self.table.give_up_lost(PROBLEM)
            found = self.table.job(job.id).state
            assert found in {"waiting", "failed", "cancelled"}
            if found != "waiting":
                self.ended[job.id] = found

    @rule(data=st.data())
    def stop(self, data):
        """Somebody wants a job to end."""
        if self.jobs:
            job = data.draw(st.sampled_from(self.jobs))
            before, after = self.table.job(job.id), self.table.stop(self.table.job(job.id))
            if before.state == "waiting":
                assert after.state == "cancelled"
                self.ended[job.id] = "cancelled"
            else:
                assert after.state == before.state

    @invariant()
    def what_ended_stays_ended(self):
        """An end is one, and the last word."""
        for job in self.jobs:
            found = self.table.job(job.id)
            assert (found.state in tables.ENDED) == (job.id in self.ended)
            assert found.state == self.ended.get(job.id, found.state)
            assert (found.ended is None) == (job.id not in self.ended)


def test_stories():
    """Whatever workers do and whenever they fall silent, a job has one worker at a time and ends once."""
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
