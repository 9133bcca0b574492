"""The headline: one rule for the terminal and the page, and what is said where the question has no answer."""

import json
from dataclasses import replace

import pytest

from facerec.reporting import Callout
from facerec.transfer.cell_queue import Unmeasured
from facerec.transfer.cells import Cell
from facerec.transfer.headline import listed, of_1000, untried
from facerec.transfer.report import report_page, write_report
from facerec.transfer.verdict import judge


@pytest.mark.parametrize(
    ("right", "words"),
    [
        (
            {"linear": 90, "knn": 89},
            (
                "Linear probe: 750 of 1,000 photos named right; nothing else is shown to be better or worse; "
                "fine-tuning was not tried"
            ),
        ),
        (
            {"linear": 60, "fine-tune": 110},
            "Fine-tuning: 917 of 1,000 photos named right; all else that was compared is shown to be worse",
        ),
        (
            {"linear": 90, "fine-tune": 89, "knn": 40},
            "Linear probe: 750 of 1,000 photos named right; not shown to be better than fine-tuning",
        ),
        (
            {"knn": 90},
            "Nearest neighbours: 750 of 1,000 photos named right; linear probe and fine-tuning were not tried",
        ),
    ],
)
def test_it_names_the_highest_and_what_is_not_shown(make_bench_with, right, words):
    """Whatever is cheaper; the page has the same line, and the first row that stands out is that method's."""
    bench = make_bench_with({Cell("net", name, None, 0): (count, 0) for name, count in right.items()})
    findings = judge(bench)

    assert findings.headline == words
    assert report_page(bench, findings).title == words
    assert findings.unanswered is None


def test_a_cheaper_method_is_an_option_and_no_command(make_bench_with):
    """Neighbours take a tenth of the time and are not shown to be worse: named in words, and the headline stays."""
    made = make_bench_with({Cell("net", "linear", None, 0): (90, 0), Cell("net", "knn", None, 0): (89, 0)})
    slow, quick = made.measured.outcomes
    outcomes = (replace(slow, alone_seconds=30.0), replace(quick, alone_seconds=3.0))
    bench = replace(made, measured=replace(made.measured, outcomes=outcomes))
    findings = judge(bench)

    page = report_page(bench, findings)
    (steps,) = next(each for each in page.sections if each.title == "What to do").blocks

    assert findings.headline.startswith("Linear probe: 750")
    assert "**Highest: linear probe**" in steps.content
    assert "an option where time counts: nearest neighbours" in steps.content
    assert "Take" not in steps.content
    even = replace(bench, measured=replace(made.measured, outcomes=(replace(slow, alone_seconds=5.0), outcomes[1])))
    (steps,) = next(each for each in report_page(even, findings).sections if each.title == "What to do").blocks
    assert "option" not in steps.content


def test_what_is_shown_may_be_advised(make_bench_with):
    """Where all else is worse the highest is to be taken; a difference that is not shown is no advice against it."""
    right = {Cell("net", "linear", None, 0): (50, 0), Cell("net", "fine-tune", None, 0): (110, 0)}
    bench = make_bench_with(right)
    (steps,) = next(each for each in report_page(bench, judge(bench)).sections if each.title == "What to do").blocks
    assert steps.content.startswith("1) **Take fine\\-tuning**")

    bench = make_bench_with(dict.fromkeys(right, (100, 0)))
    (steps,) = next(each for each in report_page(bench, judge(bench)).sections if each.title == "What to do").blocks
    assert "**Whether fine-tuning pays is not shown** with all photos" in steps.content


def test_shots_and_methods_of_other_seeds_are_named(make_bench_with):
    """Where all photos were not learned from; and what shares no seed with the highest."""
    right = {Cell("net", "linear", 5, 0): (90, 0), Cell("net", "fine-tune", 5, 1): (60, 0)}

    found = judge(make_bench_with(right)).headline

    assert found == "Linear probe with 5 photos a class: 750 of 1,000 photos named right; not compared with fine-tuning"


LEFT = [Cell("net", "scratch", None, 0), Cell("net", "knn", 5, 0), Cell("net", "fine-tune", None, 0)]


@pytest.fixture
def unanswered(make_bench_with):
    """A linear probe in two minutes, and no time for fine-tuning."""
    made = make_bench_with({Cell("net", "linear", None, 0): (90, 0)})
    left = tuple(Unmeasured(cell, "late") for cell in LEFT)
    plan = replace(made.measured.plan, budget=120.0)
    return replace(made, measured=replace(made.measured, plan=plan, left_out=left, needed=500.0))


def test_that_there_is_no_answer_stands_at_the_top(unanswered, tmp_path):
    """With the budget that it takes, in whole minutes: first on the page, in Markdown before any number, in JSON."""
    findings = judge(unanswered)

    first = report_page(unanswered, findings).lead[0]
    written = write_report(unanswered, findings, tmp_path)

    assert isinstance(first, Callout)
    for part in ("The question is not answered", "In a budget of 2m", "no time for fine-tuning on all photos", "9m"):
        assert part in findings.unanswered.plain
    text = written.markdown.read_text(encoding="utf-8")
    assert text.index("not answered") < text.index("of 1,000 photos about")
    assert "not answered" in json.dumps(json.loads(written.json.read_text(encoding="utf-8"))["lead"][0])
    assert "fine-tuning was not tried" in findings.headline


def test_more_time_than_there_was_is_asked_for(unanswered):
    """Whatever is predicted, the same budget would not do; and a budget of seconds is told in seconds."""
    measured = replace(unanswered.measured, needed=30.0)
    assert "--budget 3m" in judge(replace(unanswered, measured=measured)).unanswered.plain
    short = replace(measured, plan=replace(measured.plan, budget=45.0))
    assert "In a budget of 45s" in judge(replace(unanswered, measured=short)).unanswered.plain


def test_what_was_not_tried_is_in_order(unanswered):
    """The most photos first, then as protocols are listed; rows for all photos, words below for fewer."""
    findings = judge(unanswered)
    assert untried(unanswered.measured, findings.summaries) == {
        None: ["fine-tuning", "training from scratch"],
        5: ["nearest neighbours"],
    }

    figure = report_page(unanswered, findings).lead[-1]

    rows = figure.drawings[0].rows
    assert [each.label for each in rows if each.said == "not tried"] == ["fine-tuning", "training from scratch"]
    assert "from 5 photos a class, nearest neighbours" in figure.caption


def test_words():
    """Half of one is one; names in a row."""
    assert [of_1000(share) for share in (0.0004, 0.0005, 0.7495, 1.0)] == ["0", "1", "750", "1,000"]
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
