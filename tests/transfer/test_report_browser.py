"""The report of a transfer run in a real browser: what matters is shown, and nothing leaves the page."""

import pytest

from facerec.transfer.report import write_report
from facerec.transfer.verdict import judge

pytestmark = pytest.mark.browser


def test_the_browser_shows_what_matters_and_asks_for_nothing(browser, make_bench, tmp_path):
    """Warning, verdict, marks, drawings and photos stand in the page; only the file itself was loaded."""
    bench = make_bench(warnings=("The photos are part of ImageNet.",))
    path = write_report(bench, judge(bench), tmp_path / "report").html

    dom = browser(path, "--dump-dom")

    for text in ("part of ImageNet", "pre-training buys", "not distinguishable", "most frequent class"):
        assert text in dom
    assert dom.count('<img src="data:image/svg') >= 4
    assert dom.count('<img src="data:image/jpeg') == 6
    assert not browser.asked_the_network
