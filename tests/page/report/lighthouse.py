"""Lighthouse on the card and, signed in, on a thread: its scores, and its phone's times."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser

from tests.packages import MODULES
from tests.page.conftest import ARGS, CHROMIUM
from tests.page.report.figure import Figure
from tests.page.report.stage import Stage

AGENT = "Lighthouse"
DEVICE = "report"
CATEGORIES = ("accessibility", "best-practices", "performance")
WANTED = {"accessibility": 100}

SECONDS = 180


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def audit(url: str, port: int) -> dict[str, Any]:
    """What it finds in a browser that listens there, on a phone that it makes up."""
    node = shutil.which("node")
    assert node is not None
    command = [
        *(node, str(MODULES / "lighthouse" / "cli" / "index.js"), url, f"--port={port}"),
        *("--quiet", "--output=json", f"--emulated-user-agent={AGENT}"),
        *("--disable-storage-reset", "--no-enable-error-reporting"),
        f"--only-categories={','.join(CATEGORIES)}",
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
    told: dict[str, Any] = json.loads(run.stdout)
    return told


def told_of(name: str, found: dict[str, Any]) -> Iterator[Figure]:
    for category in CATEGORIES:
        score = found["categories"][category]["score"] * 100
        yield Figure(f"Lighthouse, {name}: {category}", score, least=WANTED.get(category))
    for metric in ("first-contentful-paint", "interactive"):
        yield Figure(f"Lighthouse, {name}: {metric}", found["audits"][metric]["numericValue"], "ms")


def figures(browser: Browser, stage: Stage) -> Iterator[Figure]:
    """In a browser of its own kind: Lighthouse knows only the first context of one."""
    port = free_port()
    sign_in = {"User-Agent": AGENT, "X-Device-Id": DEVICE}
    ann = stage.ann
    answer = ann.try_login(**sign_in)
    cookies = {"token": answer.data["token"], "device": DEVICE}
    with tempfile.TemporaryDirectory() as folder:
        context = browser.browser_type.launch_persistent_context(
            folder, executable_path=CHROMIUM, args=[*ARGS, f"--remote-debugging-port={port}"]
        )
        url = stage.server.url
        yield from told_of("card", audit(url, port))
        context.add_cookies([{"name": k, "value": v, "url": url} for k, v in cookies.items()])
        found = audit(f"{url}/#/c/{stage.group.conv}", port)
        fetched = found["audits"]["network-requests"]["details"]["items"]
        assert any("/messages" in one["url"] for one in fetched), "it was not signed in"
        yield from told_of("thread", found)
        context.close()
