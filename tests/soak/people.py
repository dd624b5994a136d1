"""People who do everything that there is to do, one thing after another, by chance."""

import asyncio
import json
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any

import httpx

from tests.bench import wire
from tests.bench.wire import Wire
from tests.faults.rest import PASSWORD, call
from tests.media import png

ANSWER_SECONDS = 10.0
PAUSE_SECONDS = 0.05
"""At most, between two things that somebody does."""

KEPT = 30
"""Messages that somebody remembers, to do something with them."""

MESSAGE, INTERNAL, UNAVAILABLE = 50001, 50000, 50300
WORDS = ("tea", "lunch", "茶", "午饭", "see you", "\U0001f642")

Frame = dict[str, Any]


class Person:
    """Somebody with one device that comes and goes, and another one now and then."""

    def __init__(self, name: str, uid: int, token: str, chance: Random) -> None:
        self.name = name
        self.uid = uid
        self.chance = chance
        self.convs: list[str] = []
        self.groups: list[int] = []
        """Those that are his."""
        self.done: Counter[str] = Counter()
        """What he did, and what he was refused."""
        self.headers = {"User-Agent": name, "token": token}
        self._socket: Wire | None = None
        self._asked: dict[str, asyncio.Future[Frame]] = {}
        self._known: deque[tuple[str, int]] = deque(maxlen=KEPT)

    @property
    def acts(self) -> Mapping[Callable[[], Awaitable[object]], int]:
        """Each with how often it is done among the others."""
        return {
            self.send: 30,
            self.send_picture: 1,
            self.turn_pages: 6,
            self.sync: 4,
            self.unread: 3,
            self.read: 6,
            self.type: 3,
            self.watch: 2,
            self.edit: 4,
            self.recall: 2,
            self.react: 4,
            self.search: 2,
            self.list: 3,
            self.rename: 1,
            self.borrow: 2,
            self.reconnect: 4,
        }

    async def live(self, rest: httpx.AsyncClient, stop: asyncio.Event) -> None:
        """Do one thing after another until `stop`, and leave."""
        self.rest = rest
        await self.connect()
        acts, weights = zip(*self.acts.items(), strict=True)
        while not stop.is_set():
            (act,) = self.chance.choices(acts, weights)
            await act()
            self.done[act.__name__] += 1
            await asyncio.sleep(self.chance.random() * PAUSE_SECONDS)
        await self.leave()

    # The socket

    async def connect(self) -> None:
        self._socket = await self._open(self.headers)
        self._socket.on_frame = self._take

    async def _open(self, headers: Mapping[str, str]) -> Wire:
        port = self.rest.base_url.port
        assert port is not None
        socket = await wire.connect("127.0.0.1", port, headers)
        await socket.next()
        return socket

    async def leave(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def reconnect(self) -> None:
        await self.leave()
        await self.connect()
        await self.sync()

    def _take(self, payload: bytes) -> None:
        frame = json.loads(payload)
        if frame["code"] == MESSAGE:
            self._known.append((frame["conv"], frame["seq"]))
        elif (asked := self._asked.pop(frame.get("id", ""), None)) is not None:
            asked.set_result(frame)

    async def ask(self, type: int, **fields: Any) -> Frame:
        assert self._socket is not None
        id = uuid.uuid4().hex
        answered = self._asked[id] = asyncio.get_running_loop().create_future()
        self._socket.send(wire.frame({"type": type, "id": id, **fields}))
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await answered
        assert answer["code"] != INTERNAL, answer
        if "error" in answer:
            self.done[f"refused: {answer['error']}"] += 1
        return answer

    async def call(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        sent = self.headers | more.pop("headers", {})
        answer = await self.rest.request(method, path, json=body, headers=sent, **more)
        assert answer.status_code in (200, 201, 403, 404, 503), answer.text
        if answer.status_code >= 400:
            self.done[f"refused: {answer.json()['error']}"] += 1
            return None
        return answer

    # What there is to do

    def _conv(self) -> str:
        return self.chance.choice(self.convs)

    def _message(self) -> dict[str, Any]:
        conv, seq = self.chance.choice(self._known) if self._known else (self._conv(), 1)
        return {"conv": conv, "seq": seq}

    async def send(self, **more: Any) -> None:
        conv, text = self._conv(), " ".join(self.chance.choices(WORDS, k=5))
        answer = await self.ask(1, conv=conv, **({"content": text} | more))
        if "seq" in answer:
            self._known.append((conv, answer["seq"]))

    async def send_picture(self) -> None:
        color = f"#{self.chance.randrange(1 << 24):06x}"
        files = {"file": ("picture.png", png(color=color), "image/png")}
        sent = await self.rest.post("/api/media", files=files, headers=self.headers)
        assert sent.status_code in (201, 503), sent.text
        if sent.status_code == 201:
            id = sent.json()["data"]["id"]
            await self.send(content=id, kind="image")
            await self.rest.get(f"/api/media/{id}?thumb=1", headers=self.headers)

    async def turn_pages(self) -> None:
        message = self._message()
        await self.ask(2, conv=message["conv"], before=message["seq"] + 1, limit=20)

    async def sync(self) -> None:
        message = self._message()
        await self.ask(7, cursors={message["conv"]: max(0, message["seq"] - 20)})

    async def unread(self) -> None:
        await self.ask(3)

    async def read(self) -> None:
        await self.ask(4, **self._message())

    async def type(self) -> None:
        await self.ask(5, conv=self._conv())

    async def watch(self) -> None:
        await self.ask(8, uids=[self.uid + step for step in (-1, 1)])

    async def edit(self) -> None:
        await self.ask(10, **self._message(), content="no, coffee")

    async def recall(self) -> None:
        await self.ask(6, **self._message())

    async def react(self) -> None:
        await self.ask(11, **self._message(), emoji="\U0001f44d", on=self.chance.random() < 0.5)

    async def search(self) -> None:
        await self.call("GET", f"/api/search?q={self.chance.choice(WORDS[:4])}")

    async def list(self) -> None:
        await self.call("GET", "/api/conversations")

    async def rename(self) -> None:
        if self.groups:
            gid = self.chance.choice(self.groups)
            await self.call("PATCH", f"/api/groups/{gid}", {"name": self.chance.choice(WORDS)})

    async def borrow(self) -> None:
        """Sign in on another device, write from it, and sign out: its socket is closed."""
        device = f"{self.name} elsewhere"
        headers = {"User-Agent": device, "token": await self._sign_in(device)}
        if not headers["token"]:
            return
        other = await self._open(headers)
        answer = await call(self.rest, "POST", "/api/user/logout", None, **headers)
        if answer.status_code == 200:
            async with asyncio.timeout(ANSWER_SECONDS):
                await other.lost
        else:
            await other.close()

    async def _sign_in(self, device: str) -> str:
        body = {"user_name": self.name, "password": PASSWORD}
        answer = await call(self.rest, "POST", "/api/user/login", body, **{"User-Agent": device})
        return str(answer.json()["data"]["token"]) if answer.status_code == 200 else ""
