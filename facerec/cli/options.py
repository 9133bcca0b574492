"""The options that several commands share, each defined once, so that a flag means the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

Choice: TypeAlias = Literal["only", "largest", "central"]

MIN_FACE_SIZE = 40
"""The detector's own default, in pixels."""

_HOW = "Networks and the machine"

AsJson = Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document on stdout.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="dlib-resnet, facenet, or a model that was added (facerec models). By default the one that a gallery was "
        "made with, else dlib-resnet.",
        show_default=False,
        rich_help_panel=_HOW,
    ),
]
ModelFiles = Annotated[
    Path | None,
    typer.Option(
        "--model-files",
        metavar="DIR",
        help="A folder of model files, looked into before the installed packages.",
        show_default=False,
        rich_help_panel=_HOW,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NAME",
        help="cpu, cuda or cuda:N. By default a GPU where there is one.",
        show_default=False,
        rich_help_panel=_HOW,
    ),
]
MinFaceSize = Annotated[
    int,
    typer.Option(
        "--min-face-size",
        metavar="PIXELS",
        help="The smallest face looked for, 12 or more. Smaller is slower.",
        rich_help_panel=_HOW,
    ),
]
FaceOption = Annotated[
    Choice,
    typer.Option(
        "--face",
        metavar="WHICH",
        help="Which face of a photo is meant: only (an error if there are several), largest, or central.",
    ),
]
At = Annotated[
    Path | None,
    typer.Option(
        "--at",
        metavar="POINT.json",
        help="Decide at an operating point from this file (facerec calibrate makes it).",
        show_default=False,
        rich_help_panel="The threshold",
    ),
]
Fmr = Annotated[
    float | None,
    typer.Option(
        "--fmr",
        metavar="RATE",
        help="Decide at this false match rate: 0.01, 0.001 or 0.0001, or one in POINT.json. By default 0.001.",
        show_default=False,
        rich_help_panel="The threshold",
    ),
]
GalleryFile = Annotated[
    Path,
    typer.Option("--gallery", "-g", metavar="FILE", envvar="FACEREC_GALLERY", help="The gallery, such as people.db."),
]
PersonName = Annotated[str, typer.Argument(metavar="NAME", help="As facerec gallery list shows it.")]
Annotate = Annotated[
    Path | None,
    typer.Option(
        "--annotate",
        metavar="DIR",
        help="Write a copy of each photo with its faces marked to this folder.",
        show_default=False,
    ),
]
Consent = Annotated[
    str | None,
    typer.Option("--consent", metavar="TEXT", help="Where the person's consent is kept.", show_default=False),
]
Purpose = Annotated[
    str | None,
    typer.Option("--purpose", metavar="TEXT", help="What the person is enrolled for.", show_default=False),
]


def examples(*commands: str) -> str:
    """The text below a command's help, in Markdown: the commands in a block that can be copied."""
    return "\n".join(["Examples:", "```text", *commands, "```"])
