"""What cannot be loaded is said, left alone for a while, and there by itself once it can."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Page, Request, Route, WebSocketRoute, expect

from tests.client import Account
from tests.grouped import Group
from tests.page.person import Person, numbered
from tests.running import Server

Someone = Callable[..., Person]
Pair = tuple[Person, Person]

EDIT = 10
"""The type of the frame that changes a message."""
HISTORY = "**/messages?*"
MOST_REQUESTS = 4
"""In the two seconds in which a page that asks without a pause makes a hundred."""


def away(route: Route) -> None:
    route.fulfill(status=503, json={"status": 503, "msg": "", "data": None, "error": "unavailable"})


def counted(page: Page) -> list[str]:
    """The requests for pages of history from now on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/messages?" in request.url:
            asked.append(request.url)

    page.on("request", note)
    return asked


def test_older_messages_that_fail_are_not_asked_for_without_a_pause(
    someone: Someone, server: Server
) -> None:
    ann = Account.new(server, nickname="Ann")
    for text in numbered(90, "old"):
        ann.say(ann, text)
    page = someone(account=ann).page
    page.goto(f"{server.url}/#/c/{ann.uid}:{ann.uid}")
    expect(page.locator(".log .bubble").last).to_contain_text("old 90")
    page.route(HISTORY, away)
    asked = counted(page)
    page.locator(".scroller").evaluate("(box) => { box.scrollTop = 0; }")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.wait_for_timeout(2_000)  # for what it should not ask
    assert 1 <= len(asked) <= MOST_REQUESTS
    page.unroute(HISTORY)
    # By itself, and it goes on from there.
    expect(again).to_have_count(0)
    expect(page.locator(".log .bubble").filter(has_text="old 40")).to_be_attached()


def test_a_conversation_opened_in_an_outage_is_there_after_it(
    someone: Someone, server: Server
) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    bo.say(ann, "before")
    person = someone(account=ann)
    person.connected()
    person.page.route(HISTORY, lambda route: route.abort())
    person.row.click()
    expect(person.page.get_by_role("button", name="Try again")).to_be_visible()
    bo.say(ann, "meanwhile")
    # It does not stand alone, as if it were all.
    expect(person.row.locator(".row-preview")).to_contain_text("meanwhile")
    expect(person.bubbles).to_have_count(0)
    person.page.unroute(HISTORY)
    person.sees("before", "meanwhile")
    expect(person.badge).to_have_count(0)


def test_a_refused_change_takes_nothing_of_what_came_meanwhile(pair: Pair) -> None:
    ann, bo = pair
    waiting: list[Route] = []
    ann.page.route("**/api/conversations/*", lambda route: waiting.append(route))
    ann.page.locator(".thread-head button").last.click()
    with ann.page.expect_request("**/api/conversations/*"):
        ann.page.get_by_role("menuitem", name="Mute").click()
    ann.page.goto(f"{ann.url}/#/")
    expect(ann.row.get_by_role("img", name="Muted")).to_be_visible()
    bo.write("one", "two")
    expect(ann.badge).to_have_text("2")
    away(waiting[0])
    expect(ann.row.get_by_role("img", name="Muted")).to_have_count(0)
    expect(ann.row.locator(".row-preview")).to_contain_text("two")
    expect(ann.badge).to_have_text("2")


def test_a_search_that_could_not_be_asked_says_so_and_is_made_up_for(pair: Pair) -> None:
    ann, bo = pair
    bo.write("green tea")
    ann.sees("hello", "hi", "green tea")
    search = ann.page.locator("[type=search]")
    ann.page.context.set_offline(True)
    search.fill("green")
    said = ann.page.locator(".rail [role=status]")
    expect(said).to_have_text("The server cannot be reached.")
    ann.page.context.set_offline(False)
    expect(ann.page.locator(".rail .row.said")).to_have_count(1)
    expect(said).to_have_count(0)


