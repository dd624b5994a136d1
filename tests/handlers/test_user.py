"""Accounts: register, sign in and out, the profile, the password, the devices."""

from __future__ import annotations

import itertools
import statistics
import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.client import Account, new_name
from tests.running import PASSWORD, Reply, Server


def register(server: Server, **fields: object) -> Reply:
    body = {"user_name": new_name(), "password": PASSWORD} | fields
    return server.call("POST", "/api/user/register", json=body)


# Register


def test_register_answers_201_with_the_new_person(server: Server) -> None:
    name = new_name()
    made = register(server, user_name=name, nickname="小明 🎈")
    assert made.status == 201
    assert set(made.data) >= {"uid", "user_name", "nickname"}
    assert type(made.data["uid"]) is int and made.data["uid"] > 0
    assert (made.data["user_name"], made.data["nickname"]) == (name, "小明 🎈")


def test_the_nickname_is_the_name_where_none_is_given(server: Server) -> None:
    name = new_name()
    assert register(server, user_name=name).data["nickname"] == name


@pytest.mark.parametrize(
    "name", ["李雷", "Ωμέγα", "नमस्ते", "a_b-c.d", "Ünïcode7", "مرحبا", "x" * 32, "ab"]
)
def test_names_are_letters_marks_and_digits_of_any_script(server: Server, name: str) -> None:
    made = register(server, user_name=name)
    assert made.status == 201 and made.data["user_name"] == name


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("a", "length"),
        ("x" * 33, "length"),
        ("", "length"),
        ("a b", "pattern"),
        ("a@b", "pattern"),
        ("a/b", "pattern"),
        ("ab!", "pattern"),
        ("smile😀", "pattern"),
        ("a\tb", "control_characters"),
        ("a\x00b", "control_characters"),
        ("ab\u202e", "control_characters"),
        ("ab\ud800", "surrogate"),
        (7, "type"),
        (None, "type"),
        (["ab"], "type"),
    ],
)
def test_a_name_that_breaks_a_rule_is_refused_with_the_rule(
    server: Server, name: object, rule: str
) -> None:
    assert register(server, user_name=name).broken == ("user_name", rule)


def test_the_length_of_a_name_counts_after_nfc(server: Server) -> None:
    name = unicodedata.normalize("NFD", "é" * 31) + "x"
    made = register(server, user_name=name, nickname=unicodedata.normalize("NFD", "\u1f82" * 32))
    assert made.status == 201
    assert made.data["user_name"] == name and len(made.data["nickname"]) == 128


def test_a_nickname_that_compatibility_makes_long_is_kept_as_it_is(server: Server) -> None:
    ligatures = "\ufdfa" * 32  # each of them is 18 characters after NFKC
    made = register(server, nickname=ligatures)
    assert made.status == 201 and made.data["nickname"] == ligatures
    # A name has to be compared whole, so this one is too long to be one.
    assert register(server, user_name=ligatures).broken == ("user_name", "length")


@pytest.mark.parametrize(
    ("first", "second"),
    [("Straße", "STRASSE"), ("Ａｄａ", "ada"), ("ﬁnn", "Finn"), ("É", "e\u0301"), ("ПЁТР", "пётр")],
)
def test_names_are_compared_after_nfkc_and_case_folding(
    server: Server, first: str, second: str
) -> None:
    stem = new_name("n").replace("user", "")
    assert register(server, user_name=first + stem).status == 201
    taken = register(server, user_name=second + stem)
    assert taken.refusal == (409, "user_exists")
    login = {"user_name": second + stem, "password": PASSWORD}
    answer = server.call("POST", "/api/user/login", json=login)
    assert answer.status == 200 and answer.data["user_name"] == first + stem


def test_names_that_only_look_alike_are_two(server: Server) -> None:
    stem = new_name("n")
    for look in ("aé", "ae", "aê", "аe"):  # the last with a Cyrillic letter
        assert register(server, user_name=look + stem).status == 201


@pytest.mark.parametrize(
    ("password", "rule"),
    [("seven77", "length"), ("x" * 129, "length"), (12345678, "type"), ("\ud800" * 9, "surrogate")],
)
def test_a_password_has_8_to_128_characters(server: Server, password: object, rule: str) -> None:
    assert register(server, password=password).broken == ("password", rule)


@pytest.mark.parametrize("password", ["密码" * 64, "🔑" * 8, "  spaces  at both ends  "])
def test_no_password_is_cut_or_changed(server: Server, password: str) -> None:
    name = new_name()
    assert register(server, user_name=name, password=password).status == 201

    def login(tried: str) -> int:
        body = {"user_name": name, "password": tried}
        return server.call("POST", "/api/user/login", json=body).status

    assert login(password) == 200
    assert login(password[:-1] + "x") == 401
    assert login(password[:-1]) == 401
    assert login(password.strip() + "x") == 401


@pytest.mark.parametrize(
    ("nickname", "rule"),
    [
        ("", "length"),
        ("x" * 33, "length"),
        ("a\nb", "control_characters"),
        ("a\x07b", "control_characters"),
        ("evil\u202etxt", "control_characters"),
        ("a\u2067b", "control_characters"),
        ("\udfff", "surrogate"),
        (3, "type"),
    ],
)
def test_a_nickname_that_breaks_a_rule_is_refused(
    server: Server, nickname: object, rule: str
) -> None:
    assert register(server, nickname=nickname).broken == ("nickname", rule)


@pytest.mark.parametrize("missing", ["user_name", "password"])
def test_a_missing_field_is_required(server: Server, missing: str) -> None:
    body = {"user_name": new_name(), "password": PASSWORD}
    del body[missing]
    assert server.call("POST", "/api/user/register", json=body).broken == (missing, "required")
    body = {"user_name": new_name(), "password": PASSWORD}
    del body[missing]
    assert server.call("POST", "/api/user/login", json=body).broken == (missing, "required")


