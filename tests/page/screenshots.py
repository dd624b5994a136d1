"""The pictures of the README and the docs, from a scene that is played on the real page.

`make screenshots` writes them anew into docs/images/, so that they stay true.
"""

from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.page.conftest import ARGS, CHROMIUM
from tests.page.person import Person
from tests.running import running

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"

LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}


def person(browser: Browser, url: str, name: str, nickname: str, **options: object) -> Person:
    context = browser.new_context(**({"locale": "en-GB", "viewport": LAPTOP} | options))
    return Person(context.new_page(), url, name).open().register(nickname)


def scene(browser: Browser, url: str, images: Path) -> None:
    """A morning: Mei on her laptop, Ada on another one at night, Bo on his phone."""
    mei = person(browser, url, "mei", "Lin Mei", device_scale_factor=2)
    ada = person(
        browser, url, "ada", "Ada", locale="zh-CN", color_scheme="dark", device_scale_factor=2
    )
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    bo = person(browser, url, "bo", "Bo", **phone)
    mei.find("ada")
    mei.write("Good morning! Are we still on for the tea tasting at four?")
    ada.row.click()
    ada.write("在的！四点，河边见 🙂", "The menu is at https://tea.example/menu")
    mei.write("Lovely. I'll bring the notes from last time 🍵")
    bo.find("mei")
    bo.write("Can you send me yesterday's notes?", "No hurry")
    bo.page.go_back()
    mei.page.reload()
    mei.page.locator(".rail .row").filter(has_text="Ada").click()
    ada.write("太好了")
    mei.sees(
        "Good morning! Are we still on for the tea tasting at four?",
        "在的！四点，河边见 🙂",
        "The menu is at https://tea.example/menu",
        "Lovely. I'll bring the notes from last time 🍵",
        "太好了",
    )
    mei.box.fill("See you there")
    expect(ada.page.locator(".who-status")).to_contain_text("正在输入")
    mei.page.screenshot(path=images / "page.png")
    ada.page.screenshot(path=images / "page-dark-zh.png")
    bo.row.click()
    expect(bo.bubbles).to_have_count(2)
    bo.page.screenshot(path=images / "page-phone.png")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with running() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        scene(browser, server.url, IMAGES)
        browser.close()


if __name__ == "__main__":
    main()
