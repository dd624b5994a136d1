"""Away and back: everything arrives, in order, once."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.client import Account
from tests.page.person import Person, numbered, sign_in
from tests.page.wire import Wire
from tests.running import Server, running

Someone = Callable[..., Person]
Pair = tuple[Person, Person]


def test_offline_and_back(pair: Pair) -> None:
    ann, bo = pair
    network = ann.page.context
    network.set_offline(True)
    expect(ann.page.locator(".bar")).to_contain_text("You are offline")
    ann.write("from the tunnel", "still in it")
    expect(ann.last_mark).to_have_attribute("title", "Sending")
    ann.box.press("ArrowUp")
    expect(ann.box).to_have_value("")  # not an older one in its place
    bo.write(*numbered(3, "meanwhile"))
    expect(bo.page.locator(".log .mark[title=Sent]")).to_have_count(3)  # before what hers are
    network.set_offline(False)
    told = ["hello", "hi", *numbered(3, "meanwhile"), "from the tunnel", "still in it"]
    ann.sees(*told)
    bo.sees(*told)
    ann.connected()


def test_a_window_opens_without_a_network_too(someone: Someone, server: Server) -> None:
    ann = someone("ann")
    sign_in(ann.page, Account.new(server))
    with ann.page.expect_response("**/js/views/newgroup.js"):  # while the page is idle
        ann.open()
    ann.page.context.set_offline(True)
    ann.page.get_by_role("button", name="New group").click()
    expect(ann.page.get_by_role("dialog", name="New group")).to_be_visible()


def test_the_server_goes_and_comes_back(someone: Someone, tmp_path: Path) -> None:
    with running(tmp_path) as first:
        ann = someone("ann", url=first.url).register("Ann")
        ann.page.get_by_role("button", name="My notes").click()
        ann.write("before")
        expect(ann.last_mark).to_have_attribute("title", "Sent")
    expect(ann.page.locator(".bar")).to_contain_text(
        "Reconnecting… next try in", use_inner_text=True
    )
    ann.write("meanwhile", "and more")
    with running(tmp_path, service_httpport=f":{first.port}"):
        expect(ann.last_mark).to_have_attribute("title", "Sent")
        ann.page.reload()
        ann.sees("before", "meanwhile", "and more")
        ann.page.goto("about:blank")


def test_what_was_unsent_survives_a_reload(pair: Pair) -> None:
    ann, bo = pair
    cut = "**/ws"
    ann.page.route_web_socket(cut, lambda socket: socket.close())
    ann.page.reload()
    expect(ann.page.locator(".bar")).to_contain_text("Reconnecting")
    ann.write("one", "two")
    ann.page.reload()
    ann.sees("hello", "hi", "one", "two")
    expect(ann.last_mark).to_have_attribute("title", "Sending")
    other = ann.page.context.new_page()
    ann.page.close()
    ann.page = other
    ann.open()
    bo.sees("hello", "hi", "one", "two")


def test_a_lost_answer_doubles_nothing(pair: Pair) -> None:
    """The server stores the message and the connection breaks before its answer comes."""
    ann, bo = pair
    wire = Wire(ann.page)
    ann.page.reload()
    ann.write("heard")
    expect(ann.last_mark).to_have_attribute("title", "Read")
    wire.deaf = True
    ann.write("once")
    bo.sees("hello", "hi", "heard", "once")
    expect(ann.last_mark).to_have_attribute("title", "Sending")
    wire.break_off()
    expect(ann.last_mark).to_have_attribute("title", "Read")
    for one in (ann, bo):
        one.sees("hello", "hi", "heard", "once")