def test_registration_can_be_closed_or_by_invitation(servers: Callable[..., Server]) -> None:
    closed = servers(service_register="closed", service_host="0.0.0.0")
    assert register(closed).refusal == (403, "forbidden")
    # Where it listens on every address and nothing is named, it answers by any name.
    assert closed.call("GET", "/healthz", headers={"Host": "anything.example"}).status == 200
    by_invitation = servers(service_register="invite")
    assert register(by_invitation).broken[0] == "invite"
    assert register(by_invitation, invite="never made").broken[0] == "invite"


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


def test_a_wrong_password_and_an_unknown_name_take_one_time(ann: Account) -> None:
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
        ({"old_password": 1, "new_password": "n" * 8}, ("old_password", "type")),
    ],
)
def test_a_new_password_has_the_rules_of_the_first(
    ann: Account, fields: dict[str, object], broken: tuple[str, str]
) -> None:
    assert ann.post("/api/user/password", **fields).broken == broken


# The profile


def test_the_profile_can_be_read_and_changed(ann: Account) -> None:
    me = ann.get("/api/user/me")
    assert me.status == 200
    assert me.data == {
        "uid": ann.uid,
        "user_name": ann.name,
        "nickname": ann.name,
        "avatar": None,
        "online": False,
    }
    changed = ann.call("PATCH", "/api/user/me", json={"nickname": "Añil 🦊"})
    assert changed.status == 200 and changed.data["nickname"] == "Añil 🦊"
    assert ann.get("/api/user/me").data["nickname"] == "Añil 🦊"
    assert ann.call("PATCH", "/api/user/me", json={}).data["nickname"] == "Añil 🦊"
    cleared = ann.call("PATCH", "/api/user/me", json={"avatar": None})
    assert cleared.status == 200 and cleared.data["avatar"] is None


@pytest.mark.parametrize(
    ("fields", "broken"),
    [
        ({"nickname": ""}, ("nickname", "length")),
        ({"nickname": "x" * 33}, ("nickname", "length")),
        ({"nickname": "a\u202eb"}, ("nickname", "control_characters")),
        ({"nickname": 5}, ("nickname", "type")),
        ({"avatar": 5}, ("avatar", "type")),
    ],
)
def test_a_profile_field_that_breaks_a_rule_is_refused(
    ann: Account, fields: dict[str, object], broken: tuple[str, str]
) -> None:
    assert ann.call("PATCH", "/api/user/me", json=fields).broken == broken


def test_an_unknown_avatar_is_not_found(ann: Account) -> None:
    answer = ann.call("PATCH", "/api/user/me", json={"avatar": "no-such-medium"})
    assert answer.refusal == (404, "not_found")


# The devices


def test_sessions_lists_the_devices_with_this_one_marked(ann: Account) -> None:
    before = int(time.time() * 1000) - 5000
    ann.on("another/2")
    listed = ann.get("/api/user/sessions")
    assert listed.status == 200 and len(listed.data) == 2
    for session in listed.data:
        assert set(session) >= {"id", "device", "current", "login_at", "seen_at", "online"}
        assert isinstance(session["id"], str)
        assert before < session["login_at"] <= session["seen_at"] + 1000
        assert session["online"] is False
    assert {s["device"]: s["current"] for s in listed.data} == {
        ann.device: True,
        "another/2": False,
    }


async def test_a_device_with_a_socket_is_online(ann: Account) -> None:
    async with ann.chat():
        assert [s["online"] for s in ann.get("/api/user/sessions").data] == [True]


def test_a_session_can_be_kicked(ann: Account, bo: Account) -> None:
    other = ann.on("another/2")
    ids = {s["device"]: s["id"] for s in ann.get("/api/user/sessions").data}
    theirs = f"/api/user/sessions/{ids['another/2']}"
    assert bo.call("DELETE", theirs).refusal == (404, "not_found")
    assert ann.call("DELETE", theirs).status == 200
    assert other.get("/api/user/me").refusal == (403, "token_revoked")
    assert ann.call("DELETE", theirs).refusal == (404, "not_found")
    assert [s["device"] for s in ann.get("/api/user/sessions").data] == [ann.device]
    assert ann.call("DELETE", f"/api/user/sessions/{ids[ann.device]}").status == 200
    assert ann.get("/api/user/me").refusal == (403, "token_revoked")


def test_an_eleventh_device_ends_the_one_used_longest_ago(ann: Account) -> None:
    devices = [ann, *(ann.on(f"device/{number}") for number in range(2, 11))]
    assert all(device.get("/api/user/me").status == 200 for device in devices)
    ann.get("/api/user/me")  # the oldest login is the one used last now
    ann.on("device/11")
    words = [device.get("/api/user/me").error for device in devices]
    assert words == ["", "token_revoked", *itertools.repeat("", 8)]
    assert len(ann.get("/api/user/sessions").data) == 10


def test_logging_in_again_takes_no_place_of_another_device(ann: Account) -> None:
    devices = [ann, *(ann.on(f"device/{number}") for number in range(2, 11))]
    devices[5].login()
    assert all(device.get("/api/user/me").status == 200 for device in devices)


def test_the_test_of_the_one_token_rule_greets_by_name(ann: Account) -> None:
    answer = ann.get("/api/test/test")
    assert answer.status == 200 and ann.name in answer.msg
    old = ann.token
    ann.login()
    answer = ann.server.call(
        "GET", "/api/test/test", headers={"User-Agent": ann.device, "token": old}
    )
    assert answer.refusal == (403, "token_superseded")


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
