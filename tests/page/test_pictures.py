"""Pictures in a thread, and the viewer: with mouse, keys and fingers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.page.fingers import Fingers
from tests.page.person import Person
from tests.page.samples import picture
from tests.page.test_thread import FILL

Pair = tuple[Person, Person]
Someone = Callable[..., Person]


@pytest.fixture
def shown(talk: Pair) -> Pair:
    """Ann has sent three pictures, which both see."""
    ann, bo = talk
    ann.attach(*(picture(f"{number}.jpg", 800, 600) for number in range(1, 4)))
    ann.page.keyboard.press("Enter")
    for one in talk:
        expect(pictures(one.page)).to_have_count(3)
    return ann, bo


def pictures(page: Page) -> Locator:
    return page.locator(".picture .from-server.shown")


def scale(page: Page) -> float:
    matrix = "e => new DOMMatrix(getComputedStyle(e).transform).a"
    value: float = page.locator(".layers").evaluate(matrix)
    return round(value, 2)


def test_its_place_is_there_before_it_is(talk: Pair) -> None:
    ann, bo = talk
    held: list[Route] = []
    bo.page.route("**/api/media/*", lambda route: held.append(route))
    with bo.page.expect_request("**/api/media/*?thumb=1"):
        ann.attach(picture("tall.jpg", 600, 1200), picture("tiny.jpg", 30, 20))
        ann.page.keyboard.press("Enter")
    expect(bo.page.locator(".picture .blurred")).to_have_count(2)
    places = bo.page.locator(".picture")
    before = [place.bounding_box() for place in places.all()]
    assert before[0] and (before[0]["width"], before[0]["height"]) == (160, 320)
    while pictures(bo.page).count() < 2:
        for route in list(held):
            held.remove(route)
            route.continue_()
        bo.page.wait_for_timeout(20)
    bo.page.unroute("**/api/media/*")
    assert [place.bounding_box() for place in places.all()] == before
    expect(bo.page.locator(".picture .blurred")).to_have_count(0)
    expect(bo.row).to_contain_text("Ann: [Picture]")
    # Mine gives way to the server's.
    expect(pictures(ann.page)).to_have_count(2)
    expect(ann.page.locator(".picture [src^='blob:']")).to_have_count(0)


def test_a_pasted_screenshot(talk: Pair) -> None:
    ann, bo = talk
    ann.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ann.attach(picture("first.jpg", 400, 300))
    ann.page.keyboard.press("Enter")
    expect(pictures(bo.page)).to_have_count(1)
    ann.menu(2, "Copy picture")
    expect(ann.page.locator(".toast")).to_have_text("Copied")
    ann.box.click()
    ann.page.keyboard.press("Control+V")
    expect(ann.tray).to_contain_text("image.png")
    ann.page.keyboard.press("Enter")
    expect(pictures(bo.page)).to_have_count(2)


def test_the_viewer_by_keys_and_mouse(shown: Pair) -> None:
    ann, bo = shown
    opener = bo.page.get_by_role("button", name="Open picture 2.jpg")
    opener.click()
    viewer = bo.page.locator("dialog.viewer")
    expect(viewer.locator(".viewer-head")).to_contain_text("Ann")
    expect(viewer.get_by_role("img", name="Picture from Ann")).to_have_class("whole shown")
    keys = bo.page.keyboard
    for key, name in (("ArrowLeft", "1.jpg"), ("ArrowLeft", "1.jpg"), ("ArrowRight", "2.jpg")):
        keys.press(key)
        expect(viewer.locator(".viewer-head")).to_contain_text(name)
    # By the buttons, with keys: the focus stays, or goes on where there is no other picture.
    older = viewer.get_by_role("button", name="Previous picture")
    older.focus()
    keys.press("Enter")
    expect(viewer.locator(".viewer-head")).to_contain_text("1.jpg")
    expect(older).to_have_count(0)
    expect(viewer.get_by_role("button", name="Close")).to_be_focused()
    newer = viewer.get_by_role("button", name="Next picture")
    newer.focus()
    keys.press("Enter")
    expect(viewer.locator(".viewer-head")).to_contain_text("2.jpg")
    keys.press("+")
    assert scale(bo.page) == 1.5
    keys.press("-")
    bo.page.mouse.move(640, 400)
    bo.page.mouse.wheel(0, -300)
    expect(viewer.locator(".stage.near")).to_be_visible()
    before = viewer.locator(".layers").bounding_box()
    bo.page.mouse.down()
    bo.page.mouse.move(600, 380, steps=3)
    bo.page.mouse.up()
    after = viewer.locator(".layers").bounding_box()
    assert before and after
    assert (after["x"], after["y"]) == pytest.approx((before["x"] - 40, before["y"] - 20))
    bo.page.mouse.dblclick(640, 400)
    expect(viewer.locator(".stage.near")).to_have_count(0)
    bo.page.mouse.dblclick(640, 400)
    expect(viewer.locator(".stage.near")).to_be_visible()
    with bo.page.expect_download() as saving:
        viewer.get_by_role("link", name="Download").click()
    assert saving.value.suggested_filename == "2.jpg"
    keys.press("Escape")
    expect(viewer).to_have_count(0)
    expect(opener).to_be_focused()
    # What is recalled while one looks at it is gone.
    opener.click()
    ann.menu(3, "Recall")
    expect(viewer).to_have_count(0)


def test_the_viewer_loads_what_lies_between(talk: Pair) -> None:
    ann, bo = talk
    ann.attach(picture("old.jpg", 400, 300))
    ann.page.keyboard.press("Enter")
    expect(pictures(bo.page)).to_have_count(1)
    conv = ann.page.evaluate("location.hash.slice(4)")
    for one in talk:
        one.page.goto(f"{one.url}/#/")
    bo.page.evaluate(FILL, [conv, 110])
    ann.visit(conv)
    ann.attach(picture("new.jpg", 400, 300))
    ann.page.keyboard.press("Enter")
    ann.page.get_by_role("button", name="Open picture new.jpg").wait_for()
    ann.page.reload()
    expect(pictures(ann.page)).to_have_count(1)
    ann.page.get_by_role("button", name="Open picture new.jpg").click()
    ann.page.get_by_role("button", name="Previous picture").click()
    expect(ann.page.locator(".viewer-head")).to_contain_text("old.jpg")
    ann.page.keyboard.press("ArrowRight")
    expect(ann.page.locator(".viewer-head")).to_contain_text("new.jpg")


def test_the_viewer_by_fingers(shown: Pair, someone: Someone) -> None:
    _, bo = shown
    phone = someone("bo", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    phone.name = bo.name
    phone.sign_in()
    phone.row.tap()
    phone.page.get_by_role("button", name="Open picture 3.jpg").tap()
    head = phone.page.locator(".viewer-head")
    expect(head).to_contain_text("3.jpg")
    fingers = Fingers(phone.page)
    fingers.draw((100, 400), (180, 405), (260, 405))
    expect(head).to_contain_text("2.jpg")
    fingers.draw((260, 400), (180, 395), (100, 395))
    expect(head).to_contain_text("3.jpg")
    fingers.down((150, 370), (210, 370))
    fingers.move((130, 370), (230, 370))
    fingers.move((90, 370), (270, 370))
    fingers.up()
    expect(phone.page.locator(".stage.near")).to_be_visible()
    assert 2 < scale(phone.page) <= 4
    phone.page.touchscreen.tap(180, 300)
    phone.page.touchscreen.tap(180, 300)
    expect(phone.page.locator(".stage.near")).to_have_count(0)
    fingers.draw((180, 300), (180, 420), (180, 500))
    expect(phone.page.locator("dialog.viewer")).to_have_count(0)
