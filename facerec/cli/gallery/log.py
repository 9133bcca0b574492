"""``facerec gallery log`` and ``check``: what was done when, and whether that is still what was written."""

from __future__ import annotations

from typing import Annotated

from facerec.cli import console
from facerec.cli.options import AsJson, GalleryFile, option
from facerec.cli.running import fail


def log(
    gallery: GalleryFile,
    last: Annotated[int | None, option("--last N", "Only the newest N entries.")] = None,
    name: Annotated[str | None, option("--name TEXT", "Only what concerns this person.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who was enrolled, matched and forgotten when; nothing can be taken out of this log."""
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        entries = people.log(last=last, name=name)
    if as_json:
        console.document({"gallery": str(gallery), "entries": [entry.to_dict() for entry in entries]})
        return
    for entry in entries:
        person = entry.name or (entry.person_id and f"{entry.person_id[:8]}… (forgotten)")
        told = [f"{key} {_short(value)}" for key, value in entry.details.items()]
        line = f"{entry.number:4}  {entry.time:%Y-%m-%d %H:%M:%S} UTC  {entry.event:10}"
        console.say("  ".join([line, *filter(None, [person, entry.source, ", ".join(told)])]))


def check(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """Check that the log is the one that was written: nothing changed, removed, inserted or cut off.

    Exit status: 0 intact, 2 not intact. Write the digest down elsewhere: it proves later that nothing up to here was
    rewritten.
    """
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        found = people.check_log()
    if as_json:
        console.document({**found.to_dict(), "intact": found.intact})
    elif found.intact:
        console.say(f"the log is intact: {found.entries} entries, digest {found.head}")
    if not found.intact:
        message = f"{gallery}: the log is not intact after {found.entries} entries: {found.problem}"
        fail(message)


def _short(value: object) -> str:
    """A detail of a log entry, with digests cut off."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) < 64 else f"{text[:12]}…"
