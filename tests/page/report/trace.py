"""What Chromium's own tracing says of a page's main thread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page

Event = dict[str, Any]

CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline"]

SCRIPT = {"EventDispatch", "FunctionCall", "RunMicrotasks", "FireAnimationFrame", "TimerFire"}
"""Events that run scripts; they may stand within each other."""


@dataclass
class Trace:
    """The events of the page's main thread, in order; filled when the tracing has ended."""

    events: list[Event] = field(default_factory=list)

    def tasks_ms(self) -> list[float]:
        """CPU time of each task: what other programs take of the machine is not the page's."""
        return [cpu_ms(event) for event in self.events if event["name"] == "RunTask"]

    def script_ms(self, key: str = "keydown") -> list[float]:
        """CPU time of all scripts from each such event to the next."""
        found: list[float] = []
        until = 0.0
        for event in self.events:
            if event["name"] not in SCRIPT or "dur" not in event or event["ts"] < until:
                continue
            until = event["ts"] + event["dur"]
            if event["args"].get("data", {}).get("type") == key:
                found.append(0.0)
            if found:
                found[-1] += cpu_ms(event)
        return found


def cpu_ms(event: Event) -> float:
    return float(event.get("tdur", event.get("dur", 0))) / 1000


@contextmanager
def tracing(browser: Browser, page: Page) -> Iterator[Trace]:
    trace = Trace()
    browser.start_tracing(page=page, categories=CATEGORIES)
    yield trace
    told = json.loads(browser.stop_tracing())["traceEvents"]
    trace.events += main_thread(told, page.url)


def main_thread(told: list[Event], url: str) -> list[Event]:
    """Of the thread on which the page at that address runs its scripts."""
    host = url.partition("/#")[0]
    seen: dict[tuple[int, int], int] = {}
    for event in told:
        if host in json.dumps(event.get("args", {})) and event["name"] in SCRIPT:
            place = (event["pid"], event["tid"])
            seen[place] = seen.get(place, 0) + 1
    place = max(seen, key=lambda one: seen[one])
    mine = [event for event in told if (event["pid"], event["tid"]) == place and "ts" in event]
    return sorted(mine, key=lambda event: float(event["ts"]))
