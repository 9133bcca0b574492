"""The log of a gallery, and what it proves."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console
from facerec.cli.opening import Keyed, OnlyHere, Reached, read_key
from facerec.cli.options import AsCsv, AsJson, GalleryFile, Why, examples, grouped, option
from facerec.cli.outputs import NEW, output_argument
from facerec.cli.running import fail
from facerec.errors import ArgumentError, OutputError

if TYPE_CHECKING:
    from facerec.gallery import LogHead

LOG_EXAMPLES = examples(
    "facerec gallery log --gallery people.db",
    'facerec gallery log --name "Ada Lovelace" --why --gallery people.db',
    "facerec gallery log --csv --gallery people.db > log.csv",
)
CHECK_EXAMPLES = examples(
    "facerec gallery check --gallery people.db",
    "facerec gallery check --against head.txt --against ada.json --gallery people.db",
)
HEAD_EXAMPLES = examples("facerec gallery head --gallery people.db > head.txt")
KEY_EXAMPLES = examples("facerec gallery protect people.key --gallery people.db")

_ASKED_FOR = {"matcher", "gate", "data_set", "target_fmr", "runtime", "looks", "digest", "gallery", "version", "reason"}
_NO_GATE = "none"
_MOST_PROBLEMS = 10
_MOST_HEAD = 1 << 24
_KEY_BYTES = 32


@grouped
def log(
    *,
    gallery: GalleryFile,
    last: Annotated[int | None, option("N", "Only the newest N entries.")] = None,
    name: Annotated[str | None, option("TEXT", "Only what concerns this person.")] = None,
    why: Why = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    reached: Reached,
) -> None:
    """Show who was enrolled, matched and forgotten when; nothing can be taken out of this log.

    A line an entry; with --why also what made the scores, what judged the faces, and the data behind the threshold.
    """
    with reached.open(gallery) as people:
        entries = people.log(last=last, name=name)
    if as_json:
        console.document({"gallery": gallery, "entries": entries})
        return
    if as_csv:
        rows = console.CsvRows("number", "time", "event", "name", "person_id", "source", "details")
        for entry in entries:
            changes = {"changes": [each.to_dict() for each in entry.changes]} if entry.changes else {}
            details = json.dumps({**entry.details, **changes}, ensure_ascii=False)
            rows.add(
                *(entry.number, entry.time.isoformat(), entry.event, entry.name, entry.person_id, entry.source, details)
            )
        return
    for entry in entries:
        person = entry.name or (entry.person_id and f"{entry.person_id[:8]}… (forgotten)")
        shown = {key: value for key, value in entry.details.items() if key != "fields" or not entry.changes}
        told = [f"{key} {_short(value)}" for key, value in shown.items() if why or _in_short(key, value)]
        told += [change.text for change in entry.changes]
        line = f"{entry.number:4}  {entry.time:%Y-%m-%d %H:%M:%S} UTC  {entry.event:10}"
        console.say("  ".join([line, *filter(None, [person, entry.source, ", ".join(told)])]))


def _in_short(key: str, value: object) -> bool:
    """Whether a detail is told without being asked for: that there was no gate always is, and what is none never."""
    return bool(value) and (key not in _ASKED_FOR or (key == "gate" and value == _NO_GATE))


def _short(value: object) -> str:
    """A detail of a log entry, with digests cut off."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) < 39 or " " in text else f"{text[:12]}…"


@grouped
def check(
    *,
    gallery: GalleryFile,
    against: Annotated[
        list[str] | None,
        option(
            "--against HEAD",
            "A head of this gallery's log that was noted earlier: as facerec gallery head prints it, or a file that "
            "holds it, such as a receipt. May be given several times.",
        ),
    ] = None,
    as_json: AsJson = False,
    keyed: Keyed,
) -> None:
    """Check that the gallery is as its log says: everybody's record, every face, vector and kept photo, and the log.

    Exit status: 0 intact, 2 not intact. Note the head elsewhere: with --against it proves later that this is no older
    copy of the gallery, and that nothing in its log up to there was written anew.
    """
    heads = [_head(each) for each in against or ()]
    with keyed.open(gallery) as people:
        found = people.check(against=heads)
    if as_json:
        console.document({**found.log.to_dict(), **found.to_dict(), "log": found.log.to_dict(), "against": heads})
    elif found.intact:
        console.say(f"the log is intact: {found.log.entries} entries; head {found.log.entries}:{found.log.head}")
        people_, faces = (
            console.counted(found.people, "person", "people"),
            console.counted(found.samples, "face", "faces"),
        )
        console.say(f"the gallery is whole: {people_}, {faces}, as the log says")
        if heads:
            console.say(f"{console.counted(len(heads), 'known head is', 'known heads are')} in the log")
    if found.unproven:
        console.tell(f"{gallery}: {found.unproven}")
    if found.erasure_due:
        console.tell(f"{gallery}: bytes of somebody who was forgotten may still stand in it: facerec gallery compact")
    if not found.intact:
        fail(f"{gallery}: {'; '.join(found.problems[:_MOST_PROBLEMS])}{_and_more(found.problems)}")


def _head(given: str) -> LogHead:
    from facerec.files import is_there, read_regular
    from facerec.gallery import LogHead

    if not is_there(given):
        return LogHead.parse(given)
    content = read_regular(given, limit=_MOST_HEAD, error=ArgumentError, advice="give a head, or a file that holds one")
    return LogHead.read(content.decode("utf-8", "replace"))


def _and_more(problems: Sequence[str]) -> str:
    more = len(problems) - _MOST_PROBLEMS
    return f"; and {console.counted(more, 'more problem', 'more problems')} (see --json)" if more > 0 else ""


@grouped
def head(*, gallery: GalleryFile, as_json: AsJson = False, reached: Reached) -> None:
    """Print where the log ends now, to be noted outside the gallery: on paper, in a ticket, with a witness."""
    with reached.open(gallery) as people:
        found = people.head()
    console.answer({"gallery": gallery, **found.to_dict()}, str(found), as_json=as_json)


@grouped
def protect(
    file: Annotated[
        Path, output_argument("FILE", "A new file, to which a random key is written; keep it elsewhere.", NEW)
    ],
    *,
    gallery: GalleryFile,
    as_json: AsJson = False,
    here: OnlyHere,
) -> None:
    """Keep the log with a key from now on, so that nobody who has only the gallery can write its log anew.

    From then on every command that changes or decides needs --key-file. A lost key cannot be replaced: the gallery can
    then still be read, listed and searched without log (--no-log), and nothing else.
    """
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        message = f"the key cannot be written to {file}: {error.strerror}; give a new file"
        raise OutputError(message) from error
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as written:
            written.write(secrets.token_hex(_KEY_BYTES) + "\n")
            written.flush()
            os.fsync(written.fileno())
        with here.open(gallery) as people:
            found = people.add_key(read_key(file))
    except BaseException:
        file.unlink()
        raise
    said = f"the log of {gallery} is kept with the key in {file} from entry {found.entries} on"
    console.answer({"gallery": gallery, "key_file": file, **found.to_dict()}, said, as_json=as_json)
