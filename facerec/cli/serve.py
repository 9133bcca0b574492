"""``facerec serve``: the service, until it is interrupted."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from facerec.cli import console
from facerec.cli.opening import Keyed
from facerec.cli.options import Model, examples, flag, grouped, option
from facerec.cli.recognition import GatedNetworks

if TYPE_CHECKING:
    from facerec.recognizer import Recognizer
    from facerec.service.settings import Settings
    from facerec.service.state import State

EXAMPLES = examples(
    "facerec serve --galleries galleries/",
    "facerec serve --galleries postgresql://facerec@db.example/faces --host 0.0.0.0 --name faces.example "
    "--behind-proxy",
)
_LISTENING, _WHAT = "Where it listens", "What it serves"


@grouped
def serve(
    *,
    galleries: Annotated[
        str,
        option("--galleries PLACE", "A folder, or a database postgresql://...", _WHAT, envvar="FACEREC_GALLERIES"),
    ],
    host: Annotated[str, option("--host ADDRESS", "127.0.0.1 is this machine only.", _LISTENING)] = "127.0.0.1",
    port: Annotated[int, option("--port NUMBER", "0: any that is free.", _LISTENING)] = 8000,
    name: Annotated[
        list[str] | None, option("--name NAME", "What it is called by, such as faces.example.", _LISTENING)
    ] = None,
    behind_proxy: Annotated[
        bool, flag("--behind-proxy", "A proxy on the way encrypts; it listens beyond this machine.", _LISTENING)
    ] = False,
    certificate: Annotated[Path | None, option("--certificate FILE", "PEM, to encrypt itself.", _LISTENING)] = None,
    private_key: Annotated[Path | None, option("--private-key FILE", "PEM, that of it.", _LISTENING)] = None,
    at: Annotated[
        Path | None, option("--at FILE", "Operating points besides the shipped ones; the first decides.", _WHAT)
    ] = None,
    audits: Annotated[Path | None, option("--audits DIR", "Published reports, a folder each.", _WHAT)] = None,
    files: Annotated[
        Path | None,
        option("--files DIR", "For imports and exports on their way; beside galleries in a folder.", _WHAT),
    ] = None,
    workers: Annotated[
        int | None,
        option("--workers NUMBER", "Processes that look at photos; by default one per core.", _WHAT, min=1, max=256),
    ] = None,
    embeddings: Annotated[bool, flag("--embeddings", "Give out vectors, which are biometric data.", _WHAT)] = False,
    limit: Annotated[
        list[str] | None,
        option("--limit NAME=NUMBER", "Such as deadline=60; docs/service.md lists them. Several times.", _WHAT),
    ] = None,
    model: Model = None,
    networks: GatedNetworks,
    keyed: Keyed,
) -> None:
    """Serve galleries over HTTP: the same decisions with the same evidence, for many at once.

    The first start prints a key that may do everything, once; it makes the others. docs/service.md is the handbook.
    """
    from facerec.extras import extra
    from facerec.service.settings import Settings, limits_of

    settings = Settings(
        galleries=galleries,
        host=host,
        port=port,
        hosts=tuple(name or ()),
        behind_proxy=behind_proxy,
        certificate=certificate,
        private_key=private_key,
        audits=audits,
        embeddings=embeddings,
        files=files,
        limits=limits_of(limit or ()),
    )
    with extra("server"):
        import fastapi  # noqa: F401 - tells that it is absent before anything takes time
        import uvicorn

        from facerec.service.galleries import place_of, place_of_state, shown_place
        from facerec.service.listening import patient
        from facerec.service.state import State
    from facerec.points import read_points

    points = () if at is None else read_points(at)
    state = State(place_of_state(galleries))
    place_of(galleries, state)
    app = _app(settings, state, networks, model, points=points, key=keyed.key(), workers=workers)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=private_key,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=patient(settings.limits.deadline),
        ws="none",
        proxy_headers=behind_proxy,
        forwarded_allow_ips="*" if behind_proxy else None,
        timeout_graceful_shutdown=int(settings.limits.deadline),
    )
    with config.bind_socket() as socket:
        socket.listen()  # before it is said, so that whoever reads it may ask at once
        address = f"{'https' if settings.encrypted else 'http'}://{host}:{socket.getsockname()[1]}"
        _show_first_key(state, _page_address(settings, address))
        console.note(f"facerec serves {shown_place(galleries)} at {address}")
        _log_requests()
        uvicorn.Server(config).run(sockets=[socket])


def _log_requests() -> None:
    """A line for each request on standard error: number, method, route, status, seconds; no name, key or photo."""
    shown = logging.StreamHandler()
    shown.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("facerec.service")
    logger.addHandler(shown)
    logger.setLevel(logging.INFO)


def _app(
    settings: Settings,
    state: State,
    networks: GatedNetworks,
    model: str | None,
    *,
    workers: int | None,
    **more: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    from facerec.device import cores
    from facerec.service.app import create_app
    from facerec.service.lookers import Apart

    # A photo that takes as long as it may still leaves time for those that are looked at with it.
    make = partial(_recognizer, networks, model, settings.limits.deadline / 2)
    lookers = [Apart(make, seconds=2 * settings.limits.deadline) for _ in range(workers or cores())]
    return create_app(settings, lookers[0].described(), state=state, lookers=lookers, **more)


def _recognizer(networks: GatedNetworks, model: str | None, seconds: float) -> Recognizer:
    """What each worker makes."""
    from facerec.photos.limited import LimitedReader

    recognizer = networks.load(model)
    recognizer.limited = LimitedReader(seconds=seconds)
    return recognizer


def _page_address(settings: Settings, address: str) -> str:
    """Where people find the page: by the name that requests must use, where there is one."""
    if not settings.hosts:
        return f"{address}/"
    port = "" if settings.behind_proxy else f":{settings.port}"  # which one the proxy listens at is not known here
    return f"{'https' if settings.behind_proxy or settings.encrypted else 'http'}://{settings.hosts[0]}{port}/"


def _show_first_key(state: State, page: str) -> None:
    """Make the first key, and print it where it is this process that made it."""
    from facerec.service import keys

    key, token = keys.new_key("the first key", keys.scopes_of(["admin"]), now=keys.now())
    if state.add_first_key(key):
        told = "The first key, which is shown this once, and makes the others (POST /v1/keys):"
        console.tell(told, f"  {token}", f"The page that it signs in to, for a browser: {page}")
