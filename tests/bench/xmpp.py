"""An XMPP client for chats and rooms, as cheap as `wire.py`, so that it measures the server.

It reads no XML: it counts the bodies that come. A chat has no acknowledgement of the server's
(XEP-0198 counts stanzas, stored or not), so what keeps a number on their way is the receipt.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.bench.chats import CONTENT, IN_FLIGHT

HOST: Final = "localhost"
ROOMS: Final = f"rooms.{HOST}"
_BODY: Final = b"<body>"


class Stream(asyncio.Protocol):
    """One client's stream; `on_bodies` gets how many messages came in a piece."""

    def __init__(self) -> None:
        self.on_bodies: Callable[[int], None] = lambda count: None
        self._transport: Any = None
        self._seen = b""
        self._wanted: tuple[bytes, asyncio.Future[None]] | None = None
        self._rest = b""
        """The end of the last piece, in which a tag may have begun."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._wanted is not None:
            self._seen += data
            self._check()
            return
        data = self._rest + data
        self._rest = data[1 - len(_BODY) :]
        if count := data.count(_BODY):
            self.on_bodies(count)

    def _check(self) -> None:
        if self._wanted is not None and self._wanted[0] in self._seen:
            self._wanted[1].set_result(None)
            self._wanted = None

    async def ask(self, stanza: str, answer: str) -> None:
        """Send, and wait until `answer` stands somewhere in what comes back."""
        self._seen = b""
        done = asyncio.get_running_loop().create_future()
        self._wanted = (answer.encode(), done)
        self.send(stanza.encode())
        async with asyncio.timeout(30):
            await done

    def send(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._transport.abort()


async def sign_up(port: int) -> tuple[Stream, str]:
    """Somebody new who is registered, signed in and available; and his address."""
    name, password = f"u{secrets.token_hex(6)}", "secret"
    _, stream = await asyncio.get_running_loop().create_connection(Stream, "127.0.0.1", port)
    opening = (
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
        f"xmlns:stream='http://etherx.jabber.org/streams' to='{HOST}' version='1.0'>"
    )
    await stream.ask(opening, "</stream:features>")
    await stream.ask(
        "<iq type='set' id='made'><query xmlns='jabber:iq:register'>"
        f"<username>{name}</username><password>{password}</password></query></iq>",
        "made",
    )
    plain = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
    await stream.ask(
        f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>",
        "<success",
    )
    await stream.ask(opening, "</stream:features>")
    await stream.ask(
        "<iq type='set' id='bound'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
        "<resource>bench</resource></bind></iq>",
        "</iq>",
    )
    # The server's copy of his own presence says that he is available.
    await stream.ask("<presence/>", "<presence")
    return stream, f"{name}@{HOST}"


class Pair:
    """As `chats.Pair`: one who sends, and one who receives."""

    def __init__(self, sender: Stream, receiver: Stream, to: str) -> None:
        self.sender = sender
        self.receiver = receiver
        self._stanza = f"<message type='chat' to='{to}'><body>{CONTENT}</body></message>".encode()

    async def saturate(self, until: float, in_flight: int = IN_FLIGHT) -> int:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sent, received = in_flight, 0

        def at_receiver(count: int) -> None:
            nonlocal sent, received
            received += count
            if time.perf_counter() < until:
                sent += count
                self.sender.send(self._stanza * count)
            elif sent == received:
                done.set_result(None)

        self.receiver.on_bodies = at_receiver
        self.sender.send(self._stanza * in_flight)
        await done
        return received

    async def once(self) -> float:
        received = asyncio.get_running_loop().create_future()
        self.receiver.on_bodies = lambda _count: received.set_result(time.perf_counter())
        start = time.perf_counter()
        self.sender.send(self._stanza)
        return float(await received) - start


@asynccontextmanager
async def pairs(port: int, count: int) -> AsyncIterator[list[Pair]]:
    made: list[Pair] = []
    try:
        for _ in range(count):
            (sender, _), (receiver, address) = await sign_up(port), await sign_up(port)
            made.append(Pair(sender, receiver, address))
        yield made
    finally:
        for pair in made:
            pair.sender.close()
            pair.receiver.close()


class Room:
    """As `fanout.Room`: one who sends to a room, and all who receive."""

    def __init__(self, sender: Stream, receivers: list[Stream], room: str) -> None:
        self.sender = sender
        self.receivers = receivers
        text = f"<message type='groupchat' to='{room}'><body>{CONTENT}</body></message>"
        self._stanza = text.encode()

    async def saturate(self, seconds: float) -> float:
        """Deliveries per second; the copy that comes back to the sender is not counted."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        start = time.perf_counter()
        sent, returned, received = IN_FLIGHT, 0, 0

        def at_sender(count: int) -> None:
            nonlocal sent, returned
            returned += count
            if time.perf_counter() < start + seconds:
                sent += count
                self.sender.send(self._stanza * count)
            check()

        def at_receiver(count: int) -> None:
            nonlocal received
            received += count
            check()

        def check() -> None:
            everything = sent * len(self.receivers)
            if returned == sent and received == everything and not done.done():
                done.set_result(None)

        self.sender.on_bodies = at_sender
        for receiver in self.receivers:
            receiver.on_bodies = at_receiver
        self.sender.send(self._stanza * IN_FLIGHT)
        await done
        return received / (time.perf_counter() - start)


@asynccontextmanager
async def room(port: int, members: int) -> AsyncIterator[Room]:
    """A room whose messages are archived, with so many in it."""
    name = f"all{secrets.token_hex(4)}@{ROOMS}"
    streams: list[Stream] = []
    try:
        for number in range(members):
            stream, _ = await sign_up(port)
            streams.append(stream)
            # 110 marks the presence of oneself, which ends a join.
            await stream.ask(
                f"<presence to='{name}/m{number}'><x xmlns='http://jabber.org/protocol/muc'>"
                "<history maxstanzas='0'/></x></presence>",
                "110",
            )
            if not number:
                await stream.ask(
                    f"<iq type='set' to='{name}' id='open'>"
                    "<query xmlns='http://jabber.org/protocol/muc#owner'>"
                    "<x xmlns='jabber:x:data' type='submit'/></query></iq>",
                    "open",
                )
        await asyncio.sleep(1)  # the subject, and the presence of those who came last
        yield Room(streams[0], streams[1:], name)
    finally:
        for stream in streams:
            stream.close()