def test_names_and_members_that_could_not_be_asked_for_come_later(
    someone: Someone, server: Server
) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    person = someone(account=ann)
    person.connected()
    names, listed = "**/api/users?*", "**/api/conversations?*"
    person.page.route(names, away)
    person.page.route(listed, away)
    with person.page.expect_response(names), person.page.expect_response(listed):
        bo.say(ann, "hi")
    expect(person.row).to_contain_text("hi")
    person.page.unroute(names)
    person.page.unroute(listed)
    expect(person.row.locator(".row-name")).to_have_text("Bo")
    group = Group.of(ann, bo, name="Lunch")
    person.page.route("**/api/groups/*", away)
    with person.page.expect_response("**/api/groups/*"):
        person.page.goto(f"{server.url}/#/c/{group.conv}/info")
    expect(person.page.locator(".details .spinner")).to_be_visible()
    person.page.unroute("**/api/groups/*")
    expect(person.page.locator(".member")).to_have_count(2)


def test_a_change_whose_answer_was_lost_is_over_once_it_is_seen(pair: Pair) -> None:
    ann, _ = pair
    ann.write("gren tea")
    ann.sees("hello", "hi", "gren tea")
    expect(ann.last_mark).to_have_attribute("title", "Read")
    ann.box.press("ArrowUp")
    expect(ann.box).to_have_value("gren tea")
    seq = 3
    conv = ann.page.evaluate("location.hash.slice(4)")
    ann.box.fill("green tea")
    path = f"/api/conversations/{conv}/messages/{seq}"
    ann.call("PATCH", path, {"content": "green tea"})
    ann.sees("hello", "hi", "green tea")
    expect(ann.page.locator(".editing")).to_have_count(0)
    expect(ann.box).to_have_value("")
    # It can be changed once more.
    ann.box.press("ArrowUp")
    expect(ann.page.locator(".editing")).to_be_visible()
    ann.box.fill("green tea!")
    ann.box.press("Enter")
    ann.sees("hello", "hi", "green tea!")


def test_a_change_on_its_way_is_shown_and_sent_once(pair: Pair) -> None:
    ann, _ = pair
    held: list[Callable[[], None]] = []

    def hold(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            if json.loads(frame)["type"] == EDIT:
                held.append(lambda: server.send(frame))
            else:
                server.send(frame)

        socket.on_message(pass_on)

    ann.page.route_web_socket("**/ws", hold)
    ann.page.reload()
    ann.write("gren tea")
    ann.sees("hello", "hi", "gren tea")
    expect(ann.last_mark).to_have_attribute("title", "Read")
    ann.box.press("ArrowUp")
    expect(ann.box).to_have_value("gren tea")
    ann.box.fill("green tea")
    ann.box.press("Enter")
    send = ann.page.locator(".send")
    expect(send).to_be_disabled()
    expect(send.locator(".spinner")).to_be_visible()
    ann.box.press("Enter")
    [give_on] = held
    give_on()
    ann.sees("hello", "hi", "green tea")
    expect(ann.box).to_have_value("")
    assert len(held) == 1


def test_a_group_whose_answer_was_lost_is_not_made_twice(pair: Pair) -> None:
    ann, _ = pair
    made: list[int] = []

    def lose(route: Route) -> None:
        made.append(route.fetch().status)
        route.abort()

    ann.page.route("**/api/groups", lose)
    ann.page.get_by_role("button", name="New group").click()
    dialog = ann.page.get_by_role("dialog", name="New group")
    dialog.locator("[name=name]").fill("Tea & cake")
    dialog.locator("[name=name]").press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("The server cannot be reached.")
    dialog.locator("[name=name]").press("Enter")
    expect(ann.page.locator(".who")).to_contain_text("Tea & cake")
    expect(dialog).to_have_count(0)
    assert made == [201]
    expect(ann.page.locator(".rail .row").filter(has_text="Tea & cake")).to_have_count(1)
