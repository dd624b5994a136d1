"""One person at one browser window: what they click and type, and what they see."""

import re
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.client import Account
from tests.running import PASSWORD

Chosen = Path | dict[str, object]
"""A file, or one that is made for the occasion: its name, mimeType and buffer."""

# The browser itself writes these when an answer is an error or the network is away; no script can
# keep it from doing so.
NETWORK = re.compile(r"Failed to load resource|WebSocket connection to .* failed")


class Person:
    """`troubles` gathers what the console must not say; the fixture looks at it in the end."""

    def __init__(self, page: Page, url: str, name: str) -> None:
        self.page = page
        self.url = url
        self.name = name
        self.troubles: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not NETWORK.match(message.text):
            self.troubles.append(message.text)

    def open(self) -> "Person":
        self.page.goto(self.url)
        return self

    def open_as(self, account: Account) -> "Person":
        """Signed in already, as if the browser had been here before."""
        self.name = account.name
        sign_in(self.page, account)
        self.open().signed_in()
        return self

    def register(self, nickname: str = "") -> "Person":
        """Through the card, with keys."""
        self.page.get_by_role("tab").nth(1).click()
        self.page.locator("[name=user_name]").fill(self.name)
        self.page.locator("[name=nickname]").fill(nickname)
        self.page.locator("[name=password]").fill(PASSWORD)
        self.page.keyboard.press("Enter")
        self.signed_in()
        return self

    def sign_in(self, password: str = PASSWORD) -> None:
        self.page.locator("[name=user_name]").fill(self.name)
        self.page.locator("[name=password]").fill(password)
        self.page.keyboard.press("Enter")

    def signed_in(self) -> None:
        expect(self.page.locator(".shell")).to_be_visible()

    def connected(self) -> None:
        expect(self.page.locator(".bar-place.open")).to_have_count(0)

    def find(self, other: str) -> None:
        """Starts a conversation from the search box."""
        self.page.locator("[type=search]").fill(other)
        found = self.page.locator(".rail .row").filter(has_text=other)
        expect(found).to_be_visible()
        found.click()
        expect(self.box).to_be_visible()

    @property
    def uid(self) -> int:
        uid: int = self.call("GET", "/api/user/me")["data"]["uid"]
        return uid

    def found(self, name: str, *others: "Person") -> dict:
        """A new group of mine, past the views."""
        body = {"name": name, "members": [other.uid for other in others]}
        group: dict = self.call("POST", "/api/groups", body)["data"]
        return group

    def visit(self, conv: str) -> None:
        """Goes to a conversation by its address."""
        self.page.goto(f"{self.url}/#/c/{conv}")
        expect(self.box).to_be_visible()

    def menu(self, number: int, item: str) -> None:
        """Chooses from the menu of a bubble, counted from the first."""
        self.page.locator(".log .bubble").nth(number).click(button="right")
        self.page.get_by_role("menuitem", name=item).click()

    def react(self, number: int, emoji: str) -> None:
        self.page.locator(".log .bubble").nth(number).click(button="right")
        self.page.get_by_role("menuitemcheckbox", name=emoji).click()

    def react_with_more(self, number: int) -> None:
        """Opens the panel at a bubble, from the button of its menu."""
        self.page.locator(".log .bubble").nth(number).hover()
        self.page.locator(".log .acts").nth(number).click()
        self.page.get_by_role("menuitem", name="More emoji and stickers").click()

    def attach(self, *files: "Chosen") -> None:
        """Through the box in which files are chosen: they stand in the tray."""
        before = self.tray.count()
        self.page.locator("input[type=file]").set_input_files(list(files))  # type: ignore[arg-type]
        expect(self.tray).to_have_count(before + len(files))

    @property
    def tray(self) -> Locator:
        return self.page.locator(".tray li")

    @property
    def box(self) -> Locator:
        return self.page.locator(".composer textarea")

    @property
    def row(self) -> Locator:
        """The first conversation of the list, once that is there: grey rows hold its place."""
        return self.page.locator(".rail button.row").first

    @property
    def bubbles(self) -> Locator:
        return self.page.locator(".log .bubble .words")

    @property
    def badge(self) -> Locator:
        return self.page.locator(".rail .badge")

    @property
    def last_mark(self) -> Locator:
        return self.page.locator(".log .mark").last

    def write(self, *texts: str) -> None:
        for text in texts:
            self.box.click()
            self.page.keyboard.type(text)
            self.page.keyboard.press("Enter")

    def sees(self, *texts: str) -> None:
        """The thread holds exactly these, in this order."""
        expect(self.bubbles).to_have_text(list(texts))

    def call(self, method: str, path: str, body: object = None) -> dict:
        """A REST call with the page's own cookie and device, past its views."""
        script = """async ([method, path, body]) => (await fetch(path, {
            method, body: body === null ? undefined : JSON.stringify(body),
            headers: {"Content-Type": "application/json"}})).json()"""
        return self.page.evaluate(script, [method, path, body])


def log_in(context: BrowserContext, account: Account) -> None:
    """Gives a context its device and its cookie; nothing of the page is fetched for that."""
    context.request.get(account.server.url)
    person = {"user_name": account.name, "password": PASSWORD}
    answer = context.request.post(f"{account.server.url}/api/user/login", data=person)
    assert answer.ok, answer.text()


def sign_in(page: Page, account: Account) -> None:
    """The same, and the browser remembers it."""
    log_in(page.context, account)
    page.goto(f"{account.server.url}/static/manifest.webmanifest")
    remembered = "{from: Date.now(), at: Date.now() + 3_600_000}"
    page.evaluate(f"localStorage['im.expires'] = JSON.stringify({remembered})")


def numbered(count: int, word: str = "message") -> Iterator[str]:
    return (f"{word} {number}" for number in range(1, count + 1))
