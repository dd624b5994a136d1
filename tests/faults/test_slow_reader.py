"""A socket that is not read: closed with 4009, at nobody else's cost."""

import asyncio
import json
import socket
import time
from contextlib import AsyncExitStack, closing
from statistics import quantiles

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.client import MESSAGE, Account
from tests.faults.programs import Server
from tests.faults.storm import people, together
from tests.faults.writer import ACKS, CONNECTED, Writer
from tests.running import Site

TOO_SLOW = 4009
TEXT = "slow \U0001f40c" * 600
"""About 5 KB in UTF-8."""

FLOOD = 2_500
"""Messages, together about 13 MB: several times what one socket may leave unread."""

ENOUGH = 400
"""Of them are more than a socket may leave unread; what is behind them is read, in time."""

BUFFER_BYTES = 1 << 20
SOCKETS = 5
MEMBERS = 5
GROWTH_BYTES = 24 << 20
"""Of about 65 MB that five unread sockets would hold if nothing bounded them: 1 MiB each, copied
once on its way to the stream, and up to 9 MB of the allocator's and of a rare collection."""

QUICK_SECONDS = 0.5
RECEIVE_BYTES = 64 * 1024


async def unread_socket(url: str, token: str, device: str) -> ClientConnection:
    """A socket whose client takes nothing until it is asked to, and whose kernel takes little."""
    host, port = url.removeprefix("http://").split(":")
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    plain.connect((host, int(port)))
    plain.setblocking(False)
    connection = await connect(
        f"ws://{host}:{port}/ws",
        sock=plain,
        additional_headers={"token": token},
        user_agent_header=device,
        max_queue=1,
        ping_interval=None,
        compression=None,
        proxy=None,
    )
    assert json.loads(await connection.recv())["code"] == CONNECTED
    return connection


async def flood(writer: Writer, messages: int) -> None:
    free = asyncio.Semaphore(32)

    async def one() -> None:
        async with free:
            answer = await writer.ask({"type": 1, "content": TEXT})
            assert answer["code"] in ACKS, answer

    await asyncio.gather(*(one() for _ in range(messages)))


async def drain(unread: ClientConnection) -> int:
    """Read until the server has closed; how many bytes there were."""
    taken = 0
    try:
        while True:
            taken += len((await unread.recv()).encode())
    except ConnectionClosed:
        return taken


async def chat(writer: Writer, stop: asyncio.Event, waits: list[float]) -> None:
    """Write one message after another; how long each took."""
    while not stop.is_set():
        start = time.monotonic()
        assert (await writer.write())["code"] in ACKS
        waits.append(time.monotonic() - start)


async def test_a_slow_reader_costs_nobody_anything(own_server: Server) -> None:
    url = own_server.url
    async with people([url], 2) as writers:
        loud, slow, quick, _ = writers
        await together([loud, quick], [url])
        await flood(loud, FLOOD)  # once without: what the server keeps anyway is kept by now
        before = own_server.resident_bytes()
        unread = [await unread_socket(url, slow.token, slow.name) for _ in range(SOCKETS)]
        stop, waits = asyncio.Event(), list[float]()
        async with asyncio.TaskGroup() as group:
            group.create_task(chat(quick, stop, waits))
            await flood(loud, ENOUGH)
            reading = [group.create_task(drain(one)) for one in unread]
            await flood(loud, FLOOD - ENOUGH)
            stop.set()
        grown, taken = own_server.resident_bytes() - before, max(one.result() for one in reading)
        worst = quantiles(waits, n=20)[-1]
        print(
            f"closed with {[one.close_code for one in unread]} after {taken >> 10} KiB;"
            f" grown by {grown >> 10} KiB; 95 % of the others' acks within {worst * 1000:.0f} ms"
        )
        assert {one.close_code for one in unread} == {TOO_SLOW}
        assert taken < 2 * BUFFER_BYTES
        assert grown < GROWTH_BYTES
        assert worst < QUICK_SECONDS


async def test_a_slow_member_slows_nobody_in_his_group(own_server: Server) -> None:
    site = Site(own_server.url)
    with closing(site.http):
        loud, slow, *quick = [await asyncio.to_thread(Account.new, site) for _ in range(MEMBERS)]
        uids = [one.uid for one in (slow, *quick)]
        made = await asyncio.to_thread(loud.post, "/api/groups", name="We", members=uids)
        conv, waits = made.data["conv"], list[float]()
        async with AsyncExitStack() as stack:
            chats = [await stack.enter_async_context(one.chat()) for one in (loud, *quick)]
            unread = await unread_socket(own_server.url, slow.token, slow.device)
            for _ in range(ENOUGH):
                start = time.monotonic()
                assert (await chats[0].ask(1, conv=conv, content=TEXT))["code"] in ACKS
                waits.append(time.monotonic() - start)
            reading = asyncio.create_task(drain(unread))
            for chat in chats[1:]:
                await chat.push(MESSAGE, conv=conv, seq=1 + ENOUGH)
                assert chat.seqs(conv) == list(range(2, 2 + ENOUGH))
            await reading
        worst = quantiles(waits, n=20)[-1]
        print(f"closed with {unread.close_code}; 95 % of the acks within {worst * 1000:.0f} ms")
        assert unread.close_code == TOO_SLOW
        assert worst < QUICK_SECONDS
