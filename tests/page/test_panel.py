"""The panel of emoji and stickers: at the box, at a message, by pointer and by keys, on a phone."""

import json
import re
from collections.abc import Callable

import emoji
from playwright.sync_api import Locator, expect

from tests.page.person import Person
from tests.page.test_sources import STATIC

Someone = Callable[..., Person]
Pair = tuple[Person, Person]

# Of a picture, once it is there: its size, and its own width.
DRAWN = "one => one.decode().then(() => [one.width, one.height, one.naturalWidth])"


def opener(person: Person) -> Locator:
    return person.page.locator(".composer-tools").get_by_role(
        "button", name=re.compile("Emoji and stickers|表情|keyboard")
    )


def panel(person: Person) -> Locator:
    return person.page.locator(".panel")


def show(person: Person, tab: str) -> None:
    """Opens the panel at the box, at one of its tabs: the one of the last time may be another."""
    opener(person).click()
    panel(person).get_by_role("tab", name=re.compile(tab)).click()


def pick(person: Person, one: str) -> Locator:
    return panel(person).locator(f"[data-emoji='{one}']").last


def sticker(person: Person, name: str) -> Locator:
    return panel(person).locator(f"[data-sticker='tornado/{name}']")


def caret(person: Person) -> int:
    where: int = person.box.evaluate("box => box.selectionStart")
    return where


def test_emoji_are_put_in_where_the_caret_is(talk: Pair) -> None:
    ann, bo = talk
    ann.box.click()
    ann.page.keyboard.type("tea")
    ann.page.keyboard.press("ArrowLeft")
    opener(ann).click()
    expect(panel(ann).get_by_role("searchbox")).to_be_focused()
    pick(ann, "😀").click()
    expect(ann.box).to_have_value("te😀a")
    assert caret(ann) == 4
    pick(ann, "😂").click()
    expect(ann.box).to_have_value("te😀😂a")
    # One goes on typing where one was; a press in the box leaves the panel, one outside ends it.
    ann.page.keyboard.type("x")
    expect(ann.box).to_have_value("te😀😂xa")
    ann.box.click()
    expect(panel(ann)).to_be_visible()
    ann.page.locator(".scroller").click()
    expect(panel(ann)).to_have_count(0)
    opener(ann).click()
    pick(ann, "😀").click()
    ann.page.keyboard.press("Escape")
    expect(panel(ann)).to_have_count(0)
    expect(ann.box).to_be_focused()
    ann.page.keyboard.press("Backspace")
    ann.page.keyboard.press("Enter")
    bo.sees("hello", "hi", "te😀😂xa")
    opener(ann).click()
    recent = panel(ann).locator("[data-group=recent] [data-emoji]")
    expect(recent).to_have_text(["😀", "😂"])


def test_by_keys_alone_and_back_to_where_one_was(talk: Pair) -> None:
    ann, _ = talk
    keys = ann.page.keyboard
    ann.box.focus()
    keys.type("so ")
    keys.press("Tab")
    expect(opener(ann)).to_be_focused()
    keys.press("Enter")
    search = panel(ann).get_by_role("searchbox")
    expect(search).to_be_focused()
    keys.press("Escape")
    expect(panel(ann)).to_have_count(0)
    expect(opener(ann)).to_be_focused()
    keys.press("Enter")
    expect(search).to_be_focused()
    keys.type("party")
    expect(panel(ann).locator("[data-emoji]").first).to_have_text("🎉")
    keys.press("Shift+Enter")
    expect(ann.box).to_have_value("so 🎉")
    keys.press("Escape")
    expect(search).to_have_value("")
    expect(pick(ann, "🤣")).to_be_attached()
    # Through the list: 🎉 of late, then the rows of smileys.
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    expect(pick(ann, "😀")).to_be_focused()
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    keys.press("ArrowLeft")
    keys.press("ArrowDown")
    below = panel(ann).locator("[data-emoji]:focus")
    upper, lower = pick(ann, "😃").bounding_box(), below.bounding_box()
    assert upper and lower
    assert (lower["x"], lower["y"] > upper["y"]) == (upper["x"], True)
    keys.press("ArrowUp")
    expect(pick(ann, "😃")).to_be_focused()
    # A letter looks for something else.
    keys.type("coffee")
    expect(search).to_have_value("coffee")
    keys.press("Enter")
    expect(panel(ann)).to_have_count(0)
    expect(ann.box).to_be_focused()
    expect(ann.box).to_have_value("so 🎉☕")
    ann.box.fill("")


