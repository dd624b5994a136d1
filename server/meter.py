"""What this process counts: read where it is counted anyway, when somebody asks."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from pathlib import Path
from typing import Annotated, Final, Literal, TypedDict

import msgspec
from msgspec import Meta

from models.bus import Bus
from models.stores import States, Stores
from server.delays import Delays
from server.log import MessageLog
from server.media import Media
from server.peers import PeerMap
from server.refusals import Refusals

LOOK_SECONDS: Final = 10.0
"""How often the stores are asked whether they answer."""

_STATM: Final = Path("/proc/self/statm")


StoreName = Literal["sql", "redis", "mongo"]
Share = Annotated[float, Meta(description="Of the time, 0 to 1.")]


class Health(TypedDict):
    """How much of some time each store answered."""

    sql: Share
    redis: Share
    mongo: Share


class Delay(msgspec.Struct, frozen=True):
    """`Delays` at a moment."""

    counts: list[int]
    seconds: float


class Counts(msgspec.Struct, frozen=True):
    """What one process has counted since it started, and how it stands."""

    family: str
    """The same for workers of one parent."""
    worker: int
    people: int
    """With a socket here."""
    sockets: int
    messages: int
    """Stored."""
    conflicts: int
    pending: int
    """Messages that wait for the store."""
    errors: int
    limited: int
    uploads: int
    memory: int
    """Bytes."""
    cpu: float
    """Seconds."""
    acks: Delay
    """From the moment that a message was taken until it was stored."""
    lags: Delay
    """How late the loop came back to a sleep."""
    bus: bool
    stores: States
    """When it was last looked."""


class Meter:
    def __init__(
        self,
        stores: Stores,
        bus: Bus,
        peers: PeerMap,
        log: MessageLog,
        media: Media,
        refusals: Refusals,
        lags: Delays,
        *,
        family: str,
        worker: int,
    ) -> None:
        self._stores = stores
        self._bus = bus
        self._peers = peers
        self._log = log
        self._media = media
        self._refusals = refusals
        self._family = family
        self._worker = worker
        self._lags = lags
        self._states: States = {"sql": "up", "redis": "up", "mongo": "up"}
        """The start has just spoken to each."""
        self._looks = [self._states]
        """Of this minute."""

    def read(self) -> Counts:
        return Counts(
            family=self._family,
            worker=self._worker,
            people=self._peers.people,
            sockets=self._peers.count,
            messages=self._log.stored,
            conflicts=self._log.conflicts,
            pending=len(self._log.pending),
            errors=self._refusals.errors,
            limited=self._refusals.limited,
            uploads=self._media.accepted,
            memory=_memory(),
            cpu=time.process_time(),
            acks=_now(self._log.delays),
            lags=_now(self._lags),
            bus=self._bus.healthy,
            stores=self._states,
        )

    def health(self) -> Health:
        """How much of this minute each store answered."""

        def share(store: StoreName) -> float:
            return sum(states[store] == "up" for states in self._looks) / len(self._looks)

        return {"sql": share("sql"), "redis": share("redis"), "mongo": share("mongo")}

    def begin_minute(self) -> None:
        self._looks = [self._states]

    async def look(self) -> None:
        """Look at the stores until cancelled."""
        while True:
            self._states = await self._stores.probe()
            self._looks.append(self._states)
            await asyncio.sleep(LOOK_SECONDS)


def _now(delays: Delays) -> Delay:
    return Delay(list(delays.counts), delays.seconds)


def _memory() -> int:
    """What the process has in memory; where the system does not say, the most that it ever had."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
