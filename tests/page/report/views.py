"""Every view of the page, and how one comes to it: what the audits walk through.

Nothing here is found by its text, so that it is the same in both languages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.page.report.stage import Stage

View = Callable[[Page, Stage], None]

SET = """async (patch) => {
    const { src } = document.querySelector("[type=module]");
    const { set } = await import(new URL("../js/store.js", src));
    set(patch);
}"""


def at(path: str, sign: str) -> View:
    """At an address, once something of it is there."""

    def view(page: Page, stage: Stage) -> None:
        places = {"conv": stage.conv, "group": stage.group.conv, "gid": stage.group.gid}
        page.goto("about:blank")
        page.goto(stage.server.url + path.format(**places))
        expect(page.locator(sign).first).to_be_visible()

    return view


# The card of index.html looks the same, but only the script knows which language is chosen.
SIGN_IN = at("/", ".door-foot [aria-pressed]")
LIST = at("/", ".rail button.row")
THREAD = at("/#/c/{conv}", ".log .bubble.of-voice")
GROUP = at("/#/c/{group}", ".log .quote")
SETTINGS = at("/#/settings", ".modal")
DETAILS = at("/#/c/{group}/info", ".member")


def then(before: View, act: Callable[[Page], object], sign: str) -> View:
    """A view that another one leads to."""

    def view(page: Page, stage: Stage) -> None:
        before(page, stage)
        act(page)
        expect(page.locator(sign).first).to_be_visible()

    return view


def clicks(selector: str, **options: Any) -> Callable[[Page], object]:
    return lambda page: page.locator(selector).last.click(**options)


def dialog(name: str, **more: object) -> Callable[[Page], object]:
    """What stands in front, with `{conv}` and the like from the place in the page."""

    def act(page: Page) -> None:
        conv = page.url.partition("#/c/")[2].partition("/")[0]
        message = {"conv": conv, "seq": 1, "kind": "text", "content": "hello"}
        given = {"conv": conv, "message": message}
        chosen = {key: given.get(str(value), value) for key, value in more.items()}
        page.evaluate(SET, {"dialog": {"name": name, **chosen}})

    return act


PANEL = then(THREAD, clicks(".composer-tools button"), ".panel [role=tabpanel]")

DOOR: dict[str, View] = {
    "sign-in": SIGN_IN,
    "register": then(SIGN_IN, clicks("[role=tab]"), "[name=nickname]"),
    "refused": then(SIGN_IN, clicks(".card [type=submit]"), "[id^=note-]"),
}

EMPTY: dict[str, View] = {"empty list": at("/", ".rail .empty")}

MAIN: dict[str, View] = {
    "list": LIST,
    "thread": THREAD,
    "group": GROUP,
    "details": DETAILS,
    "settings": SETTINGS,
    "search": then(LIST, lambda page: page.locator("[type=search]").fill("hello"), ".said"),
    "message menu": then(THREAD, clicks(".of-text", button="right"), "[role=menuitem]"),
}
"""These are looked at by a test; the others by the report alone."""

OTHERS: dict[str, View] = {
    "emoji panel": PANEL,
    "sticker panel": then(PANEL, clicks(".panel [role=tab]"), "[data-sticker]"),
    "viewer": then(THREAD, clicks(".picture-open"), ".viewer"),
    "profile": then(GROUP, clicks(".face"), ".profile"),
    "new group": then(LIST, dialog("newgroup"), ".modal"),
    "invite": then(GROUP, dialog("invite", conv="conv"), ".modal"),
    "forward": then(GROUP, dialog("forward", message="message"), ".modal"),
    "report": then(GROUP, dialog("reporting", message="message"), ".modal"),
    "readers": then(GROUP, dialog("readers", conv="conv", seq=2), ".modal"),
    "unsent": then(LIST, dialog("unsent", n=2), ".modal"),
    "ended": then(LIST, dialog("ended", reason="superseded"), ".modal"),
    "question": then(LIST, dialog("confirm", ask="dissolve", values={"name": "Tea"}), ".modal"),
    "password": then(
        SETTINGS,
        lambda page: page.locator(".modal h3 + button.button").first.click(),
        "[name=old_password]",
    ),
}

ADMIN: dict[str, View] = {
    "admin: figures": at("/admin#/figures", ".room-body"),
    "admin: reports": at("/admin#/reports", ".room-body"),
    "admin: people": at("/admin#/people", ".person"),
    "admin: words": at("/admin#/words", ".room-body"),
    "admin: audit": at("/admin#/audit", ".room-body"),
}
