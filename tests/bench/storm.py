"""A storm: everybody is cut at once, comes back at once and syncs; and what a bystander feels."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.bench import crowd, pulse, wire
from tests.bench.options import Options
from tests.bench.report import Figure, p99
from tests.bench.wire import Wire
from tests.client import Account, pair
from tests.running import Site, running

SOCKETS = 4
"""Of each person."""

FRIENDS = 5
"""That a person writes to first; as many write to her, so she has twice as many conversations."""

MISSED = 1
"""Messages of each conversation that the cursors do not have."""

SECONDS_EACH = 15 / 2000
"""What is wished: 2,000 clients have synced after 15 s, and fewer sooner."""

PING_RATE = 100
AGAIN_SECONDS = 1.0
"""At most so long until a client that was refused tries again; by chance, as a page does it."""

SYNC_SECONDS = 300
"""Until it is given up."""

ROUNDS_MAX = 3
"""A storm outlasts what the other parts measure in a round."""

_ACKED = (b'{"code":50004,', b'{"code":50005,')
_SYNC = b'{"code":50013,'
_UNAVAILABLE = b'{"code":50300,'


@dataclass(frozen=True, slots=True)
class Client:
    """What one socket comes back with."""

    who: Account
    sync: bytes


async def _ask(socket: Wire, frame: bytes, answers: tuple[bytes, ...]) -> bytes:
    """The first of these answers, or that a store is down."""
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def receive(payload: bytes) -> None:
        if payload.startswith((*answers, _UNAVAILABLE)) and not answered.done():
            answered.set_result(payload)

    socket.on_frame = receive
    socket.send(frame)
    return await answered


async def _write(socket: Wire, frames: Sequence[bytes]) -> None:
    """Send one after another, each until it is acknowledged."""
    await socket.next()
    for frame in frames:
        while (await _ask(socket, frame, _ACKED)).startswith(_UNAVAILABLE):
            await asyncio.sleep(random.random() * AGAIN_SECONDS)


async def make_clients(site: Site, count: int, *, each: int = SOCKETS) -> list[Client]:
    """People in a ring, each with FRIENDS on either side, and messages that they have missed.

    Args:
        each: how many clients are one person's.
    """
    people = await crowd.people(site, max(count // each, 2 * FRIENDS + 1))
    frames: list[list[bytes]] = []
    cursors: list[dict[str, int]] = [{} for _ in people]
    for place, who in enumerate(people):
        others = [(place + step) % len(people) for step in range(1, FRIENDS + 1)]
        for other in others:
            cursors[place][pair(who, people[other])] = 1
            cursors[other][pair(who, people[other])] = 1
        texts = [
            {"type": 1, "to": people[other].uid, "content": "x" * 100, "id": f"{other}-{turn}"}
            for turn in range(1 + MISSED)
            for other in others
        ]
        frames.append([wire.frame(text) for text in texts])
    # In groups, as ten thousand messages at most may wait to be stored.
    for start in range(0, len(people), crowd.AT_ONCE):
        group = slice(start, start + crowd.AT_ONCE)
        sockets = await crowd.sockets(site.port, [(who.headers, "/ws") for who in people[group]])
        await asyncio.gather(*map(_write, sockets, frames[group]))
        await crowd.cut(sockets)
    syncs = [wire.frame({"type": 7, "cursors": positions}) for positions in cursors]
    return [Client(who, sync) for who, sync in zip(people, syncs, strict=True)] * each


async def _return(port: int, client: Client) -> tuple[Wire, int]:
    """Connect and sync; the socket, and how often either was refused before."""
    refused = 0
    while True:
        try:
            socket = await wire.connect("127.0.0.1", port, client.who.headers)
            break
        except ConnectionError:
            refused += 1
            await asyncio.sleep(random.random() * AGAIN_SECONDS)
    await socket.next()
    while not await _sync(socket, client.sync):
        refused += 1
        await asyncio.sleep(random.random() * AGAIN_SECONDS)
    return socket, refused


async def _sync(socket: Wire, frame: bytes) -> bool:
    """Whether it was answered; False where a store was said to be down."""
    payload = await _ask(socket, frame, (_SYNC,))
    if payload.startswith(_UNAVAILABLE):
        return False
    got = payload.count(b'"content":')
    assert got == 2 * FRIENDS * MISSED, f"{got} messages in {payload!r}"
    return True


async def come_back(port: int, clients: Sequence[Client]) -> tuple[float, list[Wire], int]:
    """Seconds until the last has synced, the sockets, and how often one was refused."""
    start = time.perf_counter()
    async with asyncio.timeout(SYNC_SECONDS):
        came = await asyncio.gather(*(_return(port, client) for client in clients))
    took = time.perf_counter() - start
    return took, [socket for socket, _ in came], sum(refused for _, refused in came)


async def measure(options: Options) -> list[Figure]:
    wish = SECONDS_EACH * options.clients
    synced = Figure("all back and synced", "s", "wish", 1.0, "less", fixed=wish)
    lag = Figure("beside a storm, ping p99", "ms", "wish", 1.0, "less", fixed=50)
    async with AsyncExitStack() as stack:
        server = stack.enter_context(
            running(chat_strangerlimit=0, limits_socketsperuser=0, limits_socketstotal=0)
        )
        bystander = await asyncio.to_thread(Account.new, server)
        clients = await make_clients(server, options.clients)
        sockets = await crowd.sockets(server.port, [(one.who.headers, "/ws") for one in clients])
        for _ in range(min(options.rounds, ROUNDS_MAX)):
            async with pulse.pings(server.port, bystander.headers, PING_RATE) as idle:
                await asyncio.sleep(options.seconds)
            async with pulse.pings(server.port, bystander.headers, PING_RATE) as took:
                await crowd.cut(sockets)
                seconds, sockets, refused = await come_back(server.port, clients)
            synced.add(seconds)
            lag.add(1000 * p99(took))
            print(
                f"storm: {len(clients)} back in {seconds:.2f} s, {refused} refused; p99 of a ping "
                f"{1000 * p99(idle):.1f} ms, {1000 * p99(took):.1f} beside, {1000 * max(took):.0f} "
                "at most",
                flush=True,
            )
        await crowd.cut(sockets)
    return [synced, lag]
