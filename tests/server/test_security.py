"""The security log: who got in, who did not, and what was done about it."""

from __future__ import annotations

from collections.abc import Callable

from tests.client import Account, register
from tests.running import PASSWORD, Server

MARK = " tornado_im.security "
ADDRESS = "203.0.113.9"
FROM = {"X-Forwarded-For": ADDRESS}


def heard(server: Server, doing: Callable[[], object]) -> list[str]:
    """What the security log says of something that is done."""
    before = len(server.log)
    doing()
    return [line.split(MARK, 1)[1] for line in server.log[before:].splitlines() if MARK in line]


def test_logins_and_what_comes_before_and_after(strict: Server) -> None:
    bo = Account.new(strict, address="203.0.113.1")

    def login(name: str, password: str) -> list[str]:
        said = {"user_name": name, "password": password}
        headers = FROM | {"User-Agent": "a phone"}
        return heard(
            strict, lambda: strict.call("POST", "/api/user/login", json=said, headers=headers)
        )

    assert login(bo.name, PASSWORD) == [f"login: user {bo.uid} from {ADDRESS}"]
    assert login(bo.name, "wrong") == [f"login failed: user {bo.uid} from {ADDRESS}"]
    # A password at the place of the name is not written down.
    assert login("mypassword", "x") == [f"login failed: an unknown name from {ADDRESS}"]
    assert login(bo.name, PASSWORD) == [f"limit met: POST Login by {ADDRESS}"]
    assert login(bo.name, PASSWORD) == []  # Within the minute it is told once.


def test_the_ends_of_sessions(server: Server, bo: Account) -> None:
    wrong = {"old_password": "wrong", "new_password": PASSWORD + "!"}
    assert heard(server, lambda: bo.post("/api/user/password", **wrong)) == [
        f"password not changed, the old one was wrong: user {bo.uid}"
    ]
    right = wrong | {"old_password": PASSWORD}
    assert heard(server, lambda: bo.post("/api/user/password", **right)) == [
        f"password changed: user {bo.uid}"
    ]
    bo.token = bo.try_login(PASSWORD + "!").data["token"]
    assert heard(server, lambda: bo.post("/api/user/logout")) == [f"signed out: user {bo.uid}"]


def test_what_administrators_do(server: Server, admin: Account, bo: Account) -> None:
    path = f"/api/admin/users/{bo.uid}/ban"
    banned = heard(server, lambda: admin.call("PUT", path, json={"reason": "for your eyes only"}))
    assert banned == [
        f"all 1 sessions of user {bo.uid} ended: banned",
        f"user {admin.uid} did ban to user:{bo.uid}",
    ]
    assert heard(server, bo.try_login) == [f"login of a banned user: user {bo.uid} from 127.0.0.1"]


def test_origins_and_hosts_that_are_refused(server: Server) -> None:
    said = heard(
        server, lambda: server.call("POST", "/api/user/login", headers={"Origin": "http://evil"})
    )
    assert said == ["origin or host refused: POST Login from 127.0.0.1"]


def test_who_is_new(server: Server) -> None:
    (said,) = heard(server, lambda: register(server))
    assert said.startswith("registered: user ") and said.endswith(" from 127.0.0.1")


async def test_a_socket_that_meets_its_limit_all_the_time_is_told_once(
    strict: Server,
) -> None:
    ann = Account.new(strict, address="203.0.113.2")
    async with ann.chat() as chat:
        before = len(strict.log)
        for _ in range(12):
            await chat.ask(1, to=ann.uid, content="x")
        lines = [line for line in strict.log[before:].splitlines() if MARK in line]
    assert [line.split(MARK, 1)[1] for line in lines] == [f"limit met: frames by user {ann.uid}"]
