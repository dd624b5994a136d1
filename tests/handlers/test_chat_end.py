"""How a socket ends: by a login, a logout, its token's time, its slowness, the server's end."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

from tests.client import MESSAGE, PONG, SENT_OFFLINE, SENT_ONLINE, STATE, Account, pair, seqs
from tests.running import KEY, PASSWORD, SECRET_TEXT, Server


async def test_a_newer_login_closes_the_sockets_of_the_device_before_it_is_answered(
    ann: Account, bo: Account
) -> None:
    old = ann.token
    async with ann.chat() as first, ann.chat() as second, ann.on("phone/2").chat() as phone:
        # What the old sockets send from now on is not acknowledged.
        login = asyncio.to_thread(ann.login)
        await login
        assert await first.closed() == 4001 and await second.closed() == 4001
        await phone.ask(9)
        assert ann.server.handshake(f"token: {old}").refusal == (403, "token_superseded")
        async with ann.chat() as again:
            await again.ask(9)
            assert (await phone.push(STATE))["what"] == "sessions"


async def test_nothing_sent_behind_a_newer_login_is_acknowledged(ann: Account, bo: Account) -> None:
    bo.say(ann)
    async with ann.chat() as hers:

        async def pour() -> None:
            for number in range(10_000):
                await hers.send(type=1, to=bo.uid, content="x", id=f"p{number}")

        pouring = asyncio.create_task(pour())
        await hers.answer("p0")
        await asyncio.to_thread(ann.login)
        answered = time.time() * 1000
        assert await hers.closed() == 4001
        await asyncio.gather(pouring, return_exceptions=True)
        acked = [frame for frame in hers.seen if frame["code"] in (SENT_ONLINE, SENT_OFFLINE)]
        assert acked and max(frame["time"] for frame in acked) <= answered + 1


async def test_logout_kick_and_a_changed_password_close_with_4003(ann: Account) -> None:
    phone, desk = ann.on("phone/2"), ann.on("desk/3")
    async with ann.chat() as hers, phone.chat() as one, desk.chat() as two:
        phone.post("/api/user/logout")
        assert await one.closed() == 4003
        (sid,) = (
            session["id"]
            for session in ann.get("/api/user/sessions").data
            if session["device"] == "desk/3"
        )
        assert ann.call("DELETE", f"/api/user/sessions/{sid}").status == 200
        assert await two.closed() == 4003
        assert [f["what"] for f in await hers.rest_of(STATE)][-1] == "sessions"
        phone.login()
        async with phone.chat() as one:
            changed = ann.post(
                "/api/user/password", old_password=PASSWORD, new_password="new " + PASSWORD
            )
            assert changed.status == 200
            assert await one.closed() == 4003
        # The sockets of the device that changed it live on.
        assert await hers.ask(9)
        assert (await hers.ask(1, to=ann.uid, content="x"))["code"] == SENT_OFFLINE


async def test_an_eleventh_device_closes_the_sockets_of_the_one_it_pushed_out(
    ann: Account,
) -> None:
    async with ann.chat() as hers:
        for number in range(2, 12):
            ann.on(f"device/{number}")
        assert await hers.closed() == 4003


async def test_refresh_keeps_this_devices_sockets(ann: Account) -> None:
    async with ann.chat() as hers:
        answer = ann.post("/api/user/refresh")
        ann.token = answer.data["token"]
        assert (await hers.ask(1, to=ann.uid, content="x"))["code"] == SENT_OFFLINE
        # A login on this device ends them, refreshed or not.
        ann.login()
        assert await hers.closed() == 4001


async def test_an_expired_token_closes_with_4002_and_a_refresh_puts_that_off(
    brief: Server,
) -> None:
    ann = Account.new(brief)
    phone = ann.on("phone/2")
    async with ann.chat() as hers, phone.chat() as one:
        # An expiry is a whole second: only in the next one a token lives longer than the first.
        await asyncio.sleep(1 - time.time() % 1)
        answer = ann.post("/api/user/refresh")
        assert answer.status == 200
        assert await one.closed() == 4002
        await hers.ask(9)
        assert await hers.closed() == 4002
        assert time.time() * 1000 >= answer.data["expires_at"] - 50


async def test_who_does_not_read_is_closed_with_4009_and_slows_nobody_down(
    ann: Account, bo: Account
) -> None:
    ann.say(bo)
    text = "😀" * 4000
    async with ann.chat() as hers, bo.chat() as his:
        slow = await _deaf_socket(ann)
        try:
            for number in range(250):
                await his.send(type=1, to=ann.uid, content=text, id=f"w{number}")
                if number % 50 == 49:
                    await his.answer(f"w{number}")
            for number in range(250):
                await hers.push(MESSAGE, seq=number + 2)
            # What was buffered comes, then the close frame, and then nothing any more.
            raw = await asyncio.to_thread(_read_all, slow)
        finally:
            slow.close()
        assert raw.endswith(b"\x88" + bytes([len(_close(raw))]) + _close(raw))
        assert _close(raw)[:2] == (4009).to_bytes(2, "big")
        assert len(raw) < 250 * 16_000
        assert (await hers.ask(9))["code"] == PONG


async def _deaf_socket(ann: Account) -> socket.socket:
    """A socket of hers that is let in, and reads nothing for now."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(10)
    slow.connect(("127.0.0.1", ann.server.port))
    slow.sendall(
        (
            f"GET /ws HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {ann.device}\r\n"
            f"token: {ann.token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ).encode()
    )
    assert slow.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL) == b"HTTP/1.1 101"
    return slow


def _read_all(slow: socket.socket) -> bytes:
    parts = []
    while part := slow.recv(65536):
        parts.append(part)
    return b"".join(parts)


def _close(raw: bytes) -> bytes:
    """The payload of the close frame at the end."""
    start = raw.rindex((4009).to_bytes(2, "big"))
    return raw[start:]


async def test_at_sigterm_what_is_in_flight_is_acked_and_sockets_close_with_1001(
    servers: Callable[..., Server],
) -> None:
    server = servers()
    ann = Account.new(server)
    async with ann.chat() as hers, ann.chat() as idle:
        for number in range(60):
            await hers.send(type=1, to=ann.uid, content="x", id=f"t{number}")
        await hers.answer("t0")
        server.terminate()
        assert await hers.closed() == 1001 and await idle.closed() == 1001
        acked = [f["seq"] for f in hers.seen if f["code"] in (SENT_ONLINE, SENT_OFFLINE)]
        assert acked == list(range(1, len(acked) + 1))
    await asyncio.to_thread(server.process.wait, 15)
    again = servers(data=server.data)
    ann.server = again
    read = ann.get(f"/api/conversations/{pair(ann, ann)}/messages", limit=100).data
    # All that was taken was answered, and the token outlived the stop.
    assert seqs(read["messages"]) == acked


async def test_a_client_that_closes_gets_its_close_frame_back(eve: Account) -> None:
    async with eve.chat() as chat:
        await chat.ws.close(1000)
        assert chat.ws.close_code == 1000


def test_the_log_of_a_server_has_no_secret_in_it(server: Server, ann: Account) -> None:
    ann.say(ann, SECRET_TEXT)
    ann.try_login(PASSWORD + " not")
    server.call("GET", f"/api/user/me?token={ann.token}")
    log = server.log
    assert "/api/user/login" in log
    for secret in (SECRET_TEXT, PASSWORD, ann.token, ann.token[:40], KEY, "token="):
        assert secret not in log
