"""Blobs in any S3-compatible store, each an object under its key.

Plain requests only, which every such store knows: one PUT for a whole blob, a GET with a range for
each piece of it. A PUT that is cut leaves nothing. Many parts would need 5 MiB of memory each.
"""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import ClientError as HttpError
from botocore.exceptions import BotoCoreError, ClientError

from conf.settings import ConfigError, Media
from models.blobs import PIECE_BYTES
from models.errors import NotFound, TooLarge
from models.guard import Guard
from models.reasons import refused

SECONDS: Final = 2.5
"""Of a call, and of each piece of an upload."""

CONCURRENT: Final = 8
"""Calls under way at once, of which WRITERS may be uploads: those keep their turn for long."""

WRITERS: Final = 4
"""Uploads at once of this process; each has some pieces on their way in memory."""

UPLOAD_BYTES: Final = 64 * 1024
"""Of a piece that is sent. The client would take 256 KiB and have several of them in memory."""

TAKEN_BYTES: Final = 10 * 2**20
"""What a busy store takes a second at least. The client is done with a file when the last of it is
in the system's buffers; the answer to a large one may come later by this."""

BLOB_BYTES: Final = 5 * 2**30
"""What S3 takes in one PUT."""

REGION: Final = "us-east-1"
"""Requests are signed for a region, also where the store has none: this is the name for that."""

_BLAMED: Final = {
    "NoSuchBucket": "S3Bucket",
    "AccessDenied": "S3Bucket",
    "InvalidAccessKeyId": "S3Key",
    "SignatureDoesNotMatch": "S3Secret",
    "AuthorizationHeaderMalformed": "S3Region",
    "PermanentRedirect": "S3Region",
}
"""By the store's word for a refusal, the key that is to blame."""


class S3:
    """See `models.blobs.Blobs`."""

    def __init__(
        self, client: Any, bucket: str | None, *, close: Callable[[], Awaitable[None]]
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._close = close
        self._writing = asyncio.Semaphore(WRITERS)
        self._guard = Guard(
            "s3",
            SECONDS,
            concurrent=CONCURRENT,
            outages=(BotoCoreError, ClientError, HttpError, OSError),
            probe=lambda: _look(client, bucket),
            answer=_is_missing,
        )

    async def put(self, key: str, path: Path) -> None:
        async with self._writing, self._guard() as extend:
            with _Upload(path, extend) as upload:
                if upload.size > BLOB_BYTES:
                    raise TooLarge
                await self._client.put_object(Bucket=self._bucket, Key=key, Body=upload)

    async def read(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        if stop > await self._size(key):
            raise NotFound
        while start < stop:
            end = min(stop, start + PIECE_BYTES)
            # A request for each: one for all would stay open as long as somebody takes slowly.
            yield await self._part(key, start, end)
            start = end

    async def _size(self, key: str) -> int:
        async with self._found():
            head = await self._client.head_object(Bucket=self._bucket, Key=key)
        size: int = head["ContentLength"]
        return size

    async def _part(self, key: str, start: int, stop: int) -> bytes:
        async with self._found():
            answer = await self._client.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes={start}-{stop - 1}"
            )
            async with answer["Body"] as body:
                data: bytes = await body.read()
        return data

    @asynccontextmanager
    async def _found(self) -> AsyncIterator[None]:
        try:
            async with self._guard():
                yield
        except ClientError:
            raise NotFound from None

    async def delete(self, key: str) -> None:
        async with self._guard():
            await self._client.delete_object(Bucket=self._bucket, Key=key)

    async def probe(self) -> None:
        await self._guard.check()

    async def close(self) -> None:
        await self._guard.close()
        await self._close()


class _Upload(io.FileIO):
    """A file that the client reads in its threads; each piece gives the call new time."""

    def __init__(self, path: Path, extend: Callable[[float], None]) -> None:
        super().__init__(path)
        self.size = os.fstat(self.fileno()).st_size
        self._loop = asyncio.get_running_loop()
        self._extend = extend

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(UPLOAD_BYTES if size is None or size < 0 else min(size, UPLOAD_BYTES))
        more = self.size / TAKEN_BYTES if self.tell() == self.size else 0.0
        self._loop.call_soon_threadsafe(self._tell, SECONDS + more)
        return data

    def _tell(self, seconds: float) -> None:
        if not self.closed:
            self._extend(seconds)


def _is_missing(error: Exception) -> bool:
    """Whether an object is not there, which is an answer; without its bucket it is none."""
    if not isinstance(error, ClientError):
        return False
    return error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey")


async def open_s3(media: Media) -> S3:
    """Connect to the store and see whether the bucket is there.

    Raises:
        ConfigError: it is not, or the store cannot be reached or refuses the keys.
    """
    try:
        async with AsyncExitStack() as opened:
            client = await opened.enter_async_context(_client(media))
            async with asyncio.timeout(SECONDS):
                await _look(client, media.s3_bucket)
            return S3(client, media.s3_bucket, close=opened.pop_all().aclose)
    except (BotoCoreError, ClientError, HttpError, OSError) as error:
        raise _blamed(error, media.s3_endpoint or "") from error


async def _look(client: Any, bucket: str | None) -> None:
    """Ask for something that tells whether the bucket is there and we may read it, and why not."""
    await client.list_objects_v2(Bucket=bucket, MaxKeys=1)


def _client(media: Media) -> Any:
    return get_session().create_client(
        "s3",
        endpoint_url=media.s3_endpoint,
        region_name=media.s3_region or REGION,
        aws_access_key_id=media.s3_key,
        aws_secret_access_key=media.s3_secret,
        config=AioConfig(
            connect_timeout=SECONDS,
            read_timeout=None,  # the guard's is the one
            max_pool_connections=CONCURRENT,
            retries={"total_max_attempts": 1},
            # A bucket of one's own store has no host name of its own.
            s3={"addressing_style": "path", "payload_signing_enabled": False},
            # By default bodies carry checksums in a form that only newer stores know.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _blamed(error: Exception, endpoint: str) -> ConfigError:
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        if key := _BLAMED.get(said.get("Code", "")):
            return ConfigError(f"[media] {key}: {endpoint} refuses it: {said.get('Message')}")
    return refused("media", "S3Endpoint", endpoint, error)
