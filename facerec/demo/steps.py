"""What the demonstration hands out while it walks: photos, findings, and the steps they belong to.

The walk makes these values, the command line prints a line of each, the page and the JSON document show all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from facerec.errors import ArgumentError
from facerec.gallery import Enrollment, ForgetReceipt, LogCheck, LogEntry
from facerec.types import Decision, Faces, Identification, Image, OperatingPoint, Verification

Place: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class Panel:
    """A part of a picture that was put together on the spot, so that it is known who is in it.

    Attributes
    ----------
    place : Place
        Where in the picture.
    words : str
        What is in it, for people.
    person : str or None
        Who is in it; ``None`` for a face that nobody enrolled, or no face.
    """

    place: Place
    words: str
    person: str | None


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo of the demonstration: a file, or a picture that was made on the spot.

    Attributes
    ----------
    name : str
        What it is called on screen, on the page and in the gallery's log: the file's name, never its folder.
    source : Path or ndarray
        What ``facerec.photos.reader.read`` takes.
    origin : str
        Where it is from, or how it was made; empty for a file of the folder that was asked for.
    panels : tuple of Panel
        Who is in it, where that is known because it was put together.
    """

    name: str
    source: Path | Image
    origin: str = ""
    panels: tuple[Panel, ...] = ()

    @property
    def path(self) -> Path:
        """The file.

        Raises
        ------
        ArgumentError
            If the picture was made on the spot.
        """
        if not isinstance(self.source, Path):
            message = f"{self.name} is not a file"
            raise ArgumentError(message)
        return self.source


@dataclass(frozen=True, eq=False)
class Looked:
    """A photo and the faces found in it."""

    photo: Photo
    faces: Faces


@dataclass(frozen=True)
class LeftOut:
    """A photo or a part of the walk that was not used, and why."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class Enrolled:
    """One person, enrolled."""

    enrollment: Enrollment
    photos: tuple[Looked, ...]


@dataclass(frozen=True, eq=False)
class Compared:
    """Two photos that were compared; `same_person` is the truth as the photos' names tell it."""

    probe: Looked
    reference: Looked
    same_person: bool
    verification: Verification

    @property
    def wrong(self) -> bool:
        """Whether the decision contradicts the truth; ``undecided`` does not."""
        return self.verification.match is (not self.same_person)


@dataclass(frozen=True, eq=False)
class Identified:
    """A photo whose every face was searched for in the gallery."""

    looked: Looked
    found: tuple[Identification, ...]

    @property
    def photo(self) -> Photo:
        """The photo."""
        return self.looked.photo

    def panel(self, number: int) -> Panel | None:
        """The panel that holds the middle of face `number`; ``None`` in a photo that was not put together."""
        left, top, right, bottom = self.found[number].box.tolist()
        x, y = (left + right) / 2, (top + bottom) / 2
        for panel in self.photo.panels:
            if panel.place[0] <= x < panel.place[2] and panel.place[1] <= y < panel.place[3]:
                return panel
        return None

    def count(self, decision: Decision) -> int:
        """How many faces were decided so."""
        return sum(each.decision == decision for each in self.found)


@dataclass(frozen=True, eq=False)
class Forgotten:
    """A person who was forgotten, and the same faces searched for again."""

    receipt: ForgetReceipt
    afterwards: Identified


@dataclass(frozen=True)
class Logged:
    """The gallery's log at the end, and whether it is intact."""

    entries: tuple[LogEntry, ...]
    check: LogCheck


@dataclass(frozen=True, eq=False)
class Setting:
    """What holds for the whole walk and stands on the page beside the steps.

    Attributes
    ----------
    source : str
        Where the photos are from, in words.
    operating_point : OperatingPoint
        Whose threshold decides everything.
    detector, embedder : str
        Names of the stages.
    embedder_digest : str
        SHA-256 digest of the embedder.
    gallery : Path
        The gallery's file.
    """

    source: str
    operating_point: OperatingPoint
    detector: str
    embedder: str
    embedder_digest: str
    gallery: Path


@dataclass(frozen=True, eq=False)
class Reported:
    """Where everything is written down."""

    page: Path
    scene: Path
    setting: Setting


Finding: TypeAlias = Looked | LeftOut | Enrolled | Compared | Identified | Forgotten | Logged | Reported


@dataclass(frozen=True, eq=False)
class Step:
    """One step of the walk.

    Attributes
    ----------
    name : str
        For programs: ``photos``, ``models``, ``look``, ``enroll``, ``same``, ``different``, ``scene``, ``partial``,
        ``no face``, ``forget``, ``page``.
    title : str
        What was done, in a few words.
    outcome : str
        What came of it, in one line.
    seconds : float
        How long it took, by the clock on the wall.
    findings : tuple of Finding
        The evidence.
    """

    name: str
    title: str
    outcome: str
    seconds: float
    findings: tuple[Finding, ...] = ()


Kind = TypeVar("Kind", bound=Finding)


def of_kind(steps: Iterable[Step], kind: type[Kind]) -> Iterator[Kind]:
    """All findings of one kind, in order."""
    for step in steps:
        for finding in step.findings:
            if isinstance(finding, kind):
                yield finding
