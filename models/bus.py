"""The bus between processes, on Redis pub/sub.

    u:{uid}     for the sockets of one user: messages, reads, typing, ended sessions
    p:{uid}     whether that user is online, for those who watch him
    r:{process} answers to one process
    all         caches of every process: a changed profile, a changed block

Rules kept here:
- a channel begins in Redis with the number of the database, as in `1/u:7`: Redis carries channels
  without regard to databases, and several systems may share it, each in one of its own;
- a subscription counts once Redis has confirmed it (`subscribe` returns then);
- a silent bus is a broken bus: a PING every 300 ms; once the newest answered one was sent more
  than 900 ms ago `healthy` is False, and whoever takes or acknowledges something looks at it first.
  A login waits 1 s for the other processes, which is longer: nothing is taken by a dead token;
- a process introduces itself before it serves anybody, and is answered by the others: so each knows
  whether it is alone (`alone`), and then publishes nothing and, while healthy, asks only itself;
- every connection made anew is an interruption (`on_interrupted`), because what was published
  meanwhile is lost. The reading loop is our own: redis-py subscribes again without a word.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

import msgspec
from redis import asyncio as aioredis
from redis.exceptions import RedisError

from models.errors import Unavailable
from models.guard import Guard
from models.publications import RECONNECT_SECONDS, Publications

logger = logging.getLogger("tornado_im.bus")

PING_SECONDS: Final = 0.3
SILENT_SECONDS: Final = 0.9
CONFIRM_SECONDS: Final = 2.0
"""How long a subscription waits for its confirmation before it is `Unavailable`."""

GIVE_UP_SECONDS: Final = 1.9
"""How long a silence is waited out: a Redis that was only started again is back by then."""

INTRODUCE_SECONDS: Final = 1.0
"""How long others may take to answer: above the silence after which they acknowledge nothing."""

INTRODUCE_AGAIN_SECONDS: Final = 30.0
"""How often it is looked who is still there."""

_HELLO: Final = "hello"
_SILENT: Final = "a process that has not said its name"

Handler = Callable[[str, dict[str, Any]], None]
"""Called with the channel and the event."""


class Bus:
    """One process's end of the bus."""

    def __init__(
        self,
        client: aioredis.Redis,
        guard: Guard,
        process: str,
        *,
        on_event: Handler,
        on_interrupted: Callable[[], None],
    ) -> None:
        self.process = process
        self._scope = f"{client.connection_pool.connection_kwargs.get('db', 0)}/"
        self.epoch = 0
        """Rises with every interruption: what was learnt in an older epoch may be stale."""
        self._client = client
        self._guard = guard
        self._on_event = on_event
        self._on_interrupted = on_interrupted
        self._pubsub: Any = None
        """redis-py's PubSub, which is half typed; None while there is no connection."""
        self._wanted: set[str] = {"all", f"r:{process}"}
        self._confirmed: set[str] = set()
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._answered_at = -SILENT_SECONDS
        self._next_answer = asyncio.Event()
        """Set by the next answer to a PING, and then another one."""
        self._heard_at = time.monotonic()
        self._pings: deque[float] = deque()
        self._asked: dict[str, asyncio.Queue[Any]] = {}
        """Questions of this process -> where the replies come in."""
        self._others: set[str] = set()
        """Processes that this one knew of when it last introduced itself."""
        self._met: set[str] = set()
        """Processes that have introduced themselves since this one last did."""
        self._introduced = asyncio.Event()
        """Set while the others know of this process, on the connection that there is."""
        self._introduce = asyncio.Event()
        self._sending = asyncio.Lock()
        self._publications = Publications(client, guard)

    @property
    def healthy(self) -> bool:
        """Whether what other processes say is sure to be heard."""
        return time.monotonic() - self._answered_at < SILENT_SECONDS

    @property
    def given_up(self) -> bool:
        """Silent for so long that nobody should begin to wait for it."""
        return self.patience < 0

    @property
    def patience(self) -> float:
        """Seconds until it is given up; below 0 it is."""
        return self._heard_at + GIVE_UP_SECONDS - time.monotonic()

    @property
    def alone(self) -> bool:
        """Whether it is sure that no other process would hear anything."""
        return self._introduced.is_set() and not self._others and not self._met

    async def is_alone(self) -> bool:
        """As `alone`, once it is known. Raises `Unavailable` where that takes too long."""
        await self.introduced()
        return self.alone

    async def answered(self) -> None:
        """Wait for the next answer to a PING: all that was said before it has been heard then."""
        await self._next_answer.wait()

    def loops(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What reads, pings and publishes until cancelled; each is to be a task of its own.

        No group: it passes a cancellation on once, and redis-py sometimes swallows one.
        """
        return {
            "bus reader": self._read_forever(),
            "bus pinger": self._ping_forever(),
            "bus publisher": self._publications.run(),
            "bus introductions": self._introduce_forever(),
        }

    async def ready(self) -> None:
        """Wait until the bus is healthy for the first time.

        Raises:
            Unavailable: it is not, after the time that a confirmation may take.
        """
        await self._confirm("all", f"r:{self.process}")
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                while not self.healthy:
                    await self.answered()
        except TimeoutError:
            raise Unavailable("bus") from None
        await self._introduce_now()

    def leave(self) -> None:
        """Tell the others that this process is going."""
        self.publish("all", {"event": "bye"})

    async def subscribe(self, *channels: str) -> None:
        """Hear all that others say on `channels` from now on: Redis has confirmed each by then.

        Raises:
            Unavailable: a confirmation did not come in time.
        """
        new = [channel for channel in dict.fromkeys(channels) if channel not in self._wanted]
        if new:
            self._wanted.update(new)
            async with self._sending:
                await self._send("SUBSCRIBE", *self._scoped(new))
        await self._confirm(*channels)
        await self.introduced()

    async def introduced(self) -> None:
        """Wait until the others know of this process: who thinks that he is alone tells nothing.

        Raises:
            Unavailable: not in time.
        """
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                await self._introduced.wait()
        except TimeoutError:
            raise Unavailable("bus") from None

    async def unsubscribe(self, *channels: str) -> None:
        """Hear `channels` no more, but for those that somebody subscribes to meanwhile."""
        self._wanted.difference_update(channels)
        self._confirmed.difference_update(channels)
        async with self._sending:
            if idle := [channel for channel in channels if channel not in self._wanted]:
                await self._send("UNSUBSCRIBE", *self._scoped(idle))

    def _scoped(self, channels: Iterable[str]) -> list[str]:
        """What Redis calls them."""
        return [self._scope + channel for channel in channels]

    async def _send(self, command: str, *arguments: str) -> None:
        """Write to the subscribed connection, if there is one; what fails the reader sees too.

        Past redis-py's PubSub, whose retry would connect again and read beside the reader.
        """
        connection = self._pubsub.connection if self._pubsub is not None else None
        if connection is not None and connection.is_connected:
            # AttributeError: redis-py drops its writer when the connection ends meanwhile.
            with contextlib.suppress(RedisError, OSError, AttributeError):
                await connection.send_command(command, *arguments, check_health=False)

    def publish(self, channel: str, event: dict[str, Any]) -> None:
        """Tell the other processes, with all else of this turn of the loop in one pipeline."""
        if self.alone:
            return
        self._publications.put(self._scope + channel, self._encode(event))

    async def sent(self, *, seconds: float) -> None:
        """Wait until Redis has all that was published, but no longer than that."""
        await self._publications.sent(seconds=seconds)

    async def ask(
        self, channel: str, event: dict[str, Any], *, seconds: float
    ) -> tuple[list[Any], bool]:
        """Tell the processes that hear `channel`, this one included, and wait for their replies.

        Returns:
            What each has given to `reply` within `seconds`, and whether all have.
        """
        id = secrets.token_urlsafe(9)
        replies = self._asked[id] = asyncio.Queue[Any]()
        answers: list[Any] = []
        try:
            heard = await self._pose(channel, {**event, "id": id})
            async with asyncio.timeout(seconds):
                while len(answers) < heard:
                    answers.append(await replies.get())
        except TimeoutError:
            return answers, False
        finally:
            del self._asked[id]
        return answers, True

    async def _pose(self, channel: str, question: dict[str, Any]) -> int:
        """Returns how many processes hear it."""
        encoded = self._encode(question)
        if self.alone and self.healthy and question["event"] != _HELLO:
            # Whoever has come meanwhile is answered by this process before he serves anybody.
            if channel not in self._confirmed:
                return 0
            self._hear(channel, msgspec.json.decode(encoded))
            return 1
        async with self._guard():
            return int(await self._client.publish(self._scope + channel, encoded))

    def reply(self, event: dict[str, Any], data: Any = None) -> None:
        """Answer an event that came by `ask`."""
        if event["process"] == self.process:
            self._hear_reply(event["id"], data)
            return
        self.publish(f"r:{event['process']}", {"event": "reply", "id": event["id"], "data": data})

    async def listeners(self, channels: Iterable[str]) -> dict[str, int]:
        """How many processes hear each channel, this one included."""
        async with self._guard():
            counts = await self._client.pubsub_numsub(*self._scoped(channels))
        return {str(name).removeprefix(self._scope): int(count) for name, count in counts}

    def _encode(self, event: dict[str, Any]) -> bytes:
        return msgspec.json.encode({"process": self.process, **event})

    async def _confirm(self, *channels: str) -> None:
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[None]] = []
        for channel in channels:
            if channel not in self._confirmed:
                futures.append(loop.create_future())
                self._waiting.setdefault(channel, []).append(futures[-1])
        if futures and self.given_up:
            raise Unavailable("bus")
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                for future in futures:
                    await future
        except TimeoutError:
            raise Unavailable("bus") from None

    async def _read_forever(self) -> None:
        first = True
        while True:
            pubsub: Any = self._client.pubsub()
            self._pings.clear()
            try:
                wanted = set(self._wanted)
                await pubsub.subscribe(*self._scoped(wanted))
                self._pubsub = pubsub
                if late := self._wanted - wanted:
                    await self._send("SUBSCRIBE", *self._scoped(late))
                await self._ping()
                if not first:
                    self.epoch += 1
                    self._on_interrupted()
                    self._introduce.set()
                first = False
                await self._read(pubsub)
            except (RedisError, OSError) as error:
                # Once: until it is back each new try fails.
                level = logging.DEBUG if self._pubsub is None else logging.WARNING
                logger.log(level, "bus interrupted: %s", type(error).__name__)
            finally:
                self._pubsub = None
                self._introduced.clear()
                self._confirmed.clear()
                self._answered_at = -SILENT_SECONDS
                with contextlib.suppress(RedisError, OSError):
                    await pubsub.aclose()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _read(self, pubsub: Any) -> None:
        """Returns when redis-py has connected again on its own."""
        while True:
            # `parse_response` rather than `get_message`: no second task and no timer a message.
            raw = await pubsub.parse_response(block=True, timeout=None)
            message = await pubsub.handle_message(raw)
            if message is None:
                continue
            channel = str(message["channel"]).removeprefix(self._scope)
            if message["type"] == "message":
                self._hear(channel, msgspec.json.decode(message["data"]))
            elif message["type"] == "subscribe":
                if channel in self._confirmed:
                    return
                if channel not in self._wanted:
                    continue
                self._confirmed.add(channel)
                for future in self._waiting.pop(channel, ()):
                    if not future.done():
                        future.set_result(None)
            elif message["type"] == "pong" and self._pings:
                self._answered_at = self._pings.popleft()
                self._heard_at = time.monotonic()
                self._next_answer.set()
                self._next_answer = asyncio.Event()

    def _hear(self, channel: str, event: dict[str, Any]) -> None:
        kind, process = event["event"], event["process"]
        if kind == "reply":
            self._hear_reply(event["id"], event["data"])
        elif kind == _HELLO:
            if process != self.process:
                self._met.add(process)
            self.reply(event, self.process)
        elif kind == "bye":
            self._met.discard(process)
            self._others.discard(process)
        else:
            try:
                self._on_event(channel, event)
            except Exception:
                logger.exception("an event on the bus failed")

    def _hear_reply(self, id: str, data: Any) -> None:
        if id in self._asked:
            self._asked[id].put_nowait(data)

    async def _introduce_forever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(INTRODUCE_AGAIN_SECONDS):
                    await self._introduce.wait()
            self._introduce.clear()
            try:
                await self._introduce_now()
            except Unavailable:
                await asyncio.sleep(RECONNECT_SECONDS)
                self._introduce.set()

    async def _introduce_now(self) -> None:
        """Let the others know of this process, and learn which of them are there."""
        self._met = set()
        there, all_answered = await self.ask("all", {"event": _HELLO}, seconds=INTRODUCE_SECONDS)
        self._others = set(there) - {self.process}
        if not all_answered:
            # It is frozen, and will want to hear all that was said when it goes on.
            self._others.add(_SILENT)
        self._introduced.set()

    async def _ping_forever(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            if self._pubsub is not None:
                await self._ping()

    async def _ping(self) -> None:
        self._pings.append(time.monotonic())
        await self._send("PING")
