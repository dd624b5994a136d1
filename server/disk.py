"""Whether the disk of the data folder takes what is written to it: it may be full, or read-only."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from conf.settings import ConfigError

MIB: Final = 1 << 20

ROOM_BYTES: Final = 48 * MIB
"""How much must be free before a store that had no space is started again.

Measured: Valkey needs nothing to speak of, SecantusDB 11 MiB for its first start, and 19 to 36 MiB
after its death in a storm of the largest messages, since it writes up to a minute of its journal
into its tables. Where it needs even more it fills the disk, dies, and this much is awaited again.
"""

FULL_BYTES: Final = MIB
"""Free space with which a disk is full: a child may not even have been able to log why it died."""

LOOK_SECONDS: Final = 0.25
"""Between two looks whether it takes something again; nobody tells of that."""

SIGNS: Final = (
    "No space left on device",
    "Short write while writing to the AOF file",  # Valkey's
    "database or disk is full",  # SQLite's
)
"""What a store says of a full disk."""


class Disk:
    """The one that `folder` is on, for a program that keeps its data in `kept` there."""

    def __init__(self, folder: Path, kept: Path | None = None) -> None:
        self.folder = folder
        self._kept = kept

    @property
    def free(self) -> int:
        """Bytes that this process may still write."""
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize

    @property
    def barred(self) -> Path | None:
        """The first thing that this process may not write, of all that the program writes."""
        kept = sorted(self._kept.rglob("*")) if self._kept else []
        paths = (self.folder, *([self._kept] if self._kept else []), *kept)
        return next((path for path in paths if not os.access(path, os.W_OK)), None)

    def blamed(self, said: str) -> bool:
        """Whether a program that has said this, and is dead, could not write."""
        full = self.free < FULL_BYTES or any(sign in said for sign in SIGNS)
        return full or self.barred is not None

    @property
    def words(self) -> str:
        """For the line that blames it."""
        if (barred := self.barred) is not None:
            return f"[service] DataDir: {barred} cannot be written"
        return (
            f"[service] DataDir: {self.folder} has no space left"
            f" ({self.free // MIB} MiB free, up to {ROOM_BYTES // MIB} MiB needed)"
        )

    def blame(self, reason: str, said: str = "") -> str:
        """The one line for a start that failed, when the program that it is about has said that."""
        known = any(word in reason.lower() for word in ("no space left", "cannot be written"))
        return f"{self.words}: {reason}" if not known and self.blamed(said or reason) else reason

    async def room(self) -> None:
        """Wait until there is enough, which may be written."""
        while self.barred is not None or self.free < ROOM_BYTES:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(LOOK_SECONDS)


@contextmanager
def blamed(folder: Path) -> Iterator[None]:
    """Any ConfigError out of the block blames the disk where that is the cause."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(Disk(folder).blame(str(error))) from error
