"""Which embedders can teach and which can be exported, by name; told without torch."""

from __future__ import annotations

from facerec.embed.load import digest_of, embedder_names
from facerec.errors import ArgumentError
from facerec.meant import did_you_mean
from facerec.models.weights import added_models


def teacher_name(name: str) -> str:
    """The name by which an embedder is loaded, also of one that is written as a backbone is (``dlib_resnet``).

    Raises
    ------
    ArgumentError
        If no embedder has that name.
    """
    hyphens = name.replace("_", "-")
    known = hyphens if name not in added_models() and hyphens in embedder_names() else name
    digest_of(known)
    return known


def exportable_name(name: str) -> str:
    """`name`, of an embedder that can be exported.

    Raises
    ------
    ArgumentError
        If no such embedder has a torch network of this project.
    """
    names = ("dlib-resnet", *added_models())
    if name not in names:
        message = (
            f"{name!r} is not an embedder that can be exported; there are {', '.join(names)} "
            f"(facerec models add takes a trained folder){did_you_mean(name, names)}"
        )
        raise ArgumentError(message)
    return name
