"""Whatever happens becomes an exit status and a line, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer

from facerec.cli.app import app as facerec_app
from facerec.cli.running import fail, run
from facerec.errors import GalleryError


@pytest.fixture
def program():
    """A program whose only command does what it is told."""

    def make(act):
        app = typer.Typer()

        @app.callback()
        def root() -> None:
            """Stand before the command."""

        @app.command()
        def go(as_json: bool = typer.Option(False, "--json")) -> None:
            act()

        return app

    return make


def _raise(error):
    raise error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (GalleryError("the gallery\nis full"), "facerec: error: the gallery is full"),
        (PermissionError(13, "Permission denied", "marked/a.jpg"), "facerec: error: marked/a.jpg: Permission denied"),
        (MemoryError(), "facerec: error: the memory is not enough for this"),
    ],
)
def test_expected_errors_are_one_line(program, capsys, error, line):
    """An error is told in one line on stderr, with status 2 and nothing on stdout."""
    status = run(program(lambda: _raise(error)), ["go"])

    assert status == 2
    assert capsys.readouterr() == ("", line + "\n")


def test_errors_under_json_are_a_document(program, capsys):
    """With ``--json`` stdout holds one document that says what went wrong."""
    status = run(program(lambda: _raise(GalleryError("no"))), ["go", "--json"])

    out, err = capsys.readouterr()
    assert status == 2
    assert json.loads(out) == {"error": "no", "code": getattr(GalleryError, "code", "unexpected")}
    assert err == "facerec: error: no\n"


def test_usage_errors_under_json_are_a_document(program, capsys):
    """A mistake on the command line is reported like any other error."""
    status = run(program(lambda: None), ["go", "--json", "--nosuch"])

    out, err = capsys.readouterr()
    assert status == 2
    assert "--nosuch" in json.loads(out)["error"]
    assert json.loads(out)["code"] == "usage"
    assert err.splitlines()[-1].endswith("see: facerec go --help")


def test_unexpected_errors_point_to_debug(program, capsys):
    """A defect is one line that says how to see more."""
    status = run(program(lambda: _raise(KeyError("x"))), ["go"])

    assert status == 2
    assert capsys.readouterr().err == (
        "facerec: error: unexpected KeyError: 'x'; run it again with --debug to see where it came from\n"
    )


@pytest.mark.parametrize("line", [["--debug", "go"], ["go", "--debug"]])
def test_debug_shows_the_traceback(program, capsys, line):
    """``--debug`` stands anywhere on the line."""
    status = run(program(lambda: _raise(KeyError("x"))), line)

    err = capsys.readouterr().err
    assert status == 2
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("facerec: error: ")


def test_debug_after_two_dashes_is_a_file_name(capsys):
    """After ``--`` nothing is an option any more."""
    app = typer.Typer()
    seen = []

    @app.command()
    def go(name: str) -> None:
        seen.append(name)

    assert run(app, ["--", "--debug"]) == 0
    assert seen == ["--debug"]


@pytest.mark.parametrize(
    "line", ["--L", "L", "gallery L", "models show L", "verify a b --face L", "enroll --expires=L", "detect L"]
)
def test_what_is_long_is_not_repeated(capsys, line):
    """Of 3,000 letters a message keeps the two ends, once, whoever wrote it: this program or typer."""
    assert run(facerec_app, line.replace("L", "x" * 3000).split()) == 2

    told = capsys.readouterr().err
    assert "xxx…xxx" in told
    assert len(told) < 500
    assert told.count("…") == 1


def test_interrupt_is_130(program, capsys):
    """Ctrl-C ends with the status that shells expect, in one line."""
    status = run(program(lambda: _raise(KeyboardInterrupt())), ["go"])

    assert status == 130
    assert capsys.readouterr() == ("", "facerec: interrupted\n")


def test_exit_status_of_a_command(program):
    """A command's own exit status is the program's."""
    assert run(program(lambda: _raise(typer.Exit(1))), ["go"]) == 1


def test_fail_keeps_the_answer(program, capsys):
    """A command may answer and then fail; both are seen."""

    def act():
        sys.stdout.write("half\n")
        fail("the other half is missing")

    status = run(program(act), ["go"])

    assert status == 2
    assert capsys.readouterr() == ("half\n", "facerec: error: the other half is missing\n")


def _shell(line):
    program = f'"{sys.executable}" -c "import facerec.cli; facerec.cli.main()"'
    return subprocess.run(
        ["bash", "-c", line.replace("facerec", program, 1)], capture_output=True, text=True, check=False
    )


def test_closed_pipe_is_quiet():
    """A reader that stops reading is no error, and not a decision either."""
    done = _shell("facerec models show facenet --json | true; exit ${PIPESTATUS[0]}")

    assert done.returncode in (0, 141)  # 0 where all was written before the reader went
    assert done.stderr == ""


def test_full_disk_is_one_line():
    """Output that cannot be written is an error of one line."""
    done = _shell("facerec models > /dev/full")

    assert done.returncode == 2
    assert done.stderr == "facerec: error: output: No space left on device\n"


def test_closed_stdout_is_survived():
    """A program without stdout still ends properly."""
    assert _shell("facerec models check >&-").returncode == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["verify", "a.jpg", "b.jpg", "--weights", "dir"], "--weights is called --model-files now"),
        (["transfer", "doctor", "--weights-dir=dir"], "--weights-dir is called --model-files now"),
        (["models", "fetch", "facenet", "--folder", "dir"], "--folder is called --model-files now"),
        (["audit", "calibrate", "--seed", "1"], "calibrate is called facerec audit prove now"),
    ],
)
def test_old_names_are_answered_with_the_new(facerec, line, told):
    """An option or a command of an earlier version is no riddle: the error says what it is called now."""
    outcome = facerec(*line)

    assert outcome.status == 2
    assert outcome.err.startswith(f"facerec: error: {told}; see: facerec {line[0]}")


def test_the_old_environment_variable_is_answered_with_the_new(facerec, monkeypatch, tmp_path):
    """A folder of model files that is named the old way is not left out in silence."""
    monkeypatch.setenv("FACEREC_WEIGHTS", str(tmp_path))

    assert "FACEREC_WEIGHTS is called FACEREC_MODEL_FILES now" in facerec("models", "check").err
