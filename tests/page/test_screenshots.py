"""The scene of the pictures in docs/images/ is played, so that `make screenshots` stays true."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser

from tests.page.screenshots import scene
from tests.running import Server


def test_the_scene_plays(browser: Browser, servers: Callable[..., Server], tmp_path: Path) -> None:
    scene(browser, servers().url, tmp_path)
    assert {image.name for image in tmp_path.iterdir()} == {
        "page.png",
        "page-dark-zh.png",
        "page-phone.png",
        "page-media.png",
    }
