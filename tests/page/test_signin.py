"""The card at the door, and how a session ends."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.client import Account
from tests.faults.proxy import Proxy
from tests.operated import by_invitation, code
from tests.page.person import PASSWORD, Person
from tests.running import Server

Someone = Callable[..., Person]

LINE_SECONDS = 0.25
"""Of a slow line, in each direction."""

RULES = {
    "en-GB": ("A name has 2 to 32 characters.", "A password has 8 to 128 characters."),
    "zh-CN": ("用户名为 2 到 32 个字符。", "密码为 8 到 128 个字符。"),
}


@contextmanager
def slow_line(port: int) -> Iterator[Proxy]:
    """A line to a server that can be slow; Playwright's loop has this thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    proxy = Proxy(("127.0.0.1", port))
    asyncio.run_coroutine_threadsafe(proxy.listen(), loop).result()
    yield proxy
    asyncio.run_coroutine_threadsafe(proxy.close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize("locale", RULES)
def test_errors_stand_beside_their_field(someone: Someone, locale: str) -> None:
    ann = someone("ann", locale=locale)
    ann.page.get_by_role("tab").nth(1).click()
    ann.page.locator("[name=user_name]").fill("a")
    ann.page.locator("[name=password]").fill("short")
    ann.page.keyboard.press("Enter")
    name_rule, password_rule = RULES[locale]
    expect(ann.page.locator("#note-user_name")).to_have_text(name_rule)
    expect(ann.page.locator("#note-password")).to_have_text(password_rule)
    expect(ann.page.locator("[name=user_name]")).to_be_focused()


def test_the_servers_own_refusals_find_their_field(someone: Someone) -> None:
    ann = someone("ann").register()
    bo = someone("bo")
    bo.page.get_by_role("tab").nth(1).click()
    bo.page.locator("[name=user_name]").fill(ann.name)
    bo.page.locator("[name=password]").fill(PASSWORD)
    bo.page.keyboard.press("Enter")
    expect(bo.page.locator("#note-user_name")).to_have_text("This name is taken.")
    bo.page.get_by_role("tab").nth(0).click()
    bo.page.locator("[name=password]").fill("not the password")
    bo.page.keyboard.press("Enter")
    expect(bo.page.locator("#note-password")).to_have_text("The name or the password is wrong.")
    expect(bo.page.locator(".card .small-print")).to_contain_text("Forgot your password?")


def test_an_invitation_is_asked_for_where_it_is_needed(
    someone: Someone, servers: Callable[..., Server], tmp_path: Path
) -> None:
    admin = by_invitation(servers, tmp_path)
    ann = someone("ann", url=admin.server.url)
    ann.page.get_by_role("tab").nth(1).click()
    invite = ann.page.locator("[name=invite]")
    ann.page.locator("[name=user_name]").fill(ann.name)
    ann.page.locator("[name=password]").fill(PASSWORD)
    expect(invite).to_have_count(0)
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#note-invite")).to_have_text("Registering needs an invitation code.")
    expect(invite).to_be_focused()
    ann.page.keyboard.type("an old one")
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#note-invite")).to_have_text("This code is not valid any more.")
    invite.fill(code(admin, uses=1))
    ann.page.keyboard.press("Enter")
    ann.signed_in()


def test_a_closed_house_says_so(someone: Someone, servers: Callable[..., Server]) -> None:
    ann = someone("ann", url=servers(service_register="closed").url, locale="zh-CN")
    ann.page.get_by_role("tab").nth(1).click()
    ann.page.locator("[name=user_name]").fill(ann.name)
    ann.page.locator("[name=password]").fill(PASSWORD)
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("alert")).to_have_text("此处目前不开放注册。")


def test_a_common_password_is_refused_at_its_field(someone: Someone) -> None:
    ann = someone("ann")
    ann.page.get_by_role("tab").nth(1).click()
    ann.page.locator("[name=user_name]").fill(ann.name)
    ann.page.locator("[name=password]").fill("Password1")
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#note-password")).to_have_text(
        "This password is too common. Please choose another one."
    )


