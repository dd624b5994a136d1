"""Uploads on their way: each in a folder of its own under DataDir, gone when its request is.

What comes is gathered and written by a thread in pieces of 256 KiB, so that neither memory nor the
loop feels how large a file is.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from models.errors import TooLarge, Unavailable

PIECE_BYTES: Final = 256 * 1024
"""What is gathered before a thread writes it: to hop to one takes 100 microseconds."""

LEFT_SECONDS: Final = 2 * 3600.0
"""A folder this old was left by a process that died: no upload takes longer than an hour."""


class Upload:
    """One file being written. Every call raises `Unavailable` where the disk does not take it."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._gathered = bytearray()
        self.path = folder / "upload"
        self.size = 0
        with disk():
            self._file = self.path.open("wb", buffering=0)

    async def write(self, data: bytes) -> None:
        """Raises `TooLarge`: with this it is more than it may be."""
        self.size += len(data)
        if self._max_bytes and self.size > self._max_bytes:
            raise TooLarge
        self._gathered += data
        if len(self._gathered) >= PIECE_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        piece, self._gathered = self._gathered, bytearray()
        with disk():
            await asyncio.to_thread(self._file.write, piece)

    async def end(self) -> None:
        """All of it has come."""
        await self._flush()
        self._file.close()

    def discard(self) -> None:
        """Delete it and all that was made beside it."""
        self._file.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Uploads:
    """The folder of uploads."""

    def __init__(self, data_dir: Path, *, max_bytes: int) -> None:
        """`max_bytes` of one file, 0 for no limit."""
        self._folder = data_dir / "uploads"
        self.max_bytes = max_bytes

    def begin(self) -> Upload:
        """Raises `Unavailable`: the disk does not take it."""
        with disk():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            return Upload(Path(tempfile.mkdtemp(dir=self._folder)), self.max_bytes)

    def tidy(self) -> None:
        """Delete what processes have left that died."""
        with contextlib.suppress(OSError):
            for folder in self._folder.iterdir():
                if time.time() - folder.stat().st_mtime > LEFT_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def disk() -> Iterator[None]:
    """Raises `Unavailable` for what the disk does not do."""
    try:
        yield
    except OSError as error:
        raise Unavailable("disk") from error
