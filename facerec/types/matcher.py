"""The matcher: everything that changes a score, or whom scores are measured on, in one value that travels with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Literal

from facerec.errors import ArgumentError
from facerec.types.plain import Value
from facerec.visible_text import quoted

_BETWEEN = " | "
_UNKNOWN = "unknown"

RULES: Mapping[str, Literal["refuse", "note", "ignore"]] = MappingProxyType(
    {
        "embedder_digest": "refuse",
        "crop": "refuse",
        "similarity": "refuse",
        "detector": "note",
        "gate": "note",
        "embedder": "ignore",
    }
)
"""What follows where two matchers differ in a part: nothing may be decided, the decision says so, or nothing.

The digest stands for the embedder; its name is what somebody called it."""


@dataclass(frozen=True)
class Differences:
    """In what two matchers differ: what forbids a decision, and what every decision has to say."""

    refused: tuple[str, ...]
    noted: tuple[str, ...]


@dataclass(frozen=True)
class Matcher(Value):
    """What makes scores; each part with its settings and the version of its recipe, never the package's.

    Attributes
    ----------
    detector, crop : str
        Such as ``mtcnn.v1(min_face_size=40, mode=fast)`` and ``dlib-5pt-chip-150.v1``.
    embedder, embedder_digest : str
        As it is called here, and the SHA-256 of everything that changes its vectors.
    similarity, gate : str
        ``facerec.similarity.NAME`` and ``QualityGate.name``; ``none`` where the gate was left out.

    Raises
    ------
    ArgumentError
        If a part is empty, holds a line break, or the sign that stands between parts.
    """

    detector: str
    crop: str
    embedder: str
    embedder_digest: str
    similarity: str
    gate: str

    def __post_init__(self) -> None:
        for field in fields(self):
            part = getattr(self, field.name)
            if not isinstance(part, str) or not part.strip() or "|" in part or not part.isprintable():
                message = f"{field.name} of a matcher must be one line of text without '|'; got {quoted(part)}"
                raise ArgumentError(message)

    @classmethod
    def unknown(cls) -> Matcher:
        """A matcher of its own: nothing is known of it, and no embedder here is it."""
        return cls(_UNKNOWN, _UNKNOWN, "a matcher of its own", _UNKNOWN, _UNKNOWN, _UNKNOWN)

    @property
    def is_known(self) -> bool:
        """False for `unknown`."""
        return self.embedder_digest != _UNKNOWN

    @property
    def text(self) -> str:
        """One line that `parse` reads, and that a cell of a table holds."""
        return _BETWEEN.join(f"{field.name}={getattr(self, field.name)}" for field in fields(self))

    @classmethod
    def parse(cls, text: str) -> Matcher:
        """Read `text` back; `ArgumentError` if it is not the text of a matcher.

        Examples
        --------
        >>> matcher = Matcher("mtcnn", "box.v1", "ours", "ab12", "cosine.v1", "none")
        >>> Matcher.parse(matcher.text) == matcher
        True
        """
        parts = dict(part.split("=", 1) for part in text.split(_BETWEEN) if "=" in part)
        if list(parts) != [field.name for field in fields(cls)]:
            message = f"the text of a matcher is {cls.unknown().text!r}, with its own parts; got {quoted(text)}"
            raise ArgumentError(message)
        return cls(**parts)

    def differences(self, measured_with: Matcher) -> Differences:
        """In what this matcher differs from the one that something was measured with, by `RULES`."""
        found: dict[str, list[str]] = {"refuse": [], "note": [], "ignore": []}
        for name, rule in RULES.items():
            mine, theirs = getattr(self, name), getattr(measured_with, name)
            if mine != theirs:
                found[rule].append(f"{name.replace('_', ' ')} {_short(theirs)} there, {_short(mine)} here")
        return Differences(tuple(found["refuse"]), tuple(found["note"]))

    def __str__(self) -> str:
        return f"{self.embedder} ({_short(self.embedder_digest)}) on {self.crop}, faces by {self.detector}"


def _short(part: str) -> str:
    return f"{part[:12]}…" if len(part) == 64 and set(part) <= set("0123456789abcdef") else part
