"""What comes in the middle of something else: by somebody else, in another tab, with no network."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.client import Account
from tests.page.person import Person
from tests.page.wire import Wire
from tests.running import Server

Pair = tuple[Person, Person]
Someone = Callable[..., Person]


def recall(one: Person, number: int) -> None:
    """Takes a message of his back, counted from the first, in another place than this window."""
    conv = one.page.evaluate("location.hash.slice(4)")
    seq = one.page.locator(".log .line").nth(number).get_attribute("data-seq")
    path = f"/api/conversations/{conv}/messages/{seq}"
    assert one.call("DELETE", path)["status"] == 200


def edit_newest(one: Person) -> None:
    """Begins to edit his newest message, once it is stored."""
    expect(one.last_mark).to_have_attribute("title", re.compile("^(Sent|Read)"))
    one.box.press("ArrowUp")
    expect(one.page.locator(".editing")).to_be_visible()


def test_what_was_made_of_a_message_that_is_recalled_stays_in_the_box(talk: Pair) -> None:
    ann, _ = talk
    ann.write("see you at four")
    edit_newest(ann)
    ann.box.fill("see you at five, by the river")
    recall(ann, 2)
    expect(ann.page.locator(".gone")).to_contain_text("You recalled a message")
    expect(ann.page.locator(".editing")).to_have_count(0)
    expect(ann.box).to_have_value("see you at five, by the river")
    ann.box.press("Enter")
    ann.sees("hello", "hi", "see you at five, by the river")
    # Where nothing was changed, nothing is left of it.
    edit_newest(ann)
    recall(ann, -1)
    expect(ann.page.locator(".gone")).to_have_count(2)
    expect(ann.box).to_have_value("")


def test_what_is_recalled_is_not_forwarded_any_more(talk: Pair) -> None:
    ann, bo = talk
    bo.menu(0, "Forward")
    dialog = bo.page.get_by_role("dialog", name="Forward to")
    expect(dialog).to_contain_text("hello")
    recall(ann, 0)
    expect(bo.page.locator(".toast")).to_have_text("This message was recalled meanwhile.")
    expect(dialog).to_have_count(0)


def test_a_recall_whose_answer_is_lost_can_be_edited_again(talk: Pair) -> None:
    ann, bo = talk
    wire = Wire(ann.page)
    ann.page.reload()
    ann.sees("hello", "hi")
    ann.connected()
    wire.deaf = True
    ann.menu(0, "Recall")
    expect(bo.page.locator(".gone")).to_contain_text("Ann recalled a message")
    wire.break_off()
    ann.page.get_by_role("button", name="Edit again").click()
    expect(ann.box).to_have_value("hello")


def test_each_tab_remembers_what_was_typed_in_it(talk: Pair) -> None:
    ann, bo = talk
    other = Person(ann.page.context.new_page(), ann.page.url, "ann").open()
    other.sees("hello", "hi")
    other.box.fill("a long thought")
    ann.write("short")
    bo.sees("hello", "hi", "short")
    other.page.reload()
    expect(other.box).to_have_value("a long thought")
    # What was sent from here is no draft there.
    other.box.press("Enter")
    bo.sees("hello", "hi", "short", "a long thought")
    ann.page.reload()
    ann.sees("hello", "hi", "short", "a long thought")
    expect(ann.box).to_have_value("")
    assert other.troubles == []
    other.page.close()


def test_who_cannot_join_at_once_can_try_again(someone: Someone, server: Server) -> None:
    owner = Account.new(server)
    group = owner.post("/api/groups", name="Lunch", members=[]).data
    link = owner.post(f"/api/groups/{group['gid']}/links").data
    ann = someone("ann").open_as(Account.new(server))
    ann.page.route("**/api/join/*", lambda route: route.abort())
    ann.page.goto(f"{server.url}/join/{link['code']}")
    asked = ann.page.get_by_role("dialog", name="Join a group")
    expect(asked.get_by_role("alert")).to_contain_text("cannot be reached")
    ann.page.unroute("**/api/join/*")
    asked.get_by_role("button", name="Try again").click()
    expect(asked).to_contain_text("Lunch")
    ann.page.route("**/api/join/*", lambda route: route.abort())
    join = asked.get_by_role("button", name="Join", exact=True)
    join.click()
    expect(asked.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(join).to_be_focused()
    ann.page.unroute("**/api/join/*")
    join.click()
    expect(ann.page.locator(".who-status")).to_have_text("2 members")


def test_a_question_about_a_group_ends_with_it(trio: tuple[Person, Person, Person]) -> None:
    ann, bo, _ = trio
    group = ann.found("Lunch", bo)
    bo.visit(group["conv"])
    bo.page.locator(".who").click()
    bo.page.get_by_role("button", name="Leave the group").click()
    question = bo.page.get_by_role("dialog", name="Leave")
    expect(question).to_be_visible()
    assert ann.call("DELETE", f"/api/groups/{group['gid']}")["status"] == 200
    expect(question).to_have_count(0)
    expect(bo.page.locator(".silenced")).to_contain_text("dissolved")
