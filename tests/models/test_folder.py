"""A model's folder: written and read again, and what is refused."""

import hashlib
import json
import os
from dataclasses import replace

import pytest

from facerec.errors import (
    ArgumentError,
    CalibrationError,
    CorruptWeightsError,
    MissingWeightsError,
    ModelMismatchError,
    OutputError,
    WeightsError,
)
from facerec.models.folder import (
    ModelDescription,
    Parent,
    Pixels,
    Terms,
    Training,
    WeightsIn,
    attach_audit,
    attach_points,
    read_model,
    write_model,
)
from facerec.points import write_points
from facerec.types import Matcher, OperatingPoint, Rate

WEIGHTS = b"the weights"


def description(**changes) -> ModelDescription:
    """A model, for tests."""
    given = {
        "name": "student",
        "kind": "onnx",
        "architecture": {},
        "crop": "five-point-112.v1",
        "crop_weights": (),
        "pixels": Pixels.preset("-1..1", channels="BGR"),
        "flip": True,
        "dimension": 128,
        "weights": WeightsIn("model.onnx", hashlib.sha256(WEIGHTS).hexdigest(), len(WEIGHTS)),
        "terms": Terms("Apache-2.0", "yes", "its author says so"),
        "training": Training(
            "photos of us", "consented", "facerec train", 3, {"torch": "2"}, {"people": 7, "loss": "x"}
        ),
        "parents": (Parent("dlib-resnet", "ab" * 32, "teacher"),),
    }
    return ModelDescription(**(given | changes))


def point(digest: str, **changes) -> OperatingPoint:
    """An operating point of that embedder."""
    given = {
        "threshold": 0.5,
        "target_fmr": 0.01,
        "fmr": Rate(10, 1000, 900.0),
        "fnmr": Rate(3, 100),
        "data_set": "ours",
        "matcher": Matcher("mtcnn", "five-point-112.v1", "student", digest, "cosine.v1", "size.v1>=40"),
    }
    return OperatingPoint(**(given | changes))


@pytest.fixture
def folder(tmp_path):
    """A model's folder with an operating point."""
    about = description()
    write_model(tmp_path / "student", about, WEIGHTS, points=[point(about.digest)])
    return tmp_path / "student"


class TestRoundTrip:
    """write_model, read_model."""

    def test_what_is_written_is_read(self, folder):
        """Every field, the weights and the points come back; the folder holds the four files and nothing else."""
        model = read_model(folder)

        assert model.description == description()
        assert model.weights() == WEIGHTS
        assert model.points == (point(description().digest),)
        assert model.audit is None
        assert sorted(path.name for path in folder.iterdir()) == [
            "card.md",
            "model.json",
            "model.onnx",
            "operating_points.json",
        ]

    def test_an_existing_folder_is_not_overwritten(self, folder):
        """A second model of that name is refused, and nothing is left behind."""
        with pytest.raises(OutputError, match="student exists already"):
            write_model(folder, description(), WEIGHTS)
        assert [path.name for path in folder.parent.iterdir()] == ["student"]

    def test_weights_of_another_hash_never_appear(self, tmp_path):
        """A folder that could not be read again is not written."""
        with pytest.raises(CorruptWeightsError, match=r"expected the SHA-256 .*, got"):
            write_model(tmp_path / "m", description(), b"other bytes")
        assert list(tmp_path.iterdir()) == []

    def test_points_of_another_embedder_are_refused(self, tmp_path):
        """A threshold is bound to the vectors that it was measured on."""
        with pytest.raises(
            ModelMismatchError, match=r"does not hold for faces of student: embedder digest cdcdcdcdcdcd…"
        ):
            write_model(tmp_path / "m", description(), WEIGHTS, points=[point("cd" * 32)])

    @pytest.mark.parametrize("part", ["crop", "similarity"])
    def test_points_of_another_matcher_are_refused(self, folder, part):
        """So is one of this embedder on another crop or by another similarity; another detector is noted later."""
        own = point(description().digest)
        with pytest.raises(ModelMismatchError, match=f"{part} another there"):
            attach_points(folder, [replace(own, matcher=replace(own.matcher, **{part: "another"}))])

        for number, name in enumerate(("detector", "gate"), 2):
            other = replace(own, target_fmr=0.01 * number, matcher=replace(own.matcher, **{name: "another"}))
            assert len(attach_points(folder, [other]).points) == number


class TestDigest:
    """ModelDescription.digest."""

    @pytest.mark.parametrize(
        "change",
        [
            {"crop": "five-point-128.v1"},
            {"crop_weights": ("cd" * 32,)},
            {"pixels": Pixels.preset("-1..1")},
            {"flip": False},
            {"kind": "torch"},
            {"architecture": {"output": "face"}},
            {"weights": WeightsIn("model.onnx", "cd" * 32, 3)},
        ],
    )
    def test_whatever_changes_vectors_changes_it(self, change):
        """Crop, pixels, averaging, network and weights count."""
        assert description(**change).digest != description().digest

    @pytest.mark.parametrize("change", [{"name": "other"}, {"terms": Terms("MIT", "no", "")}, {"training": Training()}])
    def test_what_is_only_said_does_not(self, change):
        """A name or a licence does not move a vector."""
        assert description(**change).digest == description().digest


