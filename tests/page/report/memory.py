"""Memory of the page after many threads were opened and left."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.client import Account, pair
from tests.page.report.figure import Figure
from tests.page.report.stage import Stage, say_many, window

THREADS = 50
WARM = 12
"""Opened before the first look, which the page is allowed to keep."""

MESSAGES = 60
MORE_PERCENT = 5
"""What one look differs from the next by itself."""


def used(page: Page, session: CDPSession) -> tuple[float, float]:
    """KiB of the heap and the number of DOM nodes, at the list, with nothing left to collect."""
    page.evaluate("location.hash = '#/'")
    expect(page.locator(".nobody")).to_be_visible()
    page.wait_for_timeout(500)  # until what was under way has ended
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Performance.getMetrics")["metrics"]
    values = {one["name"]: float(one["value"]) for one in metrics}
    return values["JSHeapUsedSize"] / 1024, values["Nodes"]


def visit(page: Page, conv: str) -> None:
    page.evaluate("conv => { location.hash = `#/c/${conv}`; }", conv)
    expect(page.locator(".log .words").last).to_have_text(f"message {MESSAGES}")
    page.evaluate("location.hash = '#/'")
    expect(page.locator(".nobody")).to_be_visible()


def figures(browser: Browser, stage: Stage) -> Iterator[Figure]:
    reader = Account.new(stage.server)
    others = [Account.new(stage.server) for _ in range(THREADS + WARM)]
    for other in others:
        reader.say(other)
        say_many(other, reader, MESSAGES)
    convs = [pair(reader, other) for other in others]
    with window(browser, reader) as page:
        page.goto(stage.server.url)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        for conv in convs[:WARM]:
            visit(page, conv)
        heap, nodes = used(page, session)
        for conv in convs[WARM:]:
            visit(page, conv)
        heap_after, nodes_after = used(page, session)
    yield Figure("heap before", heap, "KiB")
    what = f"after {THREADS} threads"
    yield Figure(f"heap {what}, more", (heap_after / heap - 1) * 100, "%", most=MORE_PERCENT)
    yield Figure(f"nodes {what}, more", (nodes_after / nodes - 1) * 100, "%", most=MORE_PERCENT)
