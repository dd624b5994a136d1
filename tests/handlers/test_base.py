"""What every request shares: the envelope, the body and how it is read, the language, the sizes."""

from __future__ import annotations

import json
import re
import socket

import pytest

from handlers.base import BaseHandler
from handlers.routes import API, routes
from tests.client import Account, new_name
from tests.running import PASSWORD, SECRET_TEXT, USER_AGENT, Reply, Server

REGISTER = "/api/user/register"
BODY_MAX = 64 * 1024

# Open to anyone; every other route asks for a token.
PUBLIC = {"RegisterHandler", "LoginHandler", "HealthHandler", "ReadyHandler"}
FILES_AND_THE_REST = {"PageHandler", "StaticHandler", "UnknownHandler"}


def new_person() -> dict[str, object]:
    return {"user_name": new_name(), "password": PASSWORD}


def post(server: Server, body: bytes | str, content_type: str | None = None) -> Reply:
    headers = {} if content_type is None else {"Content-Type": content_type}
    return server.call("POST", REGISTER, content=body, headers=headers)


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
        ("GET", REGISTER),
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


# Reading a body


def test_a_body_without_a_type_is_json(server: Server) -> None:
    assert post(server, json.dumps(new_person())).status == 201
    for kind in ("application/json", "Application/JSON; charset=utf-8"):
        assert post(server, json.dumps(new_person()), kind).status == 201


def test_a_form_is_read_as_json_is(server: Server) -> None:
    form = server.call("POST", REGISTER, data=new_person() | {"nickname": "名 + &=%"})
    assert form.status == 201 and form.data["nickname"] == "名 + &=%"
    parts = {name: (None, str(value)) for name, value in new_person().items()}
    assert server.call("POST", REGISTER, files=parts).status == 201
    assert server.call("POST", REGISTER, data={"user_name": "x"}).broken == ("user_name", "length")
    assert server.call("POST", REGISTER, data={"password": PASSWORD}).broken == (
        "user_name",
        "required",
    )


def test_numbers_and_truth_are_read_from_a_form(ann: Account) -> None:
    own = f"/api/conversations/{ann.uid}:{ann.uid}"
    ann.say(ann, SECRET_TEXT)
    assert ann.call("POST", f"{own}/read", data={"seq": "1"}).data["seq"] == 1
    assert ann.call("PATCH", own, data={"pinned": "true"}).data["pinned"] is True
    assert ann.call("PATCH", own, data={"pinned": "false"}).data["pinned"] is False
    assert ann.call("PATCH", own, data={"pinned": "yes"}).broken == ("pinned", "type")
    for number in ("1.0", "one", "", "0x1", "٣", " 1", "1e3"):
        answer = ann.call("POST", f"{own}/read", data={"seq": number})
        assert answer.broken == ("seq", "type"), number
    for number in ("-1", str(2**63), "9" * 400):
        assert ann.call("POST", f"{own}/read", data={"seq": number}).broken[0] == "seq"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/jsonp", "image/png", "nonsense"]
)
def test_another_kind_of_body_is_415(server: Server, kind: str) -> None:
    answer = post(server, json.dumps(new_person()), kind)
    assert answer.refusal == (415, "unsupported_media")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "   ",
        "{",
        "[]",
        '"text"',
        "null",
        "7",
        "true",
        "{} {}",
        '{"user_name": "one", "user_name": "two"}',
        '{"extra": {"a": 1, "a": 2}}',
        '{"extra": NaN}',
        '{"extra": Infinity}',
        '{"extra": -Infinity}',
        "{'user_name': 'x'}",
        '{"user_name": "a\nb"}',
        b"\xff\xfe{}",
        b'{"user_name": "\xff"}',
        "\ufeff{}",
        '{"extra": ' + "[" * 10_000 + "]" * 10_000 + "}",
        '{"extra":' * 5_000 + "1" + "}" * 5_000,
        "[" * 60_000,
    ],
    ids=lambda body: str(body)[:24],
)
def test_a_body_that_is_no_plain_object_is_a_bad_request(server: Server, body: str | bytes) -> None:
    assert post(server, body).refusal == (400, "bad_request")
    assert post(server, body, "application/json").refusal == (400, "bad_request")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b""),
        ("application/x-www-form-urlencoded", b"user_name=a&user_name=b"),
        ("application/x-www-form-urlencoded", b"user_name=%ff%fe&password=x"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"no part"),
        ("multipart/form-data; boundary=x", b""),
    ],
)
def test_a_form_that_cannot_be_read_is_a_bad_request(
    server: Server, kind: str, body: bytes
) -> None:
    assert post(server, body, kind).refusal == (400, "bad_request")


