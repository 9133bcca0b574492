"""Counts of simulated tables, found again by pandas: sparse lists and all pairs, with failures and lost labels."""

import itertools

import numpy as np
import pandas as pd
import pytest

from audits import AtFmr, audit_verification
from audits.report.verification.document import verification_document

AT = 1.0


def simulate(design, seed):
    """People with an effect of their own on every pair they are in, of groups with different rates."""
    rng = np.random.default_rng(seed)
    people = 60
    race, sex = (
        rng.choice(["A", "B", "C"], people, p=[0.6, 0.3, 0.1]),
        rng.choice(["f", "m", ""], people, p=[0.5, 0.4, 0.1]),
    )
    effect = rng.normal(0, 0.6, people) + np.where(race == "B", 0.5, 0.0)
    if design == "dense":
        impostors = list(itertools.combinations(range(people), 2))
    else:
        impostors = [(one, (one + step) % people) for one in range(people) for step in (1, 7)]
    pairs = [(one, one) for one in range(people) for _ in range(3)] + impostors
    probe, reference = np.array([pair[:: rng.choice([-1, 1])] for pair in pairs]).T
    genuine = probe == reference
    score = rng.normal(0, 1, len(pairs)) + effect[probe] + effect[reference] + 2 * genuine
    score[rng.random(len(pairs)) < 0.03] = np.nan
    columns = {
        "genuine": genuine,
        "score": score,
        "probe_subject": probe.astype(str),
        "reference_subject": reference.astype(str),
    }
    for name, labels in (("race", race), ("sex", sex)):
        columns |= {f"probe_{name}": labels[probe], f"reference_{name}": labels[reference]}
    table = pd.DataFrame(columns)
    lost = rng.random(len(table)) < 0.02  # a label that is missing in single rows, and one that contradicts itself
    table.loc[lost, "probe_race"] = ""
    table.loc[rng.random(len(table)) < 0.02, "reference_sex"] = "m"
    return table


def counts(rows):
    """What the document says of a set of pairs, by the definitions of ISO/IEC 19795-1."""
    accepted = rows["score"] >= AT  # False where there is no score
    return {
        "genuine": int(rows["genuine"].sum()),
        "false_non_matches": int((rows["genuine"] & ~accepted).sum()),
        "impostor": int((~rows["genuine"]).sum()),
        "false_matches": int((~rows["genuine"] & accepted).sum()),
        "comparisons": len(rows),
        "without_score": int(rows["score"].isna().sum()),
    }


@pytest.mark.parametrize("design", ["sparse", "dense"])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_count_is_found_again(design, seed):
    """Everybody, groups, intersections, the matrix, matched pairs, failures, and pairs that no group holds."""
    table = simulate(design, seed)
    groupings = ["race", "sex", "race,sex"]
    document = verification_document(audit_verification(table, by=groupings, at=AT, replicates=0), verdict={})

    assert {name: document["overall"][name] for name in counts(table)} == counts(table)
    for by in groupings:
        names = by.split(",")
        sides = {}
        for side in ("probe", "reference"):
            labels = table[[f"{side}_{name}" for name in names]]
            sides[side] = labels.agg(",".join, axis=1).where((labels != "").all(axis=1))
        known = sides["probe"].notna() & sides["reference"].notna()
        within = known & (sides["probe"] == sides["reference"])
        found = {group["group"]: group for group in document["groups"][by]}
        assert set(found) == set(sides["probe"].dropna()) | set(sides["reference"].dropna())
        for group, told in found.items():
            rows = table[within & (sides["probe"] == group)]
            expected = counts(rows)
            assert {name: told[name] for name in expected} == expected
            people = {who for side in sides for who in table[f"{side}_subject"][sides[side] == group]}
            assert told["subjects"] == len(people)
            for rate, errors, trials in (
                ("fmr", "false_matches", "impostor"),
                ("fnmr", "false_non_matches", "genuine"),
            ):
                value = expected[errors] / expected[trials] if expected[trials] else None
                assert told[rate]["value"] == value
        impostors = table[~table["genuine"]]
        for cell in document["cross"][by]:
            here = (sides["probe"] == cell["probe_group"]) & (sides["reference"] == cell["reference_group"])
            rows = impostors[here[impostors.index]]
            assert (cell["impostor"], cell["false_matches"]) == (len(rows), int((rows["score"] >= AT).sum()))
        mix = document["impostor_mix"][by]
        matched = counts(table[within])
        assert mix["matched"]["impostor"] == matched["impostor"]
        assert mix["matched"]["false_matches"] == matched["false_matches"]
        assert mix["matched_share"] == matched["impostor"] / (known & ~table["genuine"]).sum()
        assert mix["unlabelled_genuine"] == (~known & table["genuine"]).sum()
        assert mix["unlabelled_impostor"] == (~known & ~table["genuine"]).sum()
        assert mix["genuine_across_groups"] == (known & ~within & table["genuine"]).sum()
        # Nothing is lost: every impostor pair is in a cell or lacks a label, every genuine one in a group or none.
        assert sum(cell["impostor"] for cell in document["cross"][by]) + mix["unlabelled_impostor"] == len(impostors)
        genuine = sum(group["genuine"] for group in found.values())
        assert genuine + mix["genuine_across_groups"] + mix["unlabelled_genuine"] == table["genuine"].sum()


@pytest.mark.parametrize("target", [0.2, 0.05, 1e-4])
def test_the_threshold_is_the_lowest_that_keeps_the_target(target):
    """By trying every score; 1e-4 is less than one pair in all, so nobody may be accepted."""
    table = simulate("sparse", 3)
    found = verification_document(audit_verification(table, by=[], at=AtFmr(target), replicates=0), verdict={})

    impostors = table.loc[~table["genuine"], "score"]
    reached = [score for score in impostors.dropna() if (impostors >= score).mean() <= target]
    expected = min(reached) if reached else np.nextafter(impostors.max(), np.inf)
    assert found["threshold"]["value"] == expected
    assert found["threshold"]["achieved_fmr"] == (impostors >= expected).mean()
