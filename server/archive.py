"""A zip archive that is written while it is read: nobody holds more of it than a piece.

`zipfile` writes to what cannot be sought, with the sizes behind each file, so that nothing has to
be known in advance.
"""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive."""

    name: str
    pieces: AsyncIterator[bytes]
    size: int | None = None
    """Bytes, where that is known. Such a file is not made smaller: it is a picture or the like."""


class _Pipe(io.RawIOBase):
    """Takes what is written until somebody takes it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


async def archive(entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    """The bytes of the archive, in pieces about as large as those of its files."""
    pipe = _Pipe()
    with ZipFile(pipe, "w") as file:
        async for entry in entries:
            info = ZipInfo(entry.name, time.gmtime()[:6])
            info.compress_type = ZIP_DEFLATED if entry.size is None else ZIP_STORED
            info.file_size = entry.size or 0
            with file.open(info, "w", force_zip64=entry.size is None) as into:
                async for piece in entry.pieces:
                    into.write(piece)
                    yield pipe.take()
            yield pipe.take()
    yield pipe.take()
