"""What every request shares: who may ask, the envelope, the language."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import pytest

from handlers.base import BaseHandler
from handlers.call import call_of
from handlers.routes import API, routes
from tests.client import Account
from tests.running import USER_AGENT, Server

# Open to anyone; every other route asks for a token.


PUBLIC = {
    "RegisterHandler",
    "LoginHandler",
    "HealthHandler",
    "ReadyHandler",
    "DocumentHandler",
    "MetricsHandler",
}


FILES_AND_THE_REST = {
    "PageHandler",
    "JoinPageHandler",
    "DocsHandler",
    "AdminPageHandler",
    "StaticHandler",
    "UnknownHandler",
}


# Who may ask


def test_these_and_no_other_handlers_are_open_to_anyone() -> None:
    site = {handler for _, handler, _ in routes(None)}  # type: ignore[arg-type]
    open_to_anyone = {h.__name__ for h in site if getattr(h, "public", True)}
    assert open_to_anyone == PUBLIC | FILES_AND_THE_REST


@pytest.mark.parametrize(
    ("pattern", "handler"),
    [route for route in API if route[1].__name__ not in PUBLIC],
    ids=[pattern for pattern, handler in API if handler.__name__ not in PUBLIC],
)
def test_every_other_route_refuses_without_a_token(
    server: Server, pattern: str, handler: type
) -> None:
    path = re.sub(r"\(.*?\)", "1", pattern)
    methods = [m for m in ("GET", "POST", "PUT", "PATCH", "DELETE") if _serves(handler, m)]
    assert methods
    for method in methods:
        if path == "/ws":
            answer = server.handshake()
        else:
            answer = server.call(method, path, json={})
        assert answer.refusal == (401, "token_missing"), (method, path)


def _serves(handler: type, method: str) -> bool:
    name = method.lower()
    return getattr(handler, name) is not getattr(BaseHandler, name)


# The envelope


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/nowhere", "/api", "/api/user/", "/api/conversations/1:2/nowhere"]
)
def test_an_unknown_path_is_404_whatever_the_method(eve: Account, path: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        assert eve.server.call(method, path).refusal == (404, "not_found")
        assert eve.call(method, path, json={}).refusal == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/user/register"),
        ("PUT", "/api/user/login"),
        ("POST", "/api/conversations"),
        ("PUT", "/api/conversations/1:2/messages"),
        ("GET", "/api/conversations/1:2/read"),
        ("POST", "/healthz"),
        ("POST", "/ws"),
        ("HEAD", "/ws"),
        ("TRACE", "/healthz"),
        ("BREW", "/api/user/me"),
    ],
)
def test_a_wrong_method_is_405(eve: Account, method: str, path: str) -> None:
    if method == "HEAD":
        assert eve.server.http.head(path, headers=eve.headers).status_code == 405
    else:
        assert eve.call(method, path).refusal == (405, "method_not_allowed")


def test_static_files_have_no_envelope_and_their_folder_no_way_out(server: Server) -> None:
    page = server.http.get("/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    assert server.http.get("/static/index.html").status_code == 200
    for path in (
        "/static/",
        "/static/js",
        "/static/nothing.js",
        "/static/../run.py",
        "/static/%2e%2e/run.py",
        "/static/..%2frun.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/%ff",
        "/static/" + "x" * 5000,
    ):
        answer = server.raw_reply(
            f"GET {path} HTTP/1.1\nHost: 127.0.0.1:{server.port}\nUser-Agent: {USER_AGENT}"
        )
        assert answer.refusal == (404, "not_found"), path


def test_readiness_tells_of_each_store(server: Server) -> None:
    assert server.call("GET", "/healthz").status == 200
    ready = server.call("GET", "/readyz")
    assert ready.status == 200
    assert ready.data == {"sql": "up", "redis": "up", "mongo": "up"}


def test_a_refusal_leaves_the_connection_open(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        read = connection.makefile("rb")
        for path, status in (("/api/user/me", 401), ("/nowhere", 404), ("/healthz", 200)) * 3:
            head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: x\r\n\r\n"
            connection.sendall(head.encode())
            assert read.readline().split()[1] == str(status).encode()
            length = 0
            while (line := read.readline().strip().lower()) != b"":
                assert not line.startswith(b"connection: close")
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert json.loads(read.read(length))["status"] == status


# The language


@pytest.mark.parametrize(
    ("accept", "chinese"),
    [
        ("zh", True),
        ("zh-CN,zh;q=0.9,en;q=0.8", True),
        ("ZH-TW", True),
        ("fr, zh;q=0.5", True),
        ("en;q=0.5, zh;q=0.9", True),
        ("en", False),
        ("zh;q=0.5, en;q=0.9", False),
        ("fr, de", False),
        ("zh;q=0", False),
        ("zh;q=nonsense", False),
        (";;;,,,=", False),
        ("", False),
        (None, False),
    ],
)
def test_msg_follows_accept_language(server: Server, accept: str | None, chinese: bool) -> None:
    headers = {} if accept is None else {"Accept-Language": accept}
    msgs = [
        server.call("GET", "/api/user/me", headers=headers).msg,
        server.call("GET", "/nowhere", headers=headers).msg,
        server.call("POST", "/api/user/register", json={"user_name": "x"}, headers=headers).msg,
    ]
    assert [bool(re.search("[\u4e00-\u9fff]", msg)) for msg in msgs] == [chinese] * 3


def test_a_target_in_absolute_form_is_the_same_target(server: Server) -> None:
    head = f"GET {server.url}/healthz HTTP/1.1\nHost: 127.0.0.1:{server.port}"
    assert server.raw(head)[0] == 200


@pytest.mark.parametrize("line", ["OPTIONS * HTTP/1.1", "GET http://else.where/x HTTP/1.1"])
def test_a_target_that_is_no_path_gets_the_envelope(server: Server, line: str) -> None:
    status, _headers, body = server.raw(f"{line}\nHost: 127.0.0.1:{server.port}")
    assert (status, json.loads(body)["error"]) == (404, "not_found")


def test_a_wrong_method_is_told_the_right_ones(server: Server) -> None:
    assert server.call("PUT", "/api/user/me").headers["allow"] == "GET, DELETE, PATCH"
    assert server.http.head("/healthz").status_code == 200


# Whatever comes


EDGES: list[object] = [
    None,
    True,
    0,
    -1,
    2**63,
    1.5,
    "",
    "x",
    "1:2",
    "\ud800",
    "\x00",
    "x" * 2000,
    [],
    ["x"],
    {"x": {}},
]


FIELDS = (
    "user_name password nickname invite avatar old_password new_password seq content kind id "
    "reply_to mentions muted pinned hidden q limit cursor ids before after around"
).split()


SEGMENTS = ["x", "0", "1:1", "999999999999", "9" * 30, "%00", "%ff", "%F0%9F%98%80", "..%2f", "g1"]


def test_no_call_is_answered_500_whatever_its_path_its_query_and_its_fields_hold(
    ann: Account,
) -> None:
    spared = {"LogoutHandler", "RefreshHandler", "ChatHandler"}  # no fields, or no call
    for pattern, handler in API:
        if handler.__name__ in spared:
            continue
        own = re.sub(r"\(.*?\)", f"{ann.uid}:{ann.uid}", pattern)
        paths = {own, *(re.sub(r"\(.*?\)", segment, pattern) for segment in SEGMENTS)}
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if not _serves(handler, method):
                continue
            for path in sorted(paths):
                assert _status(ann, handler, method, path, json={"seq": 1}) < 500, (method, path)
            for edge in EDGES:
                query = dict.fromkeys(FIELDS, ascii(edge)[:50])
                body = dict.fromkeys(FIELDS, edge)
                status = _status(ann, handler, method, own, json=body, params=query)
                assert status < 500, (method, own, edge)


def _status(ann: Account, handler: type, method: str, path: str, **options: Any) -> int:
    """Of an answer with the envelope it is looked at as well."""
    if call_of(handler, method).envelope:
        return ann.call(method, path, **options).status
    options["content"] = json.dumps(options.pop("json"))
    return ann.server.http.request(method, path, headers=ann.headers, **options).status_code