class TestRefusals:
    """Folders that are not what they should be."""

    def test_missing_files(self, folder, tmp_path):
        """No folder, no description, no weights: each names the file."""
        with pytest.raises(
            MissingWeightsError,
            match=r"nowhere/model\.json cannot be read: there is no such file; a model",
        ):
            read_model(tmp_path / "nowhere")
        (folder / "model.onnx").unlink()
        with pytest.raises(MissingWeightsError, match=r"lacks model\.onnx \(SHA-256"):
            read_model(folder)

    def test_changed_weights(self, folder):
        """One byte more is another model."""
        with (folder / "model.onnx").open("ab") as file:
            file.write(b"!")
        with pytest.raises(CorruptWeightsError, match=r"model\.onnx is not the file that model\.json describes"):
            read_model(folder)

    @pytest.mark.parametrize(
        ("field", "value", "told"),
        [
            ("flip", False, "was changed by hand: its digest"),
            ("version", 2, "does not describe a model"),
            ("similarity", "euclidean", "similarity must be cosine; it is 'euclidean'"),
            ("kind", "tensorflow", "'tensorflow'"),
            ("weights", {"file": "../../secret", "sha256": "0" * 64, "size": 1}, r"weights\.file must be model\.onnx"),
            ("pixels", {"mean": [1], "std": [1], "channels": "RGB", "size": None}, "mean must be three finite numbers"),
            ("name", "../up", "a model's name is"),
            ("crop", 5, "crop must be text; it is 5"),
            ("parents", 3, "a field is not what it should be"),
            ("dimension", 10**9, "at most 65,536 numbers"),
            ("dimension", True, "dimension must be a whole number"),
            ("dimension", 0, "dimension must be a whole number"),
            ("flip", "false", "flip must be true or false; it is 'false'"),
            ("flip", 1, "flip must be true or false; it is 1"),
            ("architecture", [], "architecture must be a JSON object"),
            ("terms", None, "terms must be a JSON object; it is None"),
            ("terms", {"licence": "MIT", "commercial": True, "reason": ""}, "commercial must be text; it is True"),
            ("terms", {"licence": "MIT", "commercial": "maybe", "reason": ""}, "yes, no or unclear; got 'maybe'"),
            ("parents", ["ada"], "each of parents must be a JSON object"),
            ("training", {"seed": [1]}, "seed must be a whole number"),
            ("training", {"versions": {"torch": [2]}}, "versions 'torch' must be text"),
            ("training", {"details": {"loss": {"a": 1}}}, "details 'loss' must be text, a number, yes or no"),
            ("training", {"details": "none"}, "details must be values by their names"),
            (
                "weights",
                {"file": "model.onnx", "sha256": "0" * 64, "size": "1"},
                r"weights\.size must be a whole number",
            ),
        ],
    )
    def test_fields_that_do_not_fit(self, folder, field, value, told):
        """A field that was changed, or that no release knows, is an error that names it."""
        document = json.loads((folder / "model.json").read_text("utf-8"))
        (folder / "model.json").write_text(json.dumps(document | {field: value}), "utf-8")

        with pytest.raises(CorruptWeightsError, match=told):
            read_model(folder)

    @pytest.mark.parametrize("size", [1, 10**30])
    def test_a_size_that_is_not_the_files(self, folder, size):
        """Whoever tries the model out gives it memory by its size."""
        document = json.loads((folder / "model.json").read_text("utf-8"))
        document["weights"]["size"] = size
        (folder / "model.json").write_text(json.dumps(document), "utf-8")

        with pytest.raises(CorruptWeightsError, match=rf"it states {size} bytes of model\.onnx, which has 11; add"):
            read_model(folder)

    @pytest.mark.parametrize(
        "audit",
        [
            {"groups": 1},
            {"threshold": {"value": "x"}, "groups": {"gender": []}},
            {"threshold": 5, "groups": {"gender": [1]}},
            {"threshold": {"value": 0.5}, "groups": []},
        ],
    )
    def test_an_audit_that_no_card_could_show(self, folder, audit):
        """A damaged audit is told when the model is read, not where its card is shown."""
        (folder / "audit.json").write_text(json.dumps(audit), "utf-8")

        with pytest.raises(CorruptWeightsError, match=r"is not the audit\.json of facerec audit verification"):
            read_model(folder)

    @pytest.mark.parametrize("name", ["model.json", "operating_points.json", "audit.json"])
    def test_a_pipe_in_place_of_a_file(self, folder, name):
        """It is told, and nobody waits for who writes to it."""
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

        with pytest.raises((WeightsError, CalibrationError), match="is not a regular file"):
            read_model(folder)

    def test_a_field_that_is_missing(self, folder):
        """The message names it."""
        document = json.loads((folder / "model.json").read_text("utf-8"))
        del document["crop"]
        (folder / "model.json").write_text(json.dumps(document), "utf-8")
        with pytest.raises(CorruptWeightsError, match="the field 'crop' is missing"):
            read_model(folder)

    def test_points_that_are_strangers(self, folder):
        """Operating points of another embedder in the folder are an error, not a default."""
        write_points([point("cd" * 32)], folder / "operating_points.json")
        with pytest.raises(CorruptWeightsError, match="holds points of another matcher"):
            read_model(folder)
        (folder / "operating_points.json").write_text("{", "utf-8")
        with pytest.raises(CalibrationError, match="is not JSON"):
            read_model(folder)

    @pytest.mark.parametrize("name", ["", "Ä", "a/b", ".hidden", "A", "x" * 65])
    def test_names_that_are_no_folder_names(self, name):
        """A name is a folder's name and a word on a command line."""
        with pytest.raises(ArgumentError, match="a model's name is"):
            description(name=name)


