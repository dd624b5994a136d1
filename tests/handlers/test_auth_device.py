"""The device: whose token it is, by User-Agent and by a device id."""

from __future__ import annotations

import json

import pytest

from tests.client import Account, ask, new_name
from tests.running import PASSWORD, USER_AGENT, Server

ME = "/api/user/me"


MISSING, INVALID = (401, "token_missing"), (401, "token_invalid")


GOOD = (200, "")


def in_redis(ann: Account) -> dict[str, str]:
    """What Redis holds as the valid tokens of somebody."""
    with ann.server.redis() as client:
        fields = client.hgetall(f"token:{ann.uid}")
    return {device.decode(): token.decode() for device, token in fields.items()}


def test_the_device_is_the_user_agent_and_redis_has_its_one_token(ann: Account) -> None:
    assert in_redis(ann) == {USER_AGENT: ann.token}
    old = ann.token
    ann.login()
    assert in_redis(ann) == {USER_AGENT: ann.token} != {USER_AGENT: old}
    other = ann.on("Mozilla/5.0 (another)")
    assert in_redis(ann) == {USER_AGENT: ann.token, "Mozilla/5.0 (another)": other.token}
    ann.post("/api/user/logout")
    assert in_redis(ann) == {"Mozilla/5.0 (another)": other.token}


def test_a_token_is_good_on_its_own_device_alone(ann: Account) -> None:
    headers = {"token": ann.token, "User-Agent": "another/2"}
    assert ask(ann.server, headers).refusal == (403, "device_mismatch")
    ann.on("another/2")
    assert ask(ann.server, headers).refusal == (403, "token_superseded")
    assert ann.get(ME).status == 200


@pytest.mark.parametrize("agent", [None, "", "   "])
def test_without_a_user_agent_nothing_that_has_a_device_goes_on(
    ann: Account, agent: str | None
) -> None:
    required = (400, "user_agent_required")
    server = ann.server

    def refusal(start: str, *lines: str, body: object = None) -> tuple[int, str]:
        content = b"" if body is None else json.dumps(body).encode()
        head = [start + " HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *lines]
        if agent is not None:
            head.append(f"User-Agent: {agent}")
        if content:
            head.append(f"Content-Length: {len(content)}")
        return server.raw_reply("\n".join(head), content).refusal

    login = {"user_name": ann.name, "password": PASSWORD}
    assert refusal("POST /api/user/login", body=login) == required
    assert refusal("POST /api/user/login", body=[]) == required
    assert refusal(f"GET {ME}", f"token: {ann.token}") == required
    assert refusal(f"GET {ME}", "token: no token") == required
    assert refusal(f"GET {ME}") == required
    assert refusal("POST /api/user/logout", f"token: {ann.token}") == required
    assert server.handshake(f"token: {ann.token}", agent=agent).refusal == required
    assert server.handshake(agent=agent).refusal == required

    new = {"user_name": new_name(), "password": PASSWORD}
    assert refusal("POST /api/user/register", body=new) == (201, "")
    assert refusal("GET /healthz") == GOOD


def test_a_user_agent_over_512_bytes_stands_as_its_hash(ann: Account) -> None:
    whole, long = "a" * 512, "a" * 513
    ann.on(whole)
    assert whole in in_redis(ann)
    longer = [ann.on(long), ann.on(long + "b")]
    for one in longer:
        assert one.get(ME).status == 200
        assert one.device not in in_redis(ann)
    assert len(in_redis(ann)) == 4
    assert all(len(device) <= 512 for device in in_redis(ann))


def test_a_user_agent_in_utf_8_is_kept_as_it_is_and_counted_in_bytes(ann: Account) -> None:
    for agent in ("客户端/1.0 📱", "é" * 256):
        raw = agent.encode()
        body = json.dumps({"user_name": ann.name, "password": PASSWORD})
        answer = ann.server.call(
            "POST", "/api/user/login", content=body, headers=[(b"User-Agent", raw)]
        )
        assert in_redis(ann)[agent] == answer.data["token"]
        token = answer.data["token"].encode()
        headers = [(b"User-Agent", raw), (b"token", token)]
        listed = ann.server.call("GET", "/api/user/sessions", headers=headers)
        assert agent in [session["device"] for session in listed.data]


def test_a_device_id_tells_two_browsers_of_one_make_apart(ann: Account) -> None:
    def login(**headers: str) -> str:
        body = {"user_name": ann.name, "password": PASSWORD}
        answer = ann.server.call("POST", "/api/user/login", json=body, headers=headers)
        assert answer.status == 200
        token: str = answer.data["token"]
        return token

    header = login(**{"X-Device-Id": "phone_1-A"})
    cookie = login(Cookie="device=tablet")
    both = login(**{"X-Device-Id": "desk", "Cookie": "device=tablet"})
    assert in_redis(ann) == {
        USER_AGENT: ann.token,
        f"{USER_AGENT} #phone_1-A": header,
        f"{USER_AGENT} #tablet": cookie,
        f"{USER_AGENT} #desk": both,
    }

    def refusal(token: str, **headers: str) -> tuple[int, str]:
        return ask(ann.server, {"token": token} | headers).refusal

    assert refusal(header, **{"X-Device-Id": "phone_1-A"}) == GOOD
    assert refusal(header, Cookie="device=phone_1-A") == GOOD
    assert refusal(header) == (403, "token_superseded")
    assert refusal(header, **{"X-Device-Id": "unknown"}) == (403, "device_mismatch")
    assert refusal(both, **{"X-Device-Id": "desk", "Cookie": "device=tablet"}) == GOOD

    offer = "Sec-WebSocket-Protocol: im.v1, device.tablet"
    assert ann.server.handshake(f"token: {cookie}", offer).status == 101
    assert ann.server.handshake(f"token: {cookie}", offer, "Cookie: device=desk").status == 101
    assert ann.server.handshake(f"token: {header}", offer).refusal == (403, "token_superseded")


@pytest.mark.parametrize("id", ["", "a b", "ü", "a.b", "x" * 65, "#1"])
def test_a_malformed_device_id_is_refused_and_a_malformed_cookie_ignored(
    ann: Account, id: str
) -> None:
    headers = [("token", ann.token.encode()), ("X-Device-Id", id.encode())]
    answer = ann.server.call("GET", ME, headers=headers)
    assert answer.broken[0] == "X-Device-Id"
    login = {"user_name": ann.name, "password": PASSWORD}
    answer = ann.server.call("POST", "/api/user/login", json=login, headers={"X-Device-Id": "a b"})
    assert answer.broken[0] == "X-Device-Id"
    if id.isascii():
        cookie = {"token": ann.token, "Cookie": f'device="{id}"'}
        assert ask(ann.server, cookie).refusal == GOOD


def test_the_page_brings_a_device_cookie(server: Server) -> None:
    def cookies(**headers: str) -> str:
        return server.http.get("/", headers=headers).headers.get("set-cookie", "")

    fresh = cookies()
    assert fresh.startswith("device=") and "HttpOnly" in fresh and "SameSite=Strict" in fresh
    assert fresh.split(";")[0] != cookies().split(";")[0]
    assert cookies(Cookie="device=mine-1") == ""
    assert cookies(Cookie="device=not.mine").startswith("device=")
