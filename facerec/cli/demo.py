"""``facerec demo``: what the library does, on real photos, step by step; ``facerec check``: whether it works here."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console, recognition
from facerec.cli.options import AsJson, Device, Exclude, ModelFiles, Runtime, examples, grouped, option
from facerec.cli.outputs import DEMO, output
from facerec.cli.running import fail
from facerec.cli.settings import Settings
from facerec.errors import ArgumentError, OutputError

if TYPE_CHECKING:
    from facerec.photos.left_out import LeftOut

EXAMPLES = examples("facerec demo", "facerec demo --photos my-photos --out my-demo")
CHECK_EXAMPLES = examples("facerec check", "facerec check --json")


@grouped
def demo(
    *,
    photos: Annotated[
        Path | None,
        option(
            "DIR",
            "Your own photos: a folder per person, or names like ada1.jpg and ada2.jpg. By default seven public test "
            "photos, fetched once with pip; offline, one portrait.",
        ),
    ] = None,
    exclude: Exclude = None,
    out: Annotated[Path, output("DIR", "Where to write the page, the scene and the gallery.", DEMO)] = Path(
        "reports/demo"
    ),
    as_json: AsJson = False,
    threshold: recognition.Threshold,
    device: Device = None,
    model_files: ModelFiles = None,
) -> None:
    """Show what facerec does on real photos: enroll, verify, identify, forget; each step with its time.

    Photos named after a person (or lying in a folder named after one) are enrolled, except the last of each person,
    on which he or she is recognised. Photos with several faces are scenes; without any, one is put together. Nothing
    leaves this machine; without --photos, pip fetches the photos once.
    """
    from facerec.demo import Setting, sample_photos, users_photos, walk, write_page
    from facerec.demo.page import COMMANDS, PYTHON

    start = perf_counter()
    if exclude and photos is None:
        message = "--exclude leaves out photos of a folder; add --photos DIR"
        raise ArgumentError(message)
    left_out: tuple[LeftOut, ...] = ()
    if photos is None:
        found, source = sample_photos()
    else:
        found, left_out = users_photos(photos, exclude=exclude or ())
        source = f"the photos in {photos.name}"
        console.say_left_out(left_out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder {out} cannot be made: {error.strerror or error}; choose another one with --out"
        raise OutputError(message) from error
    chosen = threshold.point(None)
    recognizer = recognition.load_recognizer(None, model_files=model_files, device=device)
    point, notes = recognizer.deciding_point(chosen)
    steps = []
    if not as_json:
        console.say(f"On {source}.")
    for step in walk(recognizer, found, out, at=point):
        steps.append(step)
        if not as_json:
            console.say(f"{len(steps):2}  {step.seconds:6.2f} s  {step.title:<22}  {step.outcome}")
    page = write_page(Setting(source, point, notes), steps, out).html
    seconds = perf_counter() - start
    if as_json:
        told = [{"name": step.name, "outcome": step.outcome, "seconds": step.seconds, **step.facts} for step in steps]
        decided = {"name": point.name, "threshold": point.threshold, "data_set": point.data_set}
        document = {"photos": source, "operating_point": decided, "steps": told}
        console.document({**document, "seconds": seconds, "page": page, "files_left_out": left_out})
        return
    console.say(
        "",
        f"All decisions at {point.name}: threshold {point.threshold:.4f}. {seconds:.1f} s in all.",
        f"The page:  {page.resolve().as_uri()}",
        *(f"{'' if number else 'Now try:':11}{command.format(out=out)}" for number, command in enumerate(COMMANDS)),
        *(f"{'' if number else 'In Python:':11}{line}" for number, line in enumerate(PYTHON)),
    )


def check(
    context: typer.Context,
    *,
    device: Device = None,
    model_files: ModelFiles = None,
    runtime: Runtime = None,
    as_json: AsJson = False,
) -> None:
    """Check this installation: packages, model files, operating points, folders, and the time of one photo.

    What facerec.toml says is listed. Exit status: 0 all is well, 2 there is a problem; each line says what to do.
    """
    from facerec.checkup import Finding, checkup

    findings = []
    settings = Finding("settings", ok=True, text=str(context.obj or Settings()))
    for finding in chain([settings], checkup(model_files=model_files, device=device, runtime=runtime)):
        findings.append(finding)
        if not as_json:
            console.say(f"{'ok' if finding.ok else 'problem':8}{finding.name}: {finding.text}")
    problems = [finding.name for finding in findings if not finding.ok]
    if as_json:
        console.document({"ok": not problems, "findings": findings})
    if problems:
        fail(f"{console.counted(len(problems), 'problem', 'problems')}: {', '.join(problems)}")
