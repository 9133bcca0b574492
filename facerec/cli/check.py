"""``facerec check``: whether this installation works."""

from __future__ import annotations

from facerec.cli import console
from facerec.cli.options import AsJson, Device, ModelFiles, examples
from facerec.cli.running import fail

EXAMPLES = examples("facerec check", "facerec check --json")


def check(*, device: Device = None, model_files: ModelFiles = None, as_json: AsJson = False) -> None:
    """Check this installation: packages, model files, operating points, folders, and the time of one photo.

    Exit status: 0 all is well, 2 there is a problem; each line says what to do.
    """
    from facerec.checkup import checkup

    findings = []
    for finding in checkup(model_files=model_files, device=device):
        findings.append(finding)
        if not as_json:
            console.say(f"{'ok' if finding.ok else 'problem':8}{finding.name}: {finding.text}")
    problems = [finding.name for finding in findings if not finding.ok]
    if as_json:
        console.document({"ok": not problems, "findings": findings})
    if problems:
        fail(f"{console.counted(len(problems), 'problem', 'problems')}: {', '.join(problems)}")
