"""What was answered, on the page: the verdict over all of it, the scene with its table, and single photos.

Where it is known who is on a picture, because it was put together on the spot or the photos' names tell, the answers
are held against that; a wrong one is called wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from facerec.demo import pictures
from facerec.demo.steps import Compared, Identified, Setting, Step, of_kind
from facerec.reporting import Block, Callout, Cell, Column, Picture, Table, plain, write_number
from facerec.types.marks import Label


def verdict(steps: Sequence[Step]) -> Callout:
    """How many of the decisions whose truth is known were wrong."""
    compared = list(of_kind(steps, Compared))
    wrong = [each for each in compared if each.wrong]
    faces = [
        (found, panel)
        for each in of_kind(steps, Identified)
        for number, found in enumerate(each.found)
        if (panel := each.panel(number)) is not None
    ]
    mistaken = sum(found.decision != "undecided" and found.name != panel.person for found, panel in faces)
    undecided = sum(found.decision == "undecided" for found, _ in faces)
    total = len(compared) + len(faces)
    if wrong or mistaken:
        count = len(wrong) + mistaken
        were = "was wrong**, and stands here as it" if count == 1 else "were wrong**, and stand here as they"
        text = f"**{count} of {total} decisions whose truth is known {were} came out. "
    else:
        text = f"**None of the {total} decisions whose truth is known was wrong"
        text += f"; {undecided} were left undecided, for poor pictures.** " if undecided else ".** "
    text += "This shows what the software does, not how often it errs; see [How it decides](#how-it-decides)."
    return Callout("warning" if wrong or mistaken else "note", text)


def scene(steps: Mapping[str, Step], setting: Setting) -> Iterator[Block]:
    """Each scene with its faces marked, and the answers in a table."""
    for scene in of_kind([steps["scene"]], Identified):
        made = (
            f" It was {plain(scene.photo.origin)}: these photos hold no scene with several faces."
            if scene.photo.panels
            else ""
        )
        yield pictures.scene(
            scene,
            f"Every face of {pictures.named(scene.looked) if not made else 'the scene'}, searched for among everybody "
            f"enrolled.{made} On each face: the box, the detector's five points, who it is, and the score.",
        )
        yield _decisions(scene, setting)


def labelled(identified: Identified) -> Picture:
    """A photo with the answers on its faces, for standing beside others."""
    labels = [Label.of(found) for found in identified.found]
    said = ", ".join(label.text for label in labels) or "no face found"
    problems = "".join(
        f" – {plain(_short(problem, identified))}" for found in identified.found for problem in found.problems
    )
    caption = f"{pictures.named(identified.looked)}: **{plain(said)}**{problems}"
    return pictures.picture(identified.looked, caption, labels=labels)


def _decisions(identified: Identified, setting: Setting) -> Table:
    known = bool(identified.photo.panels)
    columns = (
        Column("what is really there" if known else "face, from the left"),
        Column("answer"),
        Column("score", "score"),
        Column("next most alike"),
        Column("size in pixels"),
        Column("remark"),
    )
    rows: list[tuple[Cell, ...]] = []
    for number, index in enumerate(_in_reading_order(identified), 1):
        found, panel = identified.found[index], identified.panel(index)
        left, top, right, bottom = found.box.tolist()
        rows.append(
            (
                str(number) if panel is None else panel.words,
                found.name or ("nobody" if found.decision == "no match" else found.decision),
                found.score,
                ", ".join(f"{each.name} {write_number(each.score, 'score')}" for each in found.candidates[1:]) or None,
                f"{right - left:.0f} × {bottom - top:.0f}",
                "; ".join(_short(problem, identified) for problem in found.problems) or None,
            )
        )
    point = setting.operating_point
    caption = (
        f"The answers. A face is somebody's if its score reaches {point.threshold:.4f}, the threshold for "
        f"{plain(point.name)}; and nobody's if it does not. A face of poor quality is left undecided."
    )
    return Table(caption, columns, tuple(rows))


def _in_reading_order(identified: Identified) -> list[int]:
    """Numbers of the faces: by panel where there are panels, else from left to right."""

    def place(number: int) -> tuple[float, float]:
        panel = identified.panel(number)
        left, top = (identified.found[number].box[0], 0.0) if panel is None else panel.place[:2]
        return float(top), float(left)

    return sorted(range(len(identified.found)), key=place)


def _short(problem: str, identified: Identified) -> str:
    return problem.removeprefix(f"the face in {identified.photo.name} is ")
