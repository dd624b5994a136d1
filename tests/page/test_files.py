"""Files on their way: chosen or dropped, looked at, uploaded in order, given up, tried again."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.person import Person
from tests.page.samples import document

Pair = tuple[Person, Person]


@contextmanager
def slowed_down(page: Page, bytes_per_second: int) -> Iterator[None]:
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions", conditions | {"uploadThroughput": bytes_per_second}
    )
    yield
    session.detach()


def drag(page: Page, what: str, x: float, y: float, *files: Path) -> None:
    """A drag of files from outside the browser."""
    data = {"items": [], "files": [str(path) for path in files], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchDragEvent", {"type": what, "x": x, "y": y, "data": data})


def test_they_are_looked_at_and_sent_in_their_order(talk: Pair) -> None:
    ann, bo = talk
    name = "Minutes of the tea committee, spring meeting (final).pdf"
    ann.attach(document("first.pdf"), document(name, b"x" * 5_000), document("third.zip"))
    expect(ann.tray.nth(1)).to_contain_text("4.9 KB")
    ann.page.get_by_role("button", name="Remove first.pdf").click()
    expect(ann.page.locator(".tray h2")).to_have_text("2 files to send")
    expect(ann.box).to_be_focused()
    ann.page.keyboard.type("behind them")
    ann.page.keyboard.press("Enter")
    expect(ann.tray).to_have_count(0)
    for one in talk:
        lines = one.page.locator(".line")
        expect(lines).to_have_count(5)
        expect(lines.nth(2)).to_contain_text("(final).pdf")
        expect(lines.nth(3)).to_contain_text("third.zip")
        expect(lines.nth(4)).to_contain_text("behind them")
    with bo.page.expect_download() as saving:
        bo.page.get_by_role("link", name=name).click()
    assert saving.value.suggested_filename == name
    assert Path(saving.value.path()).read_bytes() == b"x" * 5_000
    ann.page.reload()
    expect(ann.page.locator("a.file")).to_have_count(2)


def test_the_list_and_quotes_name_them(talk: Pair) -> None:
    ann, bo = talk
    ann.attach(document("plan.pdf"))
    ann.page.keyboard.press("Enter")
    expect(bo.row).to_contain_text("Ann: [File] plan.pdf")
    bo.menu(2, "Reply")
    bo.write("thanks")
    expect(ann.page.locator(".quote")).to_contain_text("[File] plan.pdf")


def test_a_drop_on_the_thread(talk: Pair, tmp_path: Path) -> None:
    ann, _ = talk
    for name in ("one.pdf", "two.pdf"):
        (tmp_path / name).write_bytes(b"%PDF-1.4 " + name.encode())
    files = [tmp_path / "one.pdf", tmp_path / "two.pdf"]
    drag(ann.page, "dragEnter", 800, 400, *files)
    expect(ann.page.locator(".drop")).to_have_text("Drop files here to send them")
    drag(ann.page, "dragOver", 100, 400, *files)
    drag(ann.page, "drop", 100, 400, *files)
    expect(ann.page.locator(".drop")).to_have_count(0)
    expect(ann.tray).to_have_count(0)  # beside the thread: nothing is sent, and the page stays
    drag(ann.page, "dragEnter", 800, 400, *files)
    expect(ann.page.locator(".drop")).to_be_visible()
    drag(ann.page, "dragOver", 800, 400, *files)
    drag(ann.page, "drop", 800, 400, *files)
    expect(ann.tray).to_have_count(2)
    expect(ann.page.locator(".drop")).to_have_count(0)
    expect(ann.box).to_be_focused()
    ann.page.keyboard.press("Escape")
    expect(ann.tray).to_have_count(0)


def test_progress_and_giving_up(talk: Pair) -> None:
    ann, _ = talk
    asked: list[str] = []
    with slowed_down(ann.page, 50_000):
        ann.attach(document("large.pdf", b"x" * 1_000_000))
        ann.page.keyboard.type("behind it")
        ann.page.keyboard.press("Enter")
        bar = ann.page.get_by_role("progressbar", name="Uploading large.pdf")
        expect(bar).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]\d?$"))
        expect(ann.page.locator(".file-size")).to_contain_text("KB of 977 KB")
        ann.page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
        ann.page.evaluate("setTimeout(() => location.reload())")
        expect(ann.row).to_contain_text("behind it")
        ann.page.get_by_role("button", name="Do not send large.pdf").click()
    for one in talk:
        one.sees("hello", "hi", "behind it")
        expect(one.page.locator(".of-file")).to_have_count(0)
    assert asked == ["beforeunload"]
    ann.page.reload()  # now nobody is asked
    ann.sees("hello", "hi", "behind it")


def test_given_up_before_the_page_knows_how_it_is_sent(talk: Pair) -> None:
    ann, bo = talk
    held: list[Route] = []
    ann.page.route("**/js/upload.js", lambda route: held.append(route))
    with ann.page.expect_request("**/js/upload.js"):
        ann.page.reload()
    sent: list[str] = []
    ann.page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    ann.attach(document("plan.pdf"))
    ann.page.keyboard.press("Enter")
    ann.page.get_by_role("button", name="Do not send plan.pdf").click()
    for route in held:
        route.continue_()
    ann.attach(document("other.pdf"))
    ann.page.keyboard.press("Enter")
    expect(bo.page.locator(".line").last).to_contain_text("other.pdf")
    expect(bo.page.locator(".of-file")).to_have_count(1)
    assert [urlsplit(url).path for url in sent].count("/api/media") == 1


def test_how_it_is_sent_is_asked_for_until_it_comes(talk: Pair) -> None:
    ann, bo = talk
    ann.page.route("**/js/upload.js", lambda route: route.abort())
    with ann.page.expect_event("requestfailed"):
        ann.page.reload()
    with ann.page.expect_event("requestfailed"):
        ann.attach(document("plan.pdf"))
        ann.page.keyboard.press("Enter")
    ann.page.unroute("**/js/upload.js")
    expect(bo.page.locator(".line").last).to_contain_text("plan.pdf")


def test_what_failed_stays_and_is_tried_again(talk: Pair) -> None:
    ann, bo = talk
    refusal = {"status": 403, "msg": "no", "data": None, "error": "forbidden"}
    answer = {"status": 403, "content_type": "application/json", "body": json.dumps(refusal)}
    ann.page.route("**/api/media", lambda route: route.fulfill(**answer))
    ann.attach(document("plan.pdf"))
    ann.page.keyboard.type("not behind it")
    ann.page.keyboard.press("Enter")
    bo.sees("hello", "hi", "not behind it")
    trouble = ann.page.locator(".trouble")
    expect(trouble).to_contain_text("The file is kept in this tab only.")
    ann.page.unroute("**/api/media")
    trouble.get_by_role("button", name="Try again").click()
    expect(bo.page.locator(".line").last).to_contain_text("plan.pdf")
    expect(trouble).to_have_count(0)


def test_without_a_network_it_waits_and_goes_on_by_itself(talk: Pair) -> None:
    ann, bo = talk
    ann.page.context.set_offline(True)
    ann.attach(document("plan.pdf"))
    ann.page.keyboard.press("Enter")
    ann.write("behind it")
    expect(ann.page.locator(".progress.waits")).to_be_visible()
    ann.page.context.set_offline(False)
    expect(bo.page.locator(".line").last).to_contain_text("behind it")
    expect(bo.page.locator(".line").nth(2)).to_contain_text("plan.pdf")


def test_a_large_one_goes_on_where_the_line_broke(talk: Pair) -> None:
    ann, bo = talk
    content = bytes(range(256)) * 16_384
    offsets: list[int] = []

    def pass_on(route: Route) -> None:
        """The first one gets no further than a quarter."""
        request = route.request
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))
        if request.method == "PATCH" and len(offsets) == 1:
            cookies = "; ".join(f"{c['name']}={c['value']}" for c in ann.page.context.cookies())
            headers = request.headers | {"cookie": cookies, "content-length": str(len(content))}
            address = urlsplit(request.url)
            with socket.create_connection(("127.0.0.1", address.port or 80)) as line:
                head = [f"PATCH {address.path} HTTP/1.1", f"Host: {address.netloc}"]
                head += [f"{name}: {value}" for name, value in headers.items()]
                line.sendall("\r\n".join([*head, "", ""]).encode() + content[: len(content) // 4])
            route.abort("connectionreset")
        else:
            route.continue_()

    ann.page.route("**/api/media/tus/*", pass_on)
    ann.attach(document("large.bin", content))
    ann.page.keyboard.press("Enter")
    link = bo.page.get_by_role("link", name="large.bin")
    expect(link).to_contain_text("4 MB")
    with bo.page.expect_download() as saving:
        link.click()
    assert Path(saving.value.path()).read_bytes() == content
    assert offsets[0] == 0
    assert offsets[-1] == len(content) // 4


def test_the_server_is_busy_for_a_moment(talk: Pair) -> None:
    ann, bo = talk
    refusal = {"status": 429, "msg": "later", "data": None, "error": "rate_limited"}
    answers = [{"status": 429, "headers": {"Retry-After": "1"}, "json": refusal}]

    def answer(route: Route) -> None:
        route.fulfill(**answers.pop()) if answers else route.continue_()

    ann.page.route("**/api/media", answer)
    ann.attach(document("plan.pdf"))
    ann.page.keyboard.press("Enter")
    expect(bo.page.locator(".line").last).to_contain_text("plan.pdf")
    assert answers == []


def test_what_is_too_large_is_said_before_it_is_sent(talk: Pair, tmp_path: Path) -> None:
    ann, bo = talk
    large = tmp_path / "film.mkv"
    with large.open("wb") as sparse:
        sparse.truncate(51 * 1024**2)
    ann.attach(large)
    expect(ann.tray).to_contain_text("Too large: at most 50 MB")
    expect(ann.page.get_by_role("button", name="Send")).to_be_disabled()
    ann.attach(document("plan.pdf"))
    ann.page.get_by_role("button", name="Send").click()
    expect(bo.page.locator(".line").last).to_contain_text("plan.pdf")
    expect(ann.tray).to_have_text(["film.mkvToo large: at most 50 MB"])
    ann.page.get_by_role("button", name="Remove all").click()


@pytest.mark.parametrize("what", ["text", "file"])
def test_forwarded_to_a_person_and_a_group(talk: Pair, what: str) -> None:
    ann, bo = talk
    group = ann.found(f"Readers of a {what}", bo)
    if what == "file":
        ann.attach(document("plan.pdf"))
        ann.page.keyboard.press("Enter")
        expect(bo.page.locator("a.file")).to_be_visible()
    uploads: list[str] = []
    ann.page.on("request", lambda request: uploads.append(request.url))
    ann.menu(2 if what == "file" else 0, "Forward")
    dialog = ann.page.get_by_role("dialog")
    for name in (group["name"], bo.name):
        dialog.get_by_role("combobox").fill(name)
        expect(dialog.locator(".rows-title")).to_have_count(0)  # of those that stood there before
        expect(dialog.get_by_role("option").first).to_contain_text(name)
        ann.page.keyboard.press("Enter")
    expect(dialog.locator(".chip")).to_have_count(2)
    dialog.get_by_role("button", name="Forward").click()
    expect(ann.page.locator(".toast")).to_have_text("Forwarded to 2 conversations")
    shown = "plan.pdf" if what == "file" else "hello"
    pair = f"{min(ann.uid, bo.uid)}:{max(ann.uid, bo.uid)}"
    for conv in (group["conv"], pair):
        bo.visit(conv)
        expect(bo.page.locator(".line").last).to_contain_text(shown)
    assert not [url for url in uploads if url.endswith("/api/media")]
