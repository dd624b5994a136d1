"""All come back at once after the server was killed: connected, synced, and nothing said of it.

`TORNADO_IM_TEST_CLIENTS` is how many they are.
"""

import asyncio
import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.bench import crowd, storm
from tests.bench.wire import Wire
from tests.client import Account
from tests.faults.programs import Server
from tests.running import Site

CLIENTS = int(os.environ.get("TORNADO_IM_TEST_CLIENTS") or 2000)
EACH = 20
"""Of them are one person's: as many sockets as `[limits] SocketsPerUser` allows."""

HEARD_SECONDS = 30.0
MESSAGE = b'{"code":50001,'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """With the limits as they are shipped; a proxy says that people come from many addresses."""
    proxies = {"TORNADO_IM_SERVICE_TRUSTEDPROXIES": "127.0.0.1"}
    server = Server(tmp_path / "data", environ=proxies, limits={})
    try:
        yield server.start()
    finally:
        server.end()


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    """As many as there may be, for this side of the sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def heard(socket: Wire) -> None:
    """Wait for the next message on it."""
    came = asyncio.get_running_loop().create_future()

    def receive(payload: bytes) -> None:
        if payload.startswith(MESSAGE) and not came.done():
            came.set_result(None)

    socket.on_frame = receive
    await came


async def all_hear(sockets: Sequence[Wire], people: Sequence[Account]) -> None:
    """Everybody is written to, and hears it on each of his sockets."""
    async with asyncio.timeout(HEARD_SECONDS), asyncio.TaskGroup() as hearing:
        for socket in sockets:
            hearing.create_task(heard(socket))
        for one, other in zip(people, [*people[1:], people[0]], strict=True):
            await asyncio.to_thread(one.say, other)
    assert not any(socket.lost.done() for socket in sockets)


@pytest.mark.timeout(300)
async def test_everybody_comes_back_at_once_after_a_kill(server: Server) -> None:
    site = Site(server.url)
    with closing(site.http):
        clients = await storm.make_clients(site, CLIENTS, each=EACH)
        people = [client.who for client in clients[: CLIENTS // EACH]]
        await asyncio.to_thread(server.kill)
        already = len(server.said())
        await asyncio.to_thread(server.start)
        seconds, sockets, refused = await storm.come_back(server.port, clients)
        print(f"{len(sockets)} are back in {seconds:.1f} s, {refused} refusals")
        await all_hear(sockets, people)
        await crowd.cut(sockets)
    assert server.said()[already:] == ""
    assert await asyncio.to_thread(server.stop) == 0
