"""The boards of the design: served beside the page's own files, drawn by its views, and compared.

Text is drawn a little differently by each version of a browser and its fonts, so a picture is made
coarse before it is compared: a letter that has moved by a pixel counts for little, a box that has
moved by eight, or lost its colour, for all that it covers.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect

from handlers.site import PAGE_POLICY, STATIC
from tests.page.samples import landscape

HERE = Path(__file__).resolve().parent
REFERENCES = HERE / "references"

VARIANTS = {"light-en": ("light", "en-GB"), "dark-zh": ("dark", "zh-CN")}

# Each board and the size of its window.
SIZES = {
    "group": (720, 1160),
    "single": (420, 1240),
    "silenced": (420, 420),
    "list": (360, 720),
    "empty": (360, 420),
    "waiting": (360, 460),
    "menu": (420, 400),
    "emoji": (420, 480),
    "recording": (420, 80),
    "viewer": (720, 480),
    "details": (360, 960),
    "profile": (420, 420),
    "newgroup": (720, 640),
    "readers": (420, 440),
    "question": (420, 300),
    "ended": (420, 300),
    "deletion": (420, 700),
    "settings": (720, 800),
    "door": (420, 700),
    "parts": (420, 720),
}

COARSE = 8
"""Pixels of a side that become one."""

APART = 20
"""Levels of 255 from which on two coarse pixels differ."""

COLOURS = 96
"""Of a reference, which keeps it small."""

SHEETS = re.compile(r'<link rel="(?:stylesheet|preload" as="style)" href="(/static/css/[^"]+)"')


class Files(SimpleHTTPRequestHandler):
    """The page's files and the boards', under the page's policy; every medium is one picture."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/design/":
            text = (STATIC / "index.html").read_text(encoding="utf-8")
            listed, _, first = text.rpartition("</template>")
            found = SHEETS.findall(first) + SHEETS.findall(listed)
            found.sort(key=lambda name: name.endswith("touch.css"))  # in the page's order
            sheets = "".join(f'    <link rel="stylesheet" href="{name}">\n' for name in found)
            sheets = sheets.replace('touch.css"', 'touch.css" data-last')
            page = (HERE / "index.html").read_text(encoding="utf-8")
            page = page.replace("    <!-- style sheets -->\n", sheets)
            self.answer(page.encode(), "text/html; charset=utf-8")
        elif path.startswith("/api/media/"):
            self.answer(bytes(landscape("")["buffer"]), "image/jpeg")  # type: ignore[arg-type]
        elif path.startswith("/api/"):
            envelope = {"status": 404, "msg": "", "data": None, "error": "not_found"}
            self.answer(json.dumps(envelope).encode(), "application/json", status=404)
        else:
            super().do_GET()

    def translate_path(self, path: str) -> str:
        _, folder, *rest = path.partition("?")[0].split("/")
        return str({"static": STATIC, "design": HERE}.get(folder, HERE / "none").joinpath(*rest))

    def answer(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", PAGE_POLICY)
        super().end_headers()

    def log_message(self, *_args: object) -> None:
        """Nobody reads it."""


@contextmanager
def served() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/design/"
        server.shutdown()


@contextmanager
def window(browser: Browser, variant: str) -> Iterator[Page]:
    """A window in one theme and language, whose clock stands still."""
    theme, locale = VARIANTS[variant]
    context = browser.new_context(
        color_scheme=theme,  # type: ignore[arg-type]
        locale=locale,
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.clock.set_fixed_time("2026-03-04T12:10:00Z")
    yield page
    context.close()


def drawn(page: Page, url: str, board: str) -> Image.Image:
    width, height = SIZES[board]
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{url}?board={board}")
    expect(page.locator(".board > *, dialog[open]").first).to_be_visible()
    if board == "door":
        page.locator("[type=submit]").click()
        expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.locator(".panel .spinner")).to_have_count(0)
    page.evaluate(
        "() => Promise.all([...document.images].map((one) => one.decode().catch(() => {})))"
    )
    shot = page.screenshot(animations="disabled")
    return Image.open(io.BytesIO(shot)).convert("RGB")


def apart(one: Image.Image, other: Image.Image) -> float:
    """The share of coarse pixels, 0 to 1, in which two pictures differ."""
    if one.size != other.size:
        return 1.0
    coarse = [image.reduce(COARSE) for image in (one, other)]
    red, green, blue = ImageChops.difference(*coarse).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return sum(most.histogram()[APART:]) / (most.width * most.height)


def reference(board: str, variant: str) -> Path:
    return REFERENCES / f"{board}-{variant}.png"
