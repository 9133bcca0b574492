"""The steps of a walk as a report page: every photo with its faces marked, every decision with what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from facerec.demo import about, answers, pictures
from facerec.demo.steps import (
    Compared,
    Enrolled,
    Forgotten,
    Identified,
    LeftOut,
    Logged,
    Looked,
    Setting,
    Step,
    of_kind,
)
from facerec.reporting import (
    Block,
    Column,
    Facts,
    Page,
    Section,
    SideBySide,
    Standing,
    Table,
    Text,
    plain,
    write_number,
)

_MOST_PICTURES = 12


def build_page(setting: Setting, steps: Sequence[Step]) -> Page:
    """Return the page of a walk.

    Parameters
    ----------
    setting : Setting
    steps : sequence of Step
        As they were walked, in order.
    """
    by_name = {step.name: step for step in steps}
    sections = {
        "look": _photos,
        "enroll": _enrollment,
        "same": _verification,
        "partial": _partial,
        "no face": _without_face,
        "forget": _forgetting,
    }
    built = [section(by_name) for name, section in sections.items() if name in by_name]
    return Page(
        "Face recognition, step by step",
        f"A walk through the library on real photos: {plain(setting.source)}. Everything on this page was computed "
        "on this machine, and no photo was sent anywhere.",
        (_overview(steps), *built, about.how_it_decides(setting), about.models(), about.limits(), _provenance(setting)),
        lead=(answers.verdict(steps), *answers.scene(by_name, setting)),
    )


def _overview(steps: Sequence[Step]) -> Section:
    rows = tuple((f"{number}. {step.title}", step.outcome, step.seconds) for number, step in enumerate(steps, 1))
    total = write_number(sum(step.seconds for step in steps), "seconds")
    note = f"{total} in all, before this page was written. Photos are fetched once, models are loaded once per program."
    columns = (Column("step"), Column("outcome"), Column("time", "seconds"))
    return Section(
        "The walk", (Table("What was done, what came of it, and how long it took.", columns, rows, (note,)),)
    )


def _photos(steps: dict[str, Step]) -> Section:
    found = list(of_kind([steps["look"]], Looked))
    left_out = list(of_kind([steps["look"]], LeftOut))
    shown = [
        pictures.picture(looked, f"{pictures.named(looked)}: {_count(len(looked.faces))}")
        for looked in found[:_MOST_PICTURES]
    ]
    blocks: list[Block] = [
        Text(
            "Every photo is read upright and in colour; its faces are found, aligned and turned into vectors. Tall "
            "photos are shown here around the face."
        ),
        SideBySide(tuple(shown)),
    ]
    if len(found) > len(shown):
        blocks.append(Text(f"{len(found) - len(shown)} further photos were looked at and are not shown."))
    if left_out:
        columns = (Column("photo"), Column("why"))
        rows = tuple((each.name, each.reason) for each in left_out)
        blocks.append(Table("What was not used any further, and why.", columns, rows))
    return Section("The photos", tuple(blocks))


def _enrollment(steps: dict[str, Step]) -> Section:
    columns = (
        Column("person"),
        Column("photos"),
        Column("vectors", "count"),
        Column("consent"),
        Column("purpose"),
        Column("matched until"),
    )
    rows = []
    for each in of_kind([steps["enroll"]], Enrolled):
        person = each.enrollment.person
        names = ", ".join(looked.photo.name for looked in each.photos)
        expires = None if person.expires is None else person.expires.isoformat()
        rows.append((person.name, names, person.samples, person.consent, person.purpose, expires))
    return Section(
        "Enrollment",
        (
            Text(
                "The gallery keeps vectors, not photos, and for each person where the consent is kept, what for, and "
                "until when they are matched. This demonstration records none, and lets everybody expire tomorrow."
            ),
            Table("Who was enrolled.", columns, tuple(rows)),
            Text('From the command line: `facerec enroll NAME PHOTO --gallery people.db --consent "form 17"`'),
        ),
    )


def _verification(steps: dict[str, Step]) -> Section:
    chosen = [steps[name] for name in ("same", "different") if name in steps]
    blocks: list[Block] = [Text("Is it the same person on both photos? One question, one score, one threshold.")]
    blocks += [Text(f"{plain(step.title)}: {plain(step.outcome)}.") for step in chosen if not step.findings]
    compared = list(of_kind(chosen, Compared))
    for each in compared:
        # The decision stands on the photo in question; the other one is what it is compared with.
        outcome = each.verification
        label = pictures.Compared("", outcome.decision, outcome.score)
        blocks.append(
            SideBySide(
                (
                    pictures.picture(each.reference, pictures.named(each.reference)),
                    pictures.picture(each.probe, f"{pictures.named(each.probe)}: {outcome.decision}", labels=[label]),
                )
            )
        )
    columns = (
        Column("photos"),
        Column("really"),
        Column("decision"),
        Column("as it should be", "verdict"),
        Column("score", "score"),
        Column("threshold", "score"),
        Column("remark"),
    )
    rows = tuple(
        (
            f"{each.reference.photo.name}, {each.probe.photo.name}",
            "one person" if each.same_person else "two people",
            each.verification.decision,
            _standing(each),
            each.verification.score,
            each.verification.operating_point.threshold,
            "; ".join((*each.verification.problems, *each.verification.notes)) or None,
        )
        for each in compared
    )
    if rows:
        blocks.append(Table("The comparisons. What is really so is taken from the photos' names.", columns, rows))
    blocks.append(Text("From the command line: `facerec verify a.jpg b.jpg`"))
    return Section("Verification", tuple(blocks))


def _partial(steps: dict[str, Step]) -> Section:
    found = list(of_kind([steps["partial"]], Identified))
    return Section(
        "A partly hidden face",
        (
            Text(
                "A face at the edge of a photo lacks a part. The detector may still find it; whether what is left is "
                "enough shows in the score. A face that is not found is never guessed."
            ),
            SideBySide(tuple(answers.labelled(each) for each in found)),
        ),
    )


def _without_face(steps: dict[str, Step]) -> Section:
    found = list(of_kind([steps["no face"]], Identified))
    return Section(
        "A photo without a face",
        (
            Text(
                "No face is an answer, not an error: `recognizer.identify` returns an empty list. Where exactly one "
                "face is needed, as in `verify`, there is a clear error, and nothing is embedded in its stead."
            ),
            SideBySide(tuple(answers.labelled(each) for each in found)),
        ),
    )


def _forgetting(steps: dict[str, Step]) -> Section:
    blocks: list[Block] = []
    for each in of_kind([steps["forget"]], Forgotten):
        receipt = each.receipt
        erased = "yes" if receipt.erased_from_file else f"not yet: {receipt.advice}"
        blocks += [
            Text(
                "Forgetting deletes a person with all vectors, overwrites the bytes in the file, and gives a receipt: "
                "the only place where the name and the number in the log still meet."
            ),
            Facts(
                (
                    ("forgotten", receipt.name),
                    ("person's number in the log", receipt.person_id),
                    ("vectors deleted", receipt.vectors),
                    ("photos deleted", receipt.photos),
                    ("when", f"{receipt.forgotten:%Y-%m-%d %H:%M:%S} UTC"),
                    ("log entry", receipt.log_entry),
                    ("bytes gone from the file", erased),
                )
            ),
            pictures.scene(each.afterwards, f"The same scene afterwards: {plain(receipt.name)} is nobody."),
        ]
    for logged in of_kind([steps["forget"]], Logged):
        columns = (Column("entry"), Column("whom"), Column("photo"), Column("score", "score"))
        rows = tuple(
            (
                f"{entry.number}. {entry.event}",
                entry.name or (f"{entry.person_id[:8]}…" if entry.person_id else None),
                entry.source,
                score if isinstance(score := entry.details.get("score"), float) else None,
            )
            for entry in logged.entries
        )
        state = "intact" if logged.check.intact else f"not intact: {plain(logged.check.problem)}"
        note = (
            f"The log is {state}: each entry's digest covers the one before, and the last is `{logged.check.head}`. "
            "Times, thresholds and counts stand in it too: `facerec gallery log`."
        )
        blocks.append(Table("The gallery's log. Of who was forgotten, only a number is left.", columns, rows, (note,)))
    return Section("Forgetting", tuple(blocks))


def _provenance(setting: Setting) -> Section:
    from importlib.metadata import version

    packages = ("facerec", "torch", "numpy", "pillow")
    return Section(
        "What made this page",
        (
            Facts((*((name, version(name)) for name in packages), ("embedder's digest", setting.embedder_digest))),
            Text(
                f"The gallery of this walk is `{plain(setting.gallery.name)}` beside this page. It holds vectors of "
                "the people who were not forgotten; delete the folder when you have seen enough."
            ),
        ),
    )


def _standing(compared: Compared) -> Standing:
    if compared.verification.match is None:
        return "insufficient"
    return "fail" if compared.wrong else "pass"


def _count(faces: int) -> str:
    return "no face" if faces == 0 else "1 face" if faces == 1 else f"{faces} faces"
