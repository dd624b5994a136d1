"""Measure the server against its own store, in one run: see README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from conf.settings import load
from models.message import Message, Messages, Stored, document
from models.stores import open_stores
from server import embedded
from tests.client import Account
from tests.running import Server, running

PAIRS = 20
IN_FLIGHT = 8
BATCH = 200
RATE = 200
CONTENT = "x" * 100


class Store:
    """The embedded store alone, with the server's own documents and indexes."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._seq = 0

    async def insert(self, count: int) -> None:
        documents = []
        for _ in range(count):
            self._seq += 1
            message = Message("1:2", self._seq, 1, "text", CONTENT, 1, str(self._seq))
            documents.append(document(f"1:2/1/{self._seq}", Stored(message, self._seq, self._seq)))
        await self._messages.insert(documents)

    async def throughput(self, seconds: float) -> float:
        """Documents per second, in batches."""
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            await self.insert(BATCH)
            done += BATCH
        return done / (time.perf_counter() - start)

    async def latency(self, seconds: float) -> float:
        """Median seconds of a single insert."""
        return await _paced(lambda: self.insert(1), seconds)


class Chats:
    """Pairs of people, each with a socket."""

    def __init__(self, pairs: list[tuple[ClientConnection, ClientConnection, int]]) -> None:
        self._pairs = pairs

    async def throughput(self, seconds: float) -> float:
        """Messages acknowledged per second, while the peers receive them."""
        stop = time.perf_counter() + seconds
        start = time.perf_counter()
        counts = await asyncio.gather(*(self._saturate(*pair, stop) for pair in self._pairs))
        return sum(counts) / (time.perf_counter() - start)

    async def _saturate(
        self, sender: ClientConnection, peer: ClientConnection, to: int, stop: float
    ) -> int:
        frame = json.dumps({"type": 1, "to": to, "content": CONTENT})
        sent = acknowledged = 0
        for _ in range(IN_FLIGHT):
            await sender.send(frame)
            sent += 1
        receiving = asyncio.create_task(_receive(peer))
        while acknowledged < sent:
            answer = await sender.recv(decode=False)
            if b'"code":50004' not in answer:
                raise RuntimeError(answer)
            acknowledged += 1
            if time.perf_counter() < stop:
                await sender.send(frame)
                sent += 1
        receiving.cancel()
        return acknowledged

    async def latency(self, seconds: float) -> float:
        """Median seconds from a send to the peer's receipt."""
        sender, peer, to = self._pairs[0]
        frame = json.dumps({"type": 1, "to": to, "content": CONTENT})

        async def once() -> None:
            await sender.send(frame)
            await peer.recv(decode=False)
            await sender.recv(decode=False)

        return await _paced(once, seconds)


async def _receive(peer: ClientConnection) -> None:
    while True:
        await peer.recv(decode=False)


async def _paced(act: Callable[[], Awaitable[None]], seconds: float) -> float:
    """Median seconds of `act`, done RATE times a second."""
    took: list[float] = []
    start = time.perf_counter()
    for turn in range(int(seconds * RATE)):
        await asyncio.sleep(max(0.0, start + turn / RATE - time.perf_counter()))
        began = time.perf_counter()
        await act()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


async def _pairs(stack: AsyncExitStack, server: Server) -> Chats:
    pairs = []
    for _ in range(PAIRS):
        one, other = Account.new(server), Account.new(server)
        sockets = []
        for account in (one, other):
            socket = await stack.enter_async_context(
                connect(
                    f"{server.url.replace('http', 'ws')}/ws",
                    additional_headers={"token": account.token},
                    user_agent_header=account.device,
                    compression=None,
                )
            )
            await socket.recv()
            sockets.append(socket)
        pairs.append((sockets[0], sockets[1], other.uid))
    return Chats(pairs)


async def measure(rounds: int, seconds: float) -> None:
    """Print the table of ratios."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = load(None, {"TORNADO_IM_SERVICE_DATADIR": str(folder)})
        children = await embedded.start(settings, folder, on_fatal=print)
        stack.push_async_callback(children.stop)
        stores = await open_stores(None, children.mongo, children.redis, folder)
        stack.push_async_callback(stores.close)
        messages = Messages(stores)
        await messages.create_indexes()
        server = stack.enter_context(running(chat_strangerlimit=0))
        store, chats = Store(messages), await _pairs(stack, server)
        rows: dict[str, list[tuple[float, float]]] = {"throughput": [], "latency": []}
        for turn in range(rounds):
            rows["throughput"].append(
                (await chats.throughput(seconds), await store.throughput(seconds))
            )
            rows["latency"].append((await chats.latency(seconds), await store.latency(seconds)))
            print(f"round {turn + 1} of {rounds}", flush=True)
    _print(rows)


def _print(rows: dict[str, list[tuple[float, float]]]) -> None:
    for name, unit, scale in (("throughput", "messages/s", 1.0), ("latency", "ms (p50)", 1000.0)):
        ours = statistics.median(mine for mine, _ in rows[name]) * scale
        bound = statistics.median(other for _, other in rows[name]) * scale
        ratio = statistics.median(mine / other for mine, other in rows[name])
        print(f"{name:<12} {ours:9.1f} {unit:<11} store {bound:9.1f}   ratio {ratio:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.rounds, arguments.seconds))