def test_found_in_both_languages_and_toned(trio: tuple[Person, Person, Person]) -> None:
    ann, _, cy = trio
    conv = ann.found("Hands", cy)["conv"]
    for one in (ann, cy):
        one.visit(conv)
        show(one, "[Ee]moji")
    for one, queries in ((ann, ("cat face", "猫脸")), (cy, ("猫脸", "cat face"))):
        for query in queries:
            panel(one).get_by_role("searchbox").fill(query)
            expect(panel(one).locator("[data-emoji]").first).to_have_text("🐱")
    expect(panel(ann).locator("[data-emoji]").first).to_have_attribute("title", "cat face")
    expect(panel(cy).locator("[data-emoji]").first).to_have_attribute("title", "猫脸")
    panel(cy).get_by_role("searchbox").fill("竟无此物")
    expect(panel(cy).get_by_role("status")).to_have_text("没有找到表情")
    panel(ann).get_by_role("searchbox").fill("thumbs up")
    expect(panel(ann).locator("[data-emoji]").first).to_have_text("👍")
    panel(ann).get_by_role("button", name="Skin tone: none").click()
    expect(panel(ann).get_by_role("radio", name="none")).to_be_focused()
    ann.page.keyboard.press("ArrowRight")
    ann.page.keyboard.press("ArrowRight")
    ann.page.keyboard.press("ArrowRight")
    ann.page.keyboard.press("Enter")
    expect(panel(ann).locator("[data-emoji]").first).to_have_text("👍🏽")
    ann.page.reload()
    opener(ann).click()
    expect(pick(ann, "👋🏽")).to_be_attached()
    for group, first in (("Flags", "🏁"), ("Food and drink", "🍇"), ("Symbols", "🏧")):
        panel(ann).get_by_role("button", name=group, exact=True).click()
        expect(pick(ann, first)).to_be_in_viewport()
        expect(panel(ann).locator("[aria-current=true]")).to_have_attribute("title", group)
    panel(ann).get_by_role("button", name="Skin tone: medium").click()
    panel(ann).get_by_role("radio", name="none").click()
    expect(pick(ann, "👋")).to_be_attached()


def test_a_sticker_is_sent_at_once_and_named_where_it_is_not_seen(talk: Pair) -> None:
    ann, bo = talk
    ann.menu(1, "Reply")
    ann.box.fill("half a thought")
    show(ann, "Stickers")
    sticker(ann, "thanks").click()
    expect(panel(ann)).to_have_count(0)
    expect(ann.box).to_be_focused()
    expect(ann.box).to_have_value("half a thought")
    expect(ann.page.locator(".replying")).to_have_count(0)
    seen = bo.page.locator(".line.theirs").last.get_by_role("img", name="Thank you")
    expect(seen).to_be_visible()
    assert seen.evaluate(DRAWN) == [144, 144, 256]
    expect(bo.page.locator(".line.theirs").last.locator(".quote")).to_contain_text("hi")
    expect(bo.row.locator(".row-preview")).to_have_text("Ann: [Sticker] Thank you")
    bo.menu(2, "Reply")
    expect(bo.page.locator(".replying")).to_contain_text("[Sticker] Thank you")
    bo.page.keyboard.press("Escape")
    bo.page.reload()
    expect(seen).to_be_visible()
    # What is no text is neither copied nor edited.
    ann.page.locator(".line.mine .bubble").last.click(button="right")
    expect(ann.page.get_by_role("menuitem", name="Reply")).to_be_visible()
    for item in ("Copy", "Edit"):
        expect(ann.page.get_by_role("menuitem", name=item)).to_have_count(0)
    ann.page.keyboard.press("Escape")
    ann.box.fill("")
    opener(ann).click()
    expect(sticker(ann, "hello")).to_be_visible()  # the tab of the last time


def test_any_emoji_and_any_sticker_is_a_reaction(talk: Pair) -> None:
    ann, bo = talk
    ann.page.locator(".line.theirs").hover()
    ann.page.locator(".line.theirs").get_by_role("button", name="React").click()
    ann.page.get_by_role("menuitem", name="More emoji and stickers").click()
    panel(ann).get_by_role("tab", name="Emoji").click()
    panel(ann).get_by_role("searchbox").fill("rocket")
    expect(panel(ann).locator("[data-emoji]").first).to_have_text("🚀")
    ann.page.keyboard.press("Enter")
    expect(panel(ann)).to_have_count(0)
    chips = bo.page.locator(".reaction:not(.add)")
    expect(chips).to_have_text("🚀 1")
    ann.react_with_more(1)
    panel(ann).get_by_role("tab", name="Stickers").click()
    sticker(ann, "great").click()
    expect(chips).to_have_count(2)
    expect(chips.nth(1)).to_have_attribute("aria-label", "Great 1: Ann")
    assert chips.nth(1).locator("img").evaluate(DRAWN) == [28, 28, 256]
    chips.nth(1).click()
    expect(ann.page.locator(".reaction:not(.add)").nth(1)).to_have_text("2")
    ann.react_with_more(1)
    expect(panel(ann).locator(":focus")).to_have_count(1)
    ann.page.keyboard.press("Escape")
    expect(panel(ann)).to_have_count(0)
    expect(ann.page.locator(".log .acts").nth(1)).to_be_focused()


