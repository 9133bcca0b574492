"""Files that version 1 wrote: every one opens, and nothing that it held is lost (``fixtures/version1/README.md``)."""

import csv
import hashlib
import json
import lzma
import shutil
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from audits import AtFmr, audit_verification
from audits.report.verification.document import FORMAT, verification_document
from facerec.embed.load import embedder_of, load_embedder
from facerec.gallery import open_gallery
from facerec.measure import tables
from facerec.measure.tables.vector_table import read_vectors
from facerec.models.folder import attach_audit, read_model
from facerec.points import read_points
from facerec.quality import NO_GATE
from facerec.transfer.cell_queue import read_plan
from facerec.transfer.cells import Cell
from facerec.transfer.results import COLUMNS, Results
from facerec.types import Detections, Embedder, Faces, Matcher, OperatingPoint, Rate

VERSION1 = Path(__file__).parent / "fixtures" / "version1"
EXPECTED = json.loads((VERSION1 / "expected.json").read_text(encoding="utf-8"))


def digest_of(numbers):
    """SHA-256 of numbers as float32."""
    return hashlib.sha256(np.ascontiguousarray(numbers, "<f4").tobytes()).hexdigest()


def embedder_named(name, digest, dimension):
    """An embedder that a gallery is bound to; it is never called."""
    return Embedder(name, digest, dimension, SimpleNamespace(name="no crop", size=1), lambda chips: chips)


def read_on():
    """The day on which the expected values were read, when one person of each gallery had expired."""
    return datetime(2026, 3, 1, tzinfo=UTC)


def people_of(gallery):
    """Everybody with all that is kept about them, in the words of expected.json."""
    return [
        {
            "id": person.id,
            "name": person.name,
            "consent": person.consent,
            "purpose": person.purpose,
            "expires": person.expires and person.expires.isoformat(),
            "created": person.created.isoformat(),
            "photos": person.photos,
            "expired": person.expired,
            "samples": [
                {
                    "source": sample.source,
                    "box": list(sample.box),
                    "score": sample.score,
                    "enrolled": sample.enrolled.isoformat(),
                    "photo_sha256": sample.photo_sha256,
                    "photo_kept": sample.photo_kept,
                }
                for sample in gallery.samples(person.name)
            ],
            "vectors_sha256": digest_of(gallery.vectors(person.name)),
            "vectors_first": [[float(x) for x in vector[:3]] for vector in gallery.vectors(person.name)],
        }
        for person in gallery.people()
    ]


def log_of(gallery):
    """The log, in the words of expected.json."""
    return [
        {
            "number": entry.number,
            "time": entry.time.isoformat(),
            "event": entry.event,
            "person_id": entry.person_id,
            "name": entry.name,
            "source": entry.source,
            "details": dict(entry.details),
            "digest": entry.digest,
        }
        for entry in gallery.log()
    ]


def search(gallery, asked):
    """Answers to the probes of expected.json; it logs matches, so it comes last."""
    probes = np.array(asked["probes"], np.float32)
    boxes = np.array([[i, 0, i + 10, 10] for i in range(len(probes))], np.float32)
    found = Detections(boxes, np.ones(len(probes)), np.zeros((len(probes), 5, 2)), (100, 100))
    matcher = Matcher("none", "none", gallery.embedder.name, gallery.embedder.digest, "cosine.v1", "none")
    faces = Faces(found, {}, probes, matcher, "probe")
    at = OperatingPoint(asked["threshold"], 1e-3, Rate(1, 1000), Rate(30, 1000), "no data", matcher)
    return gallery.identify(faces, at=at, top=9, gate=NO_GATE)


def point_as_json(point):
    """An operating point, in the words of expected.json."""
    rates = {
        name: [rate.errors, rate.trials, rate.effective_trials]
        for name, rate in (("fmr", point.fmr), ("fnmr", point.fnmr))
    }
    made_by = point.matcher
    return {
        "name": point.name,
        "threshold": point.threshold,
        "target_fmr": point.target_fmr,
        **rates,
        "data_set": point.data_set,
        "detector": made_by.detector,
        "alignment": made_by.crop,
        "embedder": made_by.embedder,
        "embedder_digest": made_by.embedder_digest,
    }


@pytest.fixture
def copied(tmp_path):
    """Copies a file or a folder, because opening a gallery writes beside it."""

    def copy(name):
        source = VERSION1 / name
        if source.is_dir():
            return Path(shutil.copytree(source, tmp_path / source.name))
        return Path(shutil.copy(source, tmp_path))

    return copy


@pytest.fixture
def model_folder(copied):
    """The trained model's folder, its weights unpacked."""
    folder = copied("model")
    packed = folder / "weights.safetensors.xz"
    packed.with_suffix("").write_bytes(lzma.decompress(packed.read_bytes()))
    packed.unlink()
    return folder


