"""``facerec.toml``: defaults for options, behind the command line and the environment, and nothing in secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from facerec.cli.command_line import command_line
from facerec.cli.options import SETTINGS, AsJson, Device
from facerec.cli.parsing import Commands
from facerec.cli.running import run
from facerec.points import write_points
from tests.cli.test_help import COMMANDS

AT = ("--at", "point.json")
DOCS = Path(__file__).parents[2] / "docs"


def _settings(text: str, file: str = "facerec.toml") -> None:
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(text, encoding="utf-8")


@pytest.fixture
def enrolled(colours, facerec, draw):
    """A gallery with ada, and photos of her and of nobody enrolled."""
    draw("ada.png", "red")
    draw("eve.png", "blue")
    facerec("enroll", "ada", "ada.png", "--gallery", "people.db")
    return colours


def test_the_file_of_the_folder_gives_defaults(enrolled, facerec):
    """Gallery and point come from the file where the command line has none."""
    _settings('gallery = "people.db"\nat = "point.json"\n')

    assert facerec("identify", "ada.png").status == 0
    assert facerec("verify", "eve.png", "--name", "ada").status == 1


def test_command_line_then_environment_then_file(enrolled, facerec, draw, monkeypatch):
    """Each source goes before the ones behind it."""
    for name in ("bob", "eve"):
        facerec("enroll", name, "eve.png", "--gallery", f"{name}.db")
    _settings('gallery = "people.db"\n')

    def listed(*more):
        return [each["name"] for each in facerec("gallery", "list", "--json", *more).document["people"]]

    assert listed() == ["ada"]
    monkeypatch.setenv("FACEREC_GALLERY", "bob.db")
    assert listed() == ["bob"]
    assert listed("--gallery", "eve.db") == ["eve"]


def test_a_file_that_is_named(enrolled, facerec, monkeypatch):
    """--config goes before FACEREC_CONFIG, that before the folder's file; paths start from the file's folder."""
    (enrolled / "there").mkdir()
    (enrolled / "people.db").rename("there/people.db")
    _settings('gallery = "nosuch.db"\n')
    _settings('gallery = "people.db"\n', "there/ours.toml")
    line = ("gallery", "list", "--json")

    assert facerec(*line, "--config", "there/ours.toml").status == 0
    assert facerec("--config=there/ours.toml", *line).status == 0
    monkeypatch.setenv("FACEREC_CONFIG", "there/ours.toml")
    assert facerec(*line).status == 0
    assert facerec(*line, "--config", "facerec.toml").status == 2
    monkeypatch.setenv("FACEREC_CONFIG", "")
    assert "Missing option '--gallery'" in facerec(*line).err
    assert "nosuch.toml" in facerec(*line, "--config", "nosuch.toml").err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('galery = "people.db"\n', "there is no key 'galery'; did you mean 'gallery'?"),
        ("no-gate = true\n", "there is no key 'no-gate'"),
        ('consent = "all of them"\n', "there is no key 'consent'"),
        ("min_face_size = 30\n", "did you mean 'min-face-size'?"),
        ("fmr = true\n", "fmr takes text or a number"),
        ('gallery = ["a.db", "b.db"]\n', "gallery takes text or a number"),
        ("gallery = people.db\n", "is not TOML"),
        ("[verify]\nfmr = 0.01\n", "there is no key 'verify'"),
    ],
)
def test_what_is_no_setting_is_refused(enrolled, facerec, text, told):
    """A key or a value that means nothing is an error that names the file, whatever the command."""
    _settings(text)

    outcome = facerec("gallery", "list", "-g", "people.db", "--json")

    assert outcome.status == 2
    assert outcome.document["code"] == "bad_settings"
    assert outcome.document["error"].startswith("facerec.toml: ")
    assert told in outcome.document["error"]
    assert facerec("gallery", "list", "--help").status == 0


@pytest.mark.parametrize(
    "text", ['url = "http://elsewhere"\n', 'key-from = "key"\n', 'gallery = "postgresql://elsewhere/faces"\n']
)
def test_a_file_that_lies_in_a_folder_sends_no_photo_elsewhere(enrolled, facerec, text):
    """What sends photos away is followed in a file that somebody named, and in no other."""
    _settings(text)

    found, named = facerec("identify", "ada.png", *AT), facerec("identify", "ada.png", *AT, "--config", "facerec.toml")

    assert "may send photos elsewhere" in found.err
    assert named.status == 2
    assert "may send photos elsewhere" not in named.err


def test_two_photos_need_no_gallery(enrolled, facerec):
    """A gallery of the file is not meant where two photos are compared."""
    _settings('gallery = "people.db"\nat = "point.json"\n')

    assert facerec("verify", "ada.png", "ada.png").status == 0
    assert facerec("verify", "ada.png", "ada.png", "-g", "people.db").status == 2


def test_every_command_on_a_gallery_knows_the_environments():
    """`--gallery` of every command that means a gallery may stand in FACEREC_GALLERY."""
    of = {
        (words, each.envvar)
        for words, command in COMMANDS.items()
        for each in command.params
        if each.name == "gallery" and words[0] != "audit"
    }

    assert {variable for _, variable in of} == {"FACEREC_GALLERY"}
    assert {("verify",), ("identify",), ("enroll",), ("gallery", "forget")} <= {words for words, _ in of}


def test_a_claim_against_the_gallery_of_the_environment(enrolled, facerec, monkeypatch, point):
    """It stands for --gallery where somebody is claimed, and is not meant where two photos are compared."""
    _settings('at = "point.json"\n')
    monkeypatch.setenv("FACEREC_GALLERY", "people.db")

    claim = facerec("verify", "ada.png", "--name", "ada")

    assert claim.status == 0, claim.err
    assert facerec("verify", "ada.png", "ada.png").status == 0
    assert facerec("verify", "ada.png", "ada.png", "--name", "ada").status == 2


def test_the_worst_group_goes_before_the_files_point(enrolled, facerec, point, monkeypatch):
    """What the command line says in another way is not contradicted by the file."""
    _settings('at = "point.json"\n')
    monkeypatch.setattr("facerec.models.shipped_points.shipped_point", lambda *_, **__: point(threshold=0.9999))

    outcome = facerec("verify", "ada.png", "ada.png", "--worst-group", "--json")

    assert outcome.document["threshold"] == 0.9999


def test_options_of_networks_yield_to_a_service(enrolled, facerec):
    """With --url the file's networks and the file's log options are not meant; those of the line are refused still."""
    _settings('model = "facenet"\ndevice = "cpu"\nactor = "desk"\n')
    line = ("identify", "ada.png", "-g", "people", "--url", "http://127.0.0.1:1")

    assert "is for networks on this machine" not in facerec(*line).err
    assert "--model is for networks on this machine" in facerec(*line, "--model", "facenet").err


def test_options_of_the_same_name_are_others(enrolled, facerec, tmp_path):
    """A rate of the file is that of a decision, and no rate to calibrate for, nor a model to vouch for."""
    _settings('fmr = 0.01\nmodel = "facenet"\n')
    Path("scores.csv").write_text("genuine,score\n1,0.9\n0,0.1\n", encoding="utf-8")

    outcome = facerec("calibrate", "scores.csv", "--out", "out.json")

    assert "Missing option '--fmr'" in outcome.err


def test_an_error_names_the_file_behind_it(enrolled, facerec):
    """What the file says, and an error is about, is told; what it is not about, is not."""
    _settings('gallery = "nosuch.db"\nactor = "desk"\n')

    told = facerec("gallery", "list").err

    assert "(facerec.toml says gallery = nosuch.db)" in told
    assert "desk" not in told


def test_the_log_says_the_actor_of_the_file(enrolled, facerec):
    """A desk's folder may say who asks."""
    _settings('gallery = "people.db"\nactor = "front desk"\nat = "point.json"\n')

    facerec("identify", "ada.png")

    assert facerec("gallery", "log", "--json").document["entries"][-1]["details"]["actor"] == "front desk"


