"""The lesson as a page, with its answers or as a worksheet without them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from facerec.reporting import Block, Callout, Page, Section, Text, Written, plain, write
from facerec.transfer.lesson.dense import dense
from facerec.transfer.lesson.ethics import ethics
from facerec.transfer.lesson.networks import networks
from facerec.transfer.lesson.questions import Part, Question
from facerec.transfer.lesson.recognition import recognition
from facerec.transfer.lesson.residual import residual
from facerec.transfer.lesson.runs import Run, Runs
from facerec.transfer.lesson.transferring import transferring

_UNTOLD = {"look": "facerec transfer look", "train": "facerec train"}
"""What made a run that does not say so."""

_PARTS = (networks, residual, transferring, dense, recognition, ethics)


def lesson(runs: Runs) -> tuple[Part, ...]:
    """The parts of the lesson, in the order of the lecture.

    Parameters
    ----------
    runs : Runs
        What the answers are computed from.
    """
    return tuple(part(runs) for part in _PARTS)


def lesson_page(runs: Runs, *, answers: bool = True, folder: Path | None = None) -> Page:
    """Build the page.

    Parameters
    ----------
    runs : Runs
    answers : bool
        False: a worksheet, with the figures and the questions only.
    folder : Path, optional
        Where the page will be: runs beside it are linked.
    """
    parts = lesson(runs)
    questions = [each for part in parts for each in part.questions]
    lacking = [each for each in questions if each.answer is None and each.missing]
    used = len({run.folder for part in parts for run in part.runs})
    lead: list[Block] = []
    if lacking:
        lead.append(
            Callout(
                "note",
                f"{len(lacking)} of {len(questions)} questions wait for a run that is not here; each says which "
                "command makes it. No answer is made up.",
            )
        )
    return Page(
        "Modern convolutional networks, transfer and faces: a lesson"
        if answers
        else "Modern convolutional networks, transfer and faces: a worksheet",
        f"Six parts, {len(questions)} questions. "
        + (
            f"Every number in an answer was counted by formula or read from one of {used} runs; repeat them on your "
            "own data, and the answers change with the numbers."
            if answers
            else f"The figures are from {used} runs."
        ),
        tuple(_section(number, part, answers=answers, folder=folder) for number, part in enumerate(parts, 1)),
        lead=tuple(lead) if answers else (),
    )


def write_lesson(runs: Runs, folder: Path, *, answers: bool = True) -> Written:
    """Write ``report.html``, ``report.md`` and ``report.json``, or ``worksheet`` in place of ``report``.

    Parameters
    ----------
    runs : Runs
    folder : Path
        Made if it is not there.
    answers : bool
        As for `lesson_page`.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    stem = "report" if answers else "worksheet"
    written = write(lesson_page(runs, answers=answers, folder=folder), folder, stem=stem)
    kept = {path.name for path in written.attachments}
    for stale in folder.glob(f"{stem}-figure-*"):
        if stale.name not in kept:
            stale.unlink()
    return written


def _section(number: int, part: Part, *, answers: bool, folder: Path | None) -> Section:
    blocks: list[Block] = [Text(part.about), Text("\n".join(_sources(part, folder))), *part.shown]
    for count, question in enumerate(part.questions, 1):
        blocks += _asked(f"{number}.{count}", question, answers=answers)
    return Section(f"{number}. {part.title}", tuple(blocks))


def _sources(part: Part, folder: Path | None) -> Iterable[str]:
    """Runs with their commands, then what has not been run."""
    for run in part.runs:
        yield f"- {_linked(run, folder)}, made by {_code(_command(run))}"
    done = [run.command.split()[:3] for run in part.runs if run.command]
    for command in part.commands:
        if command.split()[:3] not in done:
            yield f"- to run: {_code(command)}"


def _linked(run: Run, folder: Path | None) -> str:
    page = f"{run.stem}.html"
    if folder is None or run.folder.resolve().parent != folder.resolve().parent or not (run.folder / page).is_file():
        return f"**{plain(run.name)}**"
    return f"[{plain(run.name)}](../{plain(run.name)}/{page})"


def _command(run: Run) -> str:
    return run.command or _UNTOLD[run.kind]


def _code(command: str) -> str:
    return f"`{plain(command)}`"


def _asked(number: str, question: Question, *, answers: bool) -> list[Block]:
    asked = Text(f"**{number} {question.ask}**")
    if not answers:
        return [asked]
    if question.answer is not None:
        return [asked, Text(question.answer)]
    if question.missing:
        return [asked, Callout("note", f"No run here answers this. Make one: {_code(question.missing)}")]
    return [asked, Text("For discussion; no number answers it.")]
