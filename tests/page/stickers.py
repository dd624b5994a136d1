"""Draws the sticker packs: docs/stickers/<pack>/*.svg become static/stickers/<pack>/*.webp.

`make stickers` does it in headless Chromium, which the tests have anyway. A source stands for
`<use href="#...">` of the pack's `parts.svg` and for the classes of its `style.css`.
"""

import base64
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.page.conftest import ARGS, CHROMIUM

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "docs" / "stickers"
DRAWN = ROOT / "static" / "stickers"

SIZE_PX = 256
PARTS = "parts.svg"

TO_WEBP = """async ([png, size]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), {width: size, height: size});
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.8).split(",")[1];
}"""


def sources(pack: Path) -> list[Path]:
    """The stickers of a pack, without what they share."""
    return sorted(path for path in pack.glob("*.svg") if path.name != PARTS)


def draw(page: Page, path: Path) -> bytes:
    """A sticker as WebP, from its SVG."""
    style = (path.parent / "style.css").read_text(encoding="utf-8")
    shared = (path.parent / PARTS).read_text(encoding="utf-8").replace("<svg ", '<svg height="0" ')
    art = path.read_text(encoding="utf-8")
    page.set_content(f"<style>body {{ margin: 0; }} {style}</style>{art}{shared}")
    png = page.screenshot(omit_background=True)
    return base64.b64decode(page.evaluate(TO_WEBP, [base64.b64encode(png).decode(), SIZE_PX]))


def main() -> None:
    only = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page(viewport={"width": SIZE_PX, "height": SIZE_PX})
        for path in (path for pack in sorted(SOURCES.iterdir()) for path in sources(pack)):
            if only and path.stem not in only:
                continue
            webp = draw(page, path)
            target = DRAWN / path.parent.name / f"{path.stem}.webp"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(webp)
            print(f"{path.parent.name}/{path.stem}: {len(webp) / 1000:.1f} KB")
        browser.close()


if __name__ == "__main__":
    main()