@pytest.mark.parametrize("name", ["gallery_with_photos", "gallery_without_photos"])
def test_a_gallery_holds_who_and_what_it_held(copied, name):
    """People, consents, samples, vectors, log and the answers to a search are those that version 1 gave."""
    expected = EXPECTED[name]
    given = load_embedder() if name == "gallery_without_photos" else embedder_named(**expected["embedder"])

    with open_gallery(copied(f"{name}.db"), given, clock=read_on) as gallery:
        assert asdict(gallery.embedder) == expected["embedder"]
        assert people_of(gallery) == expected["people"]
        checked = gallery.check_log()
        assert (checked.problem, checked.entries, checked.head) == ("", expected["log_length"], expected["log_head"])
        assert log_of(gallery) == expected["log"]
        for found, wanted in zip(search(gallery, expected["search"]), expected["search"]["answers"], strict=True):
            assert (found.decision, found.name) == (wanted["decision"], wanted["name"])
            assert [each.name for each in found.candidates] == [each for each, _ in wanted["candidates"]]
            assert [each.score for each in found.candidates] == pytest.approx(
                [score for _, score in wanted["candidates"]], abs=1e-6
            )


def test_a_gallery_gives_its_kept_photos_back_byte_for_byte(copied, tmp_path):
    """What is exported today holds the photos and vectors of the archive that version 1 exported."""
    with open_gallery(copied("gallery_with_photos.db"), clock=read_on) as gallery:
        gallery.export_to(tmp_path / "exported")

    photos = sorted((tmp_path / "exported" / "photos").iterdir())
    assert [photo.name for photo in photos] == EXPECTED["archive"]["photos"]
    assert [hashlib.sha256(photo.read_bytes()).hexdigest() for photo in photos] == EXPECTED["archive"]["photos"]


def test_an_archive_is_imported_whole(copied, tmp_path):
    """A new gallery that imports it holds the people, dates, samples, photos and vectors of the one it came from."""
    expected = EXPECTED["gallery_with_photos"]

    with open_gallery(tmp_path / "new.db", embedder_named(**expected["embedder"]), clock=read_on) as gallery:
        gallery.import_from(copied("archive"))

        assert people_of(gallery) == expected["people"]
        gallery.export_to(tmp_path / "again")
    photos = sorted((tmp_path / "again" / "photos").iterdir())
    assert [hashlib.sha256(photo.read_bytes()).hexdigest() for photo in photos] == EXPECTED["archive"]["photos"]


def test_an_expired_person_can_still_be_forgotten(copied):
    """What version 1 stored can be deleted: the person, the vectors, the photos and the name in the log."""
    with open_gallery(copied("gallery_with_photos.db"), clock=read_on) as gallery:
        (receipt,) = gallery.purge_expired()

        assert (receipt.name, receipt.vectors, receipt.photos) == ("Ada Example", 2, 2)
        assert receipt.erased_from_file
        assert date(2020, 6, 30).isoformat() not in json.dumps(people_of(gallery))
        assert gallery.check_log().intact


