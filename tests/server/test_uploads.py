"""Files on their way in."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from models.errors import TooLarge, Unavailable
from server.uploads import LEFT_SECONDS, PIECE_BYTES, Uploads


async def test_what_comes_in_pieces_is_one_file(tmp_path: Path) -> None:
    upload = Uploads(tmp_path, max_bytes=0).begin()
    pieces = [bytes([number]) * (PIECE_BYTES // 3 + 1) for number in range(10)]
    for piece in pieces:
        await upload.write(piece)
    await upload.end()
    assert upload.path.read_bytes() == b"".join(pieces)
    assert upload.size == sum(map(len, pieces))


async def test_a_file_is_nobody_elses_and_goes_with_all_beside_it(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, max_bytes=0)
    one, other = uploads.begin(), uploads.begin()
    await other.end()
    one.path.with_suffix(".thumb").write_bytes(b"x")
    assert one.path.parent.stat().st_mode & 0o077 == 0
    one.discard()
    one.discard()
    assert [path.name for path in tmp_path.rglob("upload")] == ["upload"]
    assert other.path.read_bytes() == b""


async def test_it_takes_as_much_as_it_may_and_no_byte_more(tmp_path: Path) -> None:
    upload = Uploads(tmp_path, max_bytes=10).begin()
    await upload.write(b"x" * 10)
    with pytest.raises(TooLarge):
        await upload.write(b"x")
    upload.discard()


async def test_a_disk_that_takes_nothing_is_a_store_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_bytes(b"in the way")
    with pytest.raises(Unavailable) as refusal:
        Uploads(tmp_path, max_bytes=0).begin()
    assert refusal.value.store == "disk"
    upload = Uploads(tmp_path / "..", max_bytes=0)
    upload._folder = tmp_path / "other"
    full = upload.begin()
    full._file.close()
    full._file = open("/dev/full", "wb", buffering=0)
    with pytest.raises(Unavailable):
        await full.write(b"x" * PIECE_BYTES)
    full.discard()


async def test_only_what_is_old_is_taken_for_left(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, max_bytes=0)
    uploads.tidy()
    old, new = uploads.begin(), uploads.begin()
    long_ago = time.time() - LEFT_SECONDS - 1
    os.utime(old.path.parent, (long_ago, long_ago))
    uploads.tidy()
    assert (old.path.exists(), new.path.exists()) == (False, True)
    old.discard()
    new.discard()
