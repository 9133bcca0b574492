"""``facerec demo``: what the library does, on real photos, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console, documents
from facerec.cli.options import AsJson, At, Device, Fmr, ModelFiles, examples, option

if TYPE_CHECKING:
    from facerec.demo.steps import Finding, Identified, Reported, Step
    from facerec.recognizer import Recognizer
    from facerec.types import OperatingPoint

EXAMPLES = examples("facerec demo", "facerec demo --photos my-photos --out my-demo")


def demo(
    *,
    photos: Annotated[
        Path | None,
        option(
            "--photos",
            "DIR",
            "Your own photos: a folder per person, or names like ada1.jpg and ada2.jpg. By default seven public test "
            "photos, fetched once with pip.",
        ),
    ] = None,
    out: Annotated[Path, option("--out", "DIR", "Where to write the page, the scene and the gallery.")] = Path(
        "reports/demo"
    ),
    as_json: AsJson = False,
    at: At = None,
    fmr: Fmr = None,
    device: Device = None,
    model_files: ModelFiles = None,
) -> None:
    """Show what facerec does on real photos: enroll, verify, identify, forget; each step with its time.

    Photos named after a person (or lying in a folder named after one) are enrolled, except the last of each person,
    on which he or she is recognised. Photos with several faces are scenes; without any, one is put together. Nothing
    leaves this machine; without --photos, pip fetches the photos once.
    """
    from facerec.cli.recognition import deciding_point, load_recognizer
    from facerec.demo import demonstrate

    def load() -> Recognizer:
        return load_recognizer(None, model_files=model_files, device=device)

    def point(recognizer: Recognizer) -> OperatingPoint:
        return deciding_point(recognizer, at=at, fmr=fmr)[0]

    steps = []
    for step in demonstrate(load, point, out, photos=photos):
        steps.append(step)
        if not as_json:
            console.say(_line(len(steps), step))
    reported = _reported(steps)
    total = sum(step.seconds for step in steps)
    if as_json:
        console.document(_document(steps, reported, total))
        return
    decided = reported.setting.operating_point
    console.say()
    console.say(f"All decisions at {decided.name}: threshold {decided.threshold:.4f}. {total:.1f} s in all.")
    console.say(f"The scene:  {reported.scene}")
    console.say(f"The page:   {reported.page.resolve().as_uri()}")


def _line(number: int, step: Step) -> str:
    return f"{number:2}  {step.seconds:6.2f} s  {step.title:<36}  {step.outcome}"


def _reported(steps: list[Step]) -> Reported:
    from facerec.demo.steps import Reported

    (reported,) = (finding for finding in steps[-1].findings if isinstance(finding, Reported))
    return reported


def _document(steps: list[Step], reported: Reported, total: float) -> dict[str, object]:
    setting = reported.setting
    return {
        "photos": setting.source,
        "detector": setting.detector,
        "model": setting.embedder,
        "operating_point": documents.operating_point(setting.operating_point),
        "steps": [
            {
                "name": step.name,
                "title": step.title,
                "outcome": step.outcome,
                "seconds": step.seconds,
                "findings": [_finding(finding) for finding in step.findings],
            }
            for step in steps
        ],
        "seconds": total,
        "page": str(reported.page),
        "scene": str(reported.scene),
        "gallery": str(setting.gallery),
    }


def _finding(finding: Finding) -> dict[str, object]:
    from facerec.demo import steps as kinds

    body: dict[str, object]
    match finding:
        case kinds.Looked():
            body = {"photo": finding.photo.name, "faces": documents.faces(finding.faces.detections)}
        case kinds.LeftOut():
            body = {"left_out": finding.name, "reason": finding.reason}
        case kinds.Enrolled():
            person = documents.record(finding.enrollment.person)
            body = {"enrolled": person, "photos": [looked.photo.name for looked in finding.photos]}
        case kinds.Compared():
            outcome = finding.verification
            body = {
                "probe": finding.probe.photo.name,
                "reference": finding.reference.photo.name,
                "same_person": finding.same_person,
                "match": outcome.match,
                "decision": outcome.decision,
                "score": outcome.score,
                "threshold": outcome.operating_point.threshold,
                "problems": list(outcome.problems),
                "notes": list(outcome.notes),
            }
        case kinds.Identified():
            body = _identified(finding)
        case kinds.Forgotten():
            body = {"receipt": documents.record(finding.receipt), "afterwards": _identified(finding.afterwards)}
        case kinds.Logged():
            log = [documents.record(entry) for entry in finding.entries]
            body = {"log": log, "check": documents.record(finding.check)}
        case kinds.Reported():
            body = {"page": str(finding.page), "scene": str(finding.scene)}
    return body


def _identified(finding: Identified) -> dict[str, object]:
    panels = [finding.panel(number) for number in range(len(finding.found))]
    return {
        "photo": finding.photo.name,
        "origin": finding.photo.origin,
        "faces": [
            {**documents.identification(found), "really": panel.words if panel else None}
            for found, panel in zip(finding.found, panels, strict=True)
        ],
    }
