"""Two people in two browsers, with real keys."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Route, expect

from tests.page.person import Person, numbered

Someone = Callable[..., Person]
Pair = tuple[Person, Person]


def test_they_chat_and_one_reloads(someone: Someone) -> None:
    ann, bo = someone("ann").register("Ann"), someone("bo").register("Bo")
    ann.find(bo.name)
    ann.write("hello")
    bo.row.click()
    bo.write("hi")
    ann.write("how are you?", "你好 👋🏽")
    bo.sees("hello", "hi", "how are you?", "你好 👋🏽")
    bo.page.reload()
    bo.sees("hello", "hi", "how are you?", "你好 👋🏽")
    bo.write("fine")
    ann.sees("hello", "hi", "how are you?", "你好 👋🏽", "fine")


def test_unread_badge_title_and_read_mark(someone: Someone) -> None:
    ann, bo = someone("ann").register("Ann"), someone("bo").register("Bo")
    ann.find(bo.name)
    ann.write("one", "two", "three")
    expect(ann.last_mark).to_have_attribute("title", "Sent")
    expect(bo.badge).to_have_text("3")
    expect(bo.page).to_have_title("(3) Tornado IM")
    expect(bo.page.locator("link[rel=icon]")).to_have_attribute(
        "href", re.compile(r"/img/icon-unread\.svg$")
    )
    bo.row.click()
    expect(bo.badge).to_have_count(0)
    expect(bo.page).to_have_title("Tornado IM")
    expect(bo.page.locator(".new-line")).to_be_visible()
    expect(ann.last_mark).to_have_attribute("title", "Read")


def test_reading_in_one_tab_clears_the_other(pair: Pair, someone: Someone) -> None:
    ann, bo = pair
    other = someone("bo", context=bo.page.context)
    other.signed_in()
    bo.page.goto(f"{bo.url}/#/")
    ann.write("news")
    for tab in (bo, other):
        expect(tab.badge).to_have_text("1")
    bo.row.click()
    expect(other.badge).to_have_count(0)


def test_typing_is_told_and_goes_away(pair: Pair) -> None:
    ann, bo = pair
    ann.box.click()
    ann.page.keyboard.type("wait a moment", delay=200)
    expect(bo.page.locator(".who-status")).to_have_text("typing…")
    expect(bo.page.locator(".who-status")).to_have_text("Online")


def test_a_draft_survives_a_reload_and_shows_in_the_list(pair: Pair) -> None:
    ann, _ = pair
    ann.box.click()
    ann.page.keyboard.type("half a thought")
    ann.page.reload()
    expect(ann.box).to_have_value("half a thought")
    ann.page.goto(f"{ann.url}/#/")
    expect(ann.row).to_contain_text("Draft: half a thought")


def test_enter_sends_shift_enter_breaks_and_an_input_method_is_left_alone(pair: Pair) -> None:
    ann, bo = pair
    ann.box.click()
    ann.page.keyboard.type("two")
    ann.page.keyboard.press("Shift+Enter")
    ann.page.keyboard.type("lines")
    fire = """(box, init) => box.dispatchEvent(new KeyboardEvent("keydown",
        {key: "Enter", bubbles: true, cancelable: true, ...init}))"""
    ann.box.evaluate(fire, {"isComposing": True})
    ann.box.evaluate(fire, {"keyCode": 229})
    expect(ann.box).to_have_value("two\nlines")
    ann.page.keyboard.press("Enter")
    expect(bo.bubbles.last).to_have_text("two\nlines", use_inner_text=True)


def test_links_emoji_markup_and_long_words(pair: Pair) -> None:
    ann, bo = pair
    ann.write(
        "(see https://example.com/a_(b)?c=[1]&d={e}).",
        "😂👍",
        "<img src=x onerror=alert(1)>",
        "w" * 300,
    )
    link = bo.page.locator(".words a")
    expect(link).to_have_attribute("href", "https://example.com/a_(b)?c=[1]&d={e}")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(bo.page.locator(".bubble.large .words")).to_have_text("😂👍")
    expect(bo.bubbles.nth(4)).to_have_text("<img src=x onerror=alert(1)>")
    assert bo.page.locator(".scroller").evaluate("box => box.scrollWidth <= box.clientWidth")


def test_reply_recall_and_edit_again(pair: Pair) -> None:
    ann, bo = pair
    bo.page.locator(".line.theirs .bubble").first.click(button="right")
    bo.page.get_by_role("menuitem", name="Reply").click()
    bo.write("to that")
    expect(ann.page.locator(".quote")).to_contain_text("hello")
    ann.page.locator(".line.mine .bubble").first.click(button="right")
    ann.page.get_by_role("menuitem", name="Recall").click()
    expect(ann.page.locator(".gone")).to_contain_text("You recalled a message")
    expect(bo.page.locator(".gone")).to_contain_text("Ann recalled a message")
    expect(bo.page.locator(".quote")).to_contain_text("Ann recalled a message")
    ann.box.fill("half a thought")
    ann.page.get_by_role("button", name="Edit again").click()
    expect(ann.box).to_have_value("hello")
    ann.page.keyboard.press("Escape")
    expect(ann.box).to_have_value("half a thought")
    ann.page.get_by_role("button", name="Edit again").click()
    ann.box.press("Enter")
    bo.sees("hi", "to that", "hello")
    expect(ann.box).to_have_value("half a thought")
    ann.page.get_by_role("button", name="Edit again").click()
    ann.box.fill("")
    ann.page.keyboard.press("Escape")
    expect(ann.box).to_have_value("half a thought")
    ann.page.get_by_role("button", name="Edit again").click()
    ann.box.fill("")
    ann.page.goto(f"{ann.url}/#/")
    expect(ann.row).to_contain_text("Draft: half a thought")
    ann.row.click()
    expect(ann.box).to_have_value("half a thought")


def test_another_name_and_another_day_are_seen_by_who_stays(pair: Pair) -> None:
    ann, bo = pair
    day = ann.page.locator(".day")
    expect(day).to_have_text("Today")
    assert bo.call("PATCH", "/api/user/me", {"nickname": "Bob"})["status"] == 200
    ann.page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=1))
    expect(day).to_have_text("Yesterday")
    bo.write("it is me")
    expect(ann.page.locator(".who-name")).to_have_text("Bob")
    expect(ann.row.locator(".row-name")).to_have_text("Bob")


def test_without_a_connection_nobody_is_said_to_be_here(pair: Pair) -> None:
    ann, bo = pair
    status = ann.page.locator(".who-status")
    expect(status).to_have_text("Online")
    ann.page.context.set_offline(True)
    expect(status).to_have_text(f"@{bo.name}")
    expect(ann.row.locator(".online-dot")).to_have_count(0)
    ann.page.context.set_offline(False)
    expect(status).to_have_text("Online")


def test_notes_to_myself(someone: Someone) -> None:
    ann = someone("ann").register()
    expect(ann.page.locator(".nobody")).to_contain_text("Find somebody, or create a group.")
    ann.page.get_by_role("button", name="My notes").click()
    expect(ann.page.locator(".hello")).to_have_text(
        "Keep texts, pictures and files here. Only you see them."
    )
    ann.write("buy tofu")
    expect(ann.last_mark).to_have_attribute("title", "Sent")
    expect(ann.row).to_contain_text("My notes")
    expect(ann.badge).to_have_count(0)
    ann.page.goto(f"{ann.url}/#/")
    expect(ann.page.locator(".nobody")).to_contain_text("Choose one on the left")


def test_a_fourth_message_to_a_stranger_waits_for_their_answer(someone: Someone) -> None:
    ann, bo = someone("ann").register("Ann"), someone("bo").register("Bo")
    ann.find(bo.name)
    ann.write(*numbered(4))
    expect(ann.page.locator(".trouble")).to_contain_text("as soon as they reply")
    bo.row.click()
    bo.sees(*numbered(3))
    bo.write("here I am")
    bo.sees(*numbered(3), "here I am", "message 4")
    ann.sees(*numbered(3), "here I am", "message 4")


def test_block_and_unblock(pair: Pair) -> None:
    ann, bo = pair
    bo.page.locator(".who").click()
    bo.page.get_by_role("dialog").get_by_role("button", name="Block").click()
    bo.page.get_by_role("button", name="Close").click()
    expect(bo.page.locator(".strip")).to_contain_text("You have blocked Ann")
    ann.write("are you there?")
    expect(ann.page.locator(".trouble")).to_contain_text("does not accept your messages")
    bo.page.locator(".strip").get_by_role("button", name="Unblock").click()
    expect(bo.page.get_by_text("Unblocked")).to_be_visible()  # the strip goes before the answer
    expect(bo.page.locator(".strip")).to_have_count(0)
    ann.page.locator(".trouble").get_by_role("button", name="Try again").click()
    bo.sees("hello", "hi", "are you there?")


@pytest.mark.parametrize(("act", "shown"), [("Pin", "Pinned"), ("Mute", "Muted")])
def test_the_other_tab_takes_it_over(pair: Pair, someone: Someone, act: str, shown: str) -> None:
    ann, _ = pair
    other = someone("ann", context=ann.page.context)
    expect(other.row).to_be_visible()
    ann.page.get_by_role("button", name="More").click()
    ann.page.get_by_role("menuitem", name=act, exact=True).click()
    expect(other.row.get_by_role("img", name=shown)).to_be_visible()


def test_grey_rows_hold_the_place_of_a_list_that_is_slow(pair: Pair) -> None:
    ann, _ = pair
    asked: list[Route] = []
    ann.page.route("**/api/conversations?*", lambda route: asked.append(route))
    ann.page.goto(f"{ann.url}/#/")
    with ann.page.expect_request("**/api/conversations?*"):
        ann.page.reload()
    expect(ann.page.locator(".rail .skeleton").first).to_be_visible()
    expect(ann.row).to_have_count(0)
    asked[0].continue_()
    ann.row.click()
    ann.sees("hello", "hi")


def test_on_a_phone_one_pane_and_the_way_back(pair: Pair, someone: Someone) -> None:
    ann, _ = pair
    phone = someone("ann", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    phone.name = ann.name
    phone.sign_in()
    phone.row.tap()
    expect(phone.page.locator(".rail")).to_be_hidden()
    phone.sees("hello", "hi")
    phone.page.get_by_role("button", name="Back").tap()
    expect(phone.page.locator(".rail")).to_be_visible()
    phone.row.tap()
    expect(phone.page.locator(".rail")).to_be_hidden()
    phone.page.go_back()
    expect(phone.page.locator(".rail")).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
