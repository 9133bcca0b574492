"""``facerec train``: from a folder of photos to a model that every command takes."""

import csv
import json
import shutil

import pytest

from facerec.models.folder import read_model

made = pytest.mark.usefixtures("faces_are_portraits")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Aligned once for all tests."""
    return tmp_path_factory.mktemp("cache")


def trains_and_decides(facerec, people, cache, folder, monkeypatch):
    """Train, add, and decide with it; the card names no local path."""
    monkeypatch.setenv("FACEREC_MODELS", str(folder / "added"))
    out = folder / "ours"

    done = facerec(
        "train", "--data", people, "--out", out, "--epochs", 2, "--fmr", 0.05, "--cache", cache, "--device", "cpu"
    )

    assert done.status == 0, done.err
    assert "people: 40 photos of 10 people" in done.err
    assert "epoch 0/2: at the start, true match rate of unseen people" in done.err
    assert f"facerec models add {out}" in done.out
    model = read_model(out)
    assert model.description.training.details["people validated on"] == 3
    assert str(folder) not in (out / "card.md").read_text() + (out / "model.json").read_text()
    assert facerec("models", "add", out).status == 0
    one, other = (sorted(person.iterdir()) for person in sorted(people.iterdir())[:2])
    same = facerec("verify", one[0], one[1], "--model", "ours", "--fmr", 0.05, "--json")
    apart = facerec("verify", one[0], other[1], "--model", "ours", "--fmr", 0.05, "--json")
    assert (same.status, apart.status) == (0, 1), (same.err, apart.err)
    assert same.document["score"] > apart.document["score"]


@made
def test_a_folder_of_photos_becomes_a_model_that_verifies(facerec, portraits, cache, tmp_path, monkeypatch):
    """Train, add, and decide with it; the card names no local path."""
    trains_and_decides(facerec, portraits, cache, tmp_path, monkeypatch)


@pytest.mark.slow
def test_real_photos_become_a_model_that_verifies(facerec, data, tmp_path, monkeypatch):
    """The same with ten people of LFW and the real detector."""
    people = tmp_path / "people"
    chosen = [each for each in sorted((data / "lfw" / "images").iterdir()) if len(list(each.iterdir())) >= 4][:10]
    for person in chosen:
        (people / person.name).mkdir(parents=True)
        for photo in sorted(person.iterdir())[:4]:
            shutil.copy(photo, people / person.name)

    trains_and_decides(facerec, people, tmp_path / "cache", tmp_path, monkeypatch)


@made
def test_a_manifest_with_groups_gives_scores_for_an_audit(facerec, portraits, cache, tmp_path):
    """The table of the validation pairs holds both sides' groups, which the audit reads; missing groups are counted."""
    files = sorted(file.relative_to(portraits).as_posix() for file in portraits.rglob("*.png"))
    people = sorted({file.split("/")[0] for file in files})
    with (tmp_path / "people.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "subject", "side"])
        rows.writerows(
            [f"{portraits}/{f}", f.split("/")[0], "" if f == files[0] else "ab"[people.index(f.split("/")[0]) % 2]]
            for f in files
        )
    out = tmp_path / "ours"

    options = ("--epochs", 1, "--fmr", 0.05, "--cache", cache, "--json", "--device", "cpu", "--audit-by", "side")
    done = facerec("train", "--data", tmp_path / "people.csv", "--out", out, *options)

    assert done.status == 0, done.err
    assert "side is not given for 1 photo" in done.err
    document = done.document
    assert document["without_group"] == {"side": 1}
    assert [epoch["number"] for epoch in document["history"]] == [0, 1]
    audit = facerec("audit", "verification", document["validation_scores"], "--by", "side", "--at-fmr", 0.05, "--json")
    assert audit.status == 0, audit.err
    kept = json.loads((out / "audit.json").read_text("utf-8"))
    assert kept["groups"] == audit.document["groups"]
    assert "By side, at one threshold for all" in (out / "card.md").read_text("utf-8")


@made
@pytest.mark.parametrize(
    "options_and_words",
    [
        (("--backbone", "resnet19"), "resnet19"),
        (("--epochs", 0), "epochs must be 1 or more"),
        (("--head", "none"), "nothing would be trained"),
        (("--fmr", 0.0001), "cannot show a false match rate of 0.0001"),
        (("--dimension", 300), "has 256 features"),
        (("--crop", "round"), "no crop recipe is called 'round'"),
        (("--name", "Our Model"), "a model's name is"),
        (("--audit-by", "gender"), "has no column 'gender'"),
    ],
)
def test_what_cannot_be_trained_is_told_in_one_line(facerec, portraits, cache, tmp_path, options_and_words):
    """Exit status 2, and no folder."""
    options, words = options_and_words
    done = facerec(
        "train", "--data", portraits, "--out", tmp_path / "ours", "--cache", cache, "--device", "cpu", *options
    )

    assert done.status == 2
    assert words in done.err
    assert done.err.rstrip().splitlines()[-1].startswith("facerec: error: ")
    assert not (tmp_path / "ours").exists()


def test_data_that_is_not_there_is_told(facerec, tmp_path):
    """Without loading a detector's answer from nothing."""
    done = facerec("train", "--data", tmp_path / "nobody", "--out", tmp_path / "ours", "--json")

    assert done.status == 2
    assert "expected a folder with one folder of photos per person" in json.loads(done.out)["error"]
