"""A person of the contract: an account over REST, a chat over a WebSocket."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.running import PASSWORD, USER_AGENT, Reply, Site

SECONDS = 8.0
"""How long anything is awaited before the test fails."""

# Codes of the contract.
MESSAGE, CONNECTED, HISTORY_END, SENT_ONLINE, SENT_OFFLINE = 50001, 50002, 50003, 50004, 50005
LIMITED, HISTORY, UNREAD, READ, TYPING, PRESENCE = 50006, 50007, 50008, 50009, 50010, 50011
RECALLED, SYNC, PONG, STATE = 50012, 50013, 50014, 50020
EDITED, REACTED = 50016, 50017
BAD_FRAME, INVALID_FIELD, FORBIDDEN, NOT_FOUND = 40000, 40001, 40003, 40004
SENSITIVE = 40022

Frame = dict[str, Any]

_names = itertools.count()
_run = secrets.token_hex(3)
_ids = itertools.count()


def new_name(stem: str = "user") -> str:
    """A name that nobody has, and that is no part of one that somebody has."""
    return f"{stem}-{_run}-{next(_names)}x"


def pair(one: Account, other: Account) -> str:
    return f"{min(one.uid, other.uid)}:{max(one.uid, other.uid)}"


def url(one: Account, other: Account, rest: str = "") -> str:
    """The path of their conversation."""
    return f"/api/conversations/{pair(one, other)}{rest}"


def page(reader: Account, other: Account, **query: object) -> Reply:
    """A page of their conversation."""
    return reader.get(url(reader, other, "/messages"), **query)


def ask(site: Site, headers: dict[str, str], path: str = "/api/user/me", by: str = "GET") -> Reply:
    """Call with these headers, and a token only where one of them carries it."""
    return site.call(by, path, headers=headers)


def new_person() -> dict[str, object]:
    """What registers somebody whom nobody has registered."""
    return {"user_name": new_name(), "password": PASSWORD}


def register(site: Site, **fields: object) -> Reply:
    return site.call("POST", "/api/user/register", json=new_person() | fields)


class Account:
    """Somebody who is registered, and signed in on one device."""

    def __init__(self, server: Site, name: str, uid: int, device: str = USER_AGENT) -> None:
        self.server = server
        self.name = name
        self.uid = uid
        self.device = device
        self.token = ""

    @classmethod
    def new(
        cls, server: Site, name: str | None = None, *, address: str = "", **fields: Any
    ) -> Account:
        """`address` is where a trusted proxy says that the calls come from."""
        person = new_person() | ({"user_name": name} if name else {}) | fields
        came = {"X-Forwarded-For": address} if address else {}
        made = server.call("POST", "/api/user/register", json=person, headers=came)
        assert made.status == 201, made
        account = cls(server, str(person["user_name"]), made.data["uid"])
        account.login(**came)
        return account

    def on(self, device: str, server: Site | None = None) -> Account:
        """The same person, signed in on another device, or on another process."""
        account = Account(server or self.server, self.name, self.uid, device)
        account.login()
        return account

    def try_login(self, password: str = PASSWORD, **headers: str) -> Reply:
        return self.server.call(
            "POST",
            "/api/user/login",
            json={"user_name": self.name, "password": password},
            headers={"User-Agent": self.device, **headers},
        )

    def login(self, **headers: str) -> str:
        answer = self.try_login(**headers)
        assert answer.status == 200, answer
        self.token = answer.data["token"]
        return self.token

    @property
    def headers(self) -> dict[str, str]:
        return {"User-Agent": self.device, "token": self.token}

    def call(self, method: str, path: str, **options: Any) -> Reply:
        return self.server.call(
            method, path, headers=self.headers | options.pop("headers", {}), **options
        )

    def get(self, path: str, **params: Any) -> Reply:
        return self.call("GET", path, params=httpx.QueryParams(params) if params else None)

    def post(self, path: str, **fields: Any) -> Reply:
        return self.call("POST", path, json=fields)

    def say(self, other: Account, content: str = "hello", **fields: Any) -> int:
        """Send a message by REST; returns its seq."""
        sent = self.post(
            f"/api/conversations/{pair(self, other)}/messages", content=content, **fields
        )
        assert sent.status == 201, sent
        seq: int = sent.data["seq"]
        return seq

    def chat(self, **options: Any) -> Chat:
        return Chat(self, **options)


class Chat:
    """One socket: `async with account.chat() as chat`.

    Every frame that comes is kept in `seen`, in order; `ask` takes the answer to a frame and
    `push` the first push that fits, so that what is left is what nobody has asked for.
    """

    def __init__(self, account: Account, **options: Any) -> None:
        self.account = account
        self.seen: list[Frame] = []
        self._untaken: list[Frame] = []
        self._query: str = options.pop("query", "")
        self._language: str = options.pop("language", "en")
        self._greeted: bool = options.pop("greeted", True)
        self._headers: dict[str, str] = options.pop("headers", {"token": account.token})
        self._options = options
        self._arrived = asyncio.Condition()
        self._ended = False
        self.ws: ClientConnection
        self.greeting: Frame = {}

    async def __aenter__(self) -> Self:
        self.ws = await connect(
            self.account.server.url.replace("http:", "ws:") + "/ws" + self._query,
            user_agent_header=self.account.device,
            additional_headers={"Accept-Language": self._language} | self._headers,
            **{
                "max_size": None,
                "ping_interval": None,
                "compression": None,
                "close_timeout": 2,
                "proxy": None,
            }
            | self._options,
        )
        self._reader = asyncio.create_task(self._read())
        if self._greeted:
            self.greeting = await self.push(CONNECTED)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.ws.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for raw in self.ws:
                assert isinstance(raw, str), "the server speaks text"
                frame = json.loads(raw)
                async with self._arrived:
                    self.seen.append(frame)
                    self._untaken.append(frame)
                    self._arrived.notify_all()
        except ConnectionClosed:
            pass
        finally:
            async with self._arrived:
                self._ended = True
                self._arrived.notify_all()

    async def send(self, **frame: Any) -> None:
        await self.ws.send(json.dumps(frame))

    async def take(self, fits: Callable[[Frame], bool], what: object = "") -> Frame:
        """The first frame that fits and was not taken before."""

        def found() -> bool:
            return self._ended or any(fits(frame) for frame in self._untaken)

        try:
            async with asyncio.timeout(SECONDS), self._arrived:
                await self._arrived.wait_for(found)
        except TimeoutError:
            raise AssertionError(f"no {what}; untaken: {str(self._untaken)[:2000]}") from None
        for frame in self._untaken:
            if fits(frame):
                self._untaken.remove(frame)
                return frame
        raise AssertionError(f"closed with {self.ws.close_code}, no {what}: {self._untaken}")

    async def ask(self, type: int, **fields: Any) -> Frame:
        """Send a frame and take the answer, which echoes its `id`."""
        id = fields.pop("id", None) or f"ask-{next(_ids)}"
        await self.send(type=type, id=id, **fields)
        return await self.answer(id)

    async def answer(self, id: str) -> Frame:
        return await self.take(
            lambda frame: frame.get("id") == id and frame["code"] != MESSAGE, f"answer to {id}"
        )

    async def say(self, other: Account, content: str = "hello", **fields: Any) -> int:
        """Send a text; returns its seq."""
        ack = await self.ask(1, to=other.uid, content=content, **fields)
        assert ack["code"] in (SENT_ONLINE, SENT_OFFLINE), ack
        seq: int = ack["seq"]
        return seq

    async def push(self, code: int, **fields: Any) -> Frame:
        """Take the first push of that code whose fields are these."""
        return await self.take(
            lambda frame: (
                frame["code"] == code and fields.items() <= {**frame, "code": code}.items()
            ),
            f"push of {code} {fields}",
        )

    async def rest(self) -> list[Frame]:
        """All that has come and nobody took, up to this moment of the server's."""
        pong = await self.ask(9)
        assert pong["code"] == PONG
        left, self._untaken = self._untaken, []
        return left

    async def rest_of(self, *codes: int) -> list[Frame]:
        return [frame for frame in await self.rest() if frame["code"] in codes]

    async def closed(self) -> int | None:
        """Wait until the server has closed; the close code."""
        try:
            async with asyncio.timeout(SECONDS), self._arrived:
                await self._arrived.wait_for(lambda: self._ended)
        except TimeoutError:
            raise AssertionError("the socket is still open") from None
        return self.ws.close_code

    def seqs(self, conv: str) -> list[int]:
        """Seqs of a conversation in the order in which this socket learnt of them."""
        return [
            frame["seq"]
            for frame in self.seen
            if frame.get("conv") == conv
            and frame["code"] in (MESSAGE, SENT_ONLINE, SENT_OFFLINE)
            and not frame.get("duplicate")
        ]


def seqs(messages: Iterable[Frame]) -> list[int]:
    return [message["seq"] for message in messages]


def is_refusal(frame: Frame, code: int, error: str) -> None:
    assert (frame["code"], frame["error"]) == (code, error), frame
    assert isinstance(frame["msg"], str) and frame["msg"]


def is_invalid(frame: Frame, field: str, rule: str) -> None:
    is_refusal(frame, INVALID_FIELD, "invalid_field")
    assert (frame["field"], frame["rule"]) == (field, rule)