def test_password_managers_and_eyes(someone: Someone) -> None:
    page = someone("ann").page
    password = page.locator("[name=password]")
    expect(page.locator("[name=user_name]")).to_have_attribute("autocomplete", "username")
    expect(password).to_have_attribute("autocomplete", "current-password")
    page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("tab").nth(1).click()
    expect(password).to_have_attribute("autocomplete", "new-password")


def test_the_language_follows_the_browser_and_then_the_choice(someone: Someone) -> None:
    ann = someone("ann", locale="zh-CN")
    expect(ann.page.locator("[type=submit]")).to_have_text("登录")
    ann.page.get_by_role("button", name="English").click()
    expect(ann.page.locator("[type=submit]")).to_have_text("Sign in")
    ann.page.reload()
    expect(ann.page.locator("[type=submit]")).to_have_text("Sign in")


def test_a_reload_keeps_me_signed_in_and_the_page_never_sees_the_token(someone: Someone) -> None:
    ann = someone("ann").register()
    ann.page.reload()
    ann.signed_in()
    seen = ann.page.evaluate("document.cookie + JSON.stringify(localStorage)")
    assert "token" not in seen and "ey" + "J" not in seen


def test_signing_out_in_one_tab_signs_out_the_other(someone: Someone) -> None:
    ann = someone("ann").register()
    other = someone("ann", context=ann.page.context)
    other.signed_in()
    ann.page.get_by_role("button", name="Settings").last.click()
    ann.page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    for tab in (ann, other):
        expect(tab.page.locator(".card")).to_be_visible()
        expect(tab.page.get_by_role("dialog")).to_have_count(0)


def test_a_newer_login_on_this_device_ends_in_a_plain_dialog(
    someone: Someone, server: Server
) -> None:
    ann = someone("ann").register()
    ann.connected()
    ann.page.get_by_role("button", name="My notes").click()
    expect(ann.box).to_be_visible()
    login = {"user_name": ann.name, "password": PASSWORD}
    assert ann.call("POST", "/api/user/login", login)["status"] == 200
    dialog = ann.page.get_by_role("dialog")
    expect(dialog).to_contain_text("You signed in somewhere else on this device.")
    dialog.get_by_role("button").click()
    expect(ann.page.locator(".card")).to_be_visible()
    ann.page.locator("[name=user_name]").fill(f" {ann.name} ")  # as keyboards of phones do it
    ann.page.locator("[name=password]").fill(PASSWORD)
    ann.page.keyboard.press("Enter")
    ann.signed_in()
    expect(ann.box).to_be_visible()  # where he was
    conv = ann.found("Mine")["conv"]
    ann.visit(conv)
    assert ann.call("POST", "/api/user/login", login)["status"] == 200
    dialog.get_by_role("button").click()
    ann.name = Account.new(server).name
    ann.sign_in()
    ann.signed_in()
    expect(ann.page.locator(".nobody-card")).to_be_visible()
    expect(ann.row).to_have_count(0)


def test_another_device_can_be_signed_out(someone: Someone) -> None:
    ann = someone("ann").register()
    phone = someone("phone", user_agent="Mozilla/5.0 (iPhone) Version/18.0 Safari/604.1")
    phone.name = ann.name
    phone.sign_in()
    phone.signed_in()
    phone.connected()
    ann.page.get_by_role("button", name="Settings").last.click()
    device = ann.page.locator(".items li").filter(has_text="iPhone")
    device.get_by_role("button", name="Sign out").click()
    expect(device).to_have_count(0)
    expect(phone.page.get_by_role("dialog")).to_contain_text("You were signed out")


