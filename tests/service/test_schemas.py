"""What OpenAPI says of answers is what answers are."""

import json

import jsonschema
import pytest

from facerec.gallery import Enrollment, ForgetReceipt, GalleryCheck, LogEntry, Person, Transfer
from facerec.service.schemas import schema_of
from facerec.testing import made_gallery, made_photo, made_point, made_recognizer
from facerec.types import Identification, OperatingPoint, Verification


def _fits(kind, value):
    jsonschema.validate(json.loads(json.dumps(value.to_dict())), schema_of(kind))


def test_values_are_as_their_schemas_say():
    """Every value that the library gives fits the schema that was made of its class."""
    recognizer, gallery, point = made_recognizer(), made_gallery(), made_point()
    for other in ("wine", "green"):
        _fits(Verification, recognizer.verify(made_photo("red"), made_photo(other), at=point))
    _fits(OperatingPoint, point)
    done = recognizer.enroll([made_photo("red"), made_photo("wine")], "ada", gallery)
    _fits(Enrollment, done)
    _fits(Person, done.person)
    for photo in (made_photo("wine", "green"), made_photo("blue", size=32)):
        for each in recognizer.identify(photo, gallery, at=point):
            _fits(Identification, each)
    _fits(Identification, recognizer.identify(made_photo("red"), made_gallery(), at=point)[0])  # nobody: NaN
    _fits(Transfer, gallery.split("ada", "eve", gallery.samples("ada")[0].number))
    _fits(GalleryCheck, gallery.check())
    _fits(ForgetReceipt, gallery.forget("eve"))
    for entry in gallery.log():
        _fits(LogEntry, entry)


def test_a_schema_refuses_what_is_not_the_value():
    """A field that is missing or of another type does not fit."""
    told = made_recognizer().verify(made_photo("red"), made_photo("wine"), at=made_point()).to_dict()
    for wrong in (
        {name: value for name, value in told.items() if name != "score"},
        {**told, "score": "much"},
        {**told, "decision": "perhaps"},
        {**told, "operating_point": {}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema_of(Verification))


@pytest.fixture
def told(service, png):
    """A function that asks, and holds the answer against the schema of its address."""
    document = service.ask("GET", "/openapi.json").json()

    def ask(method, template, token, *, status=200, **more):
        names = {name: more.pop(name) for name in ("gallery", "person", "sample") if name in more}
        answer = service.ask(method, template.format(**names), token, **more)
        assert answer.status_code == status, answer.text
        of = document["paths"][template][method.lower()]["responses"][str(status)]
        jsonschema.validate(answer.json(), of["content"]["application/json"]["schema"])
        return answer.json()

    return ask


def test_answers_are_as_the_document_says(service, png, told):
    """A round through the service, each answer against its address in /openapi.json."""
    admin, people = service.token("admin"), "/v1/galleries/{gallery}/people"
    service.ask("POST", "/v1/galleries", admin, json={"id": "staff"})
    files = [("photos", ("a.png", png("red"))), ("photos", ("b.png", png("wine")))]
    person = {"person": json.dumps({"name": "Ada"})}
    ada = told("POST", people, admin, status=201, gallery="staff", files=files, data=person)["person"]["id"]
    who = {"gallery": "staff", "person": ada}
    told("POST", people, admin, status=200, gallery="staff", files=files, data=person)
    told("GET", people, admin, gallery="staff")
    told("GET", people + "/{person}", admin, **who)
    samples = told("GET", people + "/{person}/samples", admin, **who)["samples"]
    told("POST", people + "/{person}/verify", admin, **who, files={"photo": ("c.png", png("wine"))})
    told("POST", "/v1/galleries/{gallery}/identify", admin, gallery="staff", files={"photo": ("c.png", png("green"))})
    told("POST", "/v1/compare", admin, files={"probe": ("a.png", png("red")), "reference": ("b.png", png("red"))})
    told("GET", "/v1/operating-points", admin)
    split = {"person": ada, "samples": [samples[0]["number"]], "name": "Eve"}
    told("POST", "/v1/galleries/{gallery}/split", admin, gallery="staff", json=split)
    told("GET", "/v1/galleries/{gallery}/log", admin, gallery="staff")
    told("GET", "/v1/galleries/{gallery}/log/head", admin, gallery="staff")
    told("POST", "/v1/galleries/{gallery}/log/check", admin, gallery="staff", json={})
    told("POST", "/v1/galleries/{gallery}/purges", admin, status=202, gallery="staff")
    told("GET", "/v1/jobs", admin)
    told("POST", "/v1/keys", admin, status=201, json={"label": "desk", "roles": ["kiosk"]})
    told("GET", "/v1/keys", admin)
    told("DELETE", people + "/{person}", admin, **who)
    told("DELETE", "/v1/galleries/{gallery}", admin, gallery="staff", params={"people": 1})