def test_points_keep_their_thresholds_and_counts():
    """Every field of every operating point is read back as it was measured."""
    assert [point_as_json(point) for point in read_points(VERSION1 / "points.json")] == EXPECTED["points"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_score_table_keeps_its_rows(kind):
    """Rows, ids as text, truth, groups, failures and the sums of scores are the same from either kind of file."""
    expected = EXPECTED["scores"]

    table = tables.read(VERSION1 / f"scores.{kind}")

    assert len(table) == expected["rows"]
    assert list(table.columns) == expected["columns"]
    assert list(tables.attributes(table)) == expected["attributes"]
    assert (int(table["genuine"].sum()), int(table["score"].isna().sum())) == (
        expected["genuine"],
        expected["failures"],
    )
    assert sorted(set(table["probe_subject"]) | set(table["reference_subject"])) == expected["subjects"]
    assert table.loc[0, ["probe_image", "reference_image", "score"]].tolist() == expected["first"]
    assert table["score"].sum() == pytest.approx(expected["sum"], abs=1e-9)
    assert table["score"][table["genuine"]].sum() == pytest.approx(expected["genuine_sum"], abs=1e-9)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_vector_table_keeps_its_vectors(kind):
    """Photos, people, groups and every vector; the photo without a face stays without."""
    expected = EXPECTED["vectors"]

    found = read_vectors(VERSION1 / f"vectors.{kind}")

    assert list(found.photos.columns) == expected["columns"]
    assert found.matrix.shape == (expected["rows"], expected["dimension"])
    for column in ("subject", "group", "site"):
        assert found.photos[column].tolist() == expected[column]
    assert found.photos["photo"][~found.embedded].tolist() == expected["without_vector"]
    assert int(found.embedded.sum()) == expected["embedded"]
    np.testing.assert_allclose(found.matrix[found.embedded], expected["matrix"], atol=2e-7)


def test_a_trained_model_gives_the_vectors_that_it_gave(model_folder):
    """Description, terms, points, audit, and the vectors of a pattern that is computed here."""
    expected = EXPECTED["model"]

    model = read_model(model_folder)

    about = model.description
    for field in ("name", "digest", "dimension", "crop", "flip"):
        assert getattr(about, field) == expected[field]
    assert dict(about.architecture) == expected["architecture"]
    assert (about.weights.sha256, about.weights.size) == (expected["weights_sha256"], expected["weights_size"])
    assert (about.training.data, about.training.data_terms) == (expected["training_data"], expected["data_terms"])
    assert (about.training.command, about.training.seed) == (expected["command"], expected["seed"])
    assert dict(about.training.details) == expected["details"]
    assert [about.terms.licence, about.terms.commercial, about.terms.reason] == expected["terms"]
    assert [asdict(parent) for parent in about.parents] == expected["parents"]
    assert [point_as_json(point) for point in model.points] == expected["points"]
    assert model.audit is not None
    assert model.audit["format"] == expected["audit_format"]

    number, row, column, channel = np.ogrid[:4, :24, :24, :3]
    chips = ((7 * number + 5 * row + 3 * column + 11 * channel + row * column * (number + 1)) % 256).astype(np.uint8)
    embedder = embedder_of(model)
    assert embedder.digest == expected["digest"]
    np.testing.assert_allclose(embedder(chips), expected["vectors"], atol=1e-4)


def test_a_transfer_run_keeps_its_cells_and_rows(copied):
    """The plan, the scores of every cell and the table are read; the folder is accepted as that configuration's."""
    expected = EXPECTED["transfer_run"]
    folder = copied("transfer_run")
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))

    results = Results(folder, document["configuration"])

    assert document["configuration"]["data"] == expected["data_digest"]
    assert document["complete"]
    plan = read_plan(document["plan"])
    assert len(plan.cells) == expected["planned"] == len(expected["cells"])
    for wanted in expected["cells"]:
        outcome = results.load(wanted["key"])
        assert outcome is not None
        assert outcome.cell == Cell(**wanted["cell"])
        assert list(outcome.scores.shape) == wanted["photos"]
        assert digest_of(outcome.scores) == wanted["scores_sha256"]
        assert outcome.scores[0].tolist() == wanted["first"]
        assert (outcome.weights, outcome.train_photos, outcome.parameters, len(outcome.history)) == (
            wanted["weights"],
            wanted["train_photos"],
            wanted["parameters"],
            wanted["epochs"],
        )
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == expected["rows"]
    renamed = {"seconds": "alone_seconds", "params": "parameters"}
    assert {renamed.get(name, name) for name in rows[0]} <= set(COLUMNS)
    assert sorted(json.loads((folder / "report.json").read_text(encoding="utf-8"))) == expected["report_keys"]


def counts_of(document):
    """The headline counts of an audit document, in the words of expected.json."""
    names = ["genuine", "false_non_matches", "impostor", "false_matches", "comparisons"]
    # What version 1 called failures to acquire are comparisons without a score: one failed photo is in several.
    unscored = "without_score" if "without_score" in document["overall"] else "failures_to_acquire"

    def counts(found):
        return {name: found[name] for name in names} | {"failures_to_acquire": found[unscored]}

    return {
        "format": document["format"],
        "threshold": document["threshold"]["value"],
        "subjects": document["overall"]["subjects"],
        "overall": counts(document["overall"]),
        "groups": {
            group["group"]: {"subjects": group["subjects"], **counts(group)} for group in document["groups"]["group"]
        },
    }


def test_an_audit_document_says_what_an_audit_of_the_same_table_says(model_folder):
    """Its counts are those expected, those of an audit of the table today, and it can be put on a model's card."""
    expected = {name: value for name, value in EXPECTED["audit"].items() if name != "files"}
    document = json.loads((VERSION1 / "audit" / "audit.json").read_text(encoding="utf-8"))
    audit = audit_verification(tables.read(VERSION1 / "scores.csv"), by=("group",), at=AtFmr(0.05), replicates=0)

    assert counts_of(document) == expected
    today = counts_of(verification_document(audit, verdict={}))
    assert today == {**expected, "format": FORMAT}
    assert sorted(path.name for path in (VERSION1 / "audit").iterdir()) == EXPECTED["audit"]["files"]
    assert attach_audit(model_folder, VERSION1 / "audit" / "audit.json").audit == document
