"""What the first load weighs, and how soon one sees the page and can type."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page

from tests.client import Account
from tests.page.report.figure import Figure
from tests.page.report.stage import PHONE, Stage, window

KB = 1000
FIRST_LOAD_KB = 150
READY_MS = 1000

ROUNDS = 3

SLOWDOWN = 4
"""How much slower a phone's processor is taken to be, as Lighthouse does."""

LOOK_SECONDS = 0.2

NETWORKS = {
    "fast 4G": {"latency": 60, "downloadThroughput": 9e6 / 8, "uploadThroughput": 1.5e6 / 8},
    "slow 4G": {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8},
}
"""Milliseconds and bytes a second; the second is Lighthouse's phone."""

WATCH = """(selector) => {
    const look = () => {
        if (window.ready || !document.querySelector(selector)) return;
        window.ready = performance.now();
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
}"""

TIMES = """() => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    return [paint?.startTime, window.ready];
}"""

SIGN_IN = ("/", "[name=user_name]")


def weight(page: Page, url: str, sign: str) -> tuple[float, float, float]:
    """KB over the wire: what was asked for until one can write, how much of it are heads of
    answers, and all until the page is idle, which makes nobody wait.
    """
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    starts: dict[str, float] = {}
    heads: dict[str, float] = {}
    sizes: dict[str, float] = {}

    def sent(told: dict[str, Any]) -> None:
        starts[told["requestId"]] = told["timestamp"]

    def begun(told: dict[str, Any]) -> None:
        heads[told["requestId"]] = told["response"]["encodedDataLength"]

    def ended(told: dict[str, Any]) -> None:
        sizes[told["requestId"]] = told["encodedDataLength"]

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.responseReceived", begun)
    session.on("Network.loadingFinished", ended)
    page.add_init_script(f"({WATCH})({sign!r})")
    page.goto(url)
    page.wait_for_selector(sign)
    page.wait_for_load_state("networkidle")
    ready = min(starts.values()) + page.evaluate("window.ready") / 1000
    first = [one for one, start in starts.items() if start < ready and one in sizes]
    return (
        sum(sizes[one] for one in first) / KB,
        sum(heads[one] for one in first) / KB,
        sum(sizes.values()) / KB,
    )


def times(page: Page, url: str, sign: str, network: dict[str, float]) -> tuple[float, float]:
    """Milliseconds to the first paint and to a box to write in, on a phone of that network."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    session.send("Network.emulateNetworkConditions", {"offline": False, **network})
    page.add_init_script(f"({WATCH})({sign!r})")
    page.goto(url)
    # To wait for a selector would lay a third of a megabyte of scripts into what is measured.
    while not all(found := page.evaluate(TIMES)):
        time.sleep(LOOK_SECONDS)
    paint, ready = found
    return paint, ready


def weights(browser: Browser, stage: Stage) -> Iterator[Figure]:
    group = f"/#/c/{stage.group.conv}"
    for name, who, path, sign in (
        ("the card", None, "/", ".door-foot use"),  # which the view has drawn
        ("a thread", stage.ann, group, "textarea"),
    ):
        with window(browser, who) as page:
            size, heads, idle = weight(page, stage.server.url + path, sign)
        yield Figure(f"first load, {name}", size, "KB", most=FIRST_LOAD_KB)
        yield Figure(f"of these, headers, {name}", heads, "KB")
        yield Figure(f"with what comes while it is idle, {name}", idle, "KB")


def speeds(browser: Browser, stage: Stage) -> Iterator[Figure]:
    """Each the median of some rounds, in a new window with nothing in its cache, and once more."""
    thread = (f"/#/c/{stage.group.conv}", "textarea")
    for network in NETWORKS:
        for name, who, place in (("card", None, SIGN_IN), ("thread", stage.ann, thread)):
            first, again = _rounds(browser, stage, who, place, network)
            for what, values in (("first visit", first), ("next visit", again)):
                for sign, number in (("paint", 0), ("ready to type", 1)):
                    value = median(pair[number] for pair in values)
                    yield Figure(f"{network}, {name}, {what}: {sign}", value, "ms", most=READY_MS)


def _rounds(
    browser: Browser, stage: Stage, who: Account | None, place: tuple[str, str], network: str
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    path, sign = place
    first, again = [], []
    for _ in range(ROUNDS):
        phone = {"viewport": PHONE, "is_mobile": True, "has_touch": True}
        with window(browser, who, **phone) as page:
            for values in (first, again):
                values.append(times(page, stage.server.url + path, sign, NETWORKS[network]))
                page.goto("about:blank")
    return first, again
