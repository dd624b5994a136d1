"""Uploads whose line breaks, and go on."""

from __future__ import annotations

import random

from models.upload import PIECE_BYTES
from tests.client import Account
from tests.tus import Line, begin, call, comes_to, head, offset, patch


def read(who: Account, id: str) -> bytes:
    return who.server.http.get(f"/api/media/{id}", headers=who.headers).content


def test_what_came_before_a_cut_is_kept_to_the_last_byte(eve: Account) -> None:
    data = random.randbytes(4 * PIECE_BYTES)
    path = begin(eve, len(data))
    for size in (1_000, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1):
        start = offset(eve, path)
        with Line(eve, path, start, len(data) - start) as line:
            line.send(data[start : start + size])
        comes_to(eve, path, start + size)
    start = offset(eve, path)
    last = patch(eve, path, start, data[start:])
    assert last.status_code == 204
    assert read(eve, last.headers["x-media-id"]) == data


def test_who_is_overtaken_is_refused_and_changes_nothing(eve: Account) -> None:
    data = random.randbytes(3 * PIECE_BYTES)
    path = begin(eve, len(data))
    with Line(eve, path, 0, len(data)) as slow:
        slow.send(data[: PIECE_BYTES + 4])
        comes_to(eve, path, PIECE_BYTES)
        last = patch(eve, path, PIECE_BYTES, data[PIECE_BYTES:])
        assert last.status_code == 204
        slow.send(bytes(2 * PIECE_BYTES - 4))
        assert slow.answer()[0] == 409
    assert read(eve, last.headers["x-media-id"]) == data


def test_one_that_is_ended_meanwhile_is_gone_for_who_still_writes(eve: Account) -> None:
    path = begin(eve, 2 * PIECE_BYTES)
    with Line(eve, path, 0, 2 * PIECE_BYTES) as line:
        line.send(bytes(PIECE_BYTES))
        comes_to(eve, path, PIECE_BYTES)
        assert call(eve, "DELETE", path).status_code == 204
        line.send(bytes(PIECE_BYTES))
        status, headers, body = line.answer()
    assert (status, headers["tus-resumable"], body) == (404, "1.0.0", b"")
    assert head(eve, path).status_code == 404
