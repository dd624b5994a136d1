"""What the first load weighs, and how soon one sees the page and can type."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from playwright.sync_api import Browser, Page

from tests.client import Account
from tests.page.report.figure import Figure
from tests.page.report.stage import PHONE, Stage, window

KIB = 1024
FIRST_LOAD_KIB = 150
READY_MS = 1000

ROUNDS = 3

SLOWDOWN = 4
"""How much slower a phone's processor is taken to be, as Lighthouse does."""

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

TIMES = """async () => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    return [paint.startTime, window.ready];
}"""

SIGN_IN = ("/", "[name=user_name]")


def weight(page: Page, url: str, sign: str) -> tuple[float, float]:
    """KiB over the wire, and how much of them are headers, until one can write.

    What is fetched afterwards, while nothing else is to be done, makes nobody wait.
    """
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    heads: list[float] = []
    session.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    session.on(
        "Network.responseReceived",
        lambda told: heads.append(told["response"]["encodedDataLength"]),
    )
    page.goto(url)
    page.wait_for_selector(sign)
    return sum(sizes) / KIB, sum(heads) / KIB


def times(page: Page, url: str, sign: str, network: dict[str, float]) -> tuple[float, float]:
    """Milliseconds to the first paint and to a box to write in, on a phone of that network."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    session.send("Network.emulateNetworkConditions", {"offline": False, **network})
    page.add_init_script(f"({WATCH})({sign!r})")
    page.goto(url, wait_until="commit")
    page.wait_for_selector(sign, timeout=60_000)
    paint, ready = page.evaluate(TIMES)
    return paint, ready


def weights(browser: Browser, stage: Stage) -> Iterator[Figure]:
    group = f"/#/c/{stage.group.conv}"
    for name, who, path, sign in (
        ("the card", None, *SIGN_IN),
        ("a thread", stage.ann, group, ".log .quote"),
    ):
        with window(browser, who) as page:
            size, heads = weight(page, stage.server.url + path, sign)
        yield Figure(f"first load, {name}", size, "KiB", most=FIRST_LOAD_KIB)
        yield Figure(f"of these, headers, {name}", heads, "KiB")


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
