"""What can be done with a message: by menu and keys, and what the others see of it."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.page.fingers import Fingers
from tests.page.person import Person, numbered
from tests.page.test_thread import FILL

Someone = Callable[..., Person]
Pair = tuple[Person, Person]


def test_edit_from_the_menu_and_by_key(talk: Pair) -> None:
    ann, bo = talk
    ann.box.fill("half a thought")
    ann.menu(0, "Edit")
    expect(ann.box).to_have_value("hello")
    ann.page.keyboard.press("Escape")
    expect(ann.box).to_have_value("half a thought")
    ann.menu(0, "Edit")
    ann.box.fill("hello again")
    ann.page.keyboard.press("Enter")
    bo.sees("hello again", "hi")
    expect(ann.box).to_have_value("half a thought")
    expect(bo.page.locator(".line.theirs .meta")).to_contain_text("edited")
    expect(ann.row.locator(".row-preview")).to_have_text("Bo: hi")
    ann.box.fill("")
    ann.page.keyboard.press("ArrowUp")
    expect(ann.box).to_have_value("hello again")
    ann.page.keyboard.type("!")
    ann.page.keyboard.press("Enter")
    bo.sees("hello again!", "hi")
    expect(ann.box).to_have_value("")
    bo.page.reload()
    bo.sees("hello again!", "hi")
    # What is not mine is not offered.
    ann.page.locator(".line.theirs .bubble").click(button="right")
    expect(ann.page.get_by_role("menuitem")).to_have_text(
        ["", "Reply", "Copy", "Forward", "Report…"]
    )


def test_who_reacts_in_the_middle_of_a_sentence_goes_on_with_it(talk: Pair) -> None:
    ann, _ = talk
    ann.box.click()
    ann.page.keyboard.type("half a sent")
    ann.react(1, "❤️")
    ann.page.keyboard.type("ence")
    expect(ann.box).to_have_value("half a sentence")
    ann.menu(1, "Forward")
    expect(ann.page.get_by_role("dialog")).to_be_visible()
    ann.page.keyboard.press("Escape")
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
    expect(ann.box).to_be_focused()


def test_reactions_are_joined_and_left(talk: Pair) -> None:
    ann, bo = talk
    ann.page.locator(".line.theirs").hover()
    ann.page.locator(".line.theirs").get_by_role("button", name="React").click()
    expect(ann.page.get_by_role("menuitemcheckbox")).to_have_count(8)
    ann.page.keyboard.press("ArrowRight")
    ann.page.keyboard.press("Enter")
    chip = bo.page.locator(".reaction:not(.add)")
    expect(chip).to_have_text("❤️ 1")
    expect(chip).to_have_attribute("title", "Ann")
    expect(chip).to_have_attribute("aria-pressed", "false")
    chip.click()
    expect(ann.page.locator(".reaction:not(.add)")).to_have_text("❤️ 2")
    expect(ann.page.locator(".reaction:not(.add)")).to_have_attribute("title", "You, Bo")
    ann.page.locator(".reaction:not(.add)").click()
    expect(chip).to_have_text("❤️ 1")
    expect(chip).to_have_attribute("title", "You")
    bo.page.reload()
    expect(chip).to_have_attribute("aria-pressed", "true")
    chip.click()
    expect(chip).to_have_count(0)
    expect(ann.page.locator(".reaction")).to_have_count(0)
    expect(ann.row.locator(".row-preview")).to_have_text("Bo: hi")


def test_the_menu_by_keys_alone(talk: Pair) -> None:
    ann, bo = talk
    ann.box.focus()
    ann.page.locator(".scroller").focus()
    ann.page.keyboard.press("ArrowUp")
    ann.page.keyboard.press("ArrowUp")
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("menuitemcheckbox").first).to_be_focused()
    ann.page.keyboard.press("Home")
    expect(ann.page.get_by_role("menuitem", name="Reply")).to_be_focused()
    ann.page.keyboard.press("End")
    expect(ann.page.get_by_role("menuitem", name="Recall")).to_be_focused()
    ann.page.keyboard.press("Enter")
    expect(bo.page.locator(".gone")).to_have_text("Ann recalled a message")


def test_on_a_phone_a_long_press_and_the_ways_back(talk: Pair, someone: Someone) -> None:
    _, bo = talk
    phone = someone("bo", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    phone.name = bo.name
    phone.sign_in()
    phone.row.tap()
    fingers = Fingers(phone.page)
    box = phone.page.locator(".line.theirs .bubble").bounding_box()
    assert box
    fingers.down((box["x"] + 20, box["y"] + 10))
    expect(phone.page.get_by_role("menuitem", name="Reply")).to_be_visible()
    fingers.up()
    phone.page.get_by_role("menuitemcheckbox").first.tap()
    expect(bo.page.locator(".reaction:not(.add)")).to_have_text("👍 1")
    phone.page.locator(".who").tap()
    expect(phone.page.locator(".member")).to_have_count(2)
    expect(phone.page.locator(".thread")).to_be_hidden()
    phone.page.go_back()
    expect(phone.page.locator(".details")).to_have_count(0)
    phone.sees("hello", "hi")
    phone.page.go_back()
    expect(phone.page.locator(".rail")).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_quote_far_back_is_jumped_to_by_a_page_around_it(talk: Pair) -> None:
    ann, bo = talk
    conv = ann.page.evaluate("location.hash.slice(4)")
    for one in talk:
        one.page.goto(f"{one.url}/#/")  # drawing all of them takes its time
    bo.page.evaluate(FILL, [conv, 160])
    reply = {"content": "about that", "reply_to": 2}
    ann.call("POST", f"/api/conversations/{conv}/messages", reply)
    for one in talk:
        one.visit(conv)
        expect(one.bubbles.last).to_have_text("about that")
    expect(bo.page.locator(".quote")).to_contain_text("hello")
    bo.page.reload()
    expect(bo.bubbles.last).to_have_text("about that")
    asked: list[str] = []
    bo.page.on("request", lambda request: asked.append(request.url))
    bo.page.locator(".quote").click()
    flashed = bo.page.locator(".line.flash")
    expect(flashed).to_contain_text("hello")
    expect(flashed).to_be_in_viewport()
    assert [url for url in asked if "around=2&" in url]
    expect(bo.bubbles.last).not_to_have_text("about that")
    # What comes meanwhile does not tear a hole into the thread.
    ann.write("later")
    expect(bo.page.locator(".pill")).to_have_text("1 new message")
    while bo.bubbles.last.text_content() != "later":
        bo.page.locator(".scroller").evaluate("box => { box.scrollTop = box.scrollHeight; }")
        bo.page.wait_for_timeout(50)
    # The first is the event that made the group.
    seqs = bo.page.locator(".line").evaluate_all("all => all.map(one => Number(one.dataset.seq))")
    assert seqs == list(range(2, 166))
    bo.page.reload()
    bo.page.locator(".quote").click()
    expect(flashed).to_contain_text("hello")
    bo.page.locator(".pill").click()
    expect(bo.bubbles.last).to_have_text("later")
    expect(bo.bubbles.last).to_be_in_viewport()


def test_the_finger_that_opens_the_menu_chooses_nothing_from_it(
    talk: Pair, someone: Someone
) -> None:
    """Where the window is so low that the menu lies under it."""
    ann, _ = talk
    ann.write(*numbered(6))
    phone = someone("ann", viewport={"width": 740, "height": 360}, has_touch=True, is_mobile=True)
    phone.name = ann.name
    phone.sign_in()
    phone.row.tap()
    fingers = Fingers(phone.page)
    bubble = phone.page.locator(".line.mine .bubble").last
    expect(bubble).to_be_in_viewport()
    box = bubble.bounding_box()
    assert box
    x, y = box["x"] + 20, box["y"] + box["height"] / 2
    fingers.down((x, y))
    item = phone.page.get_by_role("menuitem", name="Recall")
    expect(item).to_be_visible()
    under = phone.page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.menu') !== null", [x, y]
    )
    assert under
    phone.page.evaluate("addEventListener('click', () => (window.clicked = true), true)")
    fingers.up()
    phone.page.wait_for_function("window.clicked")
    expect(item).to_be_visible()
    expect(phone.page.locator(".gone")).to_have_count(0)
    item.tap()
    expect(phone.page.locator(".gone")).to_contain_text("You recalled a message")


def test_an_owner_recalls_for_everybody(trio: tuple[Person, Person, Person]) -> None:
    ann, bo, _ = trio
    conv = ann.found("Two", bo)["conv"]
    for one in (ann, bo):
        one.visit(conv)
    ann.write("first")
    bo.write("regrettable")
    bo.page.locator(".line.theirs .bubble").click(button="right")
    expect(bo.page.get_by_role("menuitem", name="Recall for everybody")).to_have_count(0)
    bo.page.keyboard.press("Escape")
    ann.menu(1, "Recall for everybody")
    ann.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    ann.sees("first", "regrettable")
    ann.menu(1, "Recall for everybody")
    ann.page.get_by_role("dialog").get_by_role("button", name="Recall").click()
    ann.sees("first")
    expect(ann.page.locator(".gone")).to_have_text("You recalled a message from Bo")
    expect(bo.page.locator(".gone")).to_have_text("Ann recalled a message of yours")
    expect(bo.row.locator(".row-preview")).to_have_text("Ann recalled a message of yours")
    bo.page.reload()
    expect(bo.page.locator(".gone")).to_have_text("Ann recalled a message of yours")
    # My newest can be seen by whom it was read.
    ann.menu(0, "Read by 1 person")
    expect(ann.page.get_by_role("dialog", name="Read by")).to_contain_text("Bo")
