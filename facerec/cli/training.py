"""What ``facerec train`` and ``facerec distil`` share: their photos, their model, and how a training is told."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from facerec.cli import console
from facerec.cli.command_line import command_line
from facerec.cli.options import (
    DETECTOR,
    MIN_FACE_SIZE,
    Choice,
    DetectorOption,
    Device,
    Exclude,
    MinFaceSize,
    ModelFiles,
    option,
)
from facerec.cli.outputs import GOES_ON, NEW, output

if TYPE_CHECKING:
    from facerec.learning.loop import Progress
    from facerec.training.people import People
    from facerec.training.progress import Epoch
    from facerec.training.work import MadeModel

LEARNED = "What is learned"
HOW = "How it is learned"
GROUPS = "By group"
DATA = "The photos"

Size = Annotated[
    int | None, option("--size PIXELS", "Side of the network's input. By default that of the aligned faces.", LEARNED)
]
Epochs = Annotated[int, option("--epochs N", "Passes over the photos, at most.", HOW)]
Reweight = Annotated[
    str | None,
    option("--reweight COLUMN", "Each group of this column of the CSV has the same weight in the loss.", GROUPS),
]
Out = Annotated[
    Path, output("--out DIR", "The model's folder. DIR.training beside it holds log, curves and checkpoint.", NEW)
]
Made: TypeAlias = "MadeModel[Epoch]"


@dataclass(frozen=True)
class Pace:
    """Steps of a training, as its recipe calls them."""

    patience: Annotated[int, option("N", "Epochs without a better one after which it ends.", HOW)] = 5
    batch_size: Annotated[int, option("N", "Photos per step.", HOW)] = 64
    precision: Annotated[
        Literal["float32", "bfloat16", "auto"],
        option("FORMAT", "Of the backbone's numbers: float32, bfloat16, or auto, the faster one.", HOW),
    ] = "auto"
    seed: Annotated[int, option("N", "Of every draw.", HOW)] = 0


@dataclass(frozen=True)
class Photos:
    """How the photos are read, and where what is made of them is kept."""

    face: Annotated[
        Choice, option("WHICH", "Which face of a photo is the person's: main, only, largest, or central.", DATA)
    ] = "main"
    exclude: Exclude = None
    detector: DetectorOption = DETECTOR
    min_face_size: MinFaceSize = MIN_FACE_SIZE
    cache: Annotated[
        Path | None,
        output(
            "DIR",
            "Where aligned faces and features are kept for further trainings. By default in DIR.training.",
            GOES_ON,
            DATA,
        ),
    ] = None
    data_terms: Annotated[
        str, option("TEXT", "The terms of the photos and the consent of the people, for the model's card.", DATA)
    ] = ""
    name: Annotated[str | None, option("NAME", "Of the model; by default that of its folder.")] = None
    device: Device = None
    model_files: ModelFiles = None

    def kept(self, out: Path) -> Path:
        """Where aligned faces and features are kept."""
        from facerec.training.work import work_folder

        return self.cache or work_folder(out) / "cache"

    def settings(self, context: typer.Context, out: Path, bar: Callable[[int, int], None]) -> dict[str, Any]:
        """What either training is told of files, names and the machine."""
        told = {name: getattr(self, name) for name in ("name", "data_terms", "device")}
        return {
            **told,
            "out": out,
            "cache": self.kept(out),
            "command": shlex.join(command_line(context)),
            "preparing": bar,
        }

    def read(self, data: Path, crop: str, out: Path, *, named: bool) -> People:
        """Align the faces, in one process of a team, and tell what was left out."""
        from facerec.learning.team import current_team
        from facerec.training.aligned import aligned_people

        team = current_team()
        if team.rank > 0:
            team.wait()  # until the first process has aligned the faces
        with console.progress("aligning faces") as progress:
            how = {name: getattr(self, name) for name in ("detector", "min_face_size", "device", "model_files")}
            how |= {
                "cache": self.kept(out),
                "named": named,
                "exclude": self.exclude or (),
                "choice": self.face,
                "progress": progress,
            }
            people = aligned_people(data, crop, **how)
        if team.rank == 0:
            team.wait()
            _tell_people(people, named=named)
        return people


def _tell_people(people: People, *, named: bool) -> None:
    used = console.counted(len(people.files), "photo", "photos")
    of = f" of {console.counted(len(people.identities), 'person', 'people')}" if named else ""
    console.note(f"{people.name}: {used}{of}")
    console.say_left_out(people.left_out)
    if named and people.with_one_photo:
        console.note(f"{console.counted(people.with_one_photo, 'person has', 'people have')} a single photo")
    for column in people.columns:
        if missing := people.without(column):
            console.note(f"{column} is not given for {console.counted(missing, 'photo', 'photos')}")


def teller(bar: Callable[[int, int], None], found: Callable[[Epoch], str]) -> Callable[[Progress], None] | None:
    """What moves the bar with each step, and tells what was `found` in each whole epoch; in one process of a team."""
    from facerec.learning.team import current_team

    told: set[int] = set()

    def tell(progress: Progress) -> None:
        last = progress.last
        if last.number not in told:
            told.add(last.number)
            loss = "at the start" if last.training_loss is None else f"loss {last.training_loss:.4f}"
            console.note(f"epoch {last.number}/{progress.epochs}: {loss}, {found(last)}, {last.seconds:.1f} s")
        bar(progress.step, progress.steps)

    return tell if current_team().rank == 0 else None


def say_model(made: Made, out: Path, *lines: str) -> None:
    """Say what was made, the command's own `lines` about it, its operating points and its files."""
    assert made.folder is not None  # noqa: S101 - for the type checker: the process that tells has written it
    about = made.folder.description
    console.say(f"{about.name}: {about.dimension} numbers per face, digest {about.digest[:12]}…, in {out}")
    for line in lines:
        console.say(f"  {line}")
    for point in made.folder.points:
        console.say(f"  {point.name}: threshold {point.threshold:.4f}, FNMR {console.percent(point.fnmr)}")
    for missing in made.unmeasured:
        console.tell(f"no operating point: {missing}")
    console.say(f"  {out / 'card.md'}, {made.work / 'curves.html'}, {made.work / 'log.csv'}")


def say_next(*commands: str) -> None:
    """Say which commands come next."""
    console.say("Next:")
    for command in commands:
        console.say(f"  {command}")


def model_document(made: Made, people: People) -> dict[str, object]:
    """What was made, and of what, as JSON."""
    assert made.folder is not None  # noqa: S101 - as above
    files = {name: made.work / file for name, file in (("log", "log.csv"), ("curves", "curves.html"))}
    used = {"photos": len(people.files), "files_left_out": people.left_out}
    learned = {"best_epoch": made.best.number, "history": made.history, "unmeasured": made.unmeasured}
    return {**made.folder.to_dict(), **files, **used, **learned, "operating_points": made.folder.points}


def quoted(path: Path) -> str:
    """A path as a shell reads it."""
    return shlex.quote(str(path))
