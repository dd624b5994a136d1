"""What the report looks at: people, conversations and an administrator on a server of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page

from tests.client import Account, Chat, pair
from tests.grouped import Group
from tests.media import uploaded
from tests.page.person import sign_in
from tests.page.samples import document, landscape, voice
from tests.running import Server

LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}

WINDOW = 30
"""Frames on the way at once, below the 32 that the server lets wait."""


@dataclass(frozen=True)
class Stage:
    server: Server
    ann: Account
    bo: Account
    group: Group

    @property
    def conv(self) -> str:
        """Of Ann and Bo."""
        return pair(self.ann, self.bo)


def stage(server: Server) -> Stage:
    """Ann and Bo with every kind of message in a conversation and a group of three."""
    ann, bo, cy = (Account.new(server, nickname=name) for name in ("Ann Arbor", "Bo Diddley", "安"))
    group = Group.of(ann, bo, cy, name="Tea tasting")
    group.change(ann, announcement="Four o'clock, by the river.")
    hello = group.said(bo, "hello, all of you")
    group.said(ann, "hi", reply_to=hello)
    group.said(cy, "@Ann Arbor see https://tea.example/menu", mentions=[ann.uid])
    first = ann.say(bo, "hello")
    ann.call("PUT", f"/api/conversations/{pair(ann, bo)}/messages/{first}/reactions/👍")
    bo.say(ann, "hi", reply_to=first)
    bo.say(ann, "🎉")
    bo.say(ann, "tornado/ok", kind="sticker")
    for chosen in (landscape("river.jpg"), document("notes.pdf"), voice("voice.wav", 3)):
        medium = uploaded(bo, chosen["buffer"], chosen["name"])
        bo.say(ann, medium["id"], kind=medium["kind"])
    gone = ann.say(bo, "not so")
    ann.call("DELETE", f"/api/conversations/{pair(ann, bo)}/messages/{gone}")
    return Stage(server, ann, bo, group)


@contextmanager
def window(browser: Browser, who: Account | None = None, **options: Any) -> Iterator[Page]:
    """A browser window of somebody who is signed in, or of nobody; its cache is empty."""
    usual = {"locale": "en-GB", "viewport": LAPTOP, "reduced_motion": "reduce"}
    context = browser.new_context(**(usual | options))
    page = context.new_page()
    if who is not None:
        sign_in(page, who)
    yield page
    context.close()


async def _say_all(chat: Chat, other: Account, count: int, word: str) -> None:
    for start in range(0, count, WINDOW):
        numbers = range(start + 1, min(start + WINDOW, count) + 1)
        for number in numbers:
            await chat.send(type=1, id=f"{word}{number}", to=other.uid, content=f"{word} {number}")
        for number in numbers:
            await chat.answer(f"{word}{number}")


def say_many(sender: Account, other: Account, count: int, word: str = "message") -> None:
    """As fast as the server takes them."""

    async def say() -> None:
        async with sender.chat() as chat:
            await _say_all(chat, other, count, word)

    with ThreadPoolExecutor(1) as pool:  # Playwright's loop has this thread
        pool.submit(asyncio.run, say()).result()
