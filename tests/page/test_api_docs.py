"""The page at /docs: it shows the whole description, in both languages, on any width."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.described import DOCUMENT
from tests.page.person import Person
from tests.running import Server

FIRST_LOAD_MAX = 60_000
"""Bytes on the wire until everything is there."""

CALLS = [
    (said["operationId"], method, path)
    for path, verbs in DOCUMENT["paths"].items()
    for method, said in verbs.items()
    if method != "head"
]

Someone = Callable[..., Person]


@pytest.fixture
def docs(someone: Someone, server: Server) -> Page:
    page = someone(url=f"{server.url}/docs").page
    expect(page.locator(".call").first).to_be_visible()
    return page


def test_it_shows_every_call_with_its_fields_and_words(docs: Page) -> None:
    expect(docs.locator(".call")).to_have_count(len(CALLS))
    expect(docs.locator(".contents li")).to_have_count(len(CALLS))
    for id, method, path in CALLS:
        heading = docs.locator(f"#{id} h3")
        assert heading.locator(".method").inner_text() == method.upper()
        assert heading.locator(".path").inner_text() == path
    register = docs.locator("#postRegister")
    assert register.locator(".who").inner_text() == "anyone"
    for name in ("user_name", "password", "nickname", "invite"):
        expect(register.locator(".fields .name", has_text=name).first).to_be_visible()
    expect(register).to_contain_text("8 to 128 characters")
    register.locator(".refusals summary").click()
    expect(register.locator("dt", has_text="user_exists")).to_be_visible()
    # A page of messages holds messages, whose fields open.
    messages = docs.locator("#getMessages")
    messages.locator("details", has_text="Message").first.locator("summary").first.click()
    expect(messages.locator(".fields .fields .name", has_text="reply_to")).to_be_visible()


def test_each_call_has_an_address(someone: Someone, server: Server) -> None:
    page = someone(url=f"{server.url}/docs#postMessages").page
    expect(page.locator("#postMessages")).to_be_in_viewport()
    expect(page.locator("#postRegister")).not_to_be_in_viewport()
    page.locator(".contents a", has_text="/healthz").click()
    expect(page.locator("#getHealth")).to_be_in_viewport()
    assert page.url.endswith("#getHealth")


def test_calls_are_found_by_path_text_and_refusal(docs: Page) -> None:
    box = docs.get_by_role("searchbox")
    box.fill("user_exists")
    expect(docs.locator(".call")).to_have_count(1)
    expect(docs.locator("#postRegister")).to_be_visible()
    box.fill("DELETE /block")
    expect(docs.locator(".contents li")).to_have_count(1)
    box.fill("no such call")
    expect(docs.locator(".empty")).to_be_visible()


def test_language_and_theme_are_chosen_and_kept(docs: Page) -> None:
    docs.get_by_role("button", name="中文").click()
    expect(docs.locator("h1")).to_have_text("Tornado IM 接口")
    expect(docs.locator("#postRegister .summary")).to_have_text("注册账号")
    docs.get_by_role("button", name="浅色或深色").click()
    assert docs.evaluate("document.documentElement.dataset.theme") == "dark"
    docs.reload()
    expect(docs.locator("h1")).to_have_text("Tornado IM 接口")
    assert docs.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    assert docs.title() == "Tornado IM 接口"


def test_an_example_is_copied(docs: Page) -> None:
    docs.context.grant_permissions(["clipboard-read", "clipboard-write"])
    docs.locator("#postRegister figure button").first.click()
    copied = docs.evaluate("navigator.clipboard.readText()")
    assert re.match(r'curl -X POST "http://127\.0\.0\.1:\d+/api/user/register"', copied)
    assert '"password"' in copied and "nickname" not in copied


def test_the_examples_work_as_they_stand(docs: Page) -> None:
    def run(id: str, token: str = "") -> Any:
        example = docs.locator(f"#{id} figure pre").first.inner_text()
        environment = os.environ | {"TOKEN": token}
        shell = subprocess.run(["bash", "-c", example], env=environment, capture_output=True)
        return json.loads(shell.stdout)

    assert run("postRegister")["status"] == 201
    token = run("postLogin")["data"]["token"]
    assert run("getMe", token)["data"]["user_name"] == "some-text"
    assert run("getSearch", token)["data"][0]["user_name"] == "some-text"
    # A conversation of others, if the two are there by now.
    assert run("postMessages", token)["error"] in {"forbidden", "not_found"}


def test_on_a_phone_the_contents_open_and_close(someone: Someone, server: Server) -> None:
    page = someone(url=f"{server.url}/docs", viewport={"width": 360, "height": 740}).page
    link = page.locator(".contents a", has_text="/healthz")
    expect(link).to_be_hidden()
    page.locator(".contents summary").click()
    link.click()
    expect(page.locator("#getHealth")).to_be_in_viewport()
    expect(link).to_be_hidden()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_window(someone: Someone, server: Server, width: int) -> None:
    page = someone(url=f"{server.url}/docs", viewport={"width": width, "height": 800}).page
    expect(page.locator(".call").first).to_be_visible()
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_it_is_light_and_from_here_alone(someone: Someone, server: Server) -> None:
    person = someone(url="about:blank")
    session = person.page.context.new_cdp_session(person.page)
    session.send("Network.enable")
    loaded: list[float] = []
    session.on("Network.loadingFinished", lambda seen: loaded.append(seen["encodedDataLength"]))
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url))
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    person.page.goto(f"{server.url}/docs", wait_until="networkidle")
    assert all(url.startswith(f"{server.url}/") for url in asked)
    assert asked.count(f"{server.url}/api/openapi.json") == 1
    assert len(loaded) >= 10 and sum(loaded) < FIRST_LOAD_MAX


def test_a_description_that_does_not_come_is_said(someone: Someone, server: Server) -> None:
    page = someone().page
    page.route("**/api/openapi.json", lambda route: route.fulfill(status=503))
    page.goto(f"{server.url}/docs")
    expect(page.locator(".empty")).to_have_text(re.compile("could not be loaded"))