def test_a_changed_password_keeps_this_device_and_the_socket(someone: Someone) -> None:
    ann = someone("ann").register()
    ann.page.get_by_role("button", name="Settings").last.click()
    dialog = ann.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Change password").click()
    expect(ann.page.locator("[name=old_password]")).to_be_focused()
    expect(dialog.get_by_role("button", name="Change password")).to_be_in_viewport(ratio=1)
    ann.page.locator("[name=old_password]").fill("not the password")
    ann.page.locator("[name=new_password]").fill("another good one")
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#note-old_password")).to_have_text(
        "This is not your current password."
    )
    ann.page.locator("[name=old_password]").fill(PASSWORD)
    with ann.page.expect_response("**/api/user/sessions"):
        ann.page.keyboard.press("Enter")
    # On the dialog, for which the page below is dimmed.
    expect(dialog.locator(".toast")).to_have_text("Your password is changed")
    expect(ann.page.locator(".toast")).to_have_count(1)
    expect(dialog.get_by_role("button", name="Change password")).to_be_focused()
    expect(dialog.locator(".items li")).to_have_count(1)
    expect(dialog.get_by_role("alert")).to_have_count(0)
    ann.page.reload()
    ann.signed_in()


def test_the_token_is_renewed_in_time(someone: Someone, servers: Callable[..., Server]) -> None:
    ann = someone("ann", url=servers(service_tokenhours=0.0014).url).register()
    # Each comes at half of a token's life, so with the second one the first token is over.
    for _ in range(2):
        with ann.page.expect_response("**/api/user/refresh") as answer:
            pass
        assert answer.value.ok
    assert ann.call("GET", "/api/user/me")["status"] == 200
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
    ann.connected()
    ann.page.route("**/api/user/refresh", lambda route: route.abort())
    expect(ann.page.get_by_role("dialog")).to_contain_text("It has been a while.")
    ann.page.goto("about:blank")


def test_who_leaves_in_the_middle_of_a_renewal_stays_signed_in(
    someone: Someone, server: Server
) -> None:
    with slow_line(server.port) as proxy:
        ann = someone("ann", url=f"http://{proxy.address}").register()
        ann.connected()
        kept = {one["name"]: one["value"] for one in ann.page.context.cookies()}
        before = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in kept.items()),
            "User-Agent": str(ann.page.evaluate("navigator.userAgent")),
        }
        assert server.call("GET", "/api/user/me", headers=before).status == 200
        proxy.delay_seconds = LINE_SECONDS
        # Due at once; the page looks at its clock when one comes back to it.
        ann.page.evaluate("localStorage['im.expires'] = JSON.stringify({ at: 0, from: 0 })")
        ann.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        while server.call("GET", "/api/user/me", headers=before).status == 200:
            ann.page.wait_for_timeout(10)
        # The answer is still on its way, and with it the cookie.
        ann.page.goto("about:blank")
        ann.open()
        ann.signed_in()


def test_a_question_that_has_crossed_a_renewal_is_asked_again(someone: Someone) -> None:
    ann = someone("ann").register()
    asked: list[Route] = []

    def answer(route: Route) -> None:
        asked.append(route)
        if len(asked) <= 2:
            route.fulfill(status=403, json={"error": "token_superseded", "data": None})
        else:
            route.continue_()

    # Another page first: this one may be asking at this moment.
    ann.page.goto("about:blank")
    ann.page.route("**/api/user/me", answer)
    ann.open().signed_in()
    assert len(asked) == 3  # early, by the page, and behind the renewal


def test_signing_out_asks_if_something_is_unsent(someone: Someone) -> None:
    ann = someone("ann").register()
    ann.page.get_by_role("button", name="Settings").last.click()
    expect(ann.page.get_by_role("dialog")).to_be_visible()  # fetched a moment after the page
    ann.page.keyboard.press("Escape")
    ann.page.get_by_role("button", name="My notes").click()
    ann.page.context.set_offline(True)
    ann.write("not gone yet")
    ann.page.get_by_role("button", name="Settings").last.click()
    ann.page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    asked = ann.page.get_by_role("dialog", name="Sign out?")
    expect(asked).to_contain_text("1 message has not been sent yet")
    asked.get_by_role("button", name="Cancel").click()
    ann.page.context.set_offline(False)
    expect(ann.last_mark).to_have_attribute("title", "Sent")
