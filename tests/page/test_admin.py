"""The page at /admin: who is let in, and what is done there."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.client import Account, new_name, pair
from tests.operated import administrator
from tests.page.fingers import SMALL
from tests.page.person import PASSWORD, Person
from tests.running import Server

Someone = Callable[..., Person]


@pytest.fixture
def root(someone: Someone, server: Server, admin: Account) -> Person:
    """An administrator at the page."""
    return entered(someone("root", url=f"{server.url}/admin"), admin)


def entered(person: Person, admin: Account) -> Person:
    person.name = admin.name
    person.sign_in()
    expect(person.page.locator(".admin")).to_be_visible()
    return person


def room(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def toast(page: Page, text: str) -> None:
    expect(page.locator(".toast")).to_have_text(text)


def find(page: Page, whom: Account) -> None:
    page.get_by_role("searchbox").fill(whom.name)
    expect(page.locator(".person")).to_have_count(1)


def choose(page: Page, item: str) -> None:
    page.locator(".person").get_by_role("button").click()
    page.get_by_role("menuitem", name=item).click()


def test_who_is_no_administrator_is_told_so(someone: Someone, server: Server, ann: Account) -> None:
    page = someone("ann", url=f"{server.url}/admin").page
    page.locator("[name=user_name]").fill(ann.name)
    page.locator("[name=password]").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.locator("#note-password")).to_have_text("The name or the password is wrong.")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".denied")).to_contain_text("who is no administrator")
    expect(page.locator(".admin")).to_have_count(0)
    page.reload()
    expect(page.locator(".denied")).to_be_visible()
    page.get_by_role("button", name="Sign in as somebody else").click()
    expect(page.locator("[name=user_name]")).to_be_visible()


def test_a_reload_keeps_the_room_and_signing_out_ends_it(root: Person) -> None:
    page = root.page
    room(page, "Audit trail")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit trail")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator(".card")).to_be_visible()
    page.reload()
    expect(page.locator("[name=user_name]")).to_be_visible()


def test_somebody_is_banned_by_keys_alone_and_let_in_again(
    root: Person, ann: Account, admin: Account
) -> None:
    page = root.page
    room(page, "People")
    find(page, ann)
    page.locator(".person").get_by_role("button").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # the first of the menu
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Ban {ann.name}")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")  # from a week to a day
    expect(dialog.get_by_label("1 day")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog.locator("#ban-note")).to_have_text("Please give a reason.")
    dialog.locator("textarea").focus()
    page.keyboard.type("sells watches")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    toast(page, f"{ann.name} is banned")
    expect(page.locator(".danger-tag")).to_contain_text("Banned until")
    assert ann.try_login().refusal == (403, "banned")
    (found,) = admin.get("/api/admin/users", q=ann.name).data["users"]
    assert abs(found["banned_until"] / 1000 - time.time() - 24 * 3600) < 120
    choose(page, "End the ban")
    expect(page.locator(".danger-tag")).to_have_count(0)
    ann.login()


def test_an_invitation_is_made_and_its_code_shown(root: Person) -> None:
    page = root.page
    room(page, "People")
    page.get_by_role("button", name="Invite…").click()
    page.get_by_role("dialog").get_by_text("Ten").click()
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".invite-code")).to_have_value(re.compile(r"^[\w-]{8,}$"))
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    room(page, "Audit trail")
    expect(page.locator(".audit tbody tr").first).to_contain_text("uses: 10")


def test_somebody_is_signed_out_everywhere_after_a_question(root: Person, ann: Account) -> None:
    room(root.page, "People")
    find(root.page, ann)
    choose(root.page, "Sign out everywhere…")
    root.page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    toast(root.page, "Signed out everywhere")
    assert ann.get("/api/user/me").refusal == (403, "token_revoked")


def test_who_is_banned_while_he_chats_is_told(root: Person, someone: Someone, ann: Account) -> None:
    chatting = someone("ann")
    chatting.name = ann.name
    chatting.sign_in()
    chatting.signed_in()
    chatting.connected()
    page = root.page
    room(page, "People")
    find(page, ann)
    choose(page, "Ban…")
    page.get_by_role("dialog").get_by_text("For ever").click()
    page.get_by_role("dialog").locator("textarea").fill("spam")
    page.get_by_role("dialog").get_by_role("button", name="Ban", exact=True).click()
    expect(chatting.page.get_by_role("dialog")).to_contain_text("An administrator has closed")


def test_a_message_is_reported_in_the_chat_and_recalled_here(
    root: Person, someone: Someone, ann: Account, bo: Account
) -> None:
    chatting = someone("bo")
    chatting.name = bo.name
    chatting.sign_in()
    chatting.signed_in()
    ann.say(bo, "an ugly word")
    chatting.visit(pair(ann, bo))
    chatting.menu(0, "Report…")
    dialog = chatting.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Report").click()
    expect(dialog.get_by_role("alert")).to_have_text("Please say what is wrong.")
    expect(dialog.locator("textarea")).to_be_focused()
    dialog.locator("textarea").fill("it is ugly")
    dialog.get_by_role("button", name="Report").click()
    toast(chatting.page, "Reported. Thank you.")

    page = root.page
    room(page, "Reports")
    report = page.locator(".report").filter(has_text=bo.name).filter(has_text="it is ugly")
    expect(report.locator(".is-reported .line-text")).to_have_text("an ugly word")
    report.get_by_role("button", name="Recall the message").click()
    page.get_by_role("dialog").get_by_role("button", name="Recall").click()
    toast(page, "The message is gone")
    expect(report).to_have_count(0)
    expect(chatting.page.locator(".log")).to_contain_text("recalled a message")
    page.get_by_text("Recalled", exact=True).click()
    expect(report.locator(".is-reported .line-text")).to_have_text("an ugly word")
    room(page, "Audit trail")
    expect(page.locator(".audit tbody tr").first).to_contain_text("recalled")


def test_a_report_is_dismissed_and_another_one_bans(
    root: Person, ann: Account, bo: Account
) -> None:
    bo.say(ann)
    for content in ("fair", "foul"):
        ann.say(bo, content)
    conv = pair(ann, bo)
    for seq, reason in ((2, "perhaps"), (3, "surely")):
        bo.post(f"/api/conversations/{conv}/messages/{seq}/report", reason=reason)
    page = root.page
    room(page, "Reports")
    reports = page.locator(".report").filter(has_text=bo.name)
    expect(reports).to_have_count(2)
    reports.filter(has_text="perhaps").get_by_role("button", name="Dismiss").click()
    expect(reports).to_have_count(1)
    reports.get_by_role("button", name="Ban the sender").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("textarea")).to_have_value("surely")
    dialog.get_by_role("button", name="Ban", exact=True).click()
    expect(reports).to_have_count(0)
    assert ann.try_login().refusal == (403, "banned")


def test_words_are_put_on_the_list_and_taken_off(root: Person, ann: Account) -> None:
    page = root.page
    room(page, "Words")
    word = f"glubber{int(time.time())}"
    page.locator("#words-new").fill(f"{word}\n\n{word}\n  {word}x ")
    page.get_by_role("button", name="Add").click()
    toast(page, "2 words added")
    refused = ann.post(f"/api/conversations/{pair(ann, ann)}/messages", content=f"oh {word}")
    assert refused.refusal == (422, "sensitive_content")
    page.get_by_role("searchbox").fill(word)
    for each in (word, f"{word}x"):
        page.get_by_role("button", name=f"Remove “{each}”").click()
        expect(page.locator(".words-list").get_by_text(each, exact=True)).to_have_count(0)
    assert ann.say(ann, f"oh {word}")


def test_figures_are_read_by_pointer_and_by_keys(root: Person, ann: Account) -> None:
    for _ in range(3):
        ann.say(ann)
    page = root.page
    page.get_by_text("Hour", exact=True).click()
    expect(page.get_by_label("Hour", exact=True)).to_be_checked()
    tile = page.locator(".tile").filter(has_text="Online now")
    expect(tile).to_contain_text(re.compile(r"of [\d,]+ accounts"))
    messages = page.locator(".chart").filter(has_text="Messages")
    expect(messages.locator(".bar-of").first).to_be_visible()
    messages.get_by_role("group").focus()
    page.keyboard.press("End")
    expect(messages.locator(".chart-said")).to_have_text(
        re.compile(r"^\d\d:\d\d · [\d,]+ messages?$")
    )
    expect(page.locator(".health .online")).to_have_text(["up", "up", "up"])
    page.reload()
    expect(page.get_by_label("Hour", exact=True)).to_be_checked()


def test_its_token_is_renewed_in_time(someone: Someone, servers: Callable[..., Server]) -> None:
    server = servers(service_tokenhours=0.0014)
    page = entered(someone("root", url=f"{server.url}/admin"), administrator(server)).page
    # Each comes at half of a token's life, so with the second one the first token is over.
    for _ in range(2):
        with page.expect_response("**/api/user/refresh") as answer:
            pass
        assert answer.value.ok
    page.get_by_role("navigation").get_by_role("link", name="People", exact=True).click()
    expect(page.locator(".person").first).to_be_visible()
    page.goto("about:blank")


def test_on_a_phone_in_chinese_in_the_dark(
    someone: Someone, server: Server, admin: Account
) -> None:
    phone = someone(
        "root",
        url=f"{server.url}/admin",
        locale="zh-CN",
        color_scheme="dark",
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
    )
    page = entered(phone, admin).page
    for name in ("举报", "用户", "敏感词", "操作记录", "概览"):
        page.get_by_role("navigation").get_by_role("link", name=name).tap()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        wide = page.evaluate("document.querySelector('.room').scrollWidth > innerWidth")
        assert not wide, name
        small = page.evaluate(SMALL)
        assert small == [], (name, small)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_role("navigation").get_by_role("link", name="用户").tap()
    # What stands beside a name for long: until when he is banned.
    whom = Account.new(server, new_name("m"), nickname="Jo")
    until = int(time.time() * 1000) + 30 * 24 * 3600 * 1000
    ban = {"reason": "spam", "until": until}
    assert admin.call("PUT", f"/api/admin/users/{whom.uid}/ban", json=ban).status == 200
    page.get_by_role("searchbox").fill(whom.name)
    expect(page.locator(".person")).to_have_count(1)
    page.get_by_role("button", name="English").tap()
    menu = page.locator(".person").get_by_role("button")
    expect(menu).to_be_in_viewport(ratio=1)
    tag, button = page.locator(".danger-tag").bounding_box(), menu.bounding_box()
    assert tag is not None and button is not None and tag["x"] + tag["width"] <= button["x"]
    expect(page.get_by_role("heading", level=1)).to_have_text("People")
