"""What is S3's own: the start, an upload of many pieces, and what does not fit into one."""

import asyncio
import random
import re
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from conf.settings import ConfigError, Media
from models.blobs import PIECE_BYTES
from models.errors import TooLarge, Unavailable
from models.s3 import BLOB_BYTES, SECONDS, TAKEN_BYTES, UPLOAD_BYTES, _Upload, open_s3
from tests.border import SECONDS as PATIENCE
from tests.kept import KEY, SECRET, S3Server, fresh, in_s3
from tests.opened import Embedded

MEBI = 2**20


async def said(media: Media) -> str:
    """What ends a start with these settings."""
    with pytest.raises(ConfigError, match=r"^[^\n]+\Z") as caught:
        await open_s3(media)
    line = str(caught.value)
    assert SECRET not in line and KEY not in line
    return line


async def test_a_bucket_that_is_missing_ends_the_start(s3: S3Server) -> None:
    line = await said(s3.media("nowhere"))
    assert line.startswith(f"[media] S3Bucket: {s3.url} refuses it: ")


async def test_keys_that_are_not_known_end_the_start(s3: S3Server) -> None:
    with s3.asking_for_keys():
        line = await said(s3.media("nowhere"))
    assert line.startswith(f"[media] S3Key: {s3.url} refuses it: ")


async def test_where_nothing_listens_or_answers(s3: S3Server, closed: str, silent: str) -> None:
    media = s3.media("nowhere")
    for where, why in ((closed, "Connection refused"), (silent, "no answer")):
        line = await said(replace(media, s3_endpoint=f"http://{where}"))
        assert line == f"[media] S3Endpoint: http://{where} cannot be reached: {why}"


async def test_what_stops_coming_through_in_the_middle_is_unavailable_in_time(
    s3: S3Server, embedded: Embedded, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    # More than the kernel takes from the client and keeps.
    path.write_bytes(random.randbytes(32 * MEBI))
    async with in_s3(s3, embedded, tmp_path) as one, one.where.by_proxy() as (where, proxy):
        async with where.open() as stores:
            proxy.let_through(16 * MEBI)
            putting = asyncio.create_task(stores.blobs.put(fresh(), path))
            await asyncio.wait_for(proxy.full.wait(), PATIENCE)
            start = time.monotonic()
            with pytest.raises(Unavailable):
                await putting
            assert time.monotonic() - start < SECONDS + 0.5
            await proxy.close()
        assert await one.remains() == 0


async def test_each_piece_of_an_upload_gives_it_new_time_and_the_last_one_more(
    tmp_path: Path,
) -> None:
    path, told = tmp_path / "file", asyncio.Queue[float]()
    path.write_bytes(random.randbytes(PIECE_BYTES))
    with _Upload(path, told.put_nowait) as upload:
        assert upload.size == PIECE_BYTES
        pieces, times = [], []
        while piece := await asyncio.to_thread(upload.read, -1):
            pieces.append(piece)
            times.append(await asyncio.wait_for(told.get(), PATIENCE))
        assert b"".join(pieces) == path.read_bytes()
        assert max(map(len, pieces)) == UPLOAD_BYTES
        assert times == [SECONDS] * (len(pieces) - 1) + [SECONDS + PIECE_BYTES / TAKEN_BYTES]
        await asyncio.wait_for(told.get(), PATIENCE)  # the end, too, was asked for
        upload.seek(0)
        upload.read()
    await asyncio.sleep(0)
    assert told.empty()  # who is closed has no time to give


async def test_what_s3_takes_in_no_single_request_is_too_large(
    s3: S3Server, embedded: Embedded, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(BLOB_BYTES + 1)
    async with in_s3(s3, embedded, tmp_path) as one:
        with pytest.raises(TooLarge):
            await one.blobs.put(fresh(), path)
        await one.blobs.probe()


async def test_without_its_bucket_it_is_unavailable(
    s3: S3Server, embedded: Embedded, tmp_path: Path
) -> None:
    async with in_s3(s3, embedded, tmp_path) as one:
        assert one.where.media is not None
        httpx.delete(f"{s3.url}/{one.where.media.s3_bucket}").raise_for_status()
        with pytest.raises(Unavailable):
            await one.blobs.probe()


def test_a_secret_is_in_no_repr(s3: S3Server) -> None:
    assert not re.search(f"{KEY}|{SECRET}", repr(s3.media("nowhere")))
