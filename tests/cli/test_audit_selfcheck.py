"""``facerec audit selfcheck``: its lines, its document and its exit status."""

import hashlib

import pytest

from audits.checks import published_counts


@pytest.fixture(autouse=True)
def no_folder_of_data(monkeypatch):
    """What the environment names plays no part, unless a test says so."""
    monkeypatch.delenv("FACEREC_DATA", raising=False)


def test_lines(facerec):
    """One line per check, with what was expected and what was found, and the totals last."""
    outcome = facerec("audit", "selfcheck")

    *lines, last = outcome.out.splitlines()
    assert (outcome.status, outcome.err) == (0, "")
    assert {line[:8] for line in lines} == {"passed  ", "skipped "}
    assert "passed  Gender Shades, darker,female: errors and faces: expected 94 271, found 94 271" in lines
    assert "passed  Gender Shades, darker,male: error rate in %: expected 12 ± 0.06, found 11.94969" in lines
    assert "passed  a group without errors: gini of FNMR: expected not defined, found not defined" in lines
    assert "passed  groups that are alike: not measured: expected nothing, found nothing" in lines
    assert (
        "skipped 4,000 pairs: false matches and impostor pairs: expected 0 1952, no folder of data was given" in lines
    )
    assert last == f"{len(lines) - 9} passed, 0 failed, 9 skipped"


def test_document(facerec):
    """The document holds every check with its source, and numbers as numbers."""
    document = facerec("audit", "selfcheck", "--json").document

    checks = {check["name"]: check for check in document["checks"]}
    assert (document["passed"], document["failed"], document["skipped"]) == (len(checks) - 9, 0, 9)
    assert checks["BFW, AF: rank-1 errors and searches"] == {
        "name": "BFW, AF: rank-1 errors and searches",
        "source": published_counts.BFW_SOURCE,
        "status": "passed",
        "expected": [315, 2500],
        "found": [315, 2500],
        "tolerance": 0.0,
        "reason": "",
    }
    assert checks["a group without errors: max_min_ratio of FMR"]["found"] == "infinite"
    assert checks["4,000 pairs: SHA-256 of the file"]["found"] is None


def test_a_check_that_fails(facerec, monkeypatch):
    """Exit status 1, and the line says which number; the document says the same."""
    monkeypatch.setattr(published_counts, "BFW_ERRORS", (316, *published_counts.BFW_ERRORS[1:]))

    outcome, in_json = facerec("audit", "selfcheck"), facerec("audit", "selfcheck", "--json")

    assert (outcome.status, in_json.status) == (1, 1)
    assert "failed  BFW, AF: rank-1 errors and searches: expected 316 2500, found 315 2500\n" in outcome.out
    assert outcome.out.endswith(" 1 failed, 9 skipped\n")
    assert in_json.document["failed"] == 1


def test_the_folder_of_data(facerec, monkeypatch, tmp_path):
    """It comes from the option or from the environment; a table that is not the published one fails."""
    path = tmp_path / published_counts.FACE_PAIRS_FILE
    path.parent.mkdir()
    path.write_bytes(b"another table")
    digest = hashlib.sha256(b"another table").hexdigest()

    by_option = facerec("audit", "selfcheck", "--data", tmp_path)
    monkeypatch.setenv("FACEREC_DATA", str(tmp_path))
    by_environment = facerec("audit", "selfcheck")

    assert by_option.status == 1
    assert f"expected {published_counts.FACE_PAIRS_SHA256}, found {digest}\n" in by_option.out
    assert by_environment == by_option


def test_a_folder_that_is_none(facerec, tmp_path):
    """An error is status 2 and one line."""
    outcome = facerec("audit", "selfcheck", "--data", tmp_path / "absent")

    assert outcome.status == 2
    assert outcome.err == f"facerec: error: {tmp_path / 'absent'}: there is no such folder\n"
