"""Who is asking: the token and where it comes from, the device, the origin and the host."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import pytest
from jose import jwt

from tests.client import Account, new_name
from tests.running import KEY, PASSWORD, USER_AGENT, Reply, Server

ME = "/api/user/me"
MISSING, INVALID = (401, "token_missing"), (401, "token_invalid")
BAD_ORIGIN = (403, "bad_origin")
GOOD = (200, "")


def ask(server: Server, headers: dict[str, str], path: str = ME, method: str = "GET") -> Reply:
    return server.call(method, path, headers=headers)


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


def test_a_token_lives_for_token_hours(brief: Server) -> None:
    ann = Account.new(brief)
    claims = jwt.get_unverified_claims(ann.token)
    assert claims["exp"] - claims["nbf"] == 2
    time.sleep(max(0.0, claims["exp"] - time.time()) + 0.05)
    assert ann.get(ME).refusal == (401, "token_expired")
    assert brief.handshake(f"token: {ann.token}").refusal == (401, "token_expired")


# The device


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


# Origin and host


def test_a_foreign_origin_may_change_nothing_whatever_authenticates_it(ann: Account) -> None:
    server = ann.server
    login = {"user_name": ann.name, "password": PASSWORD}
    register = {"user_name": new_name(), "password": PASSWORD}
    for origin in (
        "https://evil.example",
        f"http://127.0.0.1:{server.port + 1}",
        f"http://127.0.0.1:{server.port}.evil.example",
        "null",
        "",
        "http://[::1",
        "file://",
    ):
        headers = {"Origin": origin}
        post = server.call("POST", "/api/user/login", json=login, headers=headers)
        assert post.refusal == BAD_ORIGIN, origin
        post = server.call("POST", "/api/user/register", json=register, headers=headers)
        assert post.refusal == BAD_ORIGIN
        for by in ({"token": ann.token}, {"Cookie": f"token={ann.token}"}):
            changed = ask(server, headers | by, "/api/user/refresh", "POST")
            assert changed.refusal == BAD_ORIGIN
            changed = ask(server, headers | by, f"/api/user/{ann.uid}/block", "DELETE")
            assert changed.refusal == BAD_ORIGIN
        let_in = server.handshake(f"token: {ann.token}", f"Origin: {origin}")
        assert let_in.refusal == BAD_ORIGIN
        read = ask(server, headers | {"token": ann.token})
        assert read.refusal == GOOD and "access-control-allow-origin" not in read.headers
    assert ann.get(ME).status == 200


def test_the_own_origin_may(ann: Account) -> None:
    own = {"Origin": ann.server.url}
    assert ask(ann.server, own | {"Cookie": f"token={ann.token}"}).refusal == GOOD
    assert (
        ann.server.handshake(f"Cookie: token={ann.token}", f"Origin: {ann.server.url}").status
        == 101
    )
    cookie = own | {"Cookie": f"token={ann.token}"}
    assert ask(ann.server, cookie, "/api/user/refresh", "POST").refusal == GOOD


def test_without_an_origin_only_a_cookie_is_not_enough_for_a_change(ann: Account) -> None:
    server, cookie = ann.server, {"Cookie": f"token={ann.token}"}
    assert ask(server, cookie).refusal == GOOD
    assert ask(server, cookie, "/api/user/refresh", "POST").refusal == BAD_ORIGIN
    cross = cookie | {"Sec-Fetch-Site": "cross-site"}
    assert ask(server, cross, "/api/user/refresh", "POST").refusal == BAD_ORIGIN
    assert server.handshake(f"Cookie: token={ann.token}").refusal == BAD_ORIGIN
    # Another token beside the cookie is what authenticates then.
    assert server.handshake(f"token: {ann.token}", "Cookie: token=x").status == 101
    offer = f"Sec-WebSocket-Protocol: im.v1, token.{ann.token}"
    assert server.handshake(offer, "Cookie: token=x").status == 101
    login = {"user_name": ann.name, "password": PASSWORD}
    assert server.call("POST", "/api/user/login", json=login, headers=cookie).status == 200
    ann.login()
    same = {"Cookie": f"token={ann.token}", "Sec-Fetch-Site": "same-origin"}
    assert server.handshake(f"Cookie: token={ann.token}", "Sec-Fetch-Site: same-origin").status == (
        101
    )
    assert ask(server, same, "/api/user/refresh", "POST").refusal == GOOD


def test_a_token_in_a_header_needs_no_origin(ann: Account) -> None:
    for site in ({}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-site"}):
        answer = ask(ann.server, {"token": ann.token} | site, "/api/user/refresh", "POST")
        assert answer.refusal == GOOD
        ann.token = answer.data["token"]


def test_a_host_that_is_not_allowed_gets_nothing(eve: Account) -> None:
    port = eve.server.port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "10.0.0.1"):
        for path in ("/healthz", "/", "/static/index.html", ME, "/nowhere", "/api/user/login"):
            headers = {"Host": host, "token": eve.token}
            assert ask(eve.server, headers, path).refusal == BAD_ORIGIN
        assert eve.server.handshake(f"token: {eve.token}", Host=host).refusal == BAD_ORIGIN
    for host in ("localhost", f"LOCALHOST:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert ask(eve.server, {"Host": host, "token": eve.token}).refusal == GOOD


def test_allowed_hosts_replace_the_loopback_names(strict: Server) -> None:
    assert ask(strict, {"Host": "chat.example.org"}, "/healthz").refusal == GOOD
    assert ask(strict, {"Host": "Chat.Example.org:443"}, "/healthz").refusal == GOOD
    assert ask(strict, {"Host": "localhost"}, "/healthz").refusal == BAD_ORIGIN


# CORS

FRIEND = "https://chat.example.org"


def test_an_allowed_origin_may_read_every_answer(strict: Server) -> None:
    headers = {"Origin": FRIEND, "X-Forwarded-For": "192.0.2.50"}
    body = {"user_name": new_name(), "password": PASSWORD}
    answers = [
        strict.call("POST", "/api/user/register", json=body, headers=headers),
        strict.call("POST", "/api/user/login", json=body, headers=headers),
        strict.call("POST", "/api/user/register", json={}, headers=headers),
        strict.call("POST", "/api/user/register", content=b"x" * 70_000, headers=headers),
        ask(strict, headers),
        ask(strict, headers, "/nowhere"),
        ask(strict, headers, "/api/user/login"),
    ]
    assert [answer.status for answer in answers] == [201, 200, 400, 413, 401, 404, 405]
    for answer in answers:
        assert answer.headers.get("access-control-allow-origin") == FRIEND, answer
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "origin" in answer.headers["vary"].lower()
    token = answers[1].data["token"]
    assert strict.handshake(f"token: {token}", f"Origin: {FRIEND}").status == 101


def test_options_answers_an_allowed_origin_and_nobody_else(strict: Server) -> None:
    def preflight(path: str, **headers: str) -> Reply:
        asked = {
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "token,content-type",
        }
        return ask(strict, asked | headers, path, "OPTIONS")

    for path in (ME, "/api/user/login", "/api/conversations/1:2/messages/3"):
        answer = preflight(path, Origin=FRIEND)
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == FRIEND
        methods = answer.headers["access-control-allow-methods"]
        assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(methods.split(", "))
        allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
        assert {"token", "authorization", "content-type", "x-device-id"} <= set(allowed)
        for origin in ({"Origin": "https://evil.example"}, {}, {"Origin": strict.url}):
            answer = preflight(path, **origin)
            assert answer.refusal == (405, "method_not_allowed")
            assert "access-control-allow-origin" not in answer.headers


def test_no_answer_names_the_server_or_is_stored(server: Server) -> None:
    headers = httpx.Headers(server.call("GET", "/healthz").headers)
    assert "server" not in headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
