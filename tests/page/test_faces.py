"""Pictures of people and groups: cut square, seen everywhere, taken away again."""

import io

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Locator, expect

from tests.page.person import Person
from tests.page.samples import picture

Trio = tuple[Person, Person, Person]

MIDDLES = """(hole) => {
    const middle = ({ top, bottom }) => (top + bottom) / 2;
    const picture = hole.querySelector("img").getBoundingClientRect();
    return middle(picture) - middle(hole.getBoundingClientRect());
}"""
"""How far the middle of the picture is below that of the frame, px."""


def choose(person: Person, within: str) -> Locator:
    """Chooses a picture that is black above and white below; returns the dialog."""
    chooser = person.page.locator(f"{within} .face-edit input")
    chooser.set_input_files([picture("me.jpg", 400, 800)])  # type: ignore[list-item]
    dialog = person.page.get_by_role("dialog", name="Crop the picture")
    expect(dialog.locator(".hole img")).to_be_visible()
    return dialog


def brightness(person: Person) -> float:
    """Of the picture that the server has."""
    medium = person.call("GET", "/api/user/me")["data"]["avatar"]
    answer = person.page.request.get(f"{person.url}/api/media/{medium}")
    with Image.open(io.BytesIO(answer.body())) as stored:
        assert stored.size == (512, 512)
        return ImageStat.Stat(stored.convert("L")).mean[0]


def test_mine_is_cut_and_everybody_sees_it(trio: Trio) -> None:
    ann, bo, _ = trio
    conv = f"{min(ann.uid, bo.uid)}:{max(ann.uid, bo.uid)}"
    bo.visit(conv)
    ann.page.goto(f"{ann.url}/#/settings")
    dialog = choose(ann, ".settings")
    box = dialog.locator(".hole").bounding_box()
    assert box
    # The middle is what is seen, and what is cut.
    assert dialog.locator(".hole").evaluate(MIDDLES) == pytest.approx(0, abs=1)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    ann.page.mouse.move(x, y)
    ann.page.mouse.down()
    ann.page.mouse.move(x, y + 500, steps=4)  # further than it goes
    ann.page.mouse.up()
    ann.page.mouse.move(x, y)
    ann.page.mouse.wheel(0, -100)
    expect(dialog.get_by_role("slider")).not_to_have_js_property("value", "1")
    dialog.get_by_role("button", name="Use this picture").click()
    expect(dialog).to_have_count(0)
    expect(ann.page.locator(".me .avatar-picture")).to_be_visible()
    assert brightness(ann) < 70  # its upper part
    ann.page.keyboard.press("Escape")
    bo.page.goto(f"{bo.url}/#/")
    bo.visit(conv)
    expect(bo.page.locator(".who .avatar-picture")).to_be_visible()
    bo.page.locator(".who").click()
    expect(bo.page.get_by_role("dialog").locator(".avatar-picture")).to_be_visible()
    bo.page.keyboard.press("Escape")
    bo.page.locator("[type=search]").fill(ann.name)
    expect(bo.page.locator(".rail .row .avatar-picture")).to_be_visible()
    bo.page.locator("[type=search]").fill("")
    # By keys, and away again.
    ann.page.goto(f"{ann.url}/#/settings")
    hole = choose(ann, ".settings").get_by_role("group", name="Part of the picture")
    hole.focus()
    for _ in range(20):
        ann.page.keyboard.press("ArrowDown")
    ann.page.keyboard.press("+")
    ann.page.get_by_role("button", name="Use this picture").click()
    expect(hole).to_have_count(0)
    assert brightness(ann) > 150
    ann.page.get_by_role("button", name="Change your picture").click()
    ann.page.get_by_role("menuitem", name="Remove the picture").click()
    expect(ann.page.locator(".avatar-picture")).to_have_count(0)


def test_a_groups_picture_is_its_leaders_matter(trio: Trio) -> None:
    ann, bo, _ = trio
    conv = ann.found("Readers", bo)["conv"]
    for one in (ann, bo):
        one.visit(conv)
        one.page.locator(".who").click()
    expect(bo.page.locator(".details .avatar.large")).to_have_text("R")
    expect(bo.page.locator(".details .face-edit")).to_have_count(0)
    choose(ann, ".details").get_by_role("button", name="Use this picture").click()
    for place in (".details", ".who", ".rail .row.open"):
        expect(bo.page.locator(f"{place} .avatar-picture").first).to_be_visible()
    expect(bo.page.locator(".event").last).to_have_text("Ann changed the group's picture")


def test_what_is_no_picture_is_said(trio: Trio) -> None:
    ann, _, _ = trio
    ann.page.goto(f"{ann.url}/#/settings")
    chosen = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": b"none at all"}
    ann.page.locator(".settings .face-edit input").set_input_files([chosen])  # type: ignore[list-item]
    expect(ann.page.get_by_role("alert")).to_contain_text("cannot show this file")
    expect(ann.page.get_by_role("button", name="Use this picture")).to_be_disabled()
    ann.page.get_by_role("button", name="Cancel").click()


def test_what_could_not_be_saved_is_tried_again_by_the_same_key(trio: Trio) -> None:
    ann, _, _ = trio
    ann.page.goto(f"{ann.url}/#/settings")
    ann.page.locator(".settings .face-edit input").set_input_files([picture("me.jpg", 400, 400)])  # type: ignore[list-item]
    save = ann.page.get_by_role("button", name="Use this picture")
    ann.page.route("**/api/media", lambda route: route.abort())
    save.focus()
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(save).to_be_focused()
    ann.page.unroute("**/api/media")
    ann.page.keyboard.press("Enter")
    expect(save).to_have_count(0)


def test_who_chooses_none_stays_in_the_settings(trio: Trio) -> None:
    ann, _, _ = trio
    ann.page.goto(f"{ann.url}/#/settings")
    ann.page.locator("[name=nickname]").fill("half a name")
    chooser = ann.page.locator(".settings .face-edit input")
    chooser.evaluate("box => box.dispatchEvent(new Event('cancel', { bubbles: true }))")
    expect(ann.page.locator("[name=nickname]")).to_have_value("half a name")
    assert ann.page.url.endswith("#/settings")


def test_the_initials_stay_where_a_picture_does_not_come(trio: Trio) -> None:
    ann, bo, _ = trio
    ann.page.goto(f"{ann.url}/#/settings")
    choose(ann, ".settings").get_by_role("button", name="Use this picture").click()
    expect(ann.page.locator(".me .avatar-picture")).to_be_visible()
    bo.page.route("**/api/media/*", lambda route: route.abort())
    bo.visit(f"{min(ann.uid, bo.uid)}:{max(ann.uid, bo.uid)}")
    expect(bo.page.locator(".who .avatar")).to_have_text("A")
    expect(bo.page.locator(".who .avatar-picture")).to_have_count(0)
    bo.page.unroute("**/api/media/*")
