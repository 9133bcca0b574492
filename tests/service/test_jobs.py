"""Work that outlasts a request: what comes of it, who sees it, how it ends."""

import io
import json
import threading
import uuid
import zipfile
from datetime import date, timedelta

import anyio
import pytest

from facerec.gallery import open_gallery
from facerec.service import keys
from facerec.service.settings import Limits
from facerec.testing import made_embedder, made_face, made_gallery, made_recognizer

ZIP = {"Content-Type": "application/zip"}


def _ask(service, token, kind, *, gallery="staff", **more):
    return service.ask("POST", f"/v1/galleries/{gallery}/{kind}", token, **more)


def _import(service, token, content, *, gallery="staff", **params):
    return _ask(service, token, "imports", gallery=gallery, content=content, headers=ZIP, params=params)


def _photos(service, token, png, people, **params):
    """Import people from made photos: colours by name."""
    files = [("photos", (f"{name} {n}.png", png(c))) for name, colours in people.items() for n, c in enumerate(colours)]
    told = [
        {"name": name, "photos": [f"{name} {n}.png" for n in range(len(colours))]} for name, colours in people.items()
    ]
    return _ask(service, token, "imports", files=files, data={"people": json.dumps(told)}, params=params)


def _packed(folder):
    """An exported folder as a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for each in folder.rglob("*"):
            packed.write(each, each.relative_to(folder))
    return file.getvalue()


@pytest.fixture
def archive(tmp_path):
    """A zip of a gallery of two, made elsewhere."""
    made = made_gallery(tmp_path / "elsewhere.db", "ada", "bob")
    made.export_to(tmp_path / "exported")
    made.close()
    return _packed(tmp_path / "exported")


@pytest.fixture(scope="module")
def small(start_shared):
    """One for several tests that takes small archives only."""
    return start_shared(Limits(archive_bytes=5_000_000))


# -- what comes of it -------------------------------------------------------------------------------------------------


def test_a_job_is_answered_at_once(service, admin):
    """The answer says where the job is, and the job whose it is and what it is for."""
    answer = _ask(service, admin, "purges")
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{told['id']}"
    assert (told["kind"], told["gallery"], told["asked_by"]) == ("purge", "staff", admin[3:15])
    done = service.ended(answer, admin)
    assert (done["state"], done["result"]) == ("done", {"forgotten": 0, "people": []})
    assert done["ended"] >= done["created"]
    assert done["problem"] is None


def test_there_and_back(service, admin, png, tmp_path):
    """What is exported, unpacked and imported elsewhere, by the service or by the library, is the same people."""
    for name, colours in (("Ada", ("red", "wine")), ("Gil", ("green",))):
        service.enroll(admin, name, *colours, keep_photos=True, terms={"consent": "form", "expires": "2999-01-01"})
    job = service.ended(_ask(service, admin, "exports"), admin)
    assert job["result"]["people"] == 2
    fetched = service.ask("GET", job["result"]["location"], admin)
    assert fetched.headers["content-type"] == "application/zip"
    assert fetched.headers["content-disposition"] == 'attachment; filename="staff.zip"'
    assert len(fetched.content) == job["result"]["bytes"]
    with zipfile.ZipFile(io.BytesIO(fetched.content)) as packed:
        assert {info.external_attr >> 16 & 0o777 for info in packed.infolist()} == {0o600}
        packed.extractall(tmp_path / "unpacked")
    service.parts.galleries.made("copy")
    done = service.ended(_import(service, admin, fetched.content, gallery="copy"), admin)
    assert done["state"] == "done", done
    counts = {name: done["result"][name] for name in ("people", "created", "added", "already_present", "photos_kept")}
    assert counts == {"people": 2, "created": 2, "added": 3, "already_present": 0, "photos_kept": 3}
    with open_gallery(tmp_path / "own.db", made_embedder()) as own:
        own.import_from(tmp_path / "unpacked")
        there, here, first = own.people(), service.gallery("copy").people(), service.gallery().people()
        assert there == here == first
        for person in first:
            for gallery in (own, service.gallery("copy")):
                assert (gallery.vectors(person.name) == service.gallery().vectors(person.name)).all()
    assert service.gallery("copy").check().intact


def test_importing_again(service, admin, archive):
    """Who is there already is an error, and nobody is imported; with merge nothing is added twice."""
    assert service.ended(_import(service, admin, archive), admin)["state"] == "done"
    again = service.ended(_import(service, admin, archive), admin)
    assert (again["state"], again["problem"]["code"], again["problem"]["status"]) == ("failed", "name_taken", 409)
    assert again["result"] is None
    assert "ada" not in json.dumps(again)
    merged = service.ended(_import(service, admin, archive, merge=True), admin)
    assert (merged["result"]["added"], merged["result"]["already_present"]) == (0, 2)
    assert [person.samples for person in service.gallery().people()] == [1, 1]


def test_a_zipped_folder(service, admin, archive):
    """An exported folder that was zipped as a folder is read as well."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as packed, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as again:
        again.writestr("people-2031/", b"")
        for info in packed.infolist():
            again.writestr(f"people-2031/{info.filename}", packed.read(info))
    assert service.ended(_import(service, admin, file.getvalue()), admin)["state"] == "done"
    assert len(service.gallery()) == 2


