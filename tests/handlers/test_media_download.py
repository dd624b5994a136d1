"""What was uploaded, read back: whole, in part, or not at all because one has it."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from tests.client import Account
from tests.media import PDF, png, uploaded, wav
from tests.running import reply

PIECES = bytes(range(256)) * 4096
"""1 MiB: several of the pieces that it is kept in."""


def get(who: Account, id: str, by: str = "GET", **headers: str) -> httpx.Response:
    return who.server.http.request(by, f"/api/media/{id}", headers=who.headers | headers)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return reply(answer.status_code, answer.headers, answer.content).refusal


@pytest.fixture(scope="module")
def large(eve: Account) -> str:
    id: str = uploaded(eve, PIECES, "large.bin")["id"]
    return id


def test_what_comes_back_is_what_was_sent(eve: Account, large: str) -> None:
    answer = get(eve, large)
    assert answer.status_code == 200 and answer.content == PIECES
    assert int(answer.headers["Content-Length"]) == len(PIECES)


def test_its_headers_let_nobody_run_or_guess_or_share_it(eve: Account) -> None:
    answer = get(eve, uploaded(eve, PDF, 'a "b".pdf')["id"])
    expected = {
        "Content-Type": "application/pdf",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "Accept-Ranges": "bytes",
        "ETag": f'"{hashlib.sha256(PDF).hexdigest()}"',
        "Content-Disposition": (
            "attachment; filename=\"a _b_.pdf\"; filename*=UTF-8''a%20%22b%22.pdf"
        ),
    }
    assert {name: answer.headers[name] for name in expected} == expected


@pytest.mark.parametrize("data", [png(), wav()])
def test_pictures_and_voices_may_be_shown(eve: Account, data: bytes) -> None:
    answer = get(eve, uploaded(eve, data, "图片 1")["id"])
    assert answer.headers["Content-Disposition"].startswith('inline; filename="__ 1')
    assert "filename*=UTF-8''%E5%9B%BE%E7%89%87%201" in answer.headers["Content-Disposition"]


def test_who_has_it_is_told_so(eve: Account, large: str) -> None:
    etag = get(eve, large, "HEAD").headers["ETag"]
    answer = get(eve, large, **{"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == etag
    assert get(eve, large, **{"If-None-Match": '"other"'}).status_code == 200


def test_head_says_what_get_would(eve: Account, large: str) -> None:
    got, headed = get(eve, large), get(eve, large, "HEAD")
    assert (headed.status_code, headed.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "Content-Disposition"):
        assert headed.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=261119-261120", 261119, 261121),
        ("bytes=1000000-", 1000000, len(PIECES)),
        ("bytes=-5", len(PIECES) - 5, len(PIECES)),
        ("bytes=-99999999", 0, len(PIECES)),
        ("bytes=5-99999999", 5, len(PIECES)),
    ],
)
def test_a_part_of_it(eve: Account, large: str, asked: str, start: int, stop: int) -> None:
    answer = get(eve, large, Range=asked)
    assert answer.status_code == 206 and answer.content == PIECES[start:stop]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(PIECES)}"
    headed = get(eve, large, "HEAD", Range=asked)
    assert (headed.status_code, headed.headers["Content-Length"]) == (206, str(stop - start))


@pytest.mark.parametrize(
    "asked",
    ["bytes=1048576-", "bytes=5-4", "bytes=-0", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0"],
)
def test_a_part_that_it_does_not_have(eve: Account, large: str, asked: str) -> None:
    answer = get(eve, large, Range=asked)
    assert refusal(answer) == (416, "bad_range")
    assert answer.headers["Content-Range"] == f"bytes */{len(PIECES)}"


@pytest.mark.parametrize(
    "headers",
    [{"Range": "bytes=0-1,5-6"}, {"Range": "bytes=0-1", "If-Range": '"an older one"'}],
)
def test_the_whole_where_a_part_would_not_do(
    eve: Account, large: str, headers: dict[str, Any]
) -> None:
    answer = get(eve, large, **headers)
    assert answer.status_code == 200 and answer.content == PIECES


def test_a_part_of_what_one_has_a_part_of(eve: Account, large: str) -> None:
    etag = get(eve, large, "HEAD").headers["ETag"]
    answer = get(eve, large, **{"Range": "bytes=0-1", "If-Range": etag})
    assert (answer.status_code, answer.content) == (206, PIECES[:2])


def test_nothing_is_no_part_of_nothing(eve: Account) -> None:
    id = uploaded(eve, b"")["id"]
    assert (get(eve, id).status_code, get(eve, id).content) == (200, b"")
    assert get(eve, id, Range="bytes=0-").status_code == 416


# The small picture


def thumb(who: Account, id: str, value: str = "1") -> httpx.Response:
    return who.server.http.get(f"/api/media/{id}", params={"thumb": value}, headers=who.headers)


def test_a_picture_has_a_small_one(eve: Account) -> None:
    id = uploaded(eve, png(1000, 500))["id"]
    small, whole = thumb(eve, id), get(eve, id)
    assert (small.headers["Content-Type"], whole.headers["Content-Type"]) == (
        "image/webp",
        "image/png",
    )
    assert small.headers["ETag"] != whole.headers["ETag"]
    assert thumb(eve, id, "0").content == whole.content


def test_a_small_picture_is_its_own_small_one(eve: Account) -> None:
    told = uploaded(eve, png(40, 30))
    assert thumb(eve, told["id"]).status_code == 200


def test_what_is_no_picture_has_none(eve: Account, large: str) -> None:
    assert refusal(thumb(eve, large)) == (404, "not_found")
    answer = eve.get(f"/api/media/{large}", thumb="yes")
    assert answer.broken == ("thumb", "unknown_value")


def test_without_a_token_there_is_nothing_to_see(eve: Account, large: str) -> None:
    answer = eve.server.call("GET", f"/api/media/{large}", headers={"Cookie": ""})
    assert answer.refusal == (401, "token_missing")
