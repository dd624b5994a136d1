"""Where a thread opens, where the reader is led when he writes, and where the focus goes."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.client import Account
from tests.grouped import Group
from tests.page.person import Person, numbered
from tests.page.test_outage import HISTORY, counted
from tests.running import Server

Someone = Callable[..., Person]

LOWEST = """() => {
    const lines = [...document.querySelectorAll(".log [data-seq]")];
    const shown = lines.filter((line) => line.getBoundingClientRect().top < innerHeight);
    return Math.max(...shown.map((line) => Number(line.dataset.seq)));
}"""
"""The seq of the lowest message on the screen."""

GAP = """async (box) => {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    return box.scrollHeight - box.scrollTop - box.clientHeight;
}"""
"""What of the thread is below the screen, px, once all is drawn."""


def at_the_end(someone: Someone, server: Server, count: int) -> Person:
    """Ann at the end of so many messages of hers, behind Bo's word."""
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    bo.say(ann, "hello")
    for text in numbered(count, "old"):
        ann.say(bo, text)
    person = someone(account=ann)
    person.row.click()
    expect(person.bubbles.last).to_be_in_viewport()
    return person


def test_more_unread_than_a_page_begins_where_the_reader_left_off(
    someone: Someone, server: Server
) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    bo.say(ann, "before")
    ann.say(bo, "yes")  # who writes has read
    for text in numbered(250, "new"):
        last = bo.say(ann, text)
    person = someone(account=ann)
    asked = counted(person.page)
    person.row.click()
    expect(person.page.locator(".new-line")).to_be_in_viewport()
    expect(person.bubbles.filter(has_text="new 1").first).to_be_in_viewport()
    pill = person.page.locator(".pill")
    expect(pill).to_contain_text("new messages")
    expect(person.row.locator(".badge")).to_have_text("99+")
    person.page.wait_for_timeout(500)  # it might go on loading by itself
    assert len(asked) <= 4
    shown = person.page.evaluate(LOWEST)
    read = bo.get("/api/conversations").data["conversations"][0]["peer_read_seq"]
    assert read <= shown < 60
    expect(pill).to_have_text(f"{last - read} new messages")
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


def test_who_comes_from_the_search_has_read_nothing_on_the_way(
    someone: Someone, server: Server
) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    bo.say(ann, "a needle")
    ann.say(bo, "in the hay")
    for text in numbered(60, "read"):
        bo.say(ann, text)
    ann.say(bo, "yes")
    for text in numbered(120, "new"):
        bo.say(ann, text)

    def read() -> int:
        seq: int = bo.get("/api/conversations").data["conversations"][0]["peer_read_seq"]
        return seq

    before = read()
    person = someone(account=ann)
    person.connected()
    person.page.locator("[type=search]").fill("needle")
    person.page.locator(".rail .row.said").click()
    expect(person.bubbles.first).to_have_text("a needle")
    expect(person.bubbles.first).to_be_in_viewport()
    pill = person.page.locator(".pill")
    expect(pill).to_have_text("120 new messages")
    person.page.wait_for_timeout(500)  # for what it should not tell
    assert read() == before
    pill.click()
    expect(person.bubbles.last).to_have_text("new 120")
    expect(person.badge).to_have_count(0)


def test_on_a_phone_nothing_is_read_behind_the_details(someone: Someone, server: Server) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    group = Group.of(bo, ann, name="Lunch")
    phone = someone(account=ann, viewport={"width": 360, "height": 740}, has_touch=True)
    phone.row.click()
    phone.page.locator(".who").click()
    expect(phone.page.locator(".details .member")).to_have_count(2)
    bo.post(f"/api/conversations/{group.conv}/messages", content="while he looks away")
    phone.page.go_back()
    expect(phone.bubbles).to_have_text(["while he looks away"])
    expect(phone.bubbles).to_be_in_viewport()
    phone.page.locator(".who").click()
    bo.post(f"/api/conversations/{group.conv}/messages", content="and again")
    expect(phone.bubbles).to_have_count(2)
    listed = ann.get("/api/conversations").data["conversations"][0]
    assert listed["unread"] == 1


def test_what_is_new_is_marked_below_an_event_of_my_own(someone: Someone, server: Server) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    group = Group.of(ann, bo, name="Lunch")
    for text in numbered(60, "new"):
        bo.post(f"/api/conversations/{group.conv}/messages", content=text)
    person = someone(account=ann)
    person.row.click()
    expect(person.page.locator(".new-line")).to_be_in_viewport()
    expect(person.bubbles.first).to_be_in_viewport()
    expect(person.page.locator(".pill")).to_contain_text("new messages")


def test_the_end_stays_in_sight_while_the_box_grows_by_lines(
    someone: Someone, server: Server
) -> None:
    person = at_the_end(someone, server, 40)
    person.box.click()
    for _ in range(3):
        for _ in range(5):
            person.page.keyboard.press("Shift+Enter")
        assert person.page.locator(".scroller").evaluate(GAP) < 2
        person.box.fill("")


def test_an_address_that_leads_nowhere_says_so(someone: Someone, server: Server) -> None:
    person = someone(account=Account.new(server, nickname="Ann"))
    person.page.goto(f"{server.url}/#/c/999998:999999")
    expect(person.page.locator(".nobody-card")).to_be_visible()
    expect(person.page.locator(".thread")).to_have_count(0)
    for path in ("g999999", "g999998/info"):
        person.page.goto(f"{server.url}/#/c/{path}")
        expect(person.page.locator(".toast")).to_have_text("You are not in this group.")
        expect(person.page.locator(".nobody-card")).to_be_visible()
        expect(person.row).to_have_count(0)
        expect(person.page.locator(".toast")).to_have_count(0)
    person.page.goto("about:blank")
    person.page.goto(f"{server.url}/#/c")
    expect(person.page.locator(".nobody-card")).to_be_visible()


def test_an_address_names_two_people_in_any_order(someone: Someone, server: Server) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    ann.say(bo, "hello")
    person = someone(account=ann)
    person.page.goto(f"{server.url}/#/c/{bo.uid}:{ann.uid}")
    person.sees("hello")
    expect(person.page.locator(".rail button.row")).to_have_count(1)


def test_the_message_at_the_upper_edge_stays_when_older_ones_come(
    someone: Someone, server: Server
) -> None:
    person = at_the_end(someone, server, 200)
    held: list[Route] | None = []

    def hold(route: Route) -> None:
        route.continue_() if held is None else held.append(route)

    person.page.route(HISTORY, hold)
    with person.page.expect_request(HISTORY):
        person.page.locator(".scroller").evaluate("(box) => { box.scrollTop = 0; }")
    first = person.bubbles.first.inner_text()
    before = person.bubbles.count()
    waiting, held = held, None
    for route in waiting:
        route.continue_()
    expect(person.bubbles).not_to_have_count(before)
    person.page.wait_for_timeout(500)  # it might go on by itself
    expect(person.bubbles.filter(has_text=re.compile(f"^{first}$"))).to_be_in_viewport()
    assert person.bubbles.count() <= before + 30