def test_check_lists_what_is_set(enrolled, facerec, monkeypatch):
    """The settings stand among what was found."""
    monkeypatch.setattr("facerec.checkup.checkup", lambda **_: iter(()))
    without = facerec("check").out
    _settings('gallery = "people.db"\nfmr = 0.01\n')

    assert without.startswith("ok      settings: no facerec.toml here")
    assert facerec("check").out == "ok      settings: facerec.toml: gallery = people.db, fmr = 0.01\n"


def test_a_file_of_hostile_names_commands_no_terminal(enrolled, facerec):
    """Whatever the file holds, its error is one line that a terminal may get."""
    _settings('"\\u001b[2J\\n" = 1\n')

    told = facerec("gallery", "list", "-g", "people.db").err

    assert told.count("\n") == 1
    assert "\x1b" not in told


def test_every_key_is_an_option_and_stands_in_the_docs():
    """Each key is one that some command has by that name, and the page lists no other."""
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `") and "--" not in line]
    listed = {key.strip(" `") for row in rows for key in row.split(",")}

    assert listed == set(SETTINGS)
    assert not {"no-gate", "debug", "consent", "no-log", "yes", "json"} & set(SETTINGS)


def test_a_report_tells_what_the_file_said(facerec, tmp_path, monkeypatch):
    """The command line that a report holds does the same without the file."""
    monkeypatch.chdir(tmp_path)
    _settings('device = "cpu"\n')
    told = []
    program = Commands(name="facerec")

    @program.callback()
    def _nothing() -> None: ...

    @program.command()
    def work(context: typer.Context, device: Device = None, as_json: AsJson = False) -> None:
        told.append(command_line(context))

    assert run(program, ["work"]) == 0
    assert told == [("facerec", "work", "--device", "cpu")]


def test_points_of_the_file_are_chosen_by_the_lines_rate(enrolled, facerec, point):
    """--fmr of the line chooses among the points of the file's file."""
    write_points([point(target=1e-2, threshold=0.5), point(target=1e-3, threshold=0.95)], "points.json")
    _settings('at = "points.json"\nfmr = 0.001\n')

    decided = [
        json.loads(facerec("verify", "ada.png", "ada.png", "--json", *more).out)["threshold"]
        for more in ((), ("--fmr", "0.01"))
    ]

    assert decided == [0.95, 0.5]
