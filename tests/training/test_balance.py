"""Groups in training: equal shares of every batch, equal weights in the loss, and what they change on paper."""

from dataclasses import replace

import numpy as np
import pytest
from made_faces import short, trained

from facerec.errors import ArgumentError, DataSetError
from facerec.measure.tables import read, stamp_of
from facerec.training.balance import NOT_GIVEN, GroupBatches, Strata, strata


@pytest.fixture(scope="module")
def grouped(people):
    """Nine people of one group, two of another, and one of whom it is not known."""
    values = {10: "b", 11: ""}
    return replace(people, columns={"group": tuple(values.get(int(label), "a") for label in people.labels)})


def of(*numbers: int) -> Strata:
    """Strata of so many photos each."""
    return Strata("group", tuple("abcdef"[: len(numbers)]), np.repeat(np.arange(len(numbers)), numbers))


def test_missing_groups_are_a_stratum_of_their_own(grouped):
    """They are counted under a name that says so, after the others."""
    found = strata(grouped, "group", np.arange(len(grouped.files)))

    assert dict(found.counts) == {"a": 60, "b": 6, NOT_GIVEN: 6}
    assert found.names[-1] == NOT_GIVEN


@pytest.mark.parametrize("numbers", [(60, 6, 6), (1, 9), (5, 5, 5, 1)])
def test_every_batch_is_balanced(numbers):
    """In each batch of each pass, the numbers of photos of two groups differ by one at most."""
    groups = of(*numbers)
    sampler = GroupBatches(groups, 7, seed=3)

    for number in range(4):
        for batch in sampler.batches(number):
            counts = np.bincount(groups.places[batch], minlength=len(numbers))
            assert np.ptp(counts) <= 1
            assert len(batch) <= 7


def test_a_group_gives_all_its_photos_before_one_again():
    """Counted over passes, two photos of a group were used equally often, to one."""
    groups = of(20, 3)
    sampler = GroupBatches(groups, 4, seed=1)
    used = np.zeros(23, int)

    for number in range(10):
        for batch in sampler.batches(number):
            np.add.at(used, batch, 1)
        for group in (0, 1):
            assert np.ptp(used[groups.places == group]) <= 1
    assert used.sum() == 230


def test_a_pass_is_the_same_whenever_it_is_asked_for():
    """So a training that was cut off goes on; another seed is another order."""
    first, again, other = (GroupBatches(of(9, 4), 4, seed=seed).batches(5) for seed in (1, 1, 2))

    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in again]
    assert [batch.tolist() for batch in first] != [batch.tolist() for batch in other]


def test_weights_make_groups_count_alike():
    """The weights of each group add up to the same, and their mean is 1."""
    groups = of(60, 6, 6)

    totals = [float(groups.weights[groups.places == group].sum()) for group in range(3)]

    np.testing.assert_allclose(totals, 24, rtol=1e-6)
    assert groups.weights.mean() == pytest.approx(1)


def test_no_groups_no_balance(grouped):
    """A column that is not there, and one with a single group, are told."""
    with pytest.raises(DataSetError, match="no column 'race'; it has group"):
        strata(grouped, "race", np.arange(5))
    with pytest.raises(DataSetError, match="all photos to learn from have the group 'a'"):
        strata(grouped, "group", np.flatnonzero(grouped.labels < 3))


@pytest.mark.parametrize("changes", [{"balance": "group"}, {"reweight": "group"}])
def test_trainings_leave_scores_from_before_and_after(grouped, tmp_path, changes):
    """Both tables hold the same pairs with their groups, so that the audit of a change can be made of them."""
    made = trained(grouped, tmp_path, short(epochs=1, **changes))

    before, after = (read(made.work / name) for name in ("start_scores.csv", "validation_scores.csv"))
    assert before.drop(columns="score").equals(after.drop(columns=["score", "matcher"]))
    assert stamp_of(after).embedder_digest == made.folder.description.digest
    assert {"probe_group", "reference_group"} <= set(before.columns)
    details = made.folder.description.training.details
    assert (details["balanced by"], details["reweighted by"]) == (changes.get("balance"), changes.get("reweight"))


def test_balance_changes_what_is_learned(grouped, tmp_path):
    """The same training with and without it ends elsewhere, on the same validation people."""
    plain, balanced, weighted = (
        trained(grouped, tmp_path / name, short(epochs=1, **changes))
        for name, changes in (("plain", {}), ("balanced", {"balance": "group"}), ("weighted", {"reweight": "group"}))
    )

    digests = {made.folder.description.weights.sha256 for made in (plain, balanced, weighted)}
    assert len(digests) == 3
    assert plain.split.validation.tolist() == balanced.split.validation.tolist() == weighted.split.validation.tolist()


def test_refused_before_anything_is_computed(grouped, tmp_path):
    """An unknown column, a loss that compares the photos of one person, and evening out twice."""
    with pytest.raises(DataSetError, match="no column 'race'"):
        trained(grouped, tmp_path, short(reweight="race"))
    with pytest.raises(ArgumentError, match="break up the photos of one person that triplet compares"):
        short(loss="triplet", balance="group")
    with pytest.raises(ArgumentError, match="evened out twice"):
        short(balance="group", reweight="group")
    assert not (tmp_path / "made").exists()
