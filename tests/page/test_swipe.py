"""A message is answered by drawing it to the left."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.page.fingers import Fingers
from tests.page.person import Person

Someone = Callable[..., Person]

COME = "performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/swipe.js'))"
"""The script has come, which does not come with the first load."""


def test_a_swipe_to_the_left_answers_and_a_short_one_or_a_scroll_does_not(
    pair: tuple[Person, Person], someone: Someone
) -> None:
    ann, bo = pair
    phone = someone("bo", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    phone.name = bo.name
    phone.sign_in()
    phone.row.tap()
    fingers = Fingers(phone.page)
    phone.page.wait_for_function(COME)
    line = phone.page.locator(".line.theirs")
    box = line.locator(".bubble").bounding_box()
    assert box
    x, y = box["x"] + 40, box["y"] + 12

    def swipe(*steps: tuple[int, int]) -> None:
        fingers.draw(*((x + 60 + dx, y + dy) for dx, dy in ((0, 0), *steps)))

    quote = phone.page.locator(".replying")
    swipe((-20, 0), (-40, 2))
    swipe((-5, 40), (-80, 90))
    swipe((40, 0), (90, 0))
    expect(line).not_to_have_class("drawn")
    expect(quote).to_have_count(0)
    swipe((-20, 2), (-50, 4), (-90, 5))
    expect(quote).to_contain_text("hello")
    expect(phone.box).to_be_focused()
    phone.page.keyboard.type("hello yourself")
    phone.page.keyboard.press("Enter")
    expect(ann.page.locator(".line.theirs .quote")).to_contain_text("hello")
