"""A zip that is written while it is read: whole for whoever opens it, and never whole in memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import AsyncIterator

import pytest

from server.archive import Entry, archive

MIB = 1024 * 1024


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def test_what_comes_out_is_a_zip() -> None:
    async def entries() -> AsyncIterator[Entry]:
        yield Entry("texts/one.json", pieces(b"[1,", b"2]"))
        yield Entry("empty.json", pieces())
        yield Entry("media/猫.bin", pieces(b"\0" * 10, b"\1" * 10), 20)

    written = io.BytesIO(b"".join([piece async for piece in archive(entries())]))
    with zipfile.ZipFile(written) as file:
        assert file.testzip() is None
        assert file.namelist() == ["texts/one.json", "empty.json", "media/猫.bin"]
        assert file.read("texts/one.json") == b"[1,2]"
        assert file.read("media/猫.bin") == b"\0" * 10 + b"\1" * 10
        assert file.getinfo("media/猫.bin").compress_type == zipfile.ZIP_STORED


async def test_memory_stays_flat() -> None:
    async def large() -> AsyncIterator[bytes]:
        for _ in range(256):
            yield bytes(256 * 1024)

    async def entries() -> AsyncIterator[Entry]:
        yield Entry("large.bin", large(), 64 * MIB)

    tracemalloc.start()
    try:
        size = 0
        async for piece in archive(entries()):
            size += len(piece)
        assert size > 64 * MIB
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


async def test_what_breaks_off_is_no_zip() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        raise OSError

    async def entries() -> AsyncIterator[Entry]:
        yield Entry("broken.bin", broken(), 100)

    written = io.BytesIO()
    with pytest.raises(OSError):
        async for piece in archive(entries()):
            written.write(piece)
    assert not zipfile.is_zipfile(written)
