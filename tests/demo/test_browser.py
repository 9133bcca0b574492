"""The page of a walk in a real browser."""

import pytest

from facerec.demo import Setting, users_photos, walk, write_page
from tests.browsing import assert_loved

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("no_package_photos")]


def test_the_page_of_a_walk_is_loved(browser, paint, recognizer, point, tmp_path):
    """Photos, tables and commands, at every width, light and dark."""
    for name, colour in (("ada1.png", (220, 30, 40)), ("ada2.png", (220, 30, 40)), ("grace.png", (40, 200, 30))):
        paint(name, colour)
    steps = list(walk(recognizer, users_photos(tmp_path / "photos")[0], tmp_path, at=point))

    assert_loved(browser, write_page(Setting("squares", point), steps, tmp_path).html)
