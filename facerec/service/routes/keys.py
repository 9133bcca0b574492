"""Keys: made, listed, withdrawn; and the page's session, which stands for one."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from facerec.errors import ForbiddenError
from facerec.service import keys
from facerec.service.asked import Anybody, Manager, Parts, key_of
from facerec.service.guards import COOKIE
from facerec.service.keys import Key
from facerec.service.routes.answers import answer
from facerec.service.routes.bodies import NewKey, Session
from facerec.service.schemas import told
from facerec.service.scopes import ROLES, SCOPES

router = APIRouter(tags=["keys"])
_SESSION = timedelta(hours=8)
KeyPath = Annotated[str, Path(alias="key", pattern="^[0-9a-f]{12}$", description="The id of a key.")]


@router.get("/v1/keys", summary="All keys", responses=told(Key, name="keys"))
async def listed(asked: Manager) -> JSONResponse:
    """What each may do; nothing that opens anything."""
    found = await asked.run(asked.parts.state.keys)
    return answer({"keys": [each for each in found if _is_within(each, asked.key)]})


@router.post("/v1/keys", summary="Make a key", status_code=201, responses=told(Key, status=201, key=str))
async def made(asked: Manager, given: NewKey) -> JSONResponse:
    """`key` of the answer is shown this once. Nobody gives out more than their own key has."""
    scopes = keys.scopes_of(given.roles)
    galleries = asked.key.galleries if given.galleries is None else tuple(given.galleries)
    key, token = keys.new_key(given.label, scopes, galleries=galleries, expires=given.expires, now=keys.now())
    if not _is_within(key, asked.key):
        message = "a key gives out no more than it has: its own scopes, in its own galleries"
        raise ForbiddenError(message)
    await asked.run(asked.parts.state.add_key, key)
    return answer({**key.to_dict(), "key": token}, 201, {"Location": f"/v1/keys/{key.id}"})


def _is_within(key: Key, other: Key) -> bool:
    """Whether a key has no more than another one."""
    galleries = other.galleries is None or (key.galleries is not None and set(key.galleries) <= set(other.galleries))
    return galleries and set(key.scopes) <= set(other.scopes)


@router.delete("/v1/keys/{key}", summary="Withdraw a key", responses=told(Key))
async def withdrawn(asked: Manager, key: KeyPath) -> JSONResponse:
    """From the next request on, everywhere; but the last that may do all. It stays listed, since logs name it."""
    found = await asked.run(asked.parts.state.key, key)
    if found is not None and not _is_within(found, asked.key):
        message = "a key withdraws none that has more than it"
        raise ForbiddenError(message)
    everybody = await asked.run(asked.parts.state.keys)
    if found is not None and [each.id for each in everybody if _does_all(each)] == [key]:
        message = "this is the last key that may do everything for good; make another one first"
        raise ForbiddenError(message)
    return answer(await asked.run(asked.parts.state.revoke, key))


def _does_all(key: Key) -> bool:
    """Whether it may do everything, and goes on to."""
    return key.galleries is None and set(key.scopes) == set(SCOPES) and not key.revoked and key.expires is None


@router.get("/v1/roles", summary="Names for sets of scopes")
async def roles(asked: Anybody) -> JSONResponse:  # noqa: ARG001 - a key is needed, whichever
    """For who gives out keys."""
    return answer({"roles": dict(ROLES)})


@router.get("/session", summary="What the page's session, or a key, may do", responses=told(Key))
async def session(asked: Anybody) -> JSONResponse:
    """Its label, scopes and galleries."""
    return answer(asked.key)


@router.post("/session", summary="Begin a session of the page", status_code=201, responses=told(Key, status=201))
async def begun(request: Request, given: Session) -> JSONResponse:
    """From a key; the answer sets a cookie that no script can read."""
    parts: Parts = request.app.state.parts
    key = await run_in_threadpool(key_of, parts.state, given.key.strip(), None)
    parts.requests.take(key.id, 1)  # of the key's own: nobody without one keeps others out
    until = min(keys.now() + _SESSION, key.expires or keys.now() + _SESSION)
    token = await run_in_threadpool(parts.state.begin_session, key, until=until)
    found = answer(key, 201)
    found.set_cookie(COOKIE, token, expires=until, path="/", secure=True, httponly=True, samesite="strict")
    return found


@router.delete("/session", summary="End the page's session")
async def ended(request: Request) -> JSONResponse:
    """Needs no key: whoever has a session may end it."""
    parts: Parts = request.app.state.parts
    if (token := request.cookies.get(COOKIE)) is not None:
        await run_in_threadpool(parts.state.end_session, token)
    found = answer({"ended": token is not None})
    found.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return found
