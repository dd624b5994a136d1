"""The WebSocket's handshake: who is let in, and the first frame."""

from __future__ import annotations

import time

import pytest

from server import __version__
from tests.client import CONNECTED, NOT_FOUND, SENT_OFFLINE, Account, is_refusal, pair
from tests.running import Server


async def test_the_first_frame_says_who_is_connected(ann: Account) -> None:
    before = time.time() * 1000
    async with ann.chat() as chat:
        assert chat.seen[0] == chat.greeting
        time_of_server = chat.greeting.pop("server_time")
        assert before - 1000 < time_of_server < time.time() * 1000 + 1000
        assert chat.greeting == {
            "code": CONNECTED,
            "uid": ann.uid,
            "user_name": ann.name,
            "device": ann.device,
            "heartbeat": 25_000,
            "version": __version__,
            "media": {"image": 10 * 1024**2, "file": 50 * 1024**2, "voice": 60_000},
        }
        assert chat.ws.response is not None
        assert "sec-websocket-extensions" not in chat.ws.response.headers


@pytest.mark.parametrize(
    "instead",
    [
        {"Upgrade": None},
        {"Upgrade": "h2c"},
        {"Connection": None},
        {"Connection": "keep-alive"},
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": ""},
        {"Sec_WebSocket_Key": "abc"},
        {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==" * 2},
        {"Sec_WebSocket_Version": None},
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Version": "14"},
        {"Sec_WebSocket_Version": "x"},
    ],
    ids=str,
)
def test_a_handshake_that_is_none_is_a_bad_request(
    eve: Account, instead: dict[str, str | None]
) -> None:
    answer = eve.server.handshake(f"token: {eve.token}", **instead)
    assert answer.refusal == (400, "bad_request")


def test_header_names_and_values_of_a_handshake_may_be_in_any_case(eve: Account) -> None:
    answer = eve.server.handshake(
        f"TOKEN: {eve.token}", Upgrade="WebSocket", Connection="keep-alive, UPGRADE"
    )
    assert answer.status == 101


@pytest.mark.parametrize("uid", ["x", "-1", "0", "1.0", "", "1%00", str(2**63), "٣", "%ff"])
def test_a_malformed_to_uid_is_refused_at_the_handshake(eve: Account, uid: str) -> None:
    answer = eve.server.handshake(f"token: {eve.token}", query=f"?toUid={uid}")
    assert answer.broken[0] == "toUid"


async def test_an_unknown_to_uid_is_not_found_on_use(eve: Account) -> None:
    async with eve.chat(query="?toUid=999999999999") as chat:
        for type in (1, 2, 3, 5):
            is_refusal(await chat.ask(type, content="x"), NOT_FOUND, "not_found")
        assert (await chat.ask(1, to=eve.uid, content="x"))["code"] == SENT_OFFLINE


async def test_a_uid_in_the_query_is_ignored(ann: Account, bo: Account) -> None:
    async with ann.chat(query=f"?uid={bo.uid}&toUid={bo.uid}") as chat:
        assert chat.greeting["uid"] == ann.uid
        assert (await chat.ask(1, content="x"))["conv"] == pair(ann, bo)


async def test_more_sockets_than_allowed_are_429(strict: Server) -> None:
    ann = Account.new(strict, address="192.0.2.70")
    async with ann.chat() as first:
        async with ann.chat():
            answer = strict.handshake(f"token: {ann.token}")
            assert answer.refusal == (429, "rate_limited")
            # Nobody knows when one of the others ends.
            assert "retry-after" not in answer.headers
        await first.ask(9)
        async with ann.chat() as third:
            assert third.greeting["code"] == CONNECTED
