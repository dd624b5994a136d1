"""My profile and my devices."""

from __future__ import annotations

import itertools
import time

import pytest

from tests.client import Account

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
