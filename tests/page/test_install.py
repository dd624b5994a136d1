"""The page can be installed: what a browser wants to know for that."""

import io
import json
from collections.abc import Callable

from PIL import Image

from tests.page.person import Person


def test_a_browser_finds_nothing_missing(someone: Callable[..., Person]) -> None:
    ann = someone("ann")
    session = ann.page.context.new_cdp_session(ann.page)
    told = session.send("Page.getAppManifest")
    assert told["errors"] == []
    manifest = json.loads(told["data"])
    assert manifest["start_url"] == "/" and manifest["display"] == "standalone"
    icons = [(icon["src"], icon["sizes"]) for icon in manifest["icons"]]
    touch = ann.page.locator("link[rel=apple-touch-icon]").get_attribute("href")
    for address, size in [*icons, (touch, "180x180")]:
        answer = ann.page.request.get(f"{ann.url}{address}")
        with Image.open(io.BytesIO(answer.body())) as icon:
            assert "{}x{}".format(*icon.size) == size
