"""One client that sends as fast as its socket takes it, in a process of its own.

Run as a program it takes one JSON object as its argument, floods until its input ends, cuts its
connection and prints what it was answered as JSON.
"""

import asyncio
import json
import secrets
import socket
import struct
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.bench import wire

AT_ONCE = 16
"""Frames of one write."""

BUFFER_BYTES = 1 << 16
"""On their way from here at most: what waits in a kernel is still read when a flood is over."""


class Flood(wire.Wire):
    """A socket that says when it takes more."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()
        self.free.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        plain: socket.socket = transport.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        # Cut: what has not been read yet is of no use to anybody.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def pause_writing(self) -> None:
        self.free.clear()

    def resume_writing(self) -> None:
        self.free.set()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.free.set()


async def _flood(port: int, headers: Mapping[str, str], to: int) -> Counter[str]:
    """How many frames were sent, and how many answers of each code came."""
    flood = await wire.connect("127.0.0.1", port, headers, kind=Flood)
    assert isinstance(flood, Flood)
    await flood.next()
    counts: Counter[str] = Counter()

    def receive(payload: bytes) -> None:
        counts[payload[8:13].decode()] += 1

    flood.on_frame = receive
    print(flush=True)
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    ended.add_done_callback(lambda _: flood.free.set())
    while not ended.done():
        for _ in range(AT_ONCE):
            fields = {"type": 1, "to": to, "content": "me first", "id": secrets.token_hex(8)}
            flood.send(wire.frame(fields))
        counts["sent"] += AT_ONCE
        await asyncio.sleep(0)
        await flood.free.wait()
        if flood.lost.done():
            raise ConnectionError(f"the flood was cut: {flood.lost.result()}")
    await flood.close()
    return counts


@asynccontextmanager
async def flooding(port: int, headers: Mapping[str, str], to: int) -> AsyncIterator[Counter[str]]:
    """While the block runs; afterwards the counter has what `_flood` counted."""
    given: dict[str, Any] = {"port": port, "headers": headers, "to": to}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.flood", json.dumps(given)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    counts: Counter[str] = Counter()
    try:
        assert await process.stdout.readline(), "the flood did not begin"
        yield counts
    finally:
        process.stdin.close()
        counts.update(json.loads(await process.stdout.read()))
        await process.wait()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_flood(**json.loads(sys.argv[1])))))
