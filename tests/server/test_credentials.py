"""Passwords and tokens as values."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import bcrypt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.errors import Unauthorized
from server.credentials import CHEAP_HASHES, TOKEN_BYTES_MAX, Passwords, TokenSigner

KEY = b"a key of this test alone, 32 bytes or more"
SIGNER = TokenSigner(KEY, 24)
HEADER = b'{"alg":"HS256","typ":"JWT"}'


def sign(header: bytes, claims: bytes, key: bytes = KEY) -> str:
    def part(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    text = f"{part(header)}.{part(claims)}"
    return f"{text}.{part(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def claims(**changes: Any) -> bytes:
    now = int(time.time())
    usual = {"uid": 1, "username": "ann", "exp": now + 60, "iss": "tornado-im"} | {
        "nbf": now - 1,
        "jti": "x",
    }
    return json.dumps({k: v for k, v in (usual | changes).items() if v is not None}).encode()


def word(token: str, signer: TokenSigner = SIGNER) -> str:
    """The word of the refusal, "" when it is good."""
    try:
        signer.read(token)
    except Unauthorized as error:
        return error.word
    return ""


def test_what_is_issued_is_read_again() -> None:
    token, issued = SIGNER.issue(7, "李雷 👍")
    assert SIGNER.read(token) == issued
    assert (issued.uid, issued.username) == (7, "李雷 👍")
    assert issued.exp - issued.nbf == 24 * 3600
    assert len(token) < TOKEN_BYTES_MAX


def test_two_tokens_of_one_second_differ() -> None:
    assert len({SIGNER.issue(7, "ann")[0] for _ in range(50)}) == 50


def test_a_token_of_our_form_is_good() -> None:
    assert word(sign(HEADER, claims())) == ""
    assert word(sign(b'{"typ":"JWT","alg":"HS256"}', claims())) == ""


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"none","typ":"JWT"}',
        b'{"alg":"HS256","typ":"JWT","crit":[]}',
        b'{"alg":"HS256","typ":"JWT","alg":"HS256"}',
        b'{"alg":"a","alg":"HS256","typ":"JWT"}',
        b'[["alg","HS256"],["typ","JWT"]]',
        b'{"alg":["HS256"],"typ":"JWT"}',
        b"[" * 10_000,
        b"{" * 40,
        b"",
        b"\xff",
    ],
)
def test_no_other_header_is_looked_at_any_further(header: bytes) -> None:
    assert word(sign(header, claims())) == "token_invalid"


def test_an_expired_token_is_expired_from_its_second_on() -> None:
    now = int(time.time())
    assert word(sign(HEADER, claims(exp=now))) == "token_expired"
    assert word(sign(HEADER, claims(exp=now + 2))) == ""
    assert word(sign(HEADER, claims(exp=now, iss="x", nbf=now + 99))) == "token_expired"
    assert word(sign(HEADER, claims(exp=now), key=b"x" * 32)) == "token_invalid"


def test_a_token_that_is_not_good_yet_is_invalid() -> None:
    assert word(sign(HEADER, claims(nbf=int(time.time()) + 5))) == "token_invalid"


def test_a_token_may_have_4_kib() -> None:
    room = TOKEN_BYTES_MAX - len(sign(HEADER, claims(jti="")))
    fits = sign(HEADER, claims(jti="x" * (room * 3 // 4 - 2)))
    assert len(fits) <= TOKEN_BYTES_MAX and word(fits) == ""
    over = sign(HEADER, claims(jti="x" * (room * 3 // 4 + 3)))
    assert len(over) > TOKEN_BYTES_MAX and word(over) == "token_invalid"


@given(st.text(max_size=200))
@example("a.b.c")
@example("..")
@example("=.=.=")
@example(sign(HEADER, b"[" * 2000))
@example(sign(HEADER, b"null"))
@example(sign(HEADER, b'{"exp": NaN}'))
@example(sign(HEADER, claims(exp=10**30, uid=10**30)))
@example("é" * 10)
def test_reading_raises_nothing_but_unauthorized(token: str) -> None:
    assert word(token) in ("", "token_invalid")


TOKEN = SIGNER.issue(7, "ann")[0]


@given(st.integers(0, TOKEN.rindex(".") - 1), st.integers(1, 127))
def test_a_token_with_one_character_changed_is_invalid(place: int, shift: int) -> None:
    other = chr((ord(TOKEN[place]) + shift) % 128)
    assert word(TOKEN[:place] + other + TOKEN[place + 1 :]) == "token_invalid"


# Passwords


@pytest.fixture(scope="module")
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


def test_a_hash_is_argon2id_as_the_design_says(passwords: Passwords) -> None:
    known = asyncio.run(passwords.hash("correct horse"))
    assert known.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert asyncio.run(passwords.check("correct horse", known)) == (True, None)
    assert asyncio.run(passwords.check("correct hors", known)) == (False, None)
    assert asyncio.run(passwords.hash("correct horse")) != known


def test_where_tests_hash_cheaply_it_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(CHEAP_HASHES, "1")
    with closing(Passwords()) as passwords:
        known = asyncio.run(passwords.hash("correct horse"))
    assert known.startswith("$argon2id$v=19$m=1024,t=1,p=1$")
    assert CHEAP_HASHES in caplog.text


def test_nobodys_password_is_never_right(passwords: Passwords) -> None:
    assert asyncio.run(passwords.check("anything", None)) == (False, None)
    assert asyncio.run(passwords.check("", None)) == (False, None)


def test_a_bcrypt_hash_is_checked_and_made_anew(passwords: Passwords) -> None:
    older = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
    good, newer = asyncio.run(passwords.check("correct horse", older))
    assert good and newer is not None and newer.startswith("$argon2id$")
    assert asyncio.run(passwords.check("wrong", older)) == (False, None)
    assert asyncio.run(passwords.check("x" * 100, older)) == (False, None)
    assert asyncio.run(passwords.check("nul\x00", older)) == (False, None)


def test_the_loop_turns_while_passwords_are_hashed(passwords: Passwords) -> None:
    async def scene() -> float:
        work = asyncio.gather(*(passwords.hash("correct horse") for _ in range(4)))
        longest, last = 0.0, time.perf_counter()
        while not work.done():
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        await work
        return longest

    # One hash in the loop would hold it for longer than this.
    one = time.perf_counter()
    asyncio.run(passwords.hash("correct horse"))
    one = time.perf_counter() - one
    # Several times, as on a busy machine the loop may wait for its core just as long.
    assert any(asyncio.run(scene()) < max(one, 0.02) for _ in range(10))
