"""Reports of identification: rates with their counts, at whom errors end, and what other galleries would answer."""

import csv
import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest

from audits.gate.claims import Claim, Limit, Policy
from audits.gate.verdict import judge
from audits.identification.audit import audit_identification
from audits.identification.even_mix import even_mixes, proportional
from audits.identification.gallery_mix import fpir_from_fmr
from audits.report import Background, Run, write_report
from audits.report.identification.page import identification_report
from audits.report.identification.sentences import overall_searches, search_findings
from audits.statistics.families import Least
from facerec.reporting import Callout

RUN = Run(("facerec", "audit", "identification"), (), None, {"python": "3"})
COLUMNS = ["search", "probe_subject", "probe_gender", "candidate_subject", "score"]


def _world(women: int = 10, men: int = 30) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every search lists all; of 100 women who are not enrolled 40 resemble the woman f0, of 100 men 5 the man m0.

    Of the enrolled, every tenth woman and no man is missed.
    """
    gallery = [[f"{g}{n}", g] for g, size in (("f", women), ("m", men)) for n in range(size)]
    rows = []
    for group, found in (("f", 40), ("m", 5)):
        for number in range(100):
            who = f"out-{group}{number}"
            for person, _ in gallery:
                alike = person == f"{group}0" and number < found
                rows.append([who, who, group, person, 0.9 if alike else 0.1])
        for person, of in gallery:
            if of == group:
                seen = group == "m" or int(person[1:]) % 10
                rows.append([f"in-{person}", person, group, person, 0.95 if seen else 0.3])
    return pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(gallery, columns=["subject", "gender"])


@pytest.fixture(scope="module")
def world():
    """The tables above."""
    return _world()


@pytest.fixture(scope="module")
def audit(world):
    """Their audit by gender."""
    return audit_identification(*world, threshold=0.5, by=["gender"], least=Least(1, 1))


@pytest.fixture(scope="module")
def folder(audit, world, tmp_path_factory) -> Path:
    """Its report on disk."""
    path = tmp_path_factory.mktemp("identification") / "report"
    stated = Background("a watch list", "records", "a door", "operational")
    write_report(identification_report(audit, even_mixes(*world, audit), run=RUN, background=stated), path)
    return path


def _text(folder: Path) -> str:
    return (folder / "report.md").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_words_follow_the_interval(audit):
    """40 of 100 against 5 of 100 differ; 1 of 10 against 0 of 30 misses are not shown to."""
    fpir, fnir = (found.text.replace("\N{NO-BREAK SPACE}", " ") for found in search_findings(audit.groupings[0]))

    assert fpir.startswith("By gender, FPIR **differs** between groups: f 40 % (40 of 100;")
    assert "against m 5 % (5 of 100;" in fpir
    assert "8 times as often" in fpir
    assert "FNIR is **not shown, and not excluded**: f 10 % (1 of 10;" in fnir
    assert "fewer than 11.6 % (0 of 30)" in fnir
    assert "(45 of 200;" in overall_searches(audit).replace("\N{NO-BREAK SPACE}", " ")


def test_tables_hold_the_counts(folder):
    """Rates by group, contrasts and both confusions stand in tables for programs."""
    groups = {row["group"]: row for row in _rows(folder / "groups-gender.csv")}
    confusion = {
        (row["probe"], row["person found"]): (row["errors"], row["searches"])
        for row in _rows(folder / "false-positives-gender.csv")
    }

    assert [groups["f"][name] for name in ("people", "enrolled", "false positives", "misses")] == [
        "110", "10", "40", "1",
    ]  # fmt: skip
    assert confusion == {
        ("f", "f"): ("40", "100"), ("f", "m"): ("0", "100"), ("m", "f"): ("0", "100"), ("m", "m"): ("5", "100"),
    }  # fmt: skip
    contrasts = {row["rate"]: (row["group"], row["best group"]) for row in _rows(folder / "contrasts-gender.csv")}
    assert contrasts["FPIR"] == ("f", "m")


def test_other_galleries_by_hand(folder):
    """With 10 of 30 men the man m0 is met in one gallery of three; in the mix as it is there are 15, one of two."""
    document = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    mix = document["gallery_mix"]["gender"]
    men = next(row for row in mix["groups"] if row["group"] == "m")

    assert (mix["same_mix"], mix["even_mix"]) == ({"f": 5, "m": 15}, {"f": 10, "m": 10})
    assert men["measured"] == 0.05
    assert men["even_mix"]["value"] == pytest.approx(0.05 / 3)
    assert men["same_mix"]["value"] == pytest.approx(0.05 / 2)
    fmr = 0.05 / 30
    assert men["if_independent"] == pytest.approx(
        {f"times_{times}": fpir_from_fmr([0.0, fmr], [10 * times, 30 * times]) for times in (1, 10, 100)}
    )


def test_page_says_how_it_was_made(folder):
    """Both heat maps with their worst cell, the fixed gallery, what the auditor stated; nothing leaves the page."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    text = _text(folder)

    for said in ("hold the threshold and the gallery", "a door", "operational", "records", "Not meant for"):
        assert said in text
    assert "most for probes of f with f, 40 % of its non-mated searches" in page
    assert "f 400 of 1,000" in page
    assert not re.search(r'(src|href)="(?!#|data:image)', page)


