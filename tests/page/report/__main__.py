"""`make page-report`: measures the page and prints a table of what is wanted of it.

`ARGS='load thread'` measures only these of: load, thread, memory, audit, lighthouse.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from playwright.sync_api import Browser, expect, sync_playwright

from tests.client import Account
from tests.operated import administrator
from tests.packages import MODULES, install
from tests.page.conftest import ARGS, CHROMIUM
from tests.page.report import axe, lighthouse, load, memory, thread
from tests.page.report.figure import Figure, table
from tests.page.report.stage import PHONE, Stage, stage, window
from tests.page.report.views import ADMIN, DOOR, EMPTY, MAIN, OTHERS, View
from tests.running import running

PATIENCE_MS = 30_000


def audits(browser: Browser, scene: Stage) -> Iterator[Figure]:
    """Every view in all looks, at a laptop and at a phone."""
    walks: list[tuple[Account | None, dict[str, View]]] = [
        (None, DOOR),
        (Account.new(scene.server), EMPTY),
        (scene.ann, MAIN | OTHERS),
        (administrator(scene.server), ADMIN),
    ]
    for name, options in (("laptop", {}), ("phone", {"viewport": PHONE})):
        found = []
        for who, views in walks:
            with window(browser, who, **options) as page:
                found += axe.audit(page, scene, views)
        for violation in found:
            print(f"{name}: {violation}", file=sys.stderr)
        views_seen = sum(len(views) for _, views in walks) * len(axe.LOOKS)
        yield Figure(f"axe violations, {views_seen} looks at a {name}", len(found), "", most=0)


def loads(browser: Browser, scene: Stage) -> Iterator[Figure]:
    yield from load.weights(browser, scene)
    yield from load.speeds(browser, scene)


PARTS: dict[str, Callable[[Browser, Stage], Iterator[Figure]]] = {
    "load": loads,
    "thread": thread.figures,
    "memory": memory.figures,
    "audit": audits,
    "lighthouse": lighthouse.figures,
}


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    if not (MODULES / "lighthouse").exists():
        install()
    figures: list[Figure] = []
    expect.set_options(timeout=PATIENCE_MS)
    with running() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        scene = stage(server)
        for name in chosen:
            for figure in PARTS[name](browser, scene):
                print(figure, file=sys.stderr)
                figures.append(figure)
        browser.close()
    print(table(figures))


if __name__ == "__main__":
    main()