def test_unknown_fields_are_ignored_in_body_and_query(eve: Account) -> None:
    body = new_person() | {"unknown": [1, {"deep": None}], "uid": 1}
    assert eve.server.call("POST", REGISTER, json=body).status == 201
    assert eve.get("/api/user/me", unknown="1").status == 200
    assert eve.call("GET", "/api/conversations?unknown=%ff&limit=5").status == 200
    assert eve.call("GET", "/api/user/search?q=%ff").broken == ("q", "surrogate")


def test_a_call_without_fields_needs_no_body_and_ignores_one(ann: Account) -> None:
    for content, kind in ((b"", None), (b"{nonsense", None), (b"\xff", "text/plain")):
        headers = {"Content-Type": kind} if kind else {}
        answer = ann.call("POST", "/api/user/refresh", content=content, headers=headers)
        assert answer.status == 200
        ann.token = answer.data["token"]


def test_a_get_with_a_body_is_answered_as_without(eve: Account) -> None:
    assert eve.call("GET", "/api/user/me", content=b"{nonsense").status == 200


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (True, "type"),
        (1.0, "type"),
        ("1", "type"),
        (None, "type"),
        ([1], "type"),
        (-1, "range"),
        (2**63, "range"),
        (10**400, "range"),
        (-(10**400), "range"),
    ],
)
def test_a_number_is_a_whole_one_in_its_range(eve: Account, value: object, rule: str) -> None:
    answer = eve.post(f"/api/conversations/{eve.uid}:{eve.uid}/read", seq=value)
    assert answer.broken == ("seq", rule)


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
                assert ann.call(method, path, json={"seq": 1}).status < 500, (method, path)
            for edge in EDGES:
                query = dict.fromkeys(FIELDS, ascii(edge)[:50])
                body = dict.fromkeys(FIELDS, edge)
                answer = ann.call(method, own, json=body, params=query)
                assert answer.status < 500, (method, path, edge)


# Sizes


def register_of_size(size: int) -> bytes:
    body = json.dumps(new_person() | {"extra": ""}).encode()
    return body[:-2] + b"x" * (size - len(body)) + body[-2:]


def test_a_body_may_have_64_kib(server: Server) -> None:
    body = register_of_size(BODY_MAX)
    assert len(body) == BODY_MAX
    assert post(server, body).status == 201
    assert post(server, register_of_size(BODY_MAX + 1)).refusal == (413, "too_large")


def test_over_the_size_the_answer_comes_before_the_body_and_the_connection_ends(
    server: Server,
) -> None:
    for declared in (BODY_MAX + 1, 10**8, 10**15):
        answer = server.raw_reply(
            f"POST {REGISTER} HTTP/1.1\nHost: localhost\nContent-Length: {declared}"
        )
        assert answer.refusal == (413, "too_large")
        assert answer.headers["connection"] == "close"


def test_a_chunked_body_is_counted_as_it_comes(server: Server) -> None:
    head = f"POST {REGISTER} HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked"
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    answer = server.raw_reply(head, chunk * 17 + b"0\r\n\r\n")
    assert answer.refusal == (413, "too_large")
    # Without an end, too.
    assert server.raw_reply(head, chunk * 20).refusal == (413, "too_large")
    body = json.dumps(new_person()).encode()
    whole = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    assert server.raw_reply(head, whole).status == 201


def test_too_large_is_told_on_every_call_and_before_who_is_asking(server: Server) -> None:
    for path in ("/api/user/login", "/api/user/logout", "/api/conversations/1:2/messages"):
        answer = server.raw_reply(
            f"POST {path} HTTP/1.1\nHost: localhost\nContent-Length: {BODY_MAX + 1}"
        )
        assert answer.refusal == (413, "too_large")


def test_a_client_that_waits_for_leave_is_refused_at_once(server: Server) -> None:
    answer = server.raw_reply(
        "POST /api/user/logout HTTP/1.1\nHost: localhost\nUser-Agent: x\n"
        "Content-Length: 20\nExpect: 100-continue"
    )
    assert answer.refusal == (401, "token_missing")


def test_what_was_too_large_is_read_away_so_that_the_answer_arrives(server: Server) -> None:
    answer = post(server, b"x" * 900_000)
    assert answer.refusal == (413, "too_large")


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
        server.call("POST", REGISTER, json={"user_name": "x"}, headers=headers).msg,
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
    assert server.call("PUT", "/api/user/me").headers["allow"] == "GET, PATCH"
    assert server.http.head("/healthz").status_code == 200
