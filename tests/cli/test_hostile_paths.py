"""Whatever file a command is given: a pipe is not waited for, a device is not read to its end, and one line says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(60)  # a pipe that nobody writes to is waited for for ever

# What stands for the path has the suffix that the command asks for.
_COMMANDS = {
    "verify": (".jpg", "verify {} {}"),
    "identify": (".jpg", "identify {} --gallery g.db"),
    "enroll": (".jpg", "enroll ada {} --gallery new.db"),
    "quality": (".jpg", "quality {}"),
    "detect": (".jpg", "detect {}"),
    "point": (".json", "verify ada.png ada.png --at {}"),
    "gallery": (".db", "gallery list --gallery {}"),
    "import": ("", "gallery import {} --gallery g.db"),
    "restore": (".db", "gallery restore {} --gallery new.db"),
    "undo": (".json", "gallery undo {} --gallery g.db"),
    "head": (".txt", "gallery check --against {} --gallery g.db"),
    "key": (".txt", "gallery check --key-file {} --gallery g.db"),
    "score": (".csv", "score {} --out scores.csv"),
    "embed": (".csv", "embed {} --out vectors.csv"),
    "scores, csv": (".csv", "evaluate scores {}"),
    "scores, tsv": (".tsv", "evaluate scores {}"),
    "scores, gz": (".csv.gz", "evaluate scores {}"),
    "scores, xlsx": (".xlsx", "evaluate scores {}"),
    "scores, parquet": (".parquet", "evaluate scores {}"),
    "pairs": (".txt", "evaluate lfw --data {}"),
    "calibrate": (".csv", "calibrate {} --fmr 0.1 --out p.json"),
    "verification": (".csv", "audit verification {} --by group --at-fmr 0.1 --out out"),
    "people": (".csv", "audit verification table.csv --people {} --by group --at-fmr 0.1 --out out"),
    "policy": (".toml", "audit plan --policy {} --at-fmr 0.1 --by group --out plan.toml"),
    "classification": (".csv", "audit classification {} --by group --out out"),
    "identification": (".csv", "audit identification {} --by group --out out"),
    "look": (".csv", "audit look {}"),
    "models add": (".onnx", "models add {} --name x"),
    "transfer": (".csv", "transfer run --data {} --out run"),
    "train": (".csv", "train {} --out model"),
}


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
@pytest.mark.parametrize(("suffix", "command"), _COMMANDS.values(), ids=_COMMANDS.keys())
def test_what_is_no_regular_file(colours, facerec, draw, suffix, command, kind):  # noqa: PLR0917 - fixtures
    """The command ends with status 1 or 2 and says why, whatever stands where the file should."""
    draw("ada.png", "red")
    assert facerec("enroll", "ada", "ada.png", "--gallery", "g.db").status == 0
    Path("table.csv").write_text("probe_subject,reference_subject,score\na,b,0.1\n")
    odd = Path(f"odd{suffix}")
    if kind == "pipe":
        os.mkfifo(odd)
    elif kind == "device":
        odd.symlink_to("/dev/zero")
    else:
        odd.mkdir()

    outcome = facerec(*command.format(*[odd] * command.count("{}")).split())

    assert outcome.status == 2
    assert outcome.err.strip()
    assert all(len(line) < 1000 for line in outcome.err.splitlines())
    assert "unexpected" not in outcome.err
