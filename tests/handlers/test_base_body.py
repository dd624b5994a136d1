"""The body of a request: how it is read, what it may hold, how large it may be."""

from __future__ import annotations

import json
import socket
import struct
import time

import pytest

from tests.client import Account, new_person
from tests.running import ANSWER_SECONDS, PASSWORD, SECRET_TEXT, Reply, Server

REGISTER = "/api/user/register"


BODY_MAX = 64 * 1024


def post(server: Server, body: bytes | str, content_type: str | None = None) -> Reply:
    headers = {} if content_type is None else {"Content-Type": content_type}
    return server.call("POST", REGISTER, content=body, headers=headers)


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


@pytest.mark.parametrize("digits", [20, 5000])
def test_a_length_that_no_number_holds_is_too_large(server: Server, digits: int) -> None:
    head = f"POST {REGISTER} HTTP/1.1\nHost: localhost\nContent-Length: {'9' * digits}"
    assert server.raw_reply(head).refusal == (413, "too_large")


def test_what_was_too_large_is_read_away_so_that_the_answer_arrives(server: Server) -> None:
    answer = post(server, b"x" * 900_000)
    assert answer.refusal == (413, "too_large")


def test_behind_a_refusal_of_its_size_the_connection_ends(server: Server) -> None:
    lines = ["POST /api/user/login HTTP/1.1", "Host: localhost", f"Content-Length: {BODY_MAX + 1}"]
    head = "\r\n".join([*lines, "", ""])
    with socket.create_connection(("127.0.0.1", server.port), ANSWER_SECONDS) as connection:
        connection.sendall(head.encode() + b"x" * (BODY_MAX + 1))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 413 ") and answer.endswith(b"}")
    assert answer.count(b"HTTP/1.1") == 1


def test_who_has_gone_before_he_is_refused_is_no_fault(eve: Account) -> None:
    head = (
        f"POST /api/user/logout HTTP/1.1\r\nHost: localhost\r\nUser-Agent: another\r\n"
        f"token: {eve.token}\r\nContent-Length: 9\r\n\r\n"
    )
    before = eve.server.log.count(" ERROR ")
    for moment in range(200):
        with socket.create_connection(("127.0.0.1", eve.server.port), ANSWER_SECONDS) as connection:
            # So that the connection is cut, once it is closed.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(head.encode())
            time.sleep(moment / 100_000)
    eve.get("/api/user/me")
    assert eve.server.log.count(" ERROR ") == before
