"""Score tables in the shape of public ones, with known counts, through the shell's options alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest


def _faces(rng: np.random.Generator, people: int = 40) -> pd.DataFrame:
    """Pairs in the columns of Balanced Faces in the Wild: photos, people, subgroups, and a column for each matcher."""
    groups = [f"{race}_{gender}" for race in ("asian", "black") for gender in ("females", "males")]
    rows = []
    for place in range(people * len(groups)):
        one, number = groups[place % len(groups)], place // len(groups)
        for step in range(len(groups) + 2):  # 0: the same person again; otherwise somebody of the next groups
            other, mate = groups[(place + step) % len(groups)], (place + step) // len(groups)
            same = int(step == 0)
            score = rng.normal(2 if same else 0, 1)
            probe = f"{one}/n{number:06d}"
            reference = f"{other}/n{mate:06d}"
            rows.append(
                (place % 5 + 1, f"{probe}/0.jpg", f"{reference}/1.jpg", same, probe, reference, one, other, score)
            )
    table = pd.DataFrame(rows, columns=["fold", "p1", "p2", "label", "id1", "id2", "att1", "att2", "resnet50"])
    for side in "12":
        parts = table[f"att{side}"].str.split("_", expand=True)
        table[f"ethnicity{side}"], table[f"gender{side}"] = parts[0], parts[1]
    return table.assign(score=-1.0, senet50=1 - table["resnet50"])  # a column of our name that is not meant


BFW = (
    "--score", "resnet50", "--genuine", "label", "--probe-subject", "id1", "--reference-subject", "id2",
    "--probe-image", "p1", "--reference-image", "p2",
)  # fmt: skip
BFW_GROUPS = ("--groups", "gender=gender1:gender2", "--groups", "race=ethnicity1:ethnicity2")


@pytest.fixture
def bfw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """The table, which stands in the working folder as bfw.csv."""
    monkeypatch.chdir(tmp_path)
    table = _faces(np.random.default_rng(3))
    table.to_csv("bfw.csv", index=False)
    return table


def _counts(table: pd.DataFrame, group: pd.Series, score: pd.Series, at: float) -> dict[str, int]:
    """Counts of one group: pairs with both sides in it."""
    inside = table[group]
    wrong = score[group] >= at
    mated = inside["label"] == 1
    return {
        "subjects": len(set(inside["id1"]) | set(inside["id2"])),
        "genuine": int(mated.sum()),
        "false_non_matches": int((mated & ~wrong).sum()),
        "impostor": int((~mated).sum()),
        "false_matches": int((~mated & wrong).sum()),
    }


def test_a_table_of_balanced_faces_needs_no_rewriting(bfw, facerec):
    """Groups, intersections and the matrix are counted from the vendor's own columns."""
    outcome = facerec(
        "audit", "verification", "bfw.csv", *BFW, *BFW_GROUPS, "--by", "gender", "--by", "race,gender",
        "--at-threshold", 1.0, "--replicates", 0, "--json", "--out", "r",
    )  # fmt: skip

    assert outcome.status == 0, outcome.err
    groups = {group["group"]: group for group in outcome.document["groups"]["race,gender"]}
    assert set(groups) == {"asian,females", "asian,males", "black,females", "black,males"}
    for name, found in groups.items():
        label = name.replace(",", "_")
        rows = (bfw["att1"] == label) & (bfw["att2"] == label)
        expected = _counts(bfw, rows, bfw["resnet50"], 1.0)
        people = set(bfw["id1"][bfw["att1"] == label]) | set(bfw["id2"][bfw["att2"] == label])
        assert {key: found[key] for key in expected} == {**expected, "subjects": len(people)}
    for cell in outcome.document["cross"]["gender"]:
        rows = (bfw["gender1"] == cell["probe_group"]) & (bfw["gender2"] == cell["reference_group"])
        impostors = bfw[rows & (bfw["label"] == 0)]
        assert (cell["impostor"], cell["false_matches"]) == (len(impostors), (impostors["resnet50"] >= 1.0).sum())
    assert not outcome.document["dependence"]["pairs_independent"]
    assert "--groups gender=gender1:gender2 --groups race=ethnicity1:ethnicity2" in Path("r/report.md").read_text(
        "utf-8"
    )


