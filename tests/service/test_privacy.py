"""What the service keeps, logs and counts: nothing of anybody."""

import json
import logging
import uuid

import pytest
from cryptography.fernet import InvalidToken

from facerec.service.state import Answer, _opened, _sealed

NAMES = ("Zarathustra Unmistakable", "Quetzalcoatl Unmistakable")
PHOTO = "holiday-at-the-lake"
CONSENT = "consent-form-Xylophone"


def _busy(service, png):
    """Everything that handles people, done once; returns what must be found nowhere else."""
    admin = service.token("admin")
    value = {"Idempotency-Key": str(uuid.uuid4())}
    ids = []
    for name, colours in zip(NAMES, (("red", "wine"), ("green",)), strict=True):
        files = [("photos", (f"{PHOTO} {name}.png", png(each))) for each in colours]
        person = {"person": json.dumps({"name": name, "consent": CONSENT})}
        params = {"keep_photos": True}
        answer = service.ask(
            "POST", "/v1/galleries/staff/people", admin, files=files, data=person, params=params, headers=value
        )
        value = {"Idempotency-Key": str(uuid.uuid4())}
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["person"]["id"])
    probe = [("photo", (f"{PHOTO} probe.png", png("red", "green")))]
    assert service.ask("POST", "/v1/galleries/staff/identify", admin, files=probe).status_code == 200
    one = [("photo", (f"{PHOTO} one.png", png("red")))]
    path = f"/v1/galleries/staff/people/{ids[0]}/verify"
    assert service.ask("POST", path, admin, files=one).json()["decision"] == "match"
    merged = {"giver": ids[1], "receiver": ids[0]}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    receipt = service.ask("POST", "/v1/galleries/staff/merge", admin, json=merged, headers=headers)
    assert NAMES[1] in receipt.text
    asked = {"person": ids[0], "samples": [1], "name": f"{NAMES[1]} again"}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    split = service.ask("POST", "/v1/galleries/staff/split", admin, json=asked, headers=headers)
    assert split.status_code == 200, split.text
    # What goes wrong speaks of people, too.
    assert service.enroll(admin, f"{NAMES[0]}", "black").status_code == 422
    assert service.ask("POST", "/v1/galleries/staff/people/find", admin, json={"name": NAMES[0]}).status_code == 200
    for kind in ("exports", "purges", "reembeddings"):
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        answer = service.ask("POST", f"/v1/galleries/staff/{kind}", admin, headers=headers)
        service.ended(answer, admin)
    people = {"people": json.dumps([{"name": NAMES[0], "photos": [f"{PHOTO}.png"]}])}
    photo = [("photos", (f"{PHOTO}.png", png("blue")))]
    answer = service.ask(
        "POST", "/v1/galleries/staff/imports", admin, files=photo, data=people, headers={"Idempotency-Key": "y" * 20}
    )
    assert service.ended(answer, admin)["state"] == "done"
    assert service.ask("DELETE", f"/v1/galleries/staff/people/{ids[0]}", admin).status_code == 200
    return admin, ids


@pytest.fixture
def words(png):
    """What tells of somebody: names, photos' names, terms, photos."""
    return [*(text.encode() for text in (*NAMES, PHOTO, CONSENT, "Unmistakable")), png("red"), png("blue")[40:200]]


def test_the_state(service, png, words):
    """The service's own file holds nobody: no name, photo, term or vector, after everything was done and answered."""
    _busy(service, png)
    kept = service.state_bytes()
    assert len(kept) > 10_000
    for each in words:
        assert each not in kept
    for sample in service.gallery().vectors(service.gallery().people()[0].name):
        assert sample.tobytes() not in kept


def test_files_of_jobs(service, png):
    """Once a job is over, nothing of it is on the disk but an export, which only the service's user can read."""
    admin, _ = _busy(service, png)
    folder = service.folder / ".facerec-service" / "files"
    assert service.files() == []  # somebody in that export was forgotten
    service.ended(service.ask("POST", "/v1/galleries/staff/exports", admin), admin)
    assert len(service.files(1)) == 1
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    files = [each for each in folder.rglob("*") if each.is_file()]
    assert [each.name for each in files] == ["archive.zip"]
    assert files[0].stat().st_mode & 0o777 == 0o600
    assert files[0].parent.stat().st_mode & 0o777 == 0o700
    export = [job for job in service.ask("GET", "/v1/jobs", admin).json()["jobs"] if job["kind"] == "export"][-1]
    assert files[0].parent.name == export["id"]


def test_logs_and_metrics(service, png, words, caplog):
    """Neither the server's log nor its counters say who, which key, or which gallery."""
    with caplog.at_level(logging.DEBUG, logger="facerec"), caplog.at_level(logging.DEBUG, logger="sqlalchemy"):
        admin, ids = _busy(service, png)
    metrics = service.ask("GET", "/metrics", admin).text
    assert "facerec_requests_total" in metrics
    assert "facerec_ready_workers 1.0" in metrics
    assert "/v1/galleries/{gallery}/identify" in metrics
    for text in (caplog.text, metrics):
        for each in (*NAMES, PHOTO, CONSENT, "Unmistakable", *ids):
            assert each not in text
        assert admin not in text
    assert "staff" not in metrics
    assert admin[3:15] not in metrics


def test_what_is_logged_of_a_request(service, admin, caplog):
    """A number, the address's template, how it ended and how long it took."""
    with caplog.at_level(logging.INFO, logger="facerec.service"):
        answer = service.ask("POST", "/v1/galleries/staff/people/find", admin, json={"name": "Zoe"})
    (line,) = [each.message for each in caplog.records if each.name == "facerec.service" and "find" in each.message]
    number, method, route, status, _ = line.split()
    assert (number, method) == (answer.headers["x-request-id"], "POST")
    assert (route, status) == ("/v1/galleries/{gallery}/people/find", "200")


def test_names_in_the_log_of_a_gallery(service, png):
    """Whoever may read the log and not who is enrolled sees no names there, nor those of photos."""
    admin, _ = _busy(service, png)
    for path in ("/v1/galleries/staff/log", "/v1/galleries/staff/log?limit=3"):
        told = service.ask("GET", path, service.token("auditor")).text
        assert not any(each in told for each in (*NAMES, PHOTO))
    assert NAMES[1] in service.ask("GET", "/v1/galleries/staff/log", admin).text
    damaged = service.ask("POST", "/v1/galleries/staff/log/check", service.token("auditor"), json={})
    assert damaged.json()["intact"] is True


def test_terms_in_the_log_of_a_gallery(service):
    """Nor does such a reader see what was agreed to before."""
    admin = service.token("admin")
    service.enroll(admin, "Ida", "red", terms={"consent": "a first form"})
    done = service.enroll(admin, "Ida", "wine", terms={"consent": "a second form"}).json()
    assert [each["former"] for each in done["replaced"]] == ["a first form"]
    told = service.ask("GET", "/v1/galleries/staff/log", service.token("auditor")).text
    assert "form" not in told.replace("forgotten", "")
    assert "a first form" in service.ask("GET", "/v1/galleries/staff/log", admin).text


def test_sealed_answers(service, admin):
    """An answer that is kept can be read with its Idempotency-Key, and is nothing without."""
    sealed = _sealed("a value of somebody's", Answer(200, {}, {"name": NAMES[0]}))
    assert NAMES[0].encode() not in sealed
    assert _opened("a value of somebody's", sealed).body == {"name": NAMES[0]}
    with pytest.raises(InvalidToken):
        _opened("a value of somebody else's", sealed)
