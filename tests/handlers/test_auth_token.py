"""The token: where it comes from, and what it has to be."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from jose import jwt

from tests.client import Account, ask, new_name
from tests.running import KEY, Server

ME = "/api/user/me"


MISSING, INVALID = (401, "token_missing"), (401, "token_invalid")


GOOD = (200, "")


# Where the token comes from


def test_the_first_source_that_is_not_empty_decides_alone(eve: Account) -> None:
    good, bad = eve.token, eve.token[:-4] + "AAAA"

    def refusal(**headers: str) -> tuple[int, str]:
        return ask(eve.server, headers).refusal

    assert refusal(token=good) == GOOD
    assert refusal(Authorization=f"Bearer {good}") == GOOD
    assert refusal(Authorization=f"bearer {good}") == GOOD
    assert refusal(Cookie=f"token={good}") == GOOD

    assert refusal(token=bad, Authorization=f"Bearer {good}") == INVALID
    assert refusal(Authorization=f"Bearer {bad}", Cookie=f"token={good}") == INVALID
    assert refusal(token=good, Authorization=f"Bearer {bad}", Cookie=f"token={bad}") == GOOD
    assert refusal(Authorization=f"Bearer {good}", Cookie=f"token={bad}") == GOOD

    assert refusal(token="", Authorization=f"Bearer {good}") == GOOD
    assert refusal(token="", Authorization="Bearer", Cookie=f"token={good}") == GOOD
    assert refusal(Authorization="Basic YTpi", Cookie=f"token={good}") == GOOD

    assert refusal() == MISSING
    assert refusal(token="", Authorization="Bearer", Cookie="token=") == MISSING
    assert refusal(Authorization=good) == MISSING


def test_a_token_never_comes_from_the_query(eve: Account) -> None:
    assert ask(eve.server, {}, f"{ME}?token={eve.token}").refusal == MISSING
    assert eve.server.handshake(query=f"?token={eve.token}").refusal == MISSING


def test_on_a_handshake_alone_a_subprotocol_may_carry_it(eve: Account) -> None:
    good, bad = eve.token, eve.token[:-4] + "AAAA"
    server = eve.server

    def offer(*names: str) -> str:
        return "Sec-WebSocket-Protocol: " + ", ".join(names)

    let_in = server.handshake(offer("im.v1", f"token.{good}"))
    assert let_in.status == 101
    assert let_in.headers["sec-websocket-protocol"] == "im.v1"
    assert server.handshake(offer(f"token.{good}", "im.v1")).status == 101
    assert server.handshake(offer("im.v1", f"token.{bad}"), f"Cookie: token={good}").refusal == (
        INVALID
    )
    assert server.handshake(f"token: {bad}", offer("im.v1", f"token.{good}")).refusal == INVALID
    assert server.handshake(f"token: {good}", offer("im.v1", f"token.{bad}")).status == 101
    assert server.handshake(offer(f"token.{good}")).refusal == (400, "bad_request")
    assert server.handshake(offer("im.v2", f"token.{good}")).refusal == (400, "bad_request")
    assert ask(server, {"Sec-WebSocket-Protocol": f"im.v1, token.{good}"}).refusal == MISSING


def test_a_handshake_answers_with_no_subprotocol_that_was_not_offered(eve: Account) -> None:
    let_in = eve.server.handshake(f"token: {eve.token}")
    assert let_in.status == 101 and "sec-websocket-protocol" not in let_in.headers


# The token itself


def test_a_token_has_exactly_these_claims(server: Server) -> None:
    ann = Account.new(server, new_name("李雷"))
    before, now = int(time.time()) - 2, int(time.time()) + 1
    header, _, signature = ann.token.partition(".")
    padded = header + "=" * (-len(header) % 4)
    assert base64.urlsafe_b64decode(padded) in (
        b'{"alg":"HS256","typ":"JWT"}',
        b'{"typ":"JWT","alg":"HS256"}',
    )
    assert signature
    claims = jwt.decode(ann.token, KEY, algorithms=["HS256"], issuer="tornado-im")
    assert set(claims) == {"uid", "username", "exp", "iss", "nbf", "jti"}
    kinds = {name: type(value) for name, value in claims.items()}
    assert kinds == {"uid": int, "username": str, "exp": int, "iss": str, "nbf": int, "jti": str}
    assert (claims["uid"], claims["username"]) == (ann.uid, ann.name)
    assert claims["iss"] == "tornado-im"
    assert before <= claims["nbf"] <= now
    assert claims["exp"] - claims["nbf"] == 24 * 3600
    other = jwt.get_unverified_claims(ann.login())
    assert other["jti"] != claims["jti"]


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(header: object, claims: object, key: str = KEY) -> str:
    """A token of whatever parts, with a signature that is right by HS256."""
    text = f"{part(header)}.{part(claims)}"
    mac = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{part(mac)}"


HEADER = {"alg": "HS256", "typ": "JWT"}


def claims_of(ann: Account, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "uid": ann.uid,
        "username": ann.name,
        "exp": now + 3600,
        "iss": "tornado-im",
        "nbf": now - 10,
        "jti": "made-by-a-test",
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def test_a_token_of_the_right_key_is_still_not_the_one_of_the_device(eve: Account) -> None:
    token = sign(HEADER, claims_of(eve))
    assert ask(eve.server, {"token": token}).refusal == (403, "token_superseded")
    elsewhere = {"token": token, "User-Agent": "never seen/1"}
    assert ask(eve.server, elsewhere).refusal == (403, "device_mismatch")


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "JWT"},
        {"alg": "None", "typ": "JWT"},
        {"alg": "HS512", "typ": "JWT"},
        {"alg": "HS384", "typ": "JWT"},
        {"alg": "RS256", "typ": "JWT"},
        {"alg": "HS256"},
        {"alg": "HS256", "typ": "JWS"},
        {"alg": "HS256", "typ": "JWT", "kid": "1"},
        {"alg": "HS256", "typ": "JWT", "crit": ["exp"]},
        {"alg": "HS256", "typ": "JWT", "crit": []},
        b'{"alg":"x","alg":"HS256","typ":"JWT"}',
        b"[" * 2000 + b"]" * 2000,
        b'{"alg":' + b'{"a":' * 300 + b"1" + b"}" * 301,
        b"not json",
        b"",
        "HS256",
        None,
        ["HS256", "JWT"],
    ],
)
def test_another_header_than_ours_is_invalid(eve: Account, header: object) -> None:
    token = sign(header, claims_of(eve))
    assert ask(eve.server, {"token": token}).refusal == INVALID
    assert eve.server.handshake(f"token: {token}").refusal == INVALID


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"iss": None},
        {"iss": ["tornado-im"]},
        {"nbf": int(time.time()) + 3600},
        {"nbf": None},
        {"nbf": "0"},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": 9999999999.5},
        {"exp": True},
        {"uid": None},
        {"uid": "1"},
        {"uid": 1.0},
        {"uid": True},
        {"username": None},
        {"username": 1},
        {"jti": None},
        {"jti": 1},
        {"admin": True},
        {"sub": "1"},
        {"aud": "x"},
    ],
)
def test_other_claims_than_ours_are_invalid(eve: Account, changes: dict[str, Any]) -> None:
    token = sign(HEADER, claims_of(eve, **changes))
    assert ask(eve.server, {"token": token}).refusal == INVALID


def test_an_expired_token_is_told_so_before_its_other_faults(eve: Account) -> None:
    past = int(time.time()) - 1
    expired = (401, "token_expired")
    for changes in ({}, {"iss": "another"}, {"nbf": past + 3600}):
        token = sign(HEADER, claims_of(eve, exp=past, **changes))
        assert ask(eve.server, {"token": token}).refusal == expired
        assert eve.server.handshake(f"token: {token}").refusal == expired
    forged = sign(HEADER, claims_of(eve, exp=past), key="another key, " + KEY)
    assert ask(eve.server, {"token": forged}).refusal == INVALID


@pytest.mark.parametrize("key", ["", "another key of 32 bytes or even more", KEY + "x"])
def test_a_token_of_another_key_is_invalid(eve: Account, key: str) -> None:
    assert ask(eve.server, {"token": sign(HEADER, claims_of(eve), key)}).refusal == INVALID


def test_what_is_no_token_at_all_is_invalid(eve: Account) -> None:
    header, claims, signature = eve.token.split(".")
    for token in (
        "x",
        "...",
        "a.b",
        f"{header}.{claims}",
        f"{header}.{claims}.",
        f".{claims}.{signature}",
        f"{header}.{claims}.{signature}.{signature}",
        f"{header}.{part(claims_of(eve))}.{signature}",
        f"{header}.{claims}.{signature[:-6]}AAAAAA",
        f"{header}.{part([1])}.{signature}",
        sign(HEADER, [1]),
        sign(HEADER, b"\xff\xfe"),
        sign(HEADER, b"[" * 1000 + b"]" * 1000),
        sign(HEADER, claims_of(eve, jti="x" * 4096)),
        "x" * 5000,
        "é.é.é",
    ):
        headers = [("token", token.encode())]
        answer = eve.server.call("GET", ME, headers=headers)
        assert answer.refusal == INVALID, token[:80]


async def test_a_token_lives_for_token_hours(brief: Server) -> None:
    ann = Account.new(brief)
    claims = jwt.get_unverified_claims(ann.token)
    assert claims["exp"] - claims["nbf"] == 5
    async with ann.chat() as hers:
        assert ann.get(ME).status == 200
        assert await hers.closed() == 4002
    assert time.time() >= claims["exp"]
    assert ann.get(ME).refusal == (401, "token_expired")
    assert brief.handshake(f"token: {ann.token}").refusal == (401, "token_expired")


def test_a_token_in_a_header_that_cannot_be_read_is_in_no_log(eve: Account) -> None:
    head = f"GET /api/user/me HTTP/1.1\nHost: localhost\ntoken: {eve.token}\x0b\nX: y"
    assert eve.server.raw(head)[0] == 400
    log = eve.server.log
    assert "Malformed HTTP message" in log and eve.token not in log


def test_a_token_in_a_path_is_in_no_log(eve: Account) -> None:
    for path in (f"/api/{eve.token}", f"/{eve.token}/x", f"/join/{eve.token}"):
        eve.server.http.get(path)
    eve.server.http.request(eve.token, "/api/user/me")
    assert eve.token not in eve.server.log
