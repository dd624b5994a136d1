"""What a server's process keeps: memory, descriptors, threads, tasks, channels that it hears."""

import asyncio
import json
import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.faults.programs import Server

TOLD_SECONDS = 20.0
TELLS = "SOAK_TELLS"

RESIDENT_MARGIN_KIB = 48 << 10
"""SQLite may keep 16 MiB for each of three connections to the search index."""

OBJECTS_MARGIN = 2_000
"""What is kept of messages and people has its bounds, which are met slowly."""

DESCRIPTORS_MARGIN = 16
THREADS_MARGIN = 4
"""Pools open what they need at a busy moment, up to their bounds."""


@dataclass(frozen=True)
class Footprint:
    resident_kib: int
    objects: int
    """Of Python, that its collector knows."""
    descriptors: int
    threads: int
    tasks: Counter[str]
    """By what they run."""
    channels: frozenset[str]

    def __str__(self) -> str:
        return (
            f"{self.resident_kib / 1024:.1f} MiB, {self.objects} objects,"
            f" {self.descriptors} descriptors, {self.threads} threads,"
            f" {self.tasks.total()} tasks, {len(self.channels)} channels"
        )

    def is_busier(self, than: "Footprint") -> bool:
        """Whether more runs, or is heard."""
        return bool(self.tasks - than.tasks or self.channels - than.channels)

    def grown(self, before: "Footprint") -> list[str]:
        """What is more than it was, by more than it may be."""
        margins = {
            "resident_kib": RESIDENT_MARGIN_KIB,
            "objects": OBJECTS_MARGIN,
            "descriptors": DESCRIPTORS_MARGIN,
            "threads": THREADS_MARGIN,
        }
        found = [
            f"{name}: {getattr(before, name)} -> {getattr(self, name)}"
            for name, margin in margins.items()
            if getattr(self, name) > getattr(before, name) + margin
        ]
        found += [
            f"task {name}: {count} more" for name, count in (self.tasks - before.tasks).items()
        ]
        return found + [f"channel {name}" for name in sorted(self.channels - before.channels)]


async def look(server: Server, tells: Path, *, with_presence: bool) -> Footprint:
    """Ask a server that runs under `watched`.

    Args:
        with_presence: count the channels of presence, which are heard for another minute.
    """
    tells.unlink(missing_ok=True)
    os.kill(server.pid, signal.SIGUSR1)
    async with asyncio.timeout(TOLD_SECONDS):
        while not tells.exists():
            await asyncio.sleep(0.01)
    told = json.loads(tells.read_text(encoding="utf-8"))
    process = Path(f"/proc/{server.pid}")
    with redis.Redis(unix_socket_path=str(server.data_dir / "valkey" / "valkey.sock")) as client:
        heard = [name.decode() for name in client.pubsub_channels()]
    return Footprint(
        resident_kib=server.resident_bytes() >> 10,
        objects=told["objects"],
        descriptors=len(list((process / "fd").iterdir())),
        threads=len(list((process / "task").iterdir())),
        tasks=Counter(told["tasks"]),
        channels=frozenset(name for name in heard if with_presence or "/p:" not in name),
    )
