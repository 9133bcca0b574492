"""The report of a transfer run in a real browser, and on paper."""

import pytest

from facerec.transfer.report import write_report
from facerec.transfer.verdict import judge
from tests.browsing import assert_loved, printed

pytestmark = pytest.mark.browser


def test_the_report_of_a_run_is_loved(browser, make_bench, tmp_path):
    """At every width, light and dark; warnings, drawings and photos among it; on paper without half-empty sheets."""
    bench = make_bench(warnings=("The photos are part of ImageNet.",))
    path = write_report(bench, judge(bench), tmp_path / "report").html

    assert_loved(browser, path)
    assert min(printed(browser, path, tmp_path / "report.pdf")[:-1]) > 2 / 3
