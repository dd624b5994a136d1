"""On a touch screen all that is pressed is as high as a fingertip, 44 px."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.page.design.gallery import served
from tests.page.fingers import SMALL

BOARDS = (
    "group single list empty menu details profile newgroup question deletion settings door".split()
)


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[tuple[Page, str]]:
    context = browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}, locale="en-GB"
    )
    page = context.new_page()
    page.clock.set_fixed_time("2026-03-04T12:10:00Z")
    with served() as url:
        yield page, url
    context.close()


@pytest.mark.parametrize("board", BOARDS)
def test_a_finger_finds_it(phone: tuple[Page, str], board: str) -> None:
    page, url = phone
    page.goto(f"{url}?board={board}")
    expect(page.locator(".board > *, dialog[open]").first).to_be_visible()
    page.evaluate("() => document.getAnimations().forEach((one) => one.finish())")
    small = page.evaluate(SMALL)
    assert small == [], "; ".join(small)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