def test_distances_are_audited_as_what_they_are(bfw, facerec):
    """The same pairs as distances give the same counts, and thresholds are told as distances, everywhere."""
    distances = (*BFW[:1], "senet50", *BFW[2:], *BFW_GROUPS, "--distance")
    likeness = (*BFW, *BFW_GROUPS)
    common = ("--by", "gender", "--json")

    one = facerec("audit", "verification", "bfw.csv", *likeness, "--at-fmr", 0.1, "--replicates", 0, *common).document
    two = facerec(
        "audit", "verification", "bfw.csv", *distances, "--at-fmr", 0.1, "--replicates", 0, *common, "--out", "r"
    ).document
    assert two["threshold"]["value"] == pytest.approx(1 - one["threshold"]["value"], abs=1e-12)
    assert two["threshold"]["accepts"] == "distance <= value"
    assert two["groups"] == one["groups"]
    assert "distance ≤ threshold" in Path("r/report.md").read_text("utf-8")
    assert "score of at least" not in Path("r/report.md").read_text("utf-8")

    for arguments in (("advise", "bfw.csv", "--target", 0.2), ("power", "bfw.csv", "--rate", "fmr", "--ratio", 2)):
        one, two = (
            facerec("audit", *arguments, *columns, "--at-fmr", 0.1, "--by", "gender", "--json").document
            for columns in (likeness, distances)
        )
        assert two["groups"] == one["groups"]
        for name in ("threshold", "threshold_now"):
            assert two.get(name) == pytest.approx(None if name not in one else 1 - one[name], abs=1e-12)

    changed = facerec("audit", "drift", "bfw.csv", "bfw.csv", *distances, "--at-threshold", 0.0, *common).document
    assert [changed[name]["value"] for name in ("before", "after")] == [0.0, 0.0]


def test_pairs_of_one_group_with_one_column(tmp_path, facerec):
    """As in Racial Faces in the Wild: both photos are of one race, and people are not named."""
    rows = [("African", 1, 0.9), ("African", 0, 0.7), ("Indian", 1, 0.2), ("Indian", 0, 0.1), ("Indian", 0, "")]
    pd.DataFrame(rows, columns=["Race", "issame", "cos"]).to_csv(tmp_path / "rfw.csv", index=False)

    outcome = facerec(
        "audit", "verification", tmp_path / "rfw.csv", "--score", "cos", "--genuine", "issame", "--groups", "race=Race",
        "--by", "race", "--at-threshold", 0.5, "--json",
    )  # fmt: skip

    counts = ("group", "genuine", "false_non_matches", "impostor", "false_matches", "without_score")
    assert [[group[name] for name in counts] for group in outcome.document["groups"]["race"]] == [
        ["African", 1, 0, 1, 1, 0],
        ["Indian", 1, 1, 2, 0, 1],
    ]
    assert outcome.document["dependence"]["pairs_independent"]


def test_scores_and_labels_alone(tmp_path, facerec):
    """Rates of everybody need no more; that pairs were taken as independent is said."""
    (tmp_path / "bare.csv").write_text("score,label\n0.9,mated\n0.2,mated\n0.6,non-mated\n0.1,non-mated\n")

    outcome = facerec("audit", "verification", tmp_path / "bare.csv", "--genuine", "label", "--at-threshold", 0.5)

    assert outcome.status == 0
    assert "taken as independent" in outcome.err


def test_the_table_that_chooses_the_threshold_needs_no_labels(bfw, facerec):
    """It has the same columns otherwise."""
    bfw.drop(columns=["gender1", "gender2"]).to_csv("calibration.csv", index=False)

    outcome = facerec(
        "audit", "verification", "bfw.csv", *BFW, *BFW_GROUPS, "--by", "gender", "--at-fmr", 0.1, "--calibration",
        "calibration.csv", "--replicates", 0, "--json",
    )  # fmt: skip

    assert outcome.document["threshold"]["calibration_fmr"] == outcome.document["threshold"]["achieved_fmr"]


@pytest.mark.parametrize("groups", ["gender", "gender=gender1:nosuch", "subject=id1:id2", "a,b=gender1:gender2"])
def test_labels_that_are_not_there(bfw, facerec, groups):
    """One line that names the column or shows the form, and status 2."""
    outcome = facerec("audit", "verification", "bfw.csv", *BFW, "--groups", groups, "--at-threshold", 1.0)

    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 1
