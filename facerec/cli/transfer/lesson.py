"""``facerec transfer lesson``: questions to a class, answered from runs on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from facerec.cli import console
from facerec.cli.options import AsJson, examples, flag, option

EXAMPLES = examples(
    "facerec transfer lesson --runs reports/ --out reports/lesson",
    "facerec transfer lesson --runs reports/gradients --runs results/ --out lesson/ --worksheet",
)


def lesson(
    *,
    runs: Annotated[
        list[Path],
        option("DIR", "A folder that a command wrote, or a folder of such folders. May be given several times."),
    ],
    out: Annotated[Path, option("DIR", "Where to write the page.")],
    worksheet: Annotated[bool, flag("--worksheet", "Write a worksheet.html without the answers, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a lesson of your runs: per part of the lecture the command, the figure, and questions with their answers.

    The parts: AlexNet, skip connections, transfer learning, segmentation and detection, face recognition, ethics.
    Answers are computed from the runs; a question without its run says which command makes it. Writes report.html,
    report.md and report.json.
    """
    from facerec.transfer.lesson import lesson as parts_of
    from facerec.transfer.lesson import read_runs, write_lesson

    found = read_runs(runs)
    parts = parts_of(found)
    written = write_lesson(found, out)
    sheet = write_lesson(found, out, answers=False) if worksheet else None
    if as_json:
        console.document(
            {
                "report": str(written.html),
                "worksheet": None if sheet is None else str(sheet.html),
                "parts": [
                    {
                        "title": part.title,
                        "runs": [run.name for run in part.runs],
                        "questions": [
                            {"question": each.ask, "answer": each.answer, "command": each.missing or None}
                            for each in part.questions
                        ],
                    }
                    for part in parts
                ],
            }
        )
        return
    for part in parts:
        answered = sum(each.answer is not None for each in part.questions)
        names = ", ".join(run.name for run in part.runs) or "no run"
        console.say(f"{part.title}: {answered} of {len(part.questions)} questions answered ({names})")
    for command in dict.fromkeys(
        each.missing for part in parts for each in part.questions if each.answer is None and each.missing
    ):
        console.say(f"  more answers: {command}")
    console.say(f"The page: {written.html}")
    if sheet is not None:
        console.say(f"The worksheet: {sheet.html}")
