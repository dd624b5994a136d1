"""A thread of 10,000 messages: typing, scrolling, and messages that come fast."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

from playwright.sync_api import Browser, Page, expect

from tests.client import Account, pair, url
from tests.page.report.figure import Figure
from tests.page.report.stage import Stage, say_many, window
from tests.page.report.trace import tracing

MESSAGES = 10_000
KEYS = 120
KEY_MS = 60
"""Between two keys: faster than people type."""

RATE = 50
ARRIVING_SECONDS = 8

WHEEL_PX = 600
SCROLL_SECONDS = 120

KEY_SCRIPT_MS = 8
LONG_MS = 50

OLDEST = "Number(document.querySelector('.line[data-seq]').dataset.seq)"


def longest(what: str, tasks: list[float]) -> Figure:
    return Figure(f"longest task {what}", max(tasks), "ms of CPU", most=LONG_MS)


def typing(browser: Browser, page: Page, what: str) -> Figure:
    page.locator("textarea").click()
    with tracing(browser, page) as trace:
        page.keyboard.type("a quick brown fox " * (KEYS // 18), delay=KEY_MS)
        page.wait_for_timeout(500)
    spent = sorted(trace.script_ms())
    p95 = spent[int(len(spent) * 0.95)]
    return Figure(f"script for a key press, p95, {what}", p95, "ms of CPU", most=KEY_SCRIPT_MS)


def scrolling(browser: Browser, page: Page) -> Iterator[Figure]:
    """With the wheel from the newest message to the first."""
    page.locator(".scroller").hover()
    deadline = time.monotonic() + SCROLL_SECONDS
    with tracing(browser, page) as trace:
        while page.evaluate(OLDEST) > 1 and time.monotonic() < deadline:
            for _ in range(5):
                page.mouse.wheel(0, -WHEEL_PX)
    yield Figure(
        "messages scrolled through", MESSAGES - page.evaluate(OLDEST) + 1, "", least=MESSAGES
    )
    yield longest("while scrolling", trace.tasks_ms())
    yield Figure("lines drawn at the other end", page.locator(".line").count())


async def _say_steadily(sender: Account, other: Account) -> None:
    async with sender.chat() as chat:
        start = time.monotonic()
        for number in range(RATE * ARRIVING_SECONDS):
            await asyncio.sleep(max(0, start + number / RATE - time.monotonic()))
            await chat.send(type=1, id=f"steady{number}", to=other.uid, content=f"steady {number}")


def arriving(browser: Browser, page: Page, sender: Account, reader: Account) -> Iterator[Figure]:
    """At the lower end, where each is drawn."""
    page.reload()
    expect(page.locator(".log .words").last).to_be_visible()
    page.wait_for_load_state("networkidle")  # views that are fetched while nothing is to be done
    talk = threading.Thread(target=lambda: asyncio.run(_say_steadily(sender, reader)))
    with tracing(browser, page) as trace:
        talk.start()
        expect(page.locator(".log .words").last).to_have_text(
            f"steady {RATE * ARRIVING_SECONDS - 1}", timeout=60_000
        )
    talk.join()
    yield longest(f"while {RATE} messages a second arrive", trace.tasks_ms())


def figures(browser: Browser, stage: Stage) -> Iterator[Figure]:
    reader, sender = Account.new(stage.server), Account.new(stage.server)
    reader.say(sender)
    say_many(sender, reader, MESSAGES - 1)
    reader.post(url(reader, sender, "/read"), seq=MESSAGES)
    with window(browser, reader) as page:
        page.goto(f"{stage.server.url}/#/c/{pair(reader, sender)}")
        expect(page.locator(".log .words").last).to_be_visible()
        yield typing(browser, page, "at the end")
        yield from scrolling(browser, page)
        yield typing(browser, page, "at the beginning")
        yield from arriving(browser, page, sender, reader)