def test_present_names_are_kept(folder):
    """What was in the document before there were reports is there under the same names."""
    document = json.loads((folder / "audit.json").read_text(encoding="utf-8"))

    assert {
        "format", "threshold", "gallery_size", "rank", "longest_list", "overall", "groups", "rank_one_confusion",
        "false_positive_confusion", "unmeasured", "unlabelled", "confidence", "verdict",
    } <= set(document)  # fmt: skip
    assert {"non_mated", "false_positives", "fpir", "mated", "misses", "fnir", "subjects"} <= set(document["overall"])


def test_the_verdict_comes_first(audit, world):
    """With a policy its verdict is the first thing that is said."""
    claim = Claim("few are found in vain", "search_rate", Limit("at_most", 0.2), rate="fpir", by="gender")
    verdict = judge(Policy("Gate", (claim,)), identification=audit)

    page = identification_report(audit, even_mixes(*world, audit), run=RUN, verdict=verdict).page

    assert isinstance(page.lead[0], Callout)
    assert page.lead[0].standing == "fail"


def test_what_cannot_be_asked_is_said(tmp_path):
    """Lists cut above the threshold, and a gallery of one group, give a sentence in place of a table."""
    table, gallery = _world(3, 3)
    cut = table[table["score"] > 0.5]
    audit = audit_identification(cut, gallery, threshold=0.5, by=["gender"])
    mixes = even_mixes(cut, gallery, audit)
    write_report(identification_report(audit, mixes, run=RUN), tmp_path)

    assert "Make longer lists of candidates" in mixes[0].reason
    assert "Make longer lists of candidates" in _text(tmp_path)
    women = gallery[gallery["gender"] == "f"]
    only = table[table["candidate_subject"].isin(women["subject"])]
    lone = audit_identification(only, women, threshold=0.5, by=["gender"])
    assert even_mixes(only, women, lone)[0].reason == "fewer than two groups are enrolled"


def test_nothing_measured_is_never_zero(tmp_path):
    """Without non-mated searches FPIR is not measured, is listed, and is null in the document."""
    table, gallery = _world(4, 4)
    mated = table[table["probe_subject"].isin(gallery["subject"])]
    audit = audit_identification(mated, gallery, threshold=0.5, by=["gender"])
    write_report(identification_report(audit, even_mixes(mated, gallery, audit), run=RUN), tmp_path)
    document = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))

    assert math.isnan(audit.fpir.value)
    assert document["overall"]["fpir"]["value"] is None
    assert "not measured, because there are no such searches: f: FPIR; m: FPIR" in _text(tmp_path)
    assert document["gallery_mix"]["gender"] == {"reason": "there are no non-mated searches of labelled people"}


def test_report_without_groups(world):
    """Without a grouping the rates of everybody are shown, and that nothing is said about groups."""
    audit = audit_identification(*world, threshold=0.5)

    page = identification_report(audit, (), run=RUN).page

    told, searches, *_ = (each for each in page.sections if each.place == "body")
    assert searches.title == "Searches"
    assert any("No grouping was asked for" in block.content for block in told.blocks)
    assert page.title == "Of 1,000 searches for people who are not enrolled about 225 find somebody"


def test_names_are_only_text(tmp_path):
    """A group whose name is markup stays a name in every file."""
    table, gallery = _world(3, 3)
    hostile = "<script>alert(1)</script>|$x_1$"
    table, gallery = table.replace({"probe_gender": {"f": hostile}}), gallery.replace({"gender": {"f": hostile}})
    audit = audit_identification(table, gallery, threshold=0.5, by=["gender"])

    write_report(identification_report(audit, even_mixes(table, gallery, audit), run=RUN), tmp_path)

    for name in ("report.html", "report.md"):
        assert "<script>" not in (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("sizes", "total", "parts"),
    [
        ({"a": 1, "b": 1, "c": 1}, 2, {"a": 1, "b": 1, "c": 0}),
        ({"a": 7, "b": 3}, 5, {"a": 4, "b": 1}),
        ({"a": 7, "b": 3}, 10, {"a": 7, "b": 3}),
    ],
)
def test_whole_people_in_proportion(sizes, total, parts):
    """Parts are whole, add up, and ties go by the name."""
    assert proportional(sizes, total) == parts
