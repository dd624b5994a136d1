"""A server that keeps its uploads in S3."""

import random
import time
from collections.abc import Callable

import httpx

from models.blobs import PIECE_BYTES
from tests.client import Account
from tests.faults.programs import frozen
from tests.kept import KEY, SECRET, S3Server
from tests.media import upload, uploaded
from tests.running import Server

REFUSED_SECONDS = 4.0


def test_uploads_are_kept_in_s3_and_only_they_wait_for_it(
    servers: Callable[..., Server], s3: S3Server
) -> None:
    httpx.put(f"{s3.url}/uploads").raise_for_status()
    server = servers(
        media_store="s3",
        media_s3endpoint=s3.url,
        media_s3bucket="uploads",
        media_s3key=KEY,
        media_s3secret=SECRET,
        service_loglevel="DEBUG",
    )
    ann = Account.new(server)
    data = random.randbytes(2 * PIECE_BYTES)
    path = f"/api/media/{uploaded(ann, data)['id']}"
    assert httpx.get(f"{s3.url}/uploads").text.count("<Key>") == 1
    assert server.http.get(path, headers=ann.headers).content == data
    part = {"Range": f"bytes=9-{PIECE_BYTES}"}
    assert server.http.get(path, headers=ann.headers | part).content == data[9 : PIECE_BYTES + 1]
    with frozen(s3.pid):
        start = time.monotonic()
        assert upload(ann, b"more").refusal == (503, "unavailable")
        assert time.monotonic() - start < REFUSED_SECONDS
        assert ann.call("GET", "/api/conversations").status == 200
        assert server.http.get("/readyz").status_code == 200
    assert "s3 does not answer" in server.log
    assert KEY not in server.log and SECRET not in server.log
