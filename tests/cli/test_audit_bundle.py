"""``facerec audit verify``, ``print`` and ``--one-page``: reports that are signed, checked, run again, printed."""

import json
import shutil
from pathlib import Path

import pytest

from facerec.reporting.paper import PROGRAMS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Every tenth of the published scores."""
    lines = (ROOT / "data/lfw/scores.csv").read_text("utf-8").splitlines(keepends=True)
    path = tmp_path_factory.mktemp("tables") / "scores.csv"
    path.write_text("".join([lines[0], *lines[1::10]]), "utf-8")
    return path


@pytest.fixture
def bundle(facerec, table, tmp_path):
    """A report of it, with one sheet."""
    words = "--by", "gender", "--at-fmr", "0.02", "--replicates", "20", "--one-page"
    assert facerec("audit", "verification", table, *words, "--out", tmp_path / "report").status == 0
    return tmp_path / "report"


def test_a_bundle_is_whole_and_its_numbers_come_out_again(facerec, bundle, table):
    """With what it read given, under whatever name, the audit is run again and tells the same numbers."""
    moved = table.with_name("moved.csv")
    shutil.copyfile(table, moved)

    alone, again = facerec("audit", "verify", bundle), facerec("audit", "verify", bundle, "--with", moved, "--json")

    assert (alone.status, again.status) == (0, 0)
    assert "every file is as the manifest has it" in alone.out
    assert "scores.csv" in alone.out
    assert (again.document["intact"], again.document["recomputed"], again.document["differences"]) == (True, True, [])


def test_the_manifest_names_every_file_and_what_was_read(bundle):
    """By digests; the command line without the place that it wrote to, and the versions that computed."""
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))

    assert set(manifest["files"]) | {"manifest.json"} == {path.name for path in bundle.iterdir()}
    assert {"report.html", "one-page.html", "audit.json", "run.json"} <= set(manifest["files"])
    assert [each["name"] for each in manifest["inputs"]] == ["scores.csv"]
    assert not {"--out", "--one-page"} & set(manifest["command"])
    assert {"python", "facerec", "numpy"} <= set(manifest["versions"])


def test_a_changed_number_is_found(facerec, bundle, table):
    """In the file by its digest; where the manifest was changed with it, by running the audit again."""
    audit = bundle / "audit.json"
    document = json.loads(audit.read_text("utf-8"))
    document["overall"]["false_matches"] -= 1
    audit.write_text(json.dumps(document), "utf-8")
    (bundle / "report.md").unlink()
    (bundle / "note.txt").write_text("mine")

    outcome = facerec("audit", "verify", bundle)
    again = facerec("audit", "verify", bundle, "--with", table)

    assert outcome.status == 1
    for told in ("changed: audit.json", "missing: report.md", "not in the manifest: note.txt"):
        assert told in outcome.out
    assert again.status == 1
    assert "another number: overall.false_matches" in again.out


def test_another_table_is_refused(facerec, bundle, tmp_path):
    """What is given is known by its bytes, not by its name."""
    other = tmp_path / "scores.csv"
    other.write_text("genuine,score\n1,0.5\n")

    outcome = facerec("audit", "verify", bundle, "--with", other)

    assert outcome.status == 2
    assert "not given was scores.csv (scores, SHA-256" in " ".join(outcome.err.split())


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["facerec", "gallery", "purge"], "only audits are run again"),
        (["sh", "-c", "x"], "only audits are run again"),
        (["facerec", "audit", "verification", "scores.csv", "--junit=/x"], "writes nowhere"),
    ],
)
def test_a_manifest_runs_nothing_but_an_audit(facerec, bundle, table, command, told):
    """And writes nothing where it wants."""
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"command": command}), "utf-8")

    outcome = facerec("audit", "verify", bundle, "--with", table)

    assert outcome.status == 2
    assert told in " ".join(outcome.err.split())


@pytest.mark.parametrize("content", [None, "{", "[]", '{"format": "other"}', '{"format": 1, "files": []}'])
def test_what_is_no_bundle_is_said(facerec, tmp_path, content):
    """In one line, with what to give."""
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)

    outcome = facerec("audit", "verify", tmp_path)

    assert outcome.status == 2
    assert "manifest" in outcome.err
    assert "Traceback" not in outcome.err


def test_an_earlier_reports_drawings_and_sheet_go(facerec, bundle, table):
    """What is written again without them holds none of them, and nothing else is touched."""
    (bundle / "report-figure-99.svg").write_text("old")
    (bundle / "mine.txt").write_text("mine")

    facerec("audit", "verification", table, "--at-fmr", "0.02", "--replicates", "0", "--out", bundle)

    names = {path.name for path in bundle.iterdir()}
    assert "report-figure-99.svg" not in names
    assert "one-page.html" not in names
    assert "mine.txt" in names


def test_one_page_is_a_page_of_a_report(facerec, table):
    """Without --out there is none."""
    outcome = facerec("audit", "verification", table, "--at-fmr", "0.02", "--one-page")

    assert outcome.status == 2
    assert "add --out DIR" in outcome.err


def test_without_a_browser_printing_says_what_to_install(facerec, bundle, monkeypatch):
    """An error in one line."""
    monkeypatch.setenv("PATH", "")

    outcome = facerec("audit", "print", bundle / "report.html")

    assert outcome.status == 2
    assert "install Chromium" in " ".join(outcome.err.split())


def test_pages_that_are_not_there_are_said(facerec, bundle, tmp_path, monkeypatch):
    """And two pages have no single PDF."""
    for page, more in ((tmp_path / "no.html", ()), (tmp_path / "none", ()), (bundle, ("--out", tmp_path / "x.pdf"))):
        outcome = facerec("audit", "print", page, *more)
        assert outcome.status == 2
        assert "Traceback" not in outcome.err


@pytest.fixture
def prints(monkeypatch):
    """A browser that prints nothing but that it was there."""
    from facerec.reporting import paper

    monkeypatch.setattr(paper.shutil, "which", lambda _: "browser")

    def run(command, **_):
        target = next(word for word in command if word.startswith("--print-to-pdf=")).partition("=")[2]
        Path(target).write_bytes(b"%PDF-1.7 printed\n%%EOF\n")

    monkeypatch.setattr(paper.subprocess, "run", run)


def test_a_pdf_of_a_whole_report_gets_into_its_manifest(facerec, bundle, table, prints):
    """Printed before it is signed, and again; only pages of this program; the next report takes its PDFs away."""
    (bundle / "notes.html").write_text("<p>of somebody's</p>")

    printed, again = facerec("audit", "print", bundle), facerec("audit", "print", bundle)
    checked = facerec("audit", "verify", bundle, "--json").document

    assert (printed.status, again.status) == (0, 0)
    assert "sign it after this, not before: one-page.pdf, report.pdf" in printed.out
    assert (checked["intact"], checked["added"]) == (True, ["notes.html"])
    assert {"report.pdf", "one-page.pdf"} <= set(json.loads((bundle / "manifest.json").read_text("utf-8"))["files"])
    facerec("audit", "verification", table, "--at-fmr", "0.02", "--replicates", "0", "--out", bundle)
    assert not list(bundle.glob("*.pdf"))


@pytest.mark.parametrize("how", ["signed", "changed"])
def test_a_manifest_that_was_signed_or_is_broken_stays_as_it_is(facerec, bundle, prints, how):
    """The PDF is made, and said to be outside of the signature, as is by `verify`."""
    if how == "signed":
        (bundle / "manifest.json.sig").write_text("signature")
    else:
        (bundle / "report.md").write_text("another")
    before = (bundle / "manifest.json").read_bytes()

    printed, checked = facerec("audit", "print", bundle / "report.html"), facerec("audit", "verify", bundle)

    assert printed.status == 0
    assert "report.pdf: not in manifest.json, and outside of a signature over it" in printed.err
    assert "print before you sign" in printed.err or "is not as it was written" in printed.err
    assert (bundle / "manifest.json").read_bytes() == before
    assert "not in the manifest: report.pdf" in checked.out
    assert "what is not in the manifest is outside of a signature over it" in checked.out


@pytest.mark.browser
def test_pages_are_printed(facerec, bundle, tmp_path):
    """All of a folder beside them, or one wherever it is asked for; the sheet for who decides is one."""
    if not any(map(shutil.which, PROGRAMS)):
        pytest.skip("no Chromium here: install the package chromium to run this")
    import pypdfium2

    assert facerec("audit", "print", bundle).status == 0
    assert facerec("audit", "print", bundle / "one-page.html", "--out", tmp_path / "d.pdf").status == 0

    for path, count in ((bundle / "one-page.pdf", 1), (tmp_path / "d.pdf", 1)):
        with pypdfium2.PdfDocument(path) as document:
            assert len(document) == count
            assert "What to do" in document[0].get_textpage().get_text_bounded()
    with pypdfium2.PdfDocument(bundle / "report.pdf") as document:
        assert 1 < len(document) <= 6
