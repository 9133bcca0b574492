"""Every example of the documentation is run, in order, a page at a time; one that is not says why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from facerec.demo.photos import sample_photos
from facerec.errors import DataSetError
from tests.docs.made_tables import write_tables
from tests.docs.page_examples import ROOT, Example, examples, pages

# These end with what they found: 1 no match, or a claim that fails; 3 not enough evidence.
_FINDING = ("facerec verify", "facerec identify", "--policy")
_RUN = ("console", "python")


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> dict[str, bytes]:
    """Photos of two public figures, under the names that pages give them."""
    try:
        found, _ = sample_photos(tmp_path_factory.mktemp("photos"))
    except DataSetError as error:
        pytest.skip(f"the demonstration's photos are not here: {error}")
    people: dict[str, list[bytes]] = {}
    for each in found:
        if each.person is not None:
            people.setdefault(each.person, []).append(each.open().read())
    if len(people) < 2:
        pytest.skip("the demonstration's photos are of one person here")
    one, other = sorted(people.values(), key=len, reverse=True)[:2]
    named = {"ada1.jpg": one[0], "ada2.jpg": one[1], "a.jpg": one[0], "b.jpg": one[1], "door.jpg": one[-1]}
    return named | {"bob.jpg": other[0], "crowd.jpg": other[0], "claim.jpg": one[1]}


def _told(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", pages(), ids=_told)
def test_an_example_that_is_not_run_says_why(page):
    """Each block names its language, and one that is left out has a reason."""
    for each in examples(page):
        assert each.language, f"{_told(page)}:{each.line}: a block without a language"
        assert each.reason is None or len(each.reason.split()) > 2, f"{_told(page)}:{each.line}: no reason"
        if each.language == "console" and each.reason is None:
            assert each.commands(), f"{_told(page)}:{each.line}: no command"


def _script(blocks: list[Example]) -> str:
    """One program of the shell for a page; it stops at the first command that ends otherwise than it may."""
    lines = [
        "check() {",
        '  case " 0 $3 " in *" $1 "*) ;; *) echo "line $2: exit status $1" >&2; exit 9;; esac',
        "}",
    ]
    for block in blocks:
        if block.language == "python":
            lines += [
                f"cat > example.py <<'END OF EXAMPLE'\n{block.text}END OF EXAMPLE",
                "python example.py",
                f'check $? {block.line} ""',
            ]
            continue
        for command in block.commands():
            allowed = "1 3" if any(word in command for word in _FINDING) else ""
            lines += [command, f'check $? {block.line} "{allowed}"']
    return "\n".join(lines) + "\n"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", pages(), ids=_told)
def test_the_examples_of_a_page_run(page, photos, tmp_path):
    """In an empty folder with a few photos and a table, each command ends as it should, and each program runs."""
    blocks = [each for each in examples(page) if each.language in _RUN and each.reason is None]
    if not blocks:
        pytest.skip("no example of this page can be run; each says why")
    for name, content in photos.items():
        (tmp_path / name).write_bytes(content)
    for person, name in (("ada", "door.jpg"), ("bob", "crowd.jpg")):
        (tmp_path / "photos" / person).mkdir(parents=True)
        (tmp_path / "photos" / person / name).write_bytes(photos[name])
    (tmp_path / "probes.csv").write_text("image\ndoor.jpg\ncrowd.jpg\n", encoding="utf-8")
    pairs = [("ada1.jpg", "ada2.jpg", "ada", "ada"), ("ada1.jpg", "bob.jpg", "ada", "bob")]
    heading = ("probe_image", "reference_image", "probe_subject", "reference_subject")
    (tmp_path / "pairs.csv").write_text("".join(",".join(row) + "\n" for row in (heading, *pairs)), encoding="utf-8")
    (tmp_path / "photos.csv").write_text("image,subject\nada1.jpg,ada\nada2.jpg,ada\nbob.jpg,bob\n", encoding="utf-8")
    shutil.copyfile(ROOT / "data" / "lfw" / "scores.csv", tmp_path / "scores.csv")
    write_tables(tmp_path)
    for each in examples(page):
        if each.language == "toml" and each.text.startswith("# "):
            (tmp_path / each.text.splitlines()[0][2:].strip()).write_text(each.text, encoding="utf-8")
    if not (tmp_path / "policy.toml").exists():
        shutil.copyfile(ROOT / "data" / "policies" / "example.toml", tmp_path / "policy.toml")
    home = tmp_path / "home"
    home.mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "facerec").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "from facerec.cli import main; main()" "$@"\n'
    )
    (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    for each in programs.iterdir():
        each.chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "OMP_NUM_THREADS": "1",
        **{name: os.environ[name] for name in ("XDG_CACHE_HOME",) if name in os.environ},
    }

    done = subprocess.run(
        ["bash", "-u", "-c", _script(blocks)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
