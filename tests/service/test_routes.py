"""Every address against every role, against a table that was written by hand."""

import pytest

from facerec.service.asked import parameters_of
from facerec.service.routes import audits, deciding, detect, galleries, health, jobs, keys, log, page, people
from facerec.service.scopes import ROLES, SCOPES

NOBODY = "0" * 32
FORM = {"files": [("photos", ("a.png", b"no photo"))]}
ONE = {"files": [("photo", ("a.png", b"no photo"))]}
ANY = "any"  # key
OPEN = "open"

# What each needs, and a body that comes as far as the gallery.
TABLE = {
    "GET /healthz": (OPEN, {}),
    "GET /readyz": (OPEN, {}),
    "GET /metrics": ("metrics", {}),
    "GET /problems/{code}": (OPEN, {}),
    "POST /session": (OPEN, {"json": {"key": "fr_no"}}),
    "GET /session": (ANY, {}),
    "DELETE /session": (OPEN, {}),
    "GET /v1/models": (ANY, {}),
    "GET /v1/operating-points": (ANY, {}),
    "GET /v1/roles": (ANY, {}),
    "GET /v1/deciding-point": (ANY, {}),
    "POST /v1/detect": ("compare", FORM),
    "POST /v1/embeddings": ("compare", FORM),
    "POST /v1/compare": (
        "compare",
        {"files": [("probe", ("a.png", b"no photo")), ("reference", ("b.png", b"no photo"))]},
    ),
    "GET /v1/galleries": (ANY, {}),
    "POST /v1/galleries": ("manage", {"json": {"id": "another"}}),
    "GET /v1/galleries/{gallery}": ("read", {}),
    "DELETE /v1/galleries/{gallery}": ("manage", {"params": {"people": 7}}),
    "GET /v1/galleries/{gallery}/people": ("read", {}),
    "POST /v1/galleries/{gallery}/people": ("enroll", {**FORM, "data": {"person": '{"name": "Ada"}'}}),
    "POST /v1/galleries/{gallery}/people/find": ("read", {"json": {"name": "Ada"}}),
    "GET /v1/galleries/{gallery}/people/{person}": ("read", {}),
    "PATCH /v1/galleries/{gallery}/people/{person}": ("enroll", {"json": {"name": "Bea"}}),
    "DELETE /v1/galleries/{gallery}/people/{person}": ("forget", {}),
    "GET /v1/galleries/{gallery}/people/{person}/samples": ("read", {}),
    "POST /v1/galleries/{gallery}/people/{person}/samples": ("enroll", FORM),
    "DELETE /v1/galleries/{gallery}/people/{person}/samples": ("forget", {"params": {"sample": 1}}),
    "DELETE /v1/galleries/{gallery}/people/{person}/samples/{sample}": ("forget", {}),
    "POST /v1/galleries/{gallery}/people/{person}/verify": ("verify", ONE),
    "POST /v1/galleries/{gallery}/identify": ("identify", ONE),
    "POST /v1/galleries/{gallery}/merge": ("enroll", {"json": {"giver": NOBODY, "receiver": NOBODY}}),
    "POST /v1/galleries/{gallery}/split": ("enroll", {"json": {"person": NOBODY, "samples": [1], "name": "Bea"}}),
    "POST /v1/galleries/{gallery}/move": ("enroll", {"json": {"giver": NOBODY, "receiver": NOBODY, "samples": [1]}}),
    "POST /v1/galleries/{gallery}/undo": ("enroll", {"json": {"receipt": {}}}),
    "GET /v1/galleries/{gallery}/log": ("log", {}),
    "GET /v1/galleries/{gallery}/log/head": ("log", {}),
    "POST /v1/galleries/{gallery}/log/check": ("log", {"json": {}}),
    "POST /v1/galleries/{gallery}/imports": (
        "manage",
        {"content": b"PK", "headers": {"Content-Type": "application/zip"}},
    ),
    "POST /v1/galleries/{gallery}/exports": ("manage", {}),
    "POST /v1/galleries/{gallery}/reembeddings": ("manage", {}),
    "POST /v1/galleries/{gallery}/purges": ("forget", {}),
    "GET /v1/jobs": (ANY, {}),
    "GET /v1/jobs/{job}": (ANY, {}),
    "DELETE /v1/jobs/{job}": (ANY, {}),
    "GET /v1/jobs/{job}/result": ("manage", {}),
    "GET /v1/keys": ("manage", {}),
    "POST /v1/keys": ("manage", {"json": {"label": "desk", "roles": ["kiosk"]}}),
    "DELETE /v1/keys/{key}": ("manage", {}),
    "GET /v1/audits": ("audit", {}),
    "GET /v1/audits/{audit}/{file}": ("audit", {}),
}
ROUTES = sorted(TABLE)
OF_GALLERIES = [route for route in ROUTES if "{gallery}" in route]


def _ask(service, route, token=None, *, gallery="staff"):
    method, path = route.split()
    path = path.format(
        gallery=gallery, person=NOBODY, sample=1, job=NOBODY, key="0" * 12, audit="a", file="report.html", code="full"
    )
    return service.ask(method, path, token, **TABLE[route][1])


@pytest.fixture
def service(shared):
    """One for all of them."""
    return shared


def test_the_table_is_whole(service):
    """Every address of the OpenAPI document stands in the table, and nothing else does."""
    document = service.ask("GET", "/openapi.json").json()
    found = {f"{method.upper()} {path}" for path, of in document["paths"].items() for method in of}
    assert found == set(TABLE)


