"""The card that stands in the page before its scripts do, and how they take it over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from tests.client import Account
from tests.page.person import Person, log_in, sign_in
from tests.page.report.stage import PHONE
from tests.running import PASSWORD, Server

Someone = Callable[..., Person]

LOOK = """() => [...document.querySelectorAll(".card, .card h1, .card p, .card label, .card input,"
    + ".card button, .door-foot, .door-foot button")].map((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const { color, fontWeight } = getComputedStyle(element);
    return [element.localName, element.innerText, x, y, width, height, color, fontWeight];
})"""


@contextmanager
def without_scripts(person: Person, path: str = "") -> Iterator[None]:
    """The page, up to the end of the block as it is before its module has come."""
    held: list[Route] | None = []

    def hold(route: Route) -> None:
        if held is None:
            route.continue_()
        else:
            held.append(route)

    person.page.route("**/js/main.js", hold)
    person.page.goto(person.url + path, wait_until="commit")
    expect(person.page.locator("[type=module]")).to_have_count(1)
    yield
    waiting, held = held, None
    for route in waiting:
        route.continue_()


def taken_over(page: Page) -> None:
    """By the view, which draws the icon of the theme's button."""
    expect(page.locator(".door-foot use")).to_have_count(1)


@pytest.mark.parametrize("window", [{}, {"viewport": PHONE}], ids=["laptop", "phone"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_nothing_moves_when_the_scripts_come(
    someone: Someone, locale: str, window: dict[str, object]
) -> None:
    ann = someone("ann", locale=locale, **window)
    with without_scripts(ann):
        expect(ann.page.locator("[name=user_name]")).to_be_focused()
        before = ann.page.evaluate(LOOK)
        assert len(before) > 10
    taken_over(ann.page)
    assert ann.page.evaluate(LOOK) == before


def test_what_was_typed_and_the_place_in_it_stay(someone: Someone) -> None:
    ann = someone("ann")
    with without_scripts(ann):
        ann.page.keyboard.type("anna")
        ann.page.keyboard.press("ArrowLeft")
        ann.page.locator("[name=password]").fill(PASSWORD)
        ann.page.locator("[name=user_name]").focus()
        ann.page.evaluate("addEventListener('focusout', () => { window.left = true; })")
    taken_over(ann.page)
    assert not ann.page.evaluate("window.left")
    ann.page.keyboard.type("nn")
    expect(ann.page.locator("[name=user_name]")).to_have_value("annnna")
    expect(ann.page.locator("[name=password]")).to_have_value(PASSWORD)


def test_what_was_pressed_too_early_is_done_when_it_can_be(
    someone: Someone, server: Server
) -> None:
    account = Account.new(server)
    ann = someone("ann")
    with without_scripts(ann):
        ann.page.locator("[name=user_name]").fill(account.name)
        ann.page.locator("[name=password]").fill(PASSWORD)
        ann.page.keyboard.press("Enter")
        assert ann.page.url == f"{ann.url}/"
    ann.signed_in()
    bo = someone("bo")
    with without_scripts(bo):
        bo.page.get_by_role("tab").nth(1).click()
        bo.page.locator("[name=user_name]").fill("b")
        bo.page.locator("[name=password]").fill("short")
        bo.page.keyboard.press("Enter")
    expect(bo.page.locator("[name=nickname]")).to_be_visible()
    expect(bo.page.locator("#note-user_name")).to_have_text("A name has 2 to 32 characters.")
    expect(bo.page.locator("#note-password")).to_contain_text("8 to 128")


def test_the_card_is_not_shown_to_who_is_signed_in(someone: Someone, server: Server) -> None:
    ann = someone("ann")
    sign_in(ann.page, Account.new(server))
    with without_scripts(ann):
        expect(ann.page.locator(".splash .logo")).to_be_visible()
        expect(ann.page.locator(".card")).to_be_hidden()
    ann.signed_in()
    expect(ann.page.locator(".card")).to_have_count(0)


def test_where_the_session_has_ended_meanwhile_the_card_comes(
    someone: Someone, server: Server
) -> None:
    ann = someone("ann")
    account = Account.new(server)
    sign_in(ann.page, account)
    ann.page.context.clear_cookies(name="token")
    ann.open()
    expect(ann.page.locator("[name=user_name]")).to_be_focused()


def test_a_card_that_does_not_come_is_asked_for_again(someone: Someone, server: Server) -> None:
    ann = someone("ann")
    sign_in(ann.page, Account.new(server))
    ann.page.context.clear_cookies(name="token")
    ann.page.route("**/js/views/signin.js", lambda route: route.abort())
    ann.open()
    expect(ann.page.locator(".splash")).to_contain_text("cannot be reached")
    ann.page.unroute("**/js/views/signin.js")
    expect(ann.page.locator("[name=user_name]")).to_be_focused()


def test_a_session_of_which_only_the_cookie_is_left_is_found_in_the_end(
    someone: Someone, server: Server
) -> None:
    ann = someone("ann", url="about:blank")
    log_in(ann.page.context, Account.new(server))
    ann.page.route("**/api/user/me", lambda route: route.abort(), times=1)
    ann.page.goto(server.url)
    expect(ann.page.locator(".card")).to_be_visible()
    ann.signed_in()


def test_what_was_asked_before_somebody_else_signs_in_is_not_heeded(
    someone: Someone, server: Server
) -> None:
    ann, bo = Account.new(server, nickname="Ann"), Account.new(server, nickname="Bo")
    at_one_browser = someone("both", url="about:blank")
    page = at_one_browser.page
    log_in(page.context, ann)
    held: list[Route] = []
    page.route("**/api/user/me", lambda route: held.append(route), times=1)
    page.goto(server.url)
    at_one_browser.name = bo.name
    at_one_browser.sign_in()
    at_one_browser.signed_in()
    [first] = held
    me = {"status": 200, "msg": "", "error": "", "data": ann.call("GET", "/api/user/me").data}
    with page.expect_response("**/api/user/me"):
        first.fulfill(json=me)
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    at_one_browser.connected()
    expect(page.locator(".me-name")).to_have_text("Bo")
