"""The pictures of the README and the docs, from a scene that is played on the real page.

`make screenshots` writes them anew into docs/images/, so that they stay true.
"""

from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.page.conftest import ARGS, CHROMIUM
from tests.page.person import Person
from tests.page.samples import document, landscape, voice
from tests.running import running

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"

LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}


def person(browser: Browser, url: str, name: str, nickname: str, **options: object) -> Person:
    context = browser.new_context(**({"locale": "en-GB", "viewport": LAPTOP} | options))
    return Person(context.new_page(), url, name).open().register(nickname)


def scene(browser: Browser, url: str, images: Path) -> None:
    """A morning: Mei on her laptop, Ada on another one at night, Bo on his phone, Jo on hers."""
    mei = person(browser, url, "mei", "Lin Mei", device_scale_factor=2)
    ada = person(
        browser, url, "ada", "Ada", locale="zh-CN", color_scheme="dark", device_scale_factor=2
    )
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    bo = person(browser, url, "bo", "Bo", **phone)
    jo = person(browser, url, "jo", "Jo", device_scale_factor=2)
    jo.find("mei")
    jo.write("Can you send me yesterday's notes?", "No hurry")
    mei.row.click()
    mei.write("Here they are: https://tea.example/notes")
    mei.find("ada")
    mei.write("四点河边见？")
    ada.row.click()
    ada.write("好，不见不散")
    tea = mei.found("Tea tasting 🍵", ada, bo, jo)
    gid, conv = tea["gid"], tea["conv"]
    ada_uid = tea["members"][1]["uid"]
    mei.call("PUT", f"/api/groups/{gid}/members/{ada_uid}", {"role": "admin"})
    for one in (mei, ada, bo):
        one.visit(conv)
    mei.write("Good morning! Are we still on for four o'clock?")
    ada.write("在的！四点，河边见 🙂", "菜单在 https://tea.example/menu")
    expect(bo.bubbles).to_have_count(3)
    bo.react(2, "🎉")
    mei.react(2, "🎉")
    ada.react(0, "👍")
    bo.menu(0, "Reply")
    bo.write("I may be five minutes late")
    announcement = "Four o'clock, by the river.\nBring your own cup."
    mei.call("PATCH", f"/api/groups/{gid}", {"announcement": announcement})
    ada.box.click()
    ada.page.keyboard.type("@Bo")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("没关系，我们等你")
    ada.page.keyboard.press("Enter")
    bo.page.get_by_role("button", name="Emoji and stickers").tap()
    bo.page.get_by_role("tab", name="Stickers").tap()
    bo.page.locator("[data-sticker='tornado/ok']").tap()
    mei.write("Lovely. I'll bring the notes from last time")
    jo.find("mei")
    jo.write("Thank you!")
    for one in (mei, ada, bo):
        expect(one.bubbles).to_have_count(6)
        one.page.locator(".log img.sticker").evaluate("one => one.decode()")
    expect(mei.last_mark.locator(".readers")).to_have_text("2")
    mei.page.locator(".who").click()
    expect(mei.page.locator(".member")).to_have_count(4)
    mei.box.fill("See you there")
    bo.box.fill("On my way")
    mei.box.click()
    mei.page.keyboard.type("!")
    bo.box.tap()
    bo.page.keyboard.type("!")
    expect(ada.page.locator(".who-status")).to_contain_text("正在输入")
    expect(mei.page.locator(".who-status")).to_contain_text("is typing")
    mei.page.mouse.move(0, 0)
    mei.page.screenshot(path=images / "page.png")
    ada.page.screenshot(path=images / "page-dark-zh.png")
    bo.box.fill("")
    bo.page.screenshot(path=images / "page-phone.png")
    media(mei, jo, images)


def media(mei: Person, jo: Person, images: Path) -> None:
    """A picture, a file and a voice, which Jo begins to hear."""
    mei.find("jo")
    notes = document("Notes of the tea tasting, first of spring.pdf", b"%PDF-1.4" * 60_000)
    mei.attach(landscape("river.jpg"), notes, voice("voice.wav", 7))
    mei.page.keyboard.press("Enter")
    jo.page.get_by_role("button", name="Play voice message").click()
    expect(jo.page.locator(".voice-time")).to_have_text("0:02 / 0:07")
    jo.page.get_by_role("button", name="Pause voice message").click()
    jo.menu(4, "Reply")
    jo.write("What a view!")
    expect(jo.page.locator(".picture .from-server.shown")).to_have_count(1)
    expect(mei.bubbles.last).to_have_text("What a view!")
    jo.page.mouse.move(0, 0)
    jo.page.screenshot(path=images / "page-media.png")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with running() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        scene(browser, server.url, IMAGES)
        browser.close()


if __name__ == "__main__":
    main()