class TestAttach:
    """attach_points, attach_audit, and the card that follows."""

    def test_points_take_the_place_of_those_for_the_same(self, folder):
        """Same data and target: replaced; another target: added; the card shows both."""
        digest = description().digest
        stricter = point(digest, target_fmr=0.001, threshold=0.7, fmr=Rate(1, 1000, 900.0))

        model = attach_points(folder, [point(digest, threshold=0.6), stricter])

        assert [(p.target_fmr, p.threshold) for p in model.points] == [(0.01, 0.6), (0.001, 0.7)]
        card = (folder / "card.md").read_text("utf-8")
        assert "0.6000" in card
        assert "0.7000" in card
        assert "0.5000" not in card

    def test_one_point_for_a_rate(self, folder):
        """A point on other data replaces the one at its rate, and of two at one rate none is taken."""
        older, newer = (point(description().digest, data_set=name) for name in ("aaa", "zzz"))
        attach_points(folder, [older])

        assert [p.data_set for p in attach_points(folder, [newer]).points] == ["zzz"]
        with pytest.raises(ArgumentError, match="several of these points are for one FMR"):
            attach_points(folder, [older, newer])
        assert [p.data_set for p in read_model(folder).points] == ["zzz"]

    def test_the_card_says_what_is_missing(self, folder):
        """What nobody measured is named."""
        card = (folder / "card.md").read_text("utf-8")

        assert "Not audited" in card
        assert "photos of us" in card
        assert "dlib-resnet (teacher" in card

    def test_an_audit_is_shown_by_group(self, folder, tmp_path):
        """The rates of each group stand on the card with their intervals; an unmeasured one says so."""
        rate = {"value": 0.02, "low": 0.01, "high": 0.04, "n_eff": 90}
        nothing = {"value": None, "low": None, "high": None, "n_eff": 0}
        group = {"group": "f", "subjects": 9, "impostor": 100, "fmr": rate, "genuine": 0, "fnmr": nothing}
        audit = tmp_path / "audit.json"
        audit.write_text(json.dumps({"threshold": {"value": 0.5}, "groups": {"gender": [group]}}), "utf-8")

        model = attach_audit(folder, audit)

        assert model.audit is not None
        card = (folder / "card.md").read_text("utf-8")
        assert "| f | 9 | 100 | 0.02 [0.01, 0.04] | 0 | not measured |".replace("[", r"\[").replace("]", r"\]") in card

    def test_an_audit_is_of_this_models_scores(self, folder, tmp_path):
        """One whose table is stamped with another matcher is refused; of unstamped scores the card says so."""
        about = description()
        own = Matcher("another detector", about.crop, "another name", about.digest, "cosine.v1", "none")
        document = {"threshold": {"value": 0.5}, "groups": {}}
        audit = tmp_path / "audit.json"

        for part in ("embedder_digest", "crop", "similarity"):
            audit.write_text(json.dumps({**document, "matcher": replace(own, **{part: "other"}).text}), "utf-8")
            with pytest.raises(ModelMismatchError, match="an audit of another matcher's scores than student's"):
                attach_audit(folder, audit)
        assert not (folder / "audit.json").exists()
        audit.write_text(json.dumps({**document, "matcher": own.text}), "utf-8")
        attach_audit(folder, audit)
        assert "carry no stamp" not in (folder / "card.md").read_text("utf-8")
        audit.write_text(json.dumps({**document, "matcher": None}), "utf-8")
        attach_audit(folder, audit)
        assert "carry no stamp" in (folder / "card.md").read_text("utf-8")

    @pytest.mark.parametrize("contents", ["{", "{}", "[]", '{"threshold": {"value": "x"}, "groups": {"a": [{}]}}'])
    def test_what_is_no_audit_is_refused(self, folder, tmp_path, contents):
        """A wrong file changes nothing."""
        wrong = tmp_path / "wrong.json"
        wrong.write_text(contents, "utf-8")

        with pytest.raises(ArgumentError, match=r"wrong\.json is not (the audit\.json|JSON)"):
            attach_audit(folder, wrong)
        assert not (folder / "audit.json").exists()
