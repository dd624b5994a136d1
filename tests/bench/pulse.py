"""Frames at a steady rate from a process of their own, each timed from its send to what it brings.

A frame is sent when it is due, whatever became of the last one, so a stall is counted once for each
frame that falls into it. Its own process, because one that also makes the load would time itself.

Run as a program it takes one JSON object as its argument, beats until its input ends, and prints
the seconds as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from tests.bench import wire

ANSWER_SECONDS = 30
"""How long the last answers are awaited."""

Headers = Mapping[str, str]
Beating = AbstractAsyncContextManager[list[float]]

PING = {"type": 9}
_PONG = '{"code":50014'
_ACK = '{"code":5000'
_MESSAGE = '{"code":50001'


async def _beat(
    port: int, sender: Headers, receiver: Headers | None, fields: Any, brings: str, rate: float
) -> list[float]:
    sends = await wire.connect("127.0.0.1", port, sender)
    receives = await wire.connect("127.0.0.1", port, receiver) if receiver else sends
    for socket in {sends, receives}:
        await socket.next()
    head = brings.encode()
    data = wire.frame(fields)
    sent: deque[float] = deque()
    took: list[float] = []

    def receive(payload: bytes) -> None:
        if payload.startswith(head):
            took.append(time.perf_counter() - sent.popleft())

    sends.on_frame = lambda _payload: None
    receives.on_frame = receive
    print(flush=True)
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    due = time.perf_counter()
    while not ended.done():
        sent.append(time.perf_counter())
        sends.send(data)
        due += 1 / rate
        await asyncio.sleep(due - time.perf_counter())
    async with asyncio.timeout(ANSWER_SECONDS):
        while sent:
            await asyncio.sleep(0.01)
    return took


@asynccontextmanager
async def _beating(**given: Any) -> AsyncIterator[list[float]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.pulse", json.dumps(given)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    took: list[float] = []
    try:
        assert await process.stdout.readline(), "the pulse did not begin"
        yield took
    finally:
        process.stdin.close()
        took += json.loads(await process.stdout.read())
        await process.wait()


def pings(port: int, who: Headers, rate: float) -> Beating:
    """While the block runs, ping; at its end the list has the seconds of each round trip."""
    return _beating(port=port, sender=who, receiver=None, fields=PING, brings=_PONG, rate=rate)


def acks(port: int, sender: Headers, fields: Mapping[str, Any], rate: float) -> Beating:
    """While the block runs, send; at its end the list has the seconds to each ack."""
    return _beating(port=port, sender=sender, receiver=None, fields=fields, brings=_ACK, rate=rate)


def messages(port: int, sender: Headers, receiver: Headers, to: int, rate: float) -> Beating:
    """While the block runs, send; at its end the list has the seconds to each receipt."""
    fields = {"type": 1, "to": to, "content": "x" * 100}
    return _beating(
        port=port, sender=sender, receiver=receiver, fields=fields, brings=_MESSAGE, rate=rate
    )


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_beat(**json.loads(sys.argv[1])))))
