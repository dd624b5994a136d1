"""Messages are found from the search box, and a click shows the one that was meant."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.client import Account
from tests.grouped import Group, ok
from tests.media import PDF, uploaded
from tests.page.person import Person
from tests.page.test_thread import FILL
from tests.running import Server

Someone = Callable[..., Person]


def test_a_message_is_found_and_shown_where_it_stands(pair: tuple[Person, Person]) -> None:
    ann, bo = pair
    conv = ann.page.evaluate("location.hash.slice(4)")
    bo.box.fill("明天四点在河边的Café喝茶")
    bo.page.keyboard.press("Enter")
    expect(ann.bubbles.last).to_contain_text("河边")
    bo.page.evaluate(FILL, [conv, 150])
    expect(ann.bubbles.last).to_contain_text("old 150")
    ann.page.reload()
    expect(ann.bubbles.last).to_contain_text("old 150")
    expect(ann.page.locator(".log").get_by_text("河边")).to_have_count(0)
    search = ann.page.locator("[type=search]")
    # One character is enough, and letters are found in any case and width.
    for query, marked in (("河", "河"), ("ＣAFÉ喝", "Café喝")):
        search.fill(query)
        hit = ann.page.locator(".rail .row.said")
        expect(hit).to_have_count(1)
        expect(hit.locator("mark")).to_have_text(marked)
    hit.click()
    shown = ann.page.locator(".log .bubble").filter(has_text="河边")
    expect(shown).to_be_in_viewport()
    expect(search).to_have_value("")
    expect(ann.box).to_be_focused()
    # And from another conversation, with the keys alone.
    ann.page.get_by_role("button", name="My notes").click()
    search.fill("old 149")
    expect(ann.page.locator(".rail .row.said")).to_have_count(1)
    search.press("Enter")
    expect(ann.page.locator(".log .bubble").filter(has_text="old 149")).to_be_in_viewport()


def test_files_and_announcements_are_found_by_their_words(server: Server, someone: Someone) -> None:
    ann, bo = Account.new(server), Account.new(server)
    group = Group.of(ann, bo, name="Lunch")
    ok(group.change(ann, announcement="Soup is on the menu until Friday"))
    medium = uploaded(ann, PDF, "menu of the week.pdf")
    ann.say(bo, medium["id"], kind="file")
    bo_page = someone(account=bo).page
    bo_page.locator("[type=search]").fill("menu of")
    hit = bo_page.locator(".rail .row.said")
    expect(hit).to_have_count(1)
    expect(hit).to_contain_text("[File] menu of the week.pdf")
    expect(hit.locator("mark")).to_have_text("menu of")
    bo_page.locator("[type=search]").fill("MENU until")
    expect(hit).to_contain_text("Announcement: ")
    expect(hit.locator("mark")).to_have_text("menu until")
    hit.click()
    shown = bo_page.locator(".log .event").filter(has_text="Soup is on the menu")
    expect(shown).to_be_in_viewport()


def test_what_is_found_nowhere_is_said(someone: Someone) -> None:
    ann = someone().register()
    ann.page.locator("[type=search]").fill("nothing like this")
    expect(ann.page.get_by_role("status").filter(has_text="nothing like this")).to_be_visible()
