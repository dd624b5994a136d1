"""People at browsers, against the real server that the `server` fixture runs."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.client import Account, new_name
from tests.page.person import Person
from tests.running import Server

# Set, a missing browser fails the run instead of leaving tests out.
SWITCH = "TORNADO_IM_TEST_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
# The same without a window: half the CPU, but no microphone.
SHELL = shutil.which("chromium-headless-shell") or CHROMIUM
ARGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",  # a microphone that beeps once a second
]

# A reconnect may wait some seconds by its random back-off.
PATIENCE_MS = 15_000

# Browser windows and servers start in it, which takes half a minute on a busy machine.
TEST_SECONDS = 180

_count = itertools.count(os.getpid() * 1_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


def need(program: str | None, what: str) -> str:
    """The program, or the end of the test: a skip with its reason, or a failure under SWITCH."""
    if program is None:
        (pytest.fail if os.environ.get(SWITCH) else pytest.skip)(f"not found: {what}")
    return program


@pytest.fixture(scope="session")
def node() -> str:
    return need(shutil.which("node"), "Node.js, in which the page's scripts run too")


# Of a module: as long as Playwright runs, no other test in the thread can have an event loop.
@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Of a file that sets RECORDS one that has a microphone."""
    program = CHROMIUM if getattr(request.module, "RECORDS", False) else SHELL
    need(program, f"a browser, one of {', '.join(NAMES)}")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGS)
        yield chromium
        chromium.close()


class Windows:
    """Browser contexts, used again by the next test: an empty cache costs each a second and a half.

    What somebody leaves in one is taken out of it, all but the files of the page.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._used: list[tuple[str, BrowserContext]] = []
        self._free: dict[str, list[BrowserContext]] = {}

    def open(self, **options: object) -> BrowserContext:
        alike = repr(sorted(options.items()))
        free = self._free.setdefault(alike, [])
        context = free.pop() if free else self._browser.new_context(**options)
        self._used.append((alike, context))
        return context

    def clear(self) -> None:
        for alike, context in self._used:
            origins = {page.evaluate("origin") for page in context.pages}
            for page in context.pages:
                page.close()  # at first: what runs would go on writing
            page = context.new_page()
            devtools = context.new_cdp_session(page)
            for origin in origins:
                stored = {"origin": origin, "storageTypes": "local_storage"}
                devtools.send("Storage.clearDataForOrigin", stored)
            page.close()
            context.clear_cookies()
            context.clear_permissions()
            context.set_offline(False)
            self._free[alike].append(context)
        self._used.clear()


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Windows:
    return Windows(browser)


@pytest.fixture
def someone(windows: Windows, server: Server) -> Iterator[Callable[..., Person]]:
    """Makes a person with a window of their own; a quiet console is checked in the end."""
    people: list[Person] = []

    def make(
        name: str = "ann",
        context: BrowserContext | None = None,
        url: str = server.url,
        account: Account | None = None,
        **options: object,
    ) -> Person:
        if context is None:
            options = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}} | options
            context = windows.open(**options)
        person = Person(context.new_page(), url, f"{name}{next(_count)}")
        people.append(person)
        return person.open() if account is None else person.open_as(account)

    yield make
    windows.clear()
    assert [trouble for person in people for trouble in person.troubles] == []


def _called(server: Server, nickname: str) -> Account:
    return Account.new(server, new_name(nickname.lower()), nickname=nickname)


@pytest.fixture
def pair(someone: Callable[..., Person], server: Server) -> tuple[Person, Person]:
    """Ann and Bo in one conversation that both have open, and in which both have said a word."""
    accounts = _called(server, "Ann"), _called(server, "Bo")
    accounts[0].say(accounts[1], "hello")
    accounts[1].say(accounts[0], "hi")
    ann, bo = (someone(account=account) for account in accounts)
    for one in (ann, bo):
        one.row.click()
        one.sees("hello", "hi")
    return ann, bo


@pytest.fixture(scope="module")
def met(browser: Browser, server: Server) -> Iterator[tuple[Person, Person, Person]]:
    """Ann, Bo and Cy, who reads Chinese: registered once for all tests of a file, to save time."""
    contexts = [
        browser.new_context(locale=locale, viewport={"width": 1280, "height": 800})
        for locale in ("en-GB", "en-GB", "zh-CN")
    ]
    people = tuple(
        Person(context.new_page(), server.url, name).open_as(_called(server, name))
        for context, name in zip(contexts, ("Ann", "Bo", "Cy"), strict=True)
    )
    yield people  # type: ignore[misc]
    for context in contexts:
        context.close()


@pytest.fixture
def trio(met: tuple[Person, Person, Person]) -> Iterator[tuple[Person, Person, Person]]:
    """The same three, each at the list; their console is looked at after each test."""
    for one in met:
        one.page.goto(f"{one.url}/#/")
        if one.page.get_by_role("dialog").count():  # of a test that has failed
            one.page.reload()
    yield met
    assert [trouble for one in met for trouble in one.troubles] == []


@pytest.fixture
def talk(trio: tuple[Person, Person, Person]) -> tuple[Person, Person]:
    """Ann and Bo in a new group of Bo's, in which both have said a word."""
    ann, bo, _ = trio
    conv = bo.found("Talk", ann)["conv"]
    for one in (ann, bo):
        one.visit(conv)
    ann.write("hello")
    bo.sees("hello")
    bo.write("hi")
    ann.sees("hello", "hi")
    return ann, bo
