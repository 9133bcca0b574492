"""Commands as people type them: in the order of use, mistyped, with options before them; and completed by a shell."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer

from facerec.cli.app import app

PROGRAM = [sys.executable, "-c", "from facerec.cli import main; main()"]


def test_the_help_lists_panels_in_the_order_of_use(facerec, monkeypatch):
    """Auditing stands behind the first steps; photos and galleries before what measures and trains."""
    monkeypatch.setenv("COLUMNS", "100")
    text = facerec("--help").out

    titles = ("Getting started", "Auditing", "Photos", "Galleries", "Measuring", "Transfer learning", "Models")
    places = [text.index(f"─ {title}") for title in titles]
    assert places == sorted(places)


def test_audits_stand_by_use(facerec, monkeypatch):
    """One system, a change to it, what is planned, and the audits themselves."""
    text = facerec("audit", "--help").out

    names = "verification identification classification look drift mitigation power advise plan policy prove selfcheck"
    places = [text.index(f"│ {name} ") for name in names.split()]
    assert places == sorted(places)


def test_every_command_and_group_has_an_example():
    """Each epilog has a line that can be copied, and it calls the command itself."""
    root = typer.main.get_command(app)

    def without(group, words):
        for name, command in group.commands.items():
            path = (*words, name)
            if f"{' '.join(path)}" not in (command.epilog or getattr(command.callback, "epilog", None) or ""):
                yield " ".join(path)
            if hasattr(command, "commands"):
                yield from without(command, path)

    missing = list(without(root, ("facerec",)))
    assert missing == [], "each has EXAMPLES that call it: app.command(epilog=MODULE.EXAMPLES) in its app.py"


def test_help_shows_no_type_where_there_is_no_value(facerec):
    """Options without a value have nothing behind their names."""
    for words in ((), ("gallery",), ("verify",)):
        assert "<bool>" not in facerec(*words, "--help").out
    assert " Usage: facerec verify [OPTIONS] PROBE [REFERENCE] " in facerec("verify", "--help").out


def test_help_is_a_command(facerec):
    """``facerec help COMMAND`` is ``facerec COMMAND --help``, and a command that there is not is an error."""
    assert facerec("help").out == facerec("--help").out
    assert facerec("help", "gallery", "list").out == facerec("gallery", "list", "--help").out
    assert facerec("help", "verfy").status == 2


def test_options_may_stand_before_their_command(colours, facerec, draw):
    """``gallery -g X list`` is ``gallery list -g X``; an option of no command stays an error."""
    draw("ada.png", "red")
    facerec("enroll", "ada", "ada.png", "-g", "list")

    assert "1 person" in facerec("gallery", "list", "-g", "list").out
    assert facerec("gallery", "-g", "list", "list").out == facerec("gallery", "list", "-g", "list").out
    assert facerec("-g", "list", "gallery", "--json", "list").document["count"] == 1
    assert facerec("--gallery=list", "gallery", "list", "--json").document["count"] == 1
    assert facerec("gallery", "--galery", "list", "list").err.startswith(
        "facerec: error: No such option: --galery; did"
    )
    assert facerec("models", "--json", "list").status == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("verfy", "a", "b"), "No such command 'verfy'; did you mean 'verify'? See: facerec --help"),
        (("power",), "No such command 'power'; there is facerec audit power; see: facerec --help"),
        (("gallery", "enroll"), "there is facerec enroll; see: facerec gallery --help"),
        (("verify", "--galery", "x"), "No such option: --galery; did you mean '--gallery'? See: facerec verify --help"),
        (("verify", "a", "b", "--quite"), "did you mean '--quiet'"),
        (
            ("verify", "a", "b", "--face", "man"),
            "'man' is not one of 'main', 'only', 'largest', 'central'; did you mean",
        ),
        (("verify", "a", "b", "--detector", "mtcn"), "; did you mean 'mtcnn'?"),
        (("models", "show", "dlib-resnt"), "did you mean 'dlib-resnet'"),
        (("models", "show", "resnt50"), "did you mean 'resnet50"),
        (("models", "remove", "x"), "no added model is called 'x'"),
        (("transfer", "run", "--protocol", "liner"), "; did you mean 'linear'"),
        (("export", "dlib-resnt", "--onnx", "new"), "; did you mean 'dlib-resnet'?"),
        (("audit", "verification", "t.csv", "--score", "scor", "--at-fmr", "0.1"), "; did you mean 'score'?"),
        (("audit", "verification", "t.csv", "--by", "gendr", "--at-fmr", "0.1"), "; did you mean 'gender'?"),
    ],
)
def test_a_mistype_is_answered_with_what_may_be_meant(facerec, tmp_path, monkeypatch, line, told):
    """Of commands, options, values, models and columns the nearest is named."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"p{n},r{n},{n % 2},0.{n},f,f\n" for n in range(10))
    (tmp_path / "t.csv").write_text(
        f"probe_subject,reference_subject,genuine,score,probe_gender,reference_gender\n{rows}", encoding="utf-8"
    )

    outcome = facerec(*line)

    assert outcome.status == 2
    assert told in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_rate_that_is_not_shipped_names_the_nearest(facerec, draw, tmp_path, monkeypatch):
    """0.002 is nearer to 0.001 than to 0.01."""
    monkeypatch.chdir(tmp_path)
    draw("a.png", "red")

    assert "; did you mean 0.001? Measure" in facerec("verify", "a.png", "a.png", "--fmr", "0.002").err


def test_names_of_people_are_suggested_here(colours, facerec, draw):
    """A gallery on this machine names whoever is called alike; its library, which a service asks too, does not."""
    draw("ada.png", "red")
    facerec("enroll", "Ada Lovelace", "ada.png", "-g", "g.db")

    for line in (
        ("gallery", "show", "Ada Lovelac"),
        ("gallery", "forget", "ada lovelace", "--yes"),
        ("verify", "ada.png", "--name", "Ada Lovelce", "--at", "point.json"),
    ):
        assert "; did you mean 'Ada Lovelace'?" in facerec(*line, "-g", "g.db").err
    assert "did you mean" not in facerec("gallery", "show", "Zoe", "-g", "g.db").err


def test_quiet_stands_anywhere(colours, facerec, draw):
    """Answers and errors stay, notes go."""
    draw("a.png", "red")
    line = ("detect", "a.png", "--annotate", "marked")

    loud, first, last = facerec(*line), facerec("--quiet", *line), facerec(*line, "--quiet")

    assert loud.err == "wrote 1 marked photo to marked\n"
    assert first.err == last.err == ""
    assert loud.out == first.out == last.out != ""
    assert facerec("verify", "--quiet").err.startswith("facerec: error: ")
    assert facerec(*line).err == loud.err


@pytest.mark.parametrize(("shell", "told"), [("bash", "complete -o default -F"), ("zsh", "#compdef facerec")])
def test_a_shells_script_comes_out(shell, told):
    """``--show-completion`` prints the script of the shell."""
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}

    done = subprocess.run(
        [*PROGRAM, "--show-completion", shell], capture_output=True, text=True, env=environment, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert told in done.stdout


def _completed(words: str) -> list[str]:
    environment = {
        **os.environ,
        "_FACEREC_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = subprocess.run(PROGRAM, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_a_shell_completes_commands_options_and_values():
    """What begins so, of a group, a command and an option."""
    assert _completed("facerec audit ver") == ["verification", "verify"]
    assert _completed("facerec verify --gal") == ["--gallery"]
    assert _completed("facerec verify --face la") == ["largest"]
