"""Signing in and out, refresh, the password, and what is limited by rate."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.client import Account, new_name
from tests.running import PASSWORD, Reply, Server

# Sign in


def test_login_answers_with_a_token_and_whose_it_is(server: Server, ann: Account) -> None:
    before = time.time() * 1000
    answer = ann.try_login()
    assert answer.status == 200
    assert set(answer.data) >= {"token", "uid", "user_name", "nickname", "expires_at"}
    assert (answer.data["uid"], answer.data["user_name"]) == (ann.uid, ann.name)
    day = 24 * 3600 * 1000
    assert before + day - 2000 <= answer.data["expires_at"] <= time.time() * 1000 + day


def test_a_wrong_password_and_an_unknown_name_have_one_answer(ann: Account) -> None:
    wrong = ann.try_login("not the password")
    nobody = Account(ann.server, new_name("nobody"), 0).try_login()
    assert wrong.refusal == nobody.refusal == (401, "bad_credentials")
    assert (wrong.msg, wrong.data) == (nobody.msg, nobody.data)
    # It is as unknown where nobody can have it.
    longest = Account(ann.server, "n" * 256, 0).try_login()
    assert (longest.refusal, longest.msg) == (nobody.refusal, nobody.msg)


def test_a_wrong_password_and_an_unknown_name_take_one_time(
    servers: Callable[..., Server],
) -> None:
    ann = Account.new(servers(test_cheaphashes=0))
    nobody = Account(ann.server, new_name("nobody"), 0)

    def seconds(who: Account) -> float:
        began = time.perf_counter()
        who.try_login("not the password")
        return time.perf_counter() - began

    pairs = [(seconds(ann), seconds(nobody)) for _ in range(7)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    # Without the decoy hash the unknown name takes a tenth of it.
    assert 0.5 < known / unknown < 2


def test_the_token_is_set_as_a_cookie_that_scripts_cannot_read(ann: Account) -> None:
    def cookie(answer: Reply) -> tuple[str, set[str]]:
        value, *attributes = (part.strip() for part in answer.headers["set-cookie"].split(";"))
        return value, {attribute.lower() for attribute in attributes}

    def is_set_to(answer: Reply) -> None:
        value, attributes = cookie(answer)
        assert value == f"token={answer.data['token']}"
        assert attributes >= {"httponly", "samesite=strict", "path=/"}
        assert "secure" not in attributes

    answer = ann.try_login()
    is_set_to(answer)
    ann.token = answer.data["token"]
    answer = ann.post("/api/user/refresh")
    is_set_to(answer)
    ann.token = answer.data["token"]
    answer = ann.post(
        "/api/user/password", old_password=PASSWORD, new_password=PASSWORD + " and more"
    )
    is_set_to(answer)
    ann.token = answer.data["token"]
    value, attributes = cookie(ann.post("/api/user/logout"))
    assert value in ("token=", 'token=""')
    assert any(attribute.startswith("expires=") for attribute in attributes)


def test_behind_https_the_cookie_is_secure(strict: Server) -> None:
    def login(proto: str, address: str) -> str:
        body = {"user_name": name, "password": PASSWORD}
        headers = {"X-Forwarded-Proto": proto, "X-Forwarded-For": address}
        answer = strict.call("POST", "/api/user/login", json=body, headers=headers)
        return answer.headers["set-cookie"].lower()

    name = new_name()
    headers = {"X-Forwarded-For": "192.0.2.30"}
    body = {"user_name": name, "password": PASSWORD}
    assert strict.call("POST", "/api/user/register", json=body, headers=headers).status == 201
    assert "secure" in login("https", "192.0.2.30")
    assert "secure" not in login("http", "192.0.2.31")


# The rates


def _from(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def test_logins_are_limited_by_name_and_by_address(strict: Server) -> None:
    def login(name: str, address: str) -> Reply:
        body = {"user_name": name, "password": PASSWORD}
        return strict.call("POST", "/api/user/login", json=body, headers=_from(address))

    name = new_name()
    for host in range(3):
        assert login(name, f"198.51.100.{host}").refusal == (401, "bad_credentials")
    limited = login(name.upper(), "198.51.100.9")
    assert limited.refusal == (429, "rate_limited")
    assert 1 <= int(limited.headers["retry-after"]) <= 21
    for _ in range(3):
        assert login(new_name(), "198.51.100.77").refusal == (401, "bad_credentials")
    assert login(new_name(), "198.51.100.77").refusal == (429, "rate_limited")


def test_registrations_are_limited_by_address(strict: Server) -> None:
    def register_from(address: str) -> Reply:
        body = {"user_name": new_name(), "password": PASSWORD}
        return strict.call("POST", "/api/user/register", json=body, headers=_from(address))

    statuses = [register_from("203.0.113.5").status for _ in range(5)]
    assert statuses == [201, 201, 201, 201, 429]
    assert register_from("203.0.113.6").status == 201


def test_a_proxys_word_counts_only_from_a_trusted_proxy(strict: Server) -> None:
    # The last hop that no trusted proxy has written is where the caller is.
    for turn in range(4):
        body = {"user_name": new_name(), "password": PASSWORD}
        forged = _from(f"10.9.8.{turn}, 192.0.2.99")
        answer = strict.call("POST", "/api/user/login", json=body, headers=forged)
        assert answer.status == (401 if turn < 3 else 429)


# Refresh, logout, password


def test_refresh_gives_a_new_token_and_the_older_one_is_superseded(ann: Account) -> None:
    old = ann.token
    answer = ann.post("/api/user/refresh")
    assert answer.status == 200
    assert set(answer.data) >= {"token", "uid", "user_name", "nickname", "expires_at"}
    assert answer.data["token"] != old
    assert ann.get("/api/user/me").refusal == (403, "token_superseded")
    ann.token = answer.data["token"]
    assert ann.get("/api/user/me").status == 200


def test_logout_ends_this_devices_token_alone(ann: Account) -> None:
    other = ann.on("another/2")
    out = ann.post("/api/user/logout")
    assert (out.status, out.data) == (200, None)
    assert ann.get("/api/user/me").refusal == (403, "token_revoked")
    assert ann.post("/api/user/logout").refusal == (403, "token_revoked")
    assert other.get("/api/user/me").status == 200


def test_a_changed_password_ends_every_other_token(ann: Account) -> None:
    old, other = ann.token, ann.on("another/2")
    answer = ann.post("/api/user/password", old_password=PASSWORD, new_password="new " + PASSWORD)
    assert answer.status == 200
    assert set(answer.data) >= {"token", "uid", "user_name", "nickname", "expires_at"}
    assert other.get("/api/user/me").refusal == (403, "token_revoked")
    assert ann.get("/api/user/me").refusal == (403, "token_revoked")
    ann.token = answer.data["token"]
    assert ann.get("/api/user/me").status == 200 and ann.token != old
    assert ann.try_login().refusal == (401, "bad_credentials")
    assert ann.try_login("new " + PASSWORD).status == 200


def test_a_wrong_old_password_changes_nothing(ann: Account) -> None:
    answer = ann.post("/api/user/password", old_password="not it", new_password="new " + PASSWORD)
    assert answer.refusal == (401, "bad_credentials")
    assert ann.get("/api/user/me").status == 200
    assert ann.try_login().status == 200


@pytest.mark.parametrize(
    ("fields", "broken"),
    [
        ({"new_password": "n" * 8}, ("old_password", "required")),
        ({"old_password": PASSWORD}, ("new_password", "required")),
        ({"old_password": PASSWORD, "new_password": "seven77"}, ("new_password", "length")),
        ({"old_password": PASSWORD, "new_password": "x" * 129}, ("new_password", "length")),
        ({"old_password": PASSWORD, "new_password": "PassWord1"}, ("new_password", "common")),
        ({"old_password": 1, "new_password": "n" * 8}, ("old_password", "type")),
    ],
)
def test_a_new_password_has_the_rules_of_the_first(
    ann: Account, fields: dict[str, object], broken: tuple[str, str]
) -> None:
    assert ann.post("/api/user/password", **fields).broken == broken


def at_once(*calls: Callable[[], Reply]) -> list[Reply]:
    """The answers of calls that are made at the same time, in their order."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


