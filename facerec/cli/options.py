"""The options that several commands share, each defined once, so that a flag means the same everywhere.

Options that belong together are one parameter of a command: a frozen dataclass whose fields are its options.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_type_hints

import typer

from facerec.visible_text import quoted

if TYPE_CHECKING:
    from facerec.gallery.stores.postgres.address import Address

Command: TypeAlias = Callable[..., None]
Choice: TypeAlias = Literal["main", "only", "largest", "central"]
DetectorName: TypeAlias = Literal["mtcnn", "blazeface"]

DETECTOR: DetectorName = "mtcnn"
MIN_FACE_SIZE = 40
"""The detectors' own default, in pixels."""

_HOW = "Networks and the machine"


def option(names: str, text: str, panel: str | None = None, **more: Any) -> Any:  # noqa: ANN401 - typer's
    """An option: its names and what stands for its value (``--gallery -g FILE``), its help, and where that stands.

    Without a name (``FILE``) it is called like its parameter.
    """
    *words, last = names.split()
    if last.startswith("-"):  # it has no value
        words, last = [*words, last], ""
    return typer.Option(*words, metavar=last, help=text, rich_help_panel=panel, **more)


SETTINGS: dict[str, set[str]] = {}
"""The keys of ``facerec.toml``: options that many commands share; by each the texts of the help that mean it."""


def setting(names: str, text: str, panel: str | None = None, **more: Any) -> Any:  # noqa: ANN401 - typer's
    """An `option` whose default may stand in ``facerec.toml``."""
    SETTINGS.setdefault(names.split(maxsplit=1)[0].removeprefix("--"), set()).add(text)
    return option(names, text, panel, **more)


def argument(metavar: str, text: str, **more: Any) -> Any:  # noqa: ANN401 - typer's
    """An argument: what it is called in the help, and what it is."""
    return typer.Argument(metavar=metavar, help=text, show_default=False, **more)


def flag(names: str, text: str, panel: str | None = None) -> Any:  # noqa: ANN401 - typer's
    """An option without a value."""
    return option(names, text, panel)


def examples(*commands: str) -> str:
    """The text below a command's help, in Markdown: the commands in a block that can be copied."""
    return "\n".join(["Examples:", "```text", *commands, "```"])


def grouped(command: Command) -> Command:
    """A command whose parameters of such a class are spread into the options that the class is made of.

    The class is made with what was given before the command runs, so that what it refuses is refused before anything
    is loaded.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Any]] = {}
    for parameter in inspect.signature(command).parameters.values():
        kind: Any = hints[parameter.name]
        if not (isinstance(kind, type) and is_dataclass(kind)):
            parameters.append(parameter.replace(annotation=kind))
            continue
        groups[parameter.name] = kind
        inner = get_type_hints(kind, include_extras=True)
        parameters += [
            inspect.Parameter(each.name, parameter.KEYWORD_ONLY, default=each.default, annotation=inner[each.name])
            for each in fields(kind)
        ]

    @functools.wraps(command)
    def spread(**given: Any) -> None:  # noqa: ANN401 - whatever the options hold
        made = {
            name: kind(**{each.name: given.pop(each.name) for each in fields(kind)}) for name, kind in groups.items()
        }
        command(**given, **made)

    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread.__annotations__ = {each.name: each.annotation for each in parameters}
    return spread


Why = Annotated[bool, flag("--why", "All that a decision rests on: counts, intervals, data, and every note.")]
AsCsv = Annotated[bool, flag("--csv", "Print rows as a spreadsheet reads them (CSV) on stdout, and nothing else.")]
AsJson = Annotated[bool, flag("--json", "Print one JSON document on stdout.")]
Model = Annotated[
    str | None,
    setting(
        "--model NAME",
        "dlib-resnet, facenet, or a model that was added (facerec models). By default the one that a gallery was made "
        "with, else dlib-resnet.",
        _HOW,
    ),
]
NamedModel = Annotated[str | None, option("--model NAME", "As facerec models lists it.", _HOW)]
ModelFiles = Annotated[
    Path | None,
    setting("--model-files DIR", "A folder of model files, looked into before the installed packages.", _HOW),
]
Runtime = Annotated[
    Path | None,
    setting(
        "--runtime DIR",
        "Graphs from facerec export NAME --runtime DIR, run by ONNX Runtime on the processor, without torch.",
        _HOW,
        envvar="FACEREC_RUNTIME",
    ),
]
Device = Annotated[
    str | None, setting("--device NAME", "cpu, cuda or cuda:N. By default a GPU where there is one.", _HOW)
]
MinFaceSize = Annotated[
    int, setting("--min-face-size PIXELS", "The smallest face looked for, 12 or more. Smaller is slower.", _HOW, min=12)
]
DetectorOption = Annotated[
    DetectorName,
    setting("--detector NAME", "What finds the faces: mtcnn, or blazeface (fast, for faces near the camera).", _HOW),
]
FaceOption = Annotated[
    Choice,
    option(
        "--face WHICH",
        "Which face of a photo is meant: main (larger and nearer to the centre than all others by far, else an error), "
        "only (an error if there are several), largest, or central.",
    ),
]
NoGate = Annotated[
    bool, flag("--no-gate", "Take faces below the quality gate too; evidence, log and tables then say so.", _HOW)
]
At = Annotated[
    Path | None,
    setting(
        "--at POINT.json", "Decide at an operating point from this file (facerec calibrate makes it).", "The threshold"
    ),
]
Fmr = Annotated[
    float | None,
    setting(
        "--fmr RATE",
        "Decide at this false match rate: 0.01, 0.001 or 0.0001, or one in POINT.json. By default 0.001.",
        "The threshold",
    ),
]
WorstGroup = Annotated[
    bool,
    flag(
        "--worst-group",
        "Let that rate hold for the group with most false matches; fewer of everybody are recognised.",
        "The threshold",
    ),
]


def place_of_gallery(text: str) -> Path | Address:
    """A gallery as it is named on a command line: a file, or an address, two slashes of which `Path` would make one."""
    from facerec.gallery.stores.postgres.address import Address, is_address

    return Address.parse(text) if is_address(text) else Path(text)


GalleryFile = Annotated[  # or an `Address`; typer takes no union
    Path,
    setting(
        "--gallery -g FILE",
        "The gallery, such as people.db, or its address postgresql://...",
        envvar="FACEREC_GALLERY",
        parser=place_of_gallery,
    ),
]
Exclude = Annotated[
    list[str] | None,
    option(
        "--exclude PATTERN",
        "Leave out what is called so: a name such as thumbs or '*.gif', or a path below the folder such as '2019/*'. "
        "May be given several times.",
    ),
]


def day_of(text: str) -> datetime:
    """A day as it is named on a command line."""
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        message = f"expected a day such as 2031-12-31; got {quoted(text)}"
        raise typer.BadParameter(message) from None


Expires = Annotated[datetime | None, option("YYYY-MM-DD", "The last day (UTC) of being matched.", parser=day_of)]

NoLog = Annotated[
    bool,
    flag(
        "--no-log",
        "Decide without an entry in the gallery's log; the answer says so. For galleries on media that cannot be "
        "written.",
    ),
]
Consent = Annotated[str | None, option("--consent TEXT", "Where the person's consent is kept.")]
Purpose = Annotated[str | None, option("--purpose TEXT", "What the person is enrolled for.")]
