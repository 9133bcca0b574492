"""The page of a walk: the verdict, the steps, how it decides, and what the software cannot do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from facerec.demo.steps import GALLERY, SCENE, Step
from facerec.models.catalogue import MODELS
from facerec.reporting import Column, Facts, Page, Section, Table, Text, Written, plain, write
from facerec.types import OperatingPoint

_LIMITS = (
    "- **This page is no measurement.** A handful of photos shows what the software does, not how often it errs.\n"
    "- **A match is not proof of who somebody is.** Do not refuse or accuse anyone on it alone.\n"
    "- **The more people are enrolled, the more false matches**: about 1 − (1 − FMR)^N for a stranger among N people.\n"
    "- **Errors are not spread evenly.** Tests of many systems (NIST IR 8280, 2019) found more false matches among "
    "women, children, the old, and people of East Asian and African origin.\n"
    "- **Nothing here tells a face from a picture of a face.** There is no liveness test.\n"
    "- **Vectors are biometric data.** Enroll people who agreed, say what for, and let them expire."
)
COMMANDS = (
    "facerec verify a.jpg b.jpg",
    "facerec demo --photos my-photos",
    f"facerec gallery list --gallery {{out}}/{GALLERY}",
)
PYTHON = (
    "from facerec import Recognizer",
    "recognizer = Recognizer()",
    'print(recognizer.verify("a.jpg", "b.jpg").decision)',
)


@dataclass(frozen=True)
class Setting:
    """Where the photos are from, in words; the point that decided, and what has to be said of it."""

    source: str
    point: OperatingPoint
    notes: tuple[str, ...] = ()


def write_page(setting: Setting, steps: Sequence[Step], out: Path) -> Written:
    """Write the page of a walk into the folder `out`; an `OutputError` if it cannot be written."""
    known, wrong = sum(step.known for step in steps), sum(step.wrong for step in steps)
    verdict = f"{wrong or 'None'} of the {known} decisions whose truth is known {'was' if wrong < 2 else 'were'} wrong"
    shown = "This shows what the software does, not how often it errs; see [How it decides](#how-it-decides)."
    rows = tuple((f"{number}. {step.title}", step.outcome, step.seconds) for number, step in enumerate(steps, 1))
    columns = (Column("step"), Column("outcome"), Column("time", "seconds"))
    walked = Section("The walk", (Table("What was done, and what came of it.", columns, rows),))
    scene = [block for step in steps if step.name == "identify" for block in step.blocks[:1]]
    page = Page(
        verdict,
        f"A walk through the library on {plain(setting.source)}. Everything was computed on this machine; no photo "
        "was sent anywhere.",
        (
            walked,
            *(Section(step.title, step.blocks[step.name == "identify" :]) for step in steps if step.blocks),
            _how_it_decides(setting),
            Section("Limits", (Text(_LIMITS),)),
            _written(out),
        ),
        lead=(Text(shown), *scene),
        kind="Face recognition, step by step",
    )
    return write(page, out)


def _how_it_decides(setting: Setting) -> Section:
    point = setting.point
    rate, interval = Column("reached", "rate"), Column("95 % interval", "interval")
    columns = (Column("error rate"), rate, interval, Column("errors", "count"), Column("comparisons", "count"))
    rates = {"FMR: strangers accepted": point.fmr, "FNMR: people not recognised": point.fnmr}
    rows = tuple((name, rate.value, rate.interval(), rate.errors, rate.trials) for name, rate in rates.items())
    used = tuple(
        (each.name, each.task, each.weights_licence, each.accuracy_by_group) for each in MODELS if each.default
    )
    about = tuple(map(Column, ("model", "what it does", "licence", "known accuracy by group")))
    return Section(
        "How it decides",
        (
            Text(
                f"A face becomes a vector; two are as alike as the cosine of their vectors. **A match is a score of at "
                f"least {point.threshold:.4f}**, measured beforehand on {plain(point.data_set)}, not on these photos."
            ),
            Table(f"What the threshold for {plain(point.name)} reached there.", columns, rows),
            *(Text(plain(note)) for note in setting.notes),
            Table("The models in use. `facerec models` shows their terms in full.", about, used),
        ),
    )


def _written(out: Path) -> Section:
    holds = (
        ("report.html, report.md, report.json", "this page, with the photos it shows"),
        (SCENE, "the identified scene"),
        (GALLERY, "vectors of the people who were not forgotten, until tomorrow"),
    )
    caption = "What was written, and what it holds. Delete the folder when you have seen enough."
    table = Table(caption, (Column("file"), Column("holds")), holds)
    commands = "\n".join(f"- `{plain(command.format(out=out.name))}`" for command in COMMANDS)
    python = "\n".join(f"- `{plain(line)}`" for line in PYTHON)
    try_now = Text(f"Now try:\n\n{commands}\n\nIn Python:\n\n{python}")
    made = Facts(tuple((name, version(name)) for name in ("facerec", "torch", "numpy", "pillow")))
    return Section("What was published, and what to try now", (table, try_now, made))
