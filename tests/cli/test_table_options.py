"""Every command that reads a table takes the same table, however it is written and whatever its columns are called."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Command:
    """A command, the tables that it reads (the first as its argument) and how its options call their columns.

    `groups` are the columns of groups, with the column of the people who are in them.
    """

    words: tuple[str, ...]
    tables: Tables
    behind: tuple[str, ...]
    columns: Mapping[str, str]
    groups: Mapping[str, str]

    def line(self, files: Mapping[str, list[str]]) -> list[str]:
        """The command line that reads `files`."""
        first, *others = self.tables
        more = (word for name in others for word in (f"--{name}", *files[name]))
        return [*self.words, *files[first], *more, *self.behind, "--json"]


def _pairs() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    rows = []
    for place in range(160):
        one, other = place % 40, (place // 2 if place % 4 else place) % 40
        same = one == other
        rows.append((f"p{one:03}", f"p{other:03}", same, round(rng.normal(0.7 if same else 0.3, 0.2), 3)))
    table = pd.DataFrame(rows, columns=["probe_subject", "reference_subject", "genuine", "score"])
    for side in ("probe", "reference"):
        table[f"{side}_group"] = table[f"{side}_subject"].str[-1].astype(int).mod(2).map({0: "a", 1: "b"})
    return table


def _searches() -> Tables:
    rng = np.random.default_rng(9)
    rows = [
        (f"s{n}", f"p{n % 30:03}", "ab"[n % 2], f"p{n % 20:03}", round(rng.normal(0.8 if n % 30 < 20 else 0.4, 0.1), 3))
        for n in range(120)
    ]
    table = pd.DataFrame(rows, columns=["search", "probe_subject", "probe_group", "candidate_subject", "score"])
    people = pd.DataFrame({"subject": [f"p{n:03}" for n in range(20)], "group": ["a", "b"] * 10})
    return {"searches": table, "gallery": people}


def _predictions() -> pd.DataFrame:
    rng = np.random.default_rng(10)
    label = rng.choice(["cat", "dog"], 120)
    said = np.where(rng.random(120) < 0.8, label, "dog")
    people = [f"p{n % 40:03}" for n in range(120)]
    return pd.DataFrame({"label": label, "prediction": said, "subject": people, "group": ["a", "b"] * 60})


def _vectors() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    people = rng.normal(size=(100, 4))
    vectors = (np.repeat(people, 3, axis=0) + 0.4 * rng.normal(size=(300, 4))).round(6)
    table = pd.DataFrame({f"v{n}": vectors[:, n] for n in range(4)})
    table.insert(0, "subject", np.repeat([f"p{n:03}" for n in range(100)], 3))
    table.insert(1, "group", np.repeat(["a", "b"] * 50, 3))
    return table


PAIRS = {"score": "score", "genuine": "genuine"} | {name: name for name in ("probe_subject", "reference_subject")}
SIDES = {"probe_group": "probe_subject", "reference_group": "reference_subject"}
AT = ("--by", "group", "--at-threshold", "0.5")
COMMANDS = {
    "verification": Command(("audit", "verification"), {"scores": _pairs()}, (*AT, "--replicates", "0"), PAIRS, SIDES),
    "identification": Command(
        ("audit", "identification"),
        _searches(),
        AT,
        {name: name for name in ("search", "probe_subject", "candidate_subject", "score", "subject")},
        {"probe_group": "probe_subject", "group": "subject"},
    ),
    "classification": Command(
        ("audit", "classification"),
        {"predictions": _predictions()},
        ("--by", "group"),
        {name: name for name in ("label", "prediction", "subject")},
        {"group": "subject"},
    ),
    "mitigation": Command(
        ("audit", "mitigation"),
        {"vectors": _vectors()},
        ("--by", "group", "--at-fmr", "0.1", "--pairs", "200", "--deals", "1", "--replicates", "0", "--clusters", "3"),
        {"subject": "subject", "vector": "v"},
        {"group": "subject"},
    ),
    "evaluate": Command(("evaluate", "scores"), {"scores": _pairs()}, (), PAIRS, SIDES),
}
Written = tuple[dict[str, list[str]], list[str]]


def _csv(tables: Tables, end: str = ".csv", **how: str) -> dict[str, list[str]]:
    for name, table in tables.items():
        table.to_csv(f"{name}{end}", index=False, **how)  # type: ignore[call-overload]
    return {name: [f"{name}{end}"] for name in tables}


def _semicolons(command: Command) -> Written:
    return _csv(command.tables, sep=";", decimal=","), []


def _tabs(command: Command) -> Written:
    return _csv(command.tables, ".tsv.gz", sep="\t"), []


def _wide(command: Command) -> Written:
    return _csv(command.tables, encoding="utf-16"), []


def _odd_sign(command: Command) -> Written:
    return _csv(command.tables, sep="^"), ["--separator", "^"]


def _workbook(command: Command) -> Written:
    pytest.importorskip("openpyxl")
    for name, table in command.tables.items():
        with pd.ExcelWriter(f"{name}.xlsx") as book:
            table.to_excel(book, sheet_name="data", index=False)
            pd.DataFrame({"notes": ["second sheet"]}).to_excel(book, sheet_name="notes", index=False)
    return {name: [f"{name}.xlsx"] for name in command.tables}, []


def _parquet(command: Command) -> Written:
    for name, table in command.tables.items():
        table.to_parquet(f"{name}.parquet")
    return {name: [f"{name}.parquet"] for name in command.tables}, []


def _split(command: Command) -> Written:
    first, *others = command.tables
    table = command.tables[first]
    cut = len(table) // 2
    for name, part in (("one", table[:cut]), ("two", table[cut:])):
        part.to_csv(f"{name}.csv", index=False)
    return {first: ["one.csv", "two.csv"], **_csv({name: command.tables[name] for name in others})}, []


def _renamed(command: Command) -> Written:
    """Every column under a name of another maker, and the numbers of a vector counted from 1."""
    names = {ours: f"X {ours}" for ours in command.columns.values()} | {f"v{n}": f"emb_{n + 1}" for n in range(4)}
    said = [word for option, ours in command.columns.items() for word in (f"--{option.replace('_', '-')}", names[ours])]
    said = ["emb_" if word == "X v" else word for word in said]
    if sides := [column for column in command.groups if column != "group"]:
        names |= {"probe_group": "g1", "reference_group": "g2", "group": "g2"}
        said += ["--groups", "group=g1:g2"] if sides else []
    return _csv({name: table.rename(columns=names) for name, table in command.tables.items()}), said


def _people(command: Command) -> Written:
    """Groups stand in a table of people, one of whom is in no other table."""
    known = [
        table[[person, group]].set_axis(["subject", "group"], axis=1)
        for table in command.tables.values()
        for group, person in command.groups.items()
        if {group, person} <= set(table.columns)
    ]
    unused = pd.DataFrame({"subject": ["nobody"], "group": ["c"]})
    pd.concat([*known, unused]).drop_duplicates().to_csv("who.csv", index=False)
    bare = {name: table.drop(columns=list(command.groups), errors="ignore") for name, table in command.tables.items()}
    return _csv(bare), ["--people", "who.csv"]


def _scores_as(command: Command, spelt: Callable[[float], str], **how: str) -> dict[str, list[str]]:
    changed = {
        name: table.assign(score=[spelt(value) for value in table["score"]]) if "score" in table else table
        for name, table in command.tables.items()
    }
    return _csv(changed, **how)


def _per_cent(command: Command) -> Written:
    """With a decimal comma and a sign, of which only the scale of the threshold knows."""
    return _scores_as(command, lambda value: f"{value} %".replace(".", ","), sep=";"), []


def _thousands(command: Command) -> Written:
    return _scores_as(command, lambda value: f"{value:,.3f}"), ["--decimal", "."]


def _blanks(command: Command) -> Written:
    """Around the names of columns, and columns of nothing behind the others."""
    wide = {
        name: pd.concat([table.rename(columns=lambda name: f" {name} "), pd.DataFrame({" ": [""], "": [""]})], axis=1)
        for name, table in command.tables.items()
    }
    return _csv({name: table[: len(command.tables[name])] for name, table in wide.items()}), []


def _second_sheet(command: Command) -> Written:
    for name, table in command.tables.items():
        with pd.ExcelWriter(f"{name}.xlsx") as book:
            pd.DataFrame({"made by": ["X"]}).to_excel(book, sheet_name="cover", index=False)
            table.to_excel(book, sheet_name="data", index=False)
    return {name: [f"{name}.xlsx"] for name in command.tables}, ["--sheet", "data"]


WAYS = [
    _semicolons,
    _tabs,
    _wide,
    _odd_sign,
    _workbook,
    _parquet,
    _split,
    _renamed,
    _people,
    _per_cent,
    _thousands,
    _blanks,
    _second_sheet,
]


@pytest.fixture(scope="module", params=COMMANDS.values(), ids=list(COMMANDS))
def command(request: pytest.FixtureRequest) -> Command:
    """One after the other."""
    return request.param


@pytest.fixture(scope="module")
def plain() -> dict[str, object]:
    """What each command says of its plain tables, once it was asked."""
    return {}


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("way", WAYS, ids=[way.__name__.strip("_") for way in WAYS])
def test_the_way_a_table_is_written_changes_nothing(facerec, command, plain, way):
    """But for the notes, which say how it was read."""

    def told(files: Mapping[str, list[str]], *more: str) -> dict[str, object]:
        outcome = facerec(*command.line(files), *more)
        assert outcome.status == 0, outcome.err
        return {name: value for name, value in outcome.document.items() if name != "notes"}

    if command.words not in plain:
        plain[command.words] = told(_csv(command.tables))
    files, said = way(command)

    assert told(files, *said) == plain[command.words]


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("score,genuine,score\n0.5,1,0.4\n", "the table has a column twice: score"),
        ("score,genuine,\n0.5,1,x\n", "column 3 has cells and no name"),
        ('score,genuine\n"1,234",1\n"2,345",0\n', "for decimal commas, --decimal ,; for commas between thousands"),
    ],
)
def test_what_cannot_be_known_is_told(facerec, cells, told):
    """With the option that says it, also by ``look``."""
    Path("t.csv").write_text(cells, encoding="utf-8")

    outcome = facerec("audit", "verification", "t.csv", "--at-threshold", 1)

    assert outcome.status == 2
    assert told in outcome.err
    assert "unexpected" not in facerec("audit", "look", "t.csv").err


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize(
    ("names", "by"),
    [
        (str.title, "group=Probe_Group:Reference_Group"),
        (lambda name: f" {name} ", ""),
        (lambda name: name.replace("probe_", "a ").replace("reference_", "b "), "group=a group:b group"),
    ],
)
def test_the_command_of_look_works(facerec, names, by):
    """Whatever the case of its names and the blanks around them."""
    _pairs().rename(columns=names).to_csv("t.csv", index=False)

    command = shlex.split(facerec("audit", "look", "t.csv").out.splitlines()[-1])

    assert (by in command) == bool(by)
    outcome = facerec(*command[1:], "--replicates", 0, "--json")
    assert outcome.status == 0, outcome.err
    assert [group["group"] for group in outcome.document["groups"]["group"]] == ["a", "b"]
