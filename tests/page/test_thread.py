"""Long threads: where the reader is, and what is loaded."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.page.person import Person

Someone = Callable[..., Person]

FILL = """async ([conv, count]) => {
    const headers = {"Content-Type": "application/json"};
    const send = (n) => {
        const content = `old ${n}` + "\\nmore".repeat(n % 3);
        const body = JSON.stringify({id: crypto.randomUUID(), content});
        return fetch(`/api/conversations/${conv}/messages`, {method: "POST", headers, body});
    };
    await Promise.all(Array.from({length: count - 1}, (_, n) => send(n + 1)));
    await send(count); // which is the last one
}"""


@pytest.fixture
def long(pair: tuple[Person, Person]) -> tuple[Person, Person]:
    """120 older messages of Bo's, which Ann has read."""
    ann, bo = pair
    conv = ann.page.evaluate("location.hash.slice(4)")
    bo.page.evaluate(FILL, [conv, 120])
    expect(ann.bubbles.last).to_contain_text("old 120")
    # Else a reload shows them all, as unread ones.
    expect(bo.last_mark).to_have_attribute("title", "Read")
    return ann, bo


def scroll_to(page: Page, top: int) -> None:
    page.locator(".scroller").evaluate("(box, top) => { box.scrollTop = top; }", top)


def test_older_pages_load_and_the_place_is_kept_to_the_pixel(long: tuple[Person, Person]) -> None:
    ann, _ = long
    ann.page.reload()
    expect(ann.bubbles.last).to_contain_text("old 120")
    before = ann.bubbles.count()
    assert before < 100
    # In one turn, so that no page can come between the measurement and the scroll.
    top = ann.page.evaluate("""() => {
        const box = document.querySelector(".scroller");
        box.scrollTop = 300;
        const lines = [...document.querySelectorAll(".line")];
        window.kept = lines.find((line) => line.offsetTop > box.scrollTop + 50);
        return window.kept.getBoundingClientRect().top;
    }""")
    expect(ann.bubbles).not_to_have_count(before)
    assert abs(ann.page.evaluate("window.kept.getBoundingClientRect().top") - top) < 1
    while (count := ann.bubbles.count()) < 122:
        scroll_to(ann.page, 0)
        expect(ann.bubbles).not_to_have_count(count)
    expect(ann.bubbles.first).to_have_text("hello")
    expect(ann.bubbles).to_have_count(122)


def test_the_view_sticks_to_the_bottom_only_there(long: tuple[Person, Person]) -> None:
    ann, bo = long
    away = "box => box.scrollHeight - box.clientHeight - box.scrollTop"
    box = ann.page.locator(".scroller")
    assert box.evaluate(away) < 2
    top = box.evaluate("box => (box.scrollTop -= 900)")
    bo.write("below")
    pill = ann.page.locator(".pill")
    expect(pill).to_have_text("1 new message")
    assert box.evaluate("box => box.scrollTop") == top
    expect(ann.page.locator(".rail .badge")).to_have_text("1")
    pill.click()
    expect(ann.bubbles.last).to_have_text("below")
    expect(pill).to_have_count(0)
    assert box.evaluate(away) < 2
    expect(ann.page.locator(".rail .badge")).to_have_count(0)


def test_it_opens_at_the_line_where_i_left_off(long: tuple[Person, Person]) -> None:
    ann, bo = long
    ann.page.goto(f"{ann.url}/#/")
    conv = bo.page.evaluate("location.hash.slice(4)")
    bo.page.evaluate(FILL, [conv, 40])
    expect(ann.badge).to_have_text("40")
    ann.row.click()
    line = ann.page.locator(".new-line")
    expect(line).to_be_in_viewport()
    expect(ann.page.locator(".pill")).to_contain_text("new messages")


def test_a_counter_near_the_limit_and_no_sending_above_it(pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    ann.box.fill("好" * 3_850)
    expect(ann.page.locator(".counter")).to_have_text("150")
    ann.box.fill("好" * 4_001)
    expect(ann.page.locator(".counter")).to_have_text("-1")
    expect(ann.page.get_by_role("button", name="Send")).to_be_disabled()
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator(".toast")).to_have_text(
        "A message has at most 4,000 characters: 1 too many."
    )
    expect(ann.box).to_have_value("好" * 4_001)
