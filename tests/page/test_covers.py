"""What lies over the page goes one by one: by a phone's back gesture, and by Escape."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.page.person import Person
from tests.page.samples import landscape

Someone = Callable[..., Person]
Pair = tuple[Person, Person]

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}

COMMAND_K = """() => {
    window.dispatchEvent(new KeyboardEvent("keydown", { key: "k", metaKey: true }));
    return document.activeElement.type;
}"""


def test_back_closes_viewer_panel_details_and_thread_in_this_order(
    talk: Pair, someone: Someone
) -> None:
    ann, _ = talk
    ann.attach(landscape("river.jpg"))
    ann.page.keyboard.press("Enter")
    phone = someone("ann", **PHONE)
    phone.name = ann.name
    phone.sign_in()
    phone.row.tap()
    page = phone.page
    page.locator(".log .picture").tap()
    expect(page.locator("dialog.viewer")).to_be_visible()
    page.go_back()
    expect(page.locator("dialog.viewer")).to_have_count(0)
    page.get_by_role("button", name="Emoji and stickers").tap()
    expect(page.locator(".panel")).to_be_visible()
    page.go_back()
    expect(page.locator(".panel")).to_have_count(0)
    expect(page.locator(".thread")).to_be_visible()
    page.locator(".who").tap()
    page.get_by_role("button", name="Add people").tap()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".details")).to_be_visible()
    page.go_back()
    expect(page.locator(".details")).to_have_count(0)
    expect(page.locator(".thread")).to_be_visible()
    page.go_back()
    expect(page.locator(".rail")).to_be_visible()


def test_what_was_closed_by_hand_costs_no_step_back(talk: Pair) -> None:
    ann, _ = talk
    page = ann.page
    page.goto(f"{ann.url}/#/")
    page.locator(".rail button.row").first.click()
    page.locator(".log .bubble .face, .who").last.click()
    page.locator(".details").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="More", exact=True).click()
    page.keyboard.press("Escape")
    # Out of a dialog to another conversation: the list is one step away, as from any other.
    page.locator(".log .face").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Message").click()
    expect(page.locator(".who-name")).to_have_text("Bo")
    page.go_back()
    expect(page.locator(".nobody")).to_be_visible()


def test_escape_closes_the_topmost_and_the_focus_goes_back(talk: Pair) -> None:
    ann, _ = talk
    page = ann.page
    opener = page.get_by_role("button", name="Settings").last
    opener.click()
    settings = page.get_by_role("dialog", name="Settings")
    page.get_by_role("button", name="Delete my account").click()
    asked = page.get_by_role("dialog", name="Delete your account?")
    expect(asked).to_be_visible()
    page.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    expect(page.get_by_role("button", name="Delete my account")).to_be_focused()
    page.keyboard.press("Escape")
    expect(settings).to_have_count(0)
    expect(opener).to_be_focused()
    page.locator(".who").click()
    more = page.locator(".member .icon-button").first
    more.click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(more).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".details")).to_have_count(0)
    expect(page.locator(".who")).to_be_focused()


def test_a_key_leads_to_the_search_from_anywhere_and_back(talk: Pair) -> None:
    ann, _ = talk
    search = ann.page.locator(".rail [type=search]")
    ann.box.click()
    ann.page.keyboard.press("Control+k")
    expect(search).to_be_focused()
    ann.page.keyboard.press("Escape")
    expect(ann.box).to_be_focused()
    # At once, or the first letter of who types fast would go into the message.
    assert ann.page.evaluate(COMMAND_K) == "search"
    ann.page.keyboard.type("nobody of this name")
    expect(ann.page.locator(".rail .empty")).to_contain_text("Nothing found")
    ann.page.keyboard.press("Escape")
    expect(search).to_have_value("")
    ann.page.keyboard.type("Talk")
    expect(ann.row).to_contain_text("Talk")
    ann.page.keyboard.press("ArrowDown")
    expect(ann.row).to_be_focused()
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator(".who-name")).to_have_text("Talk")