def _zip(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name.replace("__", "/"), content)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        _zip(),
        _zip(**{"gallery.json": "{}"}),
        _zip(**{"gallery.json": "{}", "vectors.npy": "", "../../escaped": "x"}),
        _zip(**{"/gallery.json": "{}"}),
        _zip(**{"a/../gallery.json": "{}"}),
        _zip(**{"photos/" + "0" * 63: "x"}),
        _zip(**{"gallery.json": "{}", "notes.txt": "x"}),
        _zip(**{"one/gallery.json": "{}", "two/gallery.json": "{}"}),
        _zip(**{"gallery.json": b"0" * 30_000_000}),
    ],
    ids=range(11),
)
def test_zips_that_are_none(small, content):
    """What is no exported gallery imports nobody, writes nothing anywhere else, and leaves no file."""
    token = small.token("admin")
    before = {each for each in small.folder.parent.rglob("*") if "files" not in each.parts}
    job = small.ended(_import(small, token, content), token)
    assert (job["state"], job["problem"]["code"]) == ("failed", "bad_archive"), job
    assert len(small.gallery()) == 0
    assert small.files() == []
    assert {each for each in small.folder.parent.rglob("*") if "files" not in each.parts} == before


def test_a_damaged_archive(service, admin, archive):
    """Every byte of an archive counts: a changed vector or a cut end is found before anybody is imported."""
    for content in (archive[: len(archive) // 2], archive[:-30]):
        job = service.ended(_import(service, admin, content), admin)
        assert (job["state"], job["problem"]["code"]) == ("failed", "bad_archive")
    assert len(service.gallery()) == 0


def test_an_archive_of_another_model(service, admin, tmp_path):
    """Vectors of another model are no vectors here."""
    with open_gallery(tmp_path / "other.db", made_embedder("other")) as other:
        other.export_to(tmp_path / "exported")
    job = service.ended(_import(service, admin, _packed(tmp_path / "exported")), admin)
    assert (job["state"], job["problem"]["code"]) == ("failed", "model_mismatch")


def test_people_from_photos(service, admin, png):
    """Everybody by themselves: of whom it cannot be, the place in the request says so, and no name."""
    people = {"Ada": ("red", "wine"), "Nobody": ("black",), "Gil": ("green",), "Two": ("blue", "black")}
    answer = _photos(service, admin, png, people, keep_photos=True)
    job = service.ended(answer, admin)
    assert (job["state"], job["done"], job["total"]) == ("done", 4, 4)
    told = job["result"]
    assert (told["enrolled"], told["failed"]) == (2, 2)
    assert [each["number"] for each in told["people"]] == [0, 1, 2, 3]
    assert [each.get("problem", {}).get("code") for each in told["people"]] == [
        None,
        "no_face",
        None,
        "unusable_photos",
    ]
    assert told["people"][3]["problem"]["errors"][0]["pointer"] == "/photos/1"
    assert not any(name in json.dumps(job) for name in people)
    enrolled = {person.name: person for person in service.gallery().people()}
    assert set(enrolled) == {"Ada", "Gil"}
    assert told["people"][0]["person_id"] == enrolled["Ada"].id
    assert (enrolled["Ada"].samples, enrolled["Ada"].photos) == (2, 2)
    assert [sample.source for sample in service.gallery().samples("Ada")] == ["Ada 0.png", "Ada 1.png"]


@pytest.mark.parametrize(
    "people",
    [
        "[]",
        "{}",
        "[1]",
        "no JSON",
        '[{"name": "Ada"}]',
        '[{"name": "Ada", "photos": []}]',
        '[{"name": "Ada", "photos": ["b.png"]}]',
        '[{"name": "Ada", "photos": ["a.png", "a.png"]}]',
        '[{"name": "Ada", "photos": ["a.png"]}, {"name": "Bob", "photos": ["a.png"]}]',
        '[{"name": "", "photos": ["a.png"]}]',
        '[{"name": "Ada", "photos": ["a.png"], "age": 3}]',
        "[" * 5000,
    ],
)
def test_people_and_photos_that_do_not_fit(small, png, refused, people):
    """Each photo is of one person who is named, and nobody is without a photo; else nothing is begun."""
    service, admin = small, small.token(scopes=("manage",))
    jobs = len(service.ask("GET", "/v1/jobs", admin).json()["jobs"])
    files = [("photos", ("a.png", png("red")))]
    refused(_ask(service, admin, "imports", files=files, data={"people": people}), 400, "bad_request")
    assert len(service.ask("GET", "/v1/jobs", admin).json()["jobs"]) == jobs
    assert service.files() == []


def test_purging(service, admin):
    """Whoever has expired is forgotten; the result has an id, a log entry and its digest for each, and no name."""
    gallery = service.gallery()
    gone = gallery.enroll("Ada Unmistakable", made_face("ada"), expires=date(2999, 1, 1)).person
    gallery.enroll("Bob", made_face("bob"))
    _let_expire(gallery, gone)
    officer = service.token("privacy-officer")
    job = service.ended(_ask(service, officer, "purges"), officer)
    (told,) = job["result"]["people"]
    assert set(told) == {
        *("person_id", "vectors", "photos", "forgotten", "log_entry", "head", "copies", "erased_from_file")
    }
    assert told["person_id"] == gone.id
    entry = gallery.log()[told["log_entry"] - 1]
    assert (entry.event, entry.digest) == ("forgotten", told["head"])
    assert entry.details["actor"] == f"key {officer[3:15]}"
    assert entry.details["reason"] == f"job {job['id']}"
    assert "Unmistakable" not in json.dumps(job)
    assert [person.name for person in gallery.people()] == ["Bob"]


def test_a_purge_whose_process_ended(service):
    """Who takes it up again tells of those, too, whom the first process forgot before it ended."""
    officer = service.token("privacy-officer")
    gallery = service.gallery()
    gone = [gallery.enroll(name, made_face(name), expires=date(2999, 1, 1)).person for name in ("ada", "bob")]
    service.parts.jobs.close()
    job = _ask(service, officer, "purges").json()["id"]
    table = service.parts.jobs.table
    assert table.take("a process that died").id == job
    _let_expire(gallery, gone[0])
    gallery.by(f"key {officer[3:15]}", reason="job of somebody else").forget(
        gallery.enroll("eve", made_face("eve")).person.name
    )
    (receipt,) = gallery.by(f"key {officer[3:15]}", reason=f"job {job}").purge_expired()
    _let_expire(gallery, gone[1])
    with service.parts.state.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE service_jobs SET alive = alive - 3600")
    service.parts.jobs.look()
    service.parts.jobs._ending.clear()
    service.parts.jobs._work(table.take(service.parts.jobs._name))
    told = service.ask("GET", f"/v1/jobs/{job}", officer).json()["result"]
    assert told["forgotten"] == 2
    assert [each["person_id"] for each in told["people"]] == [person.id for person in gone]
    first = {**told["people"][0], "forgotten": None}
    assert first == {**{name: receipt.to_dict()[name] for name in first}, "forgotten": None, "copies": None}


def _let_expire(gallery, person):
    """Have somebody's day be over, as if time had passed."""
    from dataclasses import replace

    with gallery._writing() as ledger:
        ledger.write_person(replace(person, expires=date(2020, 1, 1)))


def test_another_model(folder, serve, png, refused):
    """A gallery of another model decides nothing until it was re-embedded from its photos; then all is as before."""
    old = serve(made_recognizer("old"))
    old.parts.galleries.made("staff")
    token = old.token("admin")
    for name, colour in (("Ada", "red"), ("Gil", "green")):
        assert old.enroll(token, name, colour, keep_photos=True).status_code == 201
    new = serve()
    refused(new.identify(token, "red"), 409, "model_mismatch")
    job = new.ended(_ask(new, token, "reembeddings"), token)
    assert (job["state"], job["done"], job["total"]) == ("done", 2, 2), job
    assert job["result"]["vectors"] == 2
    assert job["result"]["embedder"]["digest"] == made_embedder().digest
    assert new.identify(token, "red").json()["faces"][0]["person"]["name"] == "Ada"
    refused(old.identify(token, "red"), 409, "model_mismatch")
    events = [entry for entry in new.gallery().log() if entry.event == "reembedded"]
    assert {entry.details["actor"] for entry in events} == {f"key {token[3:15]}"}


def test_another_model_without_photos(serve):
    """Where photos were not kept nothing is changed, and nobody is named."""
    old = serve(made_recognizer("old"))
    old.parts.galleries.made("staff")
    token = old.token("admin")
    old.enroll(token, "Ada Unmistakable", "red")
    new = serve()
    job = new.ended(_ask(new, token, "reembeddings"), token)
    assert (job["state"], job["problem"]["code"]) == ("failed", "photos_not_kept")
    assert "Unmistakable" not in json.dumps(job)
    assert new.gallery().embedder.name == "old"


def test_asking_for_a_job_again(service, admin, archive, refused):
    """Under one Idempotency-Key there is one job, and files of one; another body under it is refused."""
    value = {"Idempotency-Key": str(uuid.uuid4()), **ZIP}
    path = "/v1/galleries/staff/imports"
    one, two = (service.ask("POST", path, admin, content=archive, headers=value) for _ in range(2))
    assert one.json()["id"] == two.json()["id"]
    assert service.ended(one, admin)["state"] == "done"
    refused(service.ask("POST", path, admin, content=archive + b"x", headers=value), 409, "reused_key")
    refused(service.ask("POST", f"{path}?merge=1", admin, content=archive, headers=value), 409, "reused_key")
    assert len(service.ask("GET", "/v1/jobs", admin).json()["jobs"]) == 1
    assert service.files() == []


# -- who sees it ------------------------------------------------------------------------------------------------------


def test_who_sees_jobs(service, refused):
    """Who asked; and who may do everything there, in the galleries that the key reaches. Nobody else knows of any."""
    officer, other = service.token("privacy-officer"), service.token("privacy-officer")
    admin, elsewhere = service.token("admin"), service.token("admin", galleries=("guests",))
    answer = _ask(service, officer, "purges")
    path, job = answer.headers["location"], answer.json()["id"]
    service.ended(answer, officer)
    for token in (officer, admin):
        assert [each["id"] for each in service.ask("GET", "/v1/jobs", token).json()["jobs"]] == [job]
        assert service.ask("GET", path, token).status_code == 200
    for token in (other, elsewhere):
        assert service.ask("GET", "/v1/jobs", token).json()["jobs"] == []
        for method in ("GET", "DELETE"):
            told = refused(service.ask(method, path, token), 404, "unknown_resource")
            absent = service.ask(method, f"/v1/jobs/{'0' * 32}", token).json()
            assert told["detail"] == absent["detail"]


def test_who_fetches_an_export(service, admin, refused):
    """The key that asked, and no other, whatever it may do; until it is deleted."""
    job = service.ended(_ask(service, admin, "exports"), admin)
    path = job["result"]["location"]
    refused(service.ask("GET", path, service.token("admin")), 403, "not_allowed")
    refused(service.ask("GET", path, service.token("privacy-officer")), 403, "not_allowed")
    whole = service.ask("GET", path, admin)
    for wanted in ("bytes=0-3", "bytes=9-1", "\xaf".encode("latin-1"), "pages=1-2"):
        answer = service.ask("GET", path, admin, headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (200, whole.content)
    assert service.ask("DELETE", f"/v1/jobs/{job['id']}", admin).json()["state"] == "done"
    refused(service.ask("GET", path, admin), 404, "unknown_resource")
    assert service.files() == []


def test_exports_are_kept_for_a_time(serve, refused):
    """After that nobody fetches one, and its file is deleted by whichever process looks."""
    service = serve(keep_exports=timedelta(seconds=-1))
    service.parts.galleries.made("staff")
    token = service.token("admin")
    job = service.ended(_ask(service, token, "exports"), token)
    path = service.folder / ".facerec-service" / "files" / job["id"]
    assert path.exists()
    refused(service.ask("GET", job["result"]["location"], token), 404, "unknown_resource")
    service.parts.jobs.sweep()
    assert not path.exists()


def test_what_has_no_result(service, admin, refused):
    """A purge has nothing to fetch."""
    job = service.ended(_ask(service, admin, "purges"), admin)
    refused(service.ask("GET", f"/v1/jobs/{job['id']}/result", admin), 404, "unknown_resource")


# -- how it ends ------------------------------------------------------------------------------------------------------


class _Held:
    """A detector that waits for a test at each photo."""

    def __init__(self, inner):
        self._inner, self.entered, self.let = inner, threading.Event(), threading.Event()
        self.name, self.points_convention = inner.name, inner.points_convention

    def __call__(self, image):
        self.entered.set()
        assert self.let.wait(60)
        return self._inner(image)


@pytest.fixture
def held(serve):
    """A service whose networks wait until they are let."""
    recognizer = made_recognizer()
    detector = recognizer.detector = _Held(recognizer.detector)
    service = serve(recognizer)
    service.parts.galleries.made("staff")
    yield service, detector
    detector.let.set()


def test_cancelling(held, png):
    """A job that waits is cancelled at once; one that runs where it can stop, and what it did until then is told."""
    service, detector = held
    token = service.token("admin")
    running = _photos(service, token, png, {"Ada": ("red",), "Gil": ("green",), "Bea": ("blue",)})
    assert detector.entered.wait(60)
    waiting = _photos(service, token, png, {"Eve": ("wine",)})
    cancelled = service.ask("DELETE", waiting.headers["location"], token).json()
    assert cancelled["state"] == "cancelled"
    told = service.ask("DELETE", running.headers["location"], token).json()
    assert (told["state"], told["stopping"]) == ("running", True)
    _heard(service)
    detector.let.set()
    job = service.ended(running, token)
    assert (job["state"], job["stopping"], job["result"]["enrolled"]) == ("cancelled", False, 1)
    assert [person.name for person in service.gallery().people()] == ["Ada"]
    assert service.files() == []
    assert service.ask("DELETE", waiting.headers["location"], token).json()["state"] == "cancelled"


def _heard(service):
    """Wait until the work that is under way knows that it is to stop."""
    alive, heard = service.parts.jobs.table.alive, threading.Event()
    beats = []

    def watched(*args):
        found = alive(*args)
        beats.append(found)
        if len(beats) > 2:
            heard.set()
        return found

    service.parts.jobs.table.alive = watched
    assert heard.wait(60)


def test_cancelling_another_model(serve, png):
    """A re-embedding that is cancelled changed nothing."""
    old = serve(made_recognizer("old"))
    old.parts.galleries.made("staff")
    token = old.token("admin")
    for name, colour in (("Ada", "red"), ("Gil", "green")):
        old.enroll(token, name, colour, keep_photos=True)
    recognizer = made_recognizer()
    detector = recognizer.detector = _Held(recognizer.detector)
    new = serve(recognizer)
    old.parts.jobs.close()  # so that the other one takes the job
    answer = _ask(new, token, "reembeddings")
    try:
        assert detector.entered.wait(60)
        assert new.ask("DELETE", answer.headers["location"], token).json()["stopping"] is True
        _heard(new)
    finally:
        detector.let.set()
    assert new.ended(answer, token)["state"] == "cancelled"
    assert new.gallery().embedder.name == "old"
    assert new.gallery().check().intact


def test_a_withdrawn_key_does_nothing_more(held, png):
    """What a key asked for and was not begun when it was withdrawn is not done."""
    service, detector = held
    admin = service.token("admin")
    key, token = service.key("admin")
    _photos(service, admin, png, {"Ada": ("red",)})
    assert detector.entered.wait(60)
    waiting = _photos(service, token, png, {"Eve": ("wine",)})
    service.parts.state.revoke(key.id)
    detector.let.set()
    job = service.ended(waiting, admin)
    assert (job["state"], job["problem"]["code"]) == ("failed", "no_key")
    assert [person.name for person in service.gallery().people()] == ["Ada"]


def test_so_many_jobs_wait(serve, png, refused):
    """With as many jobs waiting as may, the next is refused, with when to ask again; it leaves no file."""
    recognizer = made_recognizer()
    detector = recognizer.detector = _Held(recognizer.detector)
    service = serve(recognizer, limits=Limits(jobs=1))
    service.parts.galleries.made("staff")
    token = service.token("admin")
    try:
        _photos(service, token, png, {"Ada": ("red",)})
        assert detector.entered.wait(60)
        assert _photos(service, token, png, {"Gil": ("green",)}).status_code == 202
        refused(_photos(service, token, png, {"Bea": ("blue",)}), 503, "overloaded")
        assert len(service.files(2)) == 2
    finally:
        detector.let.set()


def test_a_service_that_ends(serve, png):
    """What can be taken up again is, by the next process, and nobody is enrolled twice."""
    recognizer = made_recognizer()
    detector = recognizer.detector = _Held(recognizer.detector)
    first = serve(recognizer)
    first.parts.galleries.made("staff")
    token = first.token("admin")
    answer = _photos(first, token, png, {"Ada": ("red",), "Gil": ("green",), "Bea": ("blue",)})
    assert detector.entered.wait(60)
    ending = threading.Thread(target=first.parts.jobs.close)
    ending.start()
    while not first.parts.jobs._ending.is_set():
        threading.Event().wait(0.01)
    _heard(first)
    detector.let.set()
    ending.join()
    assert first.ask("GET", answer.headers["location"], token).json()["state"] == "waiting"
    second = serve()
    job = second.ended(answer, token)
    assert (job["state"], job["result"]["enrolled"]) == ("done", 3)
    assert [person.name for person in second.gallery().people()] == ["Ada", "Gil", "Bea"]
    assert [person.samples for person in second.gallery().people()] == [1, 1, 1]
    assert [entry.event for entry in second.gallery().log()].count("enrolled") == 3


def test_a_service_without_files(serve, archive, png, refused, monkeypatch):
    """Where whoever runs it gave no folder, there is no import and no export, and the rest goes on."""
    service = serve()
    service.parts.galleries.made("staff")
    monkeypatch.setattr(service.parts.jobs.files, "_folder", None)
    token = service.token("admin")
    for answer in (
        _import(service, token, archive),
        _ask(service, token, "exports"),
        _photos(service, token, png, {"Ada": ("red",)}),
    ):
        assert "--files" in refused(answer, 403, "not_allowed")["detail"]
    assert service.ended(_ask(service, token, "purges"), token)["state"] == "done"
    service.parts.jobs.sweep()


def test_faults_in_jobs(service, admin, monkeypatch, caplog):
    """A fault of the server fails the job, says nothing of itself, and the next job is done."""

    def fail(*_):
        message = "Ada Unmistakable"
        raise RuntimeError(message)

    monkeypatch.setattr("facerec.gallery.Gallery.purge_expired", fail)
    job = service.ended(_ask(service, admin, "purges"), admin)
    assert (job["state"], job["problem"]["code"], job["problem"]["status"]) == ("failed", "unexpected", 500)
    assert job["id"] in caplog.text
    assert "Unmistakable" not in json.dumps(job) + caplog.text
    monkeypatch.undo()
    assert service.ended(_ask(service, admin, "purges"), admin)["state"] == "done"


def test_the_time_of_a_key(service, admin):
    """A key that expired while its job waited did not ask for anything any more."""
    now = keys.now()
    key = keys.new_key("x", ("forget",), expires=now - timedelta(days=1), now=now - timedelta(days=2))[0]
    service.parts.state.add_key(key)
    from facerec.service.jobs.table import new_job

    job = service.parts.jobs.table.add(new_job("purge", "staff", key), most=5)
    service.parts.jobs.wake()
    while (found := service.ask("GET", f"/v1/jobs/{job.id}", admin).json())["state"] == "waiting":
        threading.Event().wait(0.01)
    while (found := service.ask("GET", f"/v1/jobs/{job.id}", admin).json())["state"] == "running":
        threading.Event().wait(0.01)
    assert found["problem"]["code"] == "no_key"


def test_whoever_looks_tells_of_lost_jobs(service, admin, archive):
    """A job whose process died is told as failed by whoever looks; its files are gone."""
    service.parts.jobs.close()
    answer = _import(service, admin, archive)
    job = answer.json()["id"]
    table = service.parts.jobs.table
    assert table.take("a process that died").id == job
    assert service.ask("GET", f"/v1/jobs/{job}", admin).json()["state"] == "running"
    with service.parts.state.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE service_jobs SET alive = alive - 3600")
    told = service.ask("GET", f"/v1/jobs/{job}", admin).json()
    assert (told["state"], told["problem"]["code"]) == ("failed", "ended_process")
    assert told["problem"]["instance"] == f"/v1/jobs/{job}"
    assert "holds" in told["problem"]["detail"]
    assert service.files() == []


def test_an_archive_that_is_not_there(service, admin, archive):
    """A job whose file was deleted meanwhile fails, and says that it is the server's doing."""
    service.parts.jobs.close()
    job = _import(service, admin, archive).json()["id"]
    service.parts.jobs.files.drop(job)
    service.parts.jobs._ending.clear()
    taken = service.parts.jobs.table.take(service.parts.jobs._name)
    service.parts.jobs._work(taken)
    told = service.ask("GET", f"/v1/jobs/{job}", admin).json()
    assert (told["state"], told["problem"]["code"]) == ("failed", "bad_output")


@pytest.mark.parametrize("kind", ["application/zip", "multipart/form-data; boundary=xyz"])
def test_whoever_hangs_up(shared, caplog, kind):
    """An upload that ends before its end is nothing: no job, no file, and no fault of the server."""
    token = shared.token("admin")
    sent = []
    parts = [{"type": "http.request", "body": b"--xyz\r\n", "more_body": True}, {"type": "http.disconnect"}]

    async def receive():
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    headers = {"host": "testserver", "authorization": f"Bearer {token}", "content-type": kind}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/galleries/staff/imports",
        "raw_path": b"/v1/galleries/staff/imports",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("testclient", 1),
        "server": ("testserver", 80),
    }
    before = len(shared.ask("GET", "/v1/jobs", token).json()["jobs"])
    anyio.run(shared.app, scope, receive, send)
    assert sent == []
    assert len(shared.ask("GET", "/v1/jobs", token).json()["jobs"]) == before
    assert shared.files() == []
    assert not [each for each in caplog.records if each.levelname == "ERROR"]
