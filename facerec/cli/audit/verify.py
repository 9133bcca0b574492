"""``facerec audit verify``: whether a report is as it was written, and whether its numbers come out again."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, argument, examples, option
from facerec.errors import ArgumentError, OutputError

if TYPE_CHECKING:
    from audits.report.common.bundle import Bundle

EXAMPLES = examples(
    "facerec audit verify report/",
    "facerec audit verify report/ --with scores.csv",
    "facerec audit verify report/ --with scores.csv --with policy.toml --json",
)

_AUDITS = ("verification", "identification", "classification", "drift", "mitigation", "prove")
_WRITING = ("--out", "--junit", "--summary")  # which no manifest of this program tells
_TOLD = 5


def verify(
    bundle: Annotated[Path, argument("BUNDLE", "The folder that --out wrote.")],
    *,
    given: Annotated[
        list[Path] | None,
        option("--with FILE", "A file that the audit read, known by its digest; with all of them it is run again."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a report against its manifest; with the tables that it was made of, run the audit again and compare.

    Every file is compared with its SHA-256 in manifest.json, which is what a signature should be over. Exit status: 0
    if all is as it was, 1 if anything differs.
    """
    from audits.report.common.bundle import check

    found = check(bundle)
    differences = _again(found, given) if given else None
    same = found.intact and not differences
    if as_json:
        told = {name: list(getattr(found, name)) for name in ("changed", "missing", "added")}
        console.document({"intact": found.intact, **told, "recomputed": bool(given), "differences": differences})
    else:
        _say(found, differences)
    if not same:
        raise typer.Exit(1)


def _say(found: Bundle, differences: Sequence[str] | None) -> None:
    for what, names in (("changed", found.changed), ("missing", found.missing), ("not in the manifest", found.added)):
        for name in names:
            console.say(f"{what}: {name}")
    if found.added:
        console.say("what is not in the manifest is outside of a signature over it")
    console.say("every file is as the manifest has it" if found.intact else "the report is not as it was written")
    if differences is None:
        console.say("not run again; what was read is known by its SHA-256:")
        for each in found.inputs:
            console.say(f"  {each.role}: {each.name} {each.sha256}")
        return
    for told in differences[:_TOLD]:
        console.say(f"another number: {told}")
    if len(differences) > _TOLD:
        console.say(f"and {len(differences) - _TOLD:,} more")
    console.say("run again: other numbers" if differences else "run again: the same numbers")


def _again(found: Bundle, given: Sequence[Path]) -> list[str]:
    """Where the numbers of a run made again differ; nothing if nowhere."""
    from audits.report.common.bundle import changes
    from facerec.files import read_json, sha256_of

    digests = {sha256_of(path, error=ArgumentError): path.resolve() for path in given}
    if missing := [each for each in found.inputs if each.sha256 not in digests]:
        named = "; ".join(f"{each.name} ({each.role}, SHA-256 {each.sha256})" for each in missing)
        message = f"to run it again everything that it read is needed; not given was {named}"
        raise ArgumentError(message)
    command = _command(found, digests)
    with tempfile.TemporaryDirectory() as place:
        program = "from facerec.cli import main; main()"
        made = subprocess.run(  # noqa: S603 - this program, one of its audits
            [sys.executable, "-c", program, *command, "--out", "again"],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
        written = Path(place) / "again" / "audit.json"
        if not written.is_file():
            message = f"the audit cannot be run again: {made.stderr.strip() or 'no report was written'}"
            raise OutputError(message)
        documents = [read_json(path, error=OutputError) for path in (found.folder / "audit.json", written)]
    return list(changes(*documents))


def _command(found: Bundle, digests: dict[str, Path]) -> list[str]:
    """The words after ``facerec``, with the given files in place of their names."""
    if found.command[:2] != ("facerec", "audit") or found.command[2:3] not in [(name,) for name in _AUDITS]:
        message = f"only audits are run again; the manifest says {' '.join(found.command[:3])!r}"
        raise ArgumentError(message)
    if written := [word for word in found.command if word.split("=")[0] in _WRITING]:
        message = f"a manifest's command writes nowhere; got {written[0]!r}"
        raise ArgumentError(message)
    words, waiting = list(found.command[1:]), list(found.inputs)
    for place, word in enumerate(words):
        for each in waiting:
            if word == each.name:
                words[place] = str(digests[each.sha256])
                waiting.remove(each)
                break
    return words