def test_the_document_says_what_is_open(service):
    """OpenAPI tells of every address whether a key is needed."""
    document = service.ask("GET", "/openapi.json").json()
    for route, (scope, _) in TABLE.items():
        method, path = route.split()
        assert bool(document["paths"][path][method.lower()].get("security")) == (scope != OPEN), route


ONCE = {
    "POST /v1/galleries",
    "POST /v1/galleries/{gallery}/people",
    "POST /v1/galleries/{gallery}/people/{person}/samples",
    *(f"POST /v1/galleries/{{gallery}}/{each}" for each in ("merge", "split", "move", "undo")),
    *(f"POST /v1/galleries/{{gallery}}/{each}" for each in ("imports", "exports", "reembeddings", "purges")),
}
AS_READ = {f"{method} /v1/galleries/{{gallery}}/people/{{person}}": method == "PATCH" for method in ("PATCH", "DELETE")}


def test_the_document_says_what_requests_carry(service):
    """What may be asked again, or is decided by what was read, says by which header."""
    document = service.ask("GET", "/openapi.json").json()
    for route in ROUTES:
        method, path = route.split()
        parameters = document["paths"][path][method.lower()].get("parameters", [])
        headers = {each["name"]: each["required"] for each in parameters if each["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (route in ONCE), route
        assert headers.get("If-Match") == AS_READ.get(route), route


def test_what_is_understood_is_what_the_document_says(service):
    """The parameters after ``?`` of every address, and which of them may be given several times; no others pass."""
    document = service.ask("GET", "/openapi.json").json()
    parts = (audits, deciding, detect, galleries, health, jobs, keys, log, page, people)
    found = {
        (each.path, method): each.dependant for part in parts for each in part.router.routes for method in each.methods
    }
    several = 0
    for path, of in document["paths"].items():
        for method, operation in of.items():
            told = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
            known = dict(parameters_of(found[path, method.upper()]))
            assert known == {each["name"]: each["schema"].get("type") == "array" for each in told}, (method, path)
            several += sum(known.values())
    assert several


def test_the_document_says_what_goes_wrong(service):
    """Of every address it says that what goes wrong is a problem, and of none anything else."""
    document = service.ask("GET", "/openapi.json").json()
    for path in document["paths"].values():
        for operation in path.values():
            others = {code: told for code, told in operation["responses"].items() if not code.startswith("2")}
            assert list(others) == ["default"]
            assert list(others["default"]["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize("route", ROUTES)
def test_roles(service, refused, route, roles):
    """A key without the scope is refused, whatever it sends; one with it is not; no other scope stands in for it."""
    needed = TABLE[route][0]
    for role in roles:
        answer = _ask(service, route, service.token(role))
        if needed in {OPEN, ANY} or needed in ROLES[role]:
            assert answer.status_code != 403, (role, answer.text)
            assert answer.status_code < 500, (role, answer.text)
        else:
            assert needed in refused(answer, 403, "not_allowed")["detail"], role


@pytest.mark.parametrize("route", [route for route in ROUTES if TABLE[route][0] in SCOPES])
def test_every_other_scope_together_is_not_enough(service, refused, route):
    """What one scope allows, all the others together do not."""
    others = [scope for scope in SCOPES if scope != TABLE[route][0]]
    refused(_ask(service, route, service.token(scopes=others)), 403, "not_allowed")


@pytest.mark.parametrize("route", [route for route in ROUTES if TABLE[route][0] != OPEN])
def test_anonymous(service, refused, route):
    """Without a key there is nothing but what everybody may see; a wrong key is no better than none."""
    told = refused(_ask(service, route), 401, "no_key")["detail"]
    wrong = service.token("admin")
    service.parts.state.revoke(wrong[3:15])
    assert refused(_ask(service, route, wrong), 401, "no_key")["detail"] == told


@pytest.mark.parametrize("route", OF_GALLERIES)
def test_galleries_of_others(service, refused, route):
    """To a key of another gallery one that it does not reach is as one that there is not."""
    token = service.token("admin", galleries=("elsewhere",))
    there = refused(_ask(service, route, token, gallery="staff"), 404, "missing_gallery")
    absent = refused(_ask(service, route, token, gallery="stuff"), 404, "missing_gallery")
    told = [{**each, "instance": "", "detail": each["detail"].replace("stuff", "staff")} for each in (there, absent)]
    assert told[0] == told[1]


def test_lists_of_others(service):
    """Lists show what a key reaches, and nothing else."""
    token = service.token("admin", galleries=("elsewhere",))
    assert service.ask("GET", "/v1/galleries", token).json() == {"galleries": []}
    everybody = service.token("admin")
    assert {"id": "staff"} in service.ask("GET", "/v1/galleries", everybody).json()["galleries"]
    listed = service.ask("GET", "/v1/keys", token).json()["keys"]
    assert listed
    assert all(each["galleries"] == ["elsewhere"] for each in listed)


@pytest.mark.parametrize("name", ["..", "%2e%2e", "a%2fb", "A", ".facerec-service", "x" * 65, "%00", "%E2%98%83"])
def test_names_that_are_none(service, admin, refused, name):
    """What is no name of a gallery reaches no file."""
    answer = service.ask("GET", f"/v1/galleries/{name}/people", admin)
    assert answer.status_code == 404
    assert answer.json()["code"] in {"missing_gallery", "unknown_resource"}
