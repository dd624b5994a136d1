"""The origin and the host: from which pages the server may be asked."""

from __future__ import annotations

import httpx

from tests.client import Account, ask, new_name
from tests.running import PASSWORD, Reply, Server

ME = "/api/user/me"


BAD_ORIGIN = (403, "bad_origin")


GOOD = (200, "")


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


def test_a_host_that_is_none_is_not_allowed(server: Server) -> None:
    port = server.port
    for host in (
        "[::1",
        "[",
        "]",
        "[]",
        "[::g]",
        f"[::1]x:{port}",
        "127.0.0.1:http",
        "localhost:-1",
    ):
        answer = server.raw_reply(f"GET /healthz HTTP/1.1\nHost: {host}")
        assert answer.refusal == BAD_ORIGIN, host
        assert server.handshake(Host=host).refusal == BAD_ORIGIN, host
    for host in ("[::1]", f"[::1]:{port}", "LOCALHOST", f"127.0.0.1:{port}"):
        assert server.raw_reply(f"GET /healthz HTTP/1.1\nHost: {host}").refusal == GOOD, host


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