def test_on_a_phone_it_takes_the_keyboards_place(talk: Pair, someone: Someone) -> None:
    _, bo = talk
    phone = someone("bo", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    phone.name = bo.name
    phone.sign_in()
    phone.row.tap()
    phone.box.tap()
    opener(phone).tap()
    expect(phone.box).not_to_be_focused()
    pick(phone, "😀").tap()
    pick(phone, "😃").tap()
    expect(phone.box).to_have_value("😀😃")
    expect(phone.box).not_to_be_focused()
    expect(phone.box).to_be_in_viewport()
    expect(phone.bubbles.last).to_be_in_viewport()
    place = panel(phone).bounding_box()
    assert place
    assert (place["x"], place["width"], place["y"] + place["height"]) == (0, 360, 740)
    phone.box.tap()
    expect(panel(phone)).to_have_count(0)
    expect(phone.box).to_be_focused()
    opener(phone).tap()
    phone.page.get_by_role("tab", name="Stickers").tap()
    sticker(phone, "ok").tap()
    sticker(phone, "cool").tap()
    expect(phone.page.locator(".line.mine .sticker")).to_have_count(2)
    opener(phone).tap()
    expect(phone.box).to_be_focused()
    opener(phone).tap()
    phone.page.locator(".scroller").tap(position={"x": 20, "y": 20})
    expect(panel(phone)).to_have_count(0)
    # A reaction: from the lower edge, over a veil that a tap takes away and nothing else.
    phone.page.locator(".line.theirs .bubble").click(button="right")
    phone.page.get_by_role("menuitem", name="More emoji and stickers").tap()
    panel(phone).evaluate("one => Promise.all(one.getAnimations().map((all) => all.finished))")
    place = panel(phone).bounding_box()
    assert place
    assert (place["width"], place["y"] + place["height"]) == (360, 740)
    phone.page.touchscreen.tap(120, 30)
    expect(panel(phone)).to_have_count(0)
    expect(phone.page.get_by_role("dialog")).to_have_count(0)
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_of_it_is_fetched_before_it_opens(talk: Pair) -> None:
    ann, _ = talk
    fetched: list[str] = []
    ann.page.on("request", lambda request: fetched.append(request.url))
    ann.page.reload()
    expect(ann.bubbles.last).to_be_visible()
    later = re.compile(r"views/(panel|emojis|stickers|tones)\.js|/emoji[\w-]*\.(js|css)")
    assert [url for url in fetched if later.search(url)] == []
    show(ann, "Emoji")
    expect(pick(ann, "😀")).to_be_attached()
    assert [url for url in fetched if "emoji.json" in url]


def test_what_cannot_be_loaded_can_be_tried_again(talk: Pair) -> None:
    ann, _ = talk
    for path in ("views/panel.js", "vendor/emoji.json"):
        ann.page.route(f"**/{path}", lambda route: route.abort())
    ann.page.reload()
    opener(ann).click()
    expect(ann.page.locator(".toast")).to_have_text("The server cannot be reached.")
    expect(opener(ann)).to_have_attribute("aria-expanded", "false")
    ann.page.unroute("**/views/panel.js")
    show(ann, "Emoji")
    expect(panel(ann).get_by_role("alert")).to_contain_text("could not be loaded")
    ann.page.unroute("**/vendor/emoji.json")
    panel(ann).get_by_role("button", name="Try again").click()
    expect(pick(ann, "😀")).to_be_attached()


def test_the_server_takes_every_emoji_of_the_panel_as_a_reaction() -> None:
    rows = json.loads((STATIC / "vendor" / "emoji.json").read_text(encoding="utf-8"))
    offered = [one for row in rows for one in (row[0], *(row[3] if len(row) > 3 else ()))]
    assert len(offered) > 3000
    assert [one for one in offered if not emoji.is_emoji(one)] == []
