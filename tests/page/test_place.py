"""Where a thread opens, where the reader is led when he writes, and where the focus goes."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.client import Account
from tests.page.person import Person, numbered
from tests.page.test_outage import counted
from tests.running import Server

Someone = Callable[..., Person]

LOWEST = """() => {
    const lines = [...document.querySelectorAll(".log [data-seq]")];
    const shown = lines.filter((line) => line.getBoundingClientRect().top < innerHeight);
    return Math.max(...shown.map((line) => Number(line.dataset.seq)));
}"""
"""The seq of the lowest message on the screen."""


def test_more_unread_than_a_page_begins_where_the_reader_left_off(
    someone: Someone, server: Server
) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    bo.say(ann, "before")
    ann.say(bo, "yes")  # who writes has read
    for text in numbered(250, "new"):
        bo.say(ann, text)
    person = someone(account=ann)
    asked = counted(person.page)
    person.row.click()
    expect(person.page.locator(".new-line")).to_be_in_viewport()
    expect(person.bubbles.filter(has_text="new 1").first).to_be_in_viewport()
    pill = person.page.locator(".pill")
    expect(pill).to_contain_text("new messages")
    person.page.wait_for_timeout(500)  # it might go on loading by itself
    assert len(asked) <= 4
    shown = person.page.evaluate(LOWEST)
    assert bo.get("/api/conversations").data["conversations"][0]["peer_read_seq"] <= shown < 60
    pill.click()
    expect(person.bubbles.last).to_have_text("new 250")
    expect(person.bubbles.last).to_be_in_viewport()
    expect(person.badge).to_have_count(0)
    # The button is gone; keys go on from the thread.
    expect(person.page.locator(".scroller")).to_be_focused()


def test_what_i_send_from_far_above_is_shown_at_the_end(someone: Someone, server: Server) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    for text in numbered(200, "old"):
        ann.say(bo, text) if text == "old 1" else bo.say(ann, text)
    ann.say(bo, "an answer", reply_to=3)
    person = someone(account=ann)
    person.row.click()
    person.page.locator(".quote").click()
    expect(person.bubbles.filter(has_text="old 3").first).to_be_in_viewport()
    expect(person.bubbles.filter(has_text="old 200")).to_have_count(0)
    asked = counted(person.page)
    person.write("from far above")
    expect(person.bubbles.last).to_have_text("from far above")
    expect(person.bubbles.last).to_be_in_viewport()
    person.page.wait_for_timeout(500)  # it might go on loading by itself
    assert len(asked) <= 2
    expect(person.page.locator(".pill")).to_have_count(0)


def test_the_focus_stays_in_the_page_when_what_had_it_goes(
    someone: Someone, server: Server
) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    bo.say(ann, "hello")
    ann.say(bo, "mine")
    person = someone(account=ann)
    person.row.click()
    person.page.locator(".log .acts").nth(1).focus()
    person.page.keyboard.press("Enter")
    person.page.get_by_role("menuitem", name="Recall").press("Enter")
    expect(person.page.locator(".event.gone")).to_be_visible()
    expect(person.page.locator(".scroller")).to_be_focused()
    person.page.locator(".thread-head button").last.click()
    person.page.get_by_role("menuitem", name="Hide").click()
    expect(person.page.locator(".thread")).to_have_count(0)
    expect(person.page.locator(".rows")).to_be_focused()
