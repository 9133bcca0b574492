"""Replicas of the service over one database: one state, one table of jobs, the same galleries."""

import runpy
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from facerec.service import keys
from facerec.service.galleries import place_of_state
from facerec.service.jobs.table import JobTable, new_job
from facerec.service.state import State
from facerec.testing import made_face

SERVERS = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "gallery" / "servers.py")))


@pytest.fixture(scope="module")
def server():
    """A server of this file's own, on a socket."""
    if why := SERVERS.why_not():
        pytest.skip(why)
    made = SERVERS.Server()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def address(server):
    """What `facerec serve --galleries` takes."""
    return server.address().partition("&gallery=")[0]


@pytest.fixture
def replicas(address, start_service, tmp_path):
    """Two of them, with a folder that both see."""
    with ExitStack() as stack:
        made = [start_service(address, stack, files=tmp_path / "files") for _ in range(2)]
        if "staff" not in made[0].parts.galleries.names():
            made[0].parts.galleries.made("staff")
        yield made


def test_replicas_that_begin_at_once(address):
    """All of them go on, with the same secret; one makes the first key."""

    def start(_):
        state = State(place_of_state(address))
        JobTable(state.engine)
        first = state.add_first_key(keys.new_key("first", ("manage",), now=keys.now())[0])
        secret = state.secret
        state.close()
        return secret, first

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(start, range(6)))
    assert len({secret for secret, _ in found}) == 1
    assert sum(first for _, first in found) == 1


def test_one_replica_takes_a_job(address):
    """Of many that want the same jobs at the same moment, each job is one's; its signs of life are seen by all."""
    states = [State(place_of_state(address)) for _ in range(4)]
    tables = [JobTable(state.engine) for state in states]
    key = keys.new_key("x", ("forget",), now=keys.now())[0]
    jobs = [tables[0].add(new_job("purge", "nowhere", key), most=100) for _ in range(20)]
    taken, start = [], threading.Barrier(4)

    def work(number):
        start.wait()
        while (job := tables[number].take(str(number))) is not None:
            taken.append(job.id)
            tables[number].give_up_lost({})
            assert tables[number].alive(job, str(number)) is False
            assert tables[number].end(job, str(number), "done", result={})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for each in states:
        each.close()
    assert sorted(taken) == sorted(job.id for job in jobs)


def test_two_replicas(replicas, refused):
    """A key, a person, a request asked again and a job are the same through either; so is who was forgotten."""
    one, other = replicas
    token = one.token("admin")
    value = {"Idempotency-Key": "of this test and nobody else's"}
    person = one.enroll(token, "Ada", "red", headers=value).json()["person"]["id"]
    assert other.enroll(token, "Ada", "red", headers=value).json()["person"]["id"] == person
    for each in replicas:
        assert each.identify(token, "red").json()["faces"][0]["person"]["id"] == person
    export = other.ended(one.ask("POST", "/v1/galleries/staff/exports", token), token)
    assert export["state"] == "done", export
    for each in replicas:
        assert each.ask("GET", export["result"]["location"], token).content[:2] == b"PK"
    receipt = other.ask("DELETE", f"/v1/galleries/staff/people/{person}", token).json()
    assert receipt["gallery"] == "staff"
    for each in replicas:
        assert each.identify(token, "red").json()["faces"][0]["decision"] == "no match"
    one.gallery().enroll("Gil", made_face("gil"))
    purged = one.ended(other.ask("POST", "/v1/galleries/staff/purges", token), token)
    assert purged["result"] == {"forgotten": 0, "people": []}
    body = refused(one.ask("GET", f"/v1/galleries/staff/people/{person}", token), 404, "unknown_person")
    assert "postgresql" not in body["detail"]


def test_a_database_without_a_folder(address, start_service, refused):
    """Where whoever runs it gave no folder, there is no import and no export."""
    with ExitStack() as stack:
        service = start_service(address, stack)
        service.parts.galleries.made("guests")
        token = service.token("admin")
        answer = service.ask("POST", "/v1/galleries/guests/exports", token)
        assert "--files" in refused(answer, 403, "not_allowed")["detail"]
