"""An upload goes on after the server under it was stopped, and after it was killed."""

import random

from models.upload import PIECE_BYTES
from tests.client import Account
from tests.faults.programs import Server
from tests.running import Site
from tests.tus import Line, begin, comes_to, offset, patch


def test_what_has_come_outlives_the_server(own_server: Server) -> None:
    ann = Account.new(Site(own_server.url))
    data = random.randbytes(5 * PIECE_BYTES)
    path = begin(ann, len(data))
    with Line(ann, path, 0, len(data)) as line:
        line.send(data[: PIECE_BYTES + 1_000])
        comes_to(ann, path, PIECE_BYTES)
        # An orderly stop keeps what lies in memory as well.
        assert own_server.stop() == 0
    own_server.start()
    ann.server.http.close()
    ann.server = Site(own_server.url)
    assert offset(ann, path) == PIECE_BYTES + 1_000
    with Line(ann, path, PIECE_BYTES + 1_000, 4 * PIECE_BYTES - 1_000) as line:
        line.send(data[PIECE_BYTES + 1_000 : 3 * PIECE_BYTES])
        comes_to(ann, path, 2 * PIECE_BYTES + 1_000)
        own_server.kill()
    own_server.start()
    start = offset(ann, path)
    assert start == 2 * PIECE_BYTES + 1_000
    last = patch(ann, path, start, data[start:])
    id = last.headers["x-media-id"]
    found = ann.server.http.get(f"/api/media/{id}", headers=ann.headers)
    assert found.content == data
    ann.server.http.close()
