"""Many people with many sockets each, made and cut."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from tests.bench import wire
from tests.bench.wire import Wire
from tests.client import Account
from tests.running import Site

AT_ONCE = 50
"""Handshakes on their way: fewer than a listening socket keeps waiting."""

Way = tuple[Mapping[str, str], str]
"""The headers and the path of a handshake."""


async def people(site: Site, count: int) -> list[Account]:
    """New people, signed in; four at a time, as hashing has two threads.

    Each comes from an address of his own, as far as the server trusts who says so.
    """
    turns = asyncio.Semaphore(4)

    async def one(number: int) -> Account:
        async with turns:
            address = f"10.0.{number >> 8}.{number & 255}"
            return await asyncio.to_thread(Account.new, site, address=address)

    return await asyncio.gather(*(one(number) for number in range(count)))


async def sockets(port: int, ways: Iterable[Way]) -> list[Wire]:
    """A socket for each way, in this order."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(headers: Mapping[str, str], path: str) -> Wire:
        async with turns:
            return await wire.connect("127.0.0.1", port, headers, path)

    return await asyncio.gather(*(one(*way) for way in ways))


async def cut(sockets: Sequence[Wire]) -> None:
    await asyncio.gather(*(socket.close() for socket in sockets))