def test_no_login_with_the_old_password_outlives_its_change(server: Server) -> None:
    changed_to = "another password"
    for _ in range(5):
        ann = Account.new(server)
        devices = [Account(server, ann.name, ann.uid, f"other-{n}") for n in range(4)]
        changed, *logins = at_once(
            partial(ann.post, "/api/user/password", old_password=PASSWORD, new_password=changed_to),
            *(device.try_login for device in devices),
        )
        assert changed.status == 200
        for device, login in zip(devices, logins, strict=True):
            if login.status == 200:
                device.token = login.data["token"]
                assert device.get("/api/user/me").refusal == (403, "token_revoked")
            else:
                assert login.refusal == (401, "bad_credentials")


def test_of_two_changes_at_once_the_one_answered_holds(server: Server) -> None:
    for _ in range(5):
        ann = Account.new(server)
        other = ann.on("other")
        passwords = ("the first of the two", "the second of the two")
        answers = at_once(
            *(
                partial(who.post, "/api/user/password", old_password=PASSWORD, new_password=new)
                for who, new in zip((ann, other), passwords, strict=True)
            )
        )
        assert sorted(answer.status for answer in answers)[0] == 200
        for answer, password in zip(answers, passwords, strict=True):
            good = ann.try_login(password).status == 200
            assert good == (answer.status == 200)


def test_a_logout_beside_a_refresh_leaves_nobody_signed_in(server: Server) -> None:
    for _ in range(10):
        ann = Account.new(server)
        refreshed, left = at_once(
            partial(ann.post, "/api/user/refresh"), partial(ann.post, "/api/user/logout")
        )
        if left.status == 200 and refreshed.status == 200:
            ann.token = refreshed.data["token"]
        assert ann.get("/api/user/me").status == 403 or left.status == 403


def test_a_password_is_the_same_however_its_letters_are_composed(server: Server) -> None:
    name = new_name()
    body = {"user_name": name, "password": "cafe\u0301 au lait"}
    assert server.call("POST", "/api/user/register", json=body).status == 201
    body["password"] = "café au lait"
    assert server.call("POST", "/api/user/login", json=body).status == 200
