"""The page as it is delivered: its headers, its cookie, its files, and the state of the server."""

import asyncio
import gzip
import re
import socket
from collections.abc import Callable

import brotli
import httpx
import pytest
from tornado import httpserver, netutil, web

from handlers.site import Site
from tests.running import ANSWER_SECONDS, Server

KEPT = "max-age=31536000, immutable"


def get(server: Server, path: str, **headers: str) -> httpx.Response:
    return server.http.get(path, headers=headers)


@pytest.mark.parametrize("path", ["/", "/docs", "/join/some-code"])
def test_a_page_comes_with_a_strict_policy(server: Server, path: str) -> None:
    page = get(server, path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["media-src"] == "'self' blob:"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in page.headers["content-security-policy"]
    if path != "/docs":
        permissions = page.headers["permissions-policy"].split(", ")
        assert [one for one in permissions if not one.endswith("=()")] == ["microphone=(self)"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", page.text)


def test_the_page_brings_a_device_cookie_once(server: Server) -> None:
    cookie = get(server, "/").headers["set-cookie"]
    assert re.match(r"device=[A-Za-z0-9_-]{20,64};", cookie)
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    kept = get(server, "/", Cookie=cookie.split(";")[0])
    assert "set-cookie" not in kept.headers
    assert "set-cookie" in get(server, "/", Cookie="device=a b").headers


def test_files_are_checked_by_their_etag(server: Server) -> None:
    first = get(server, "/static/js/im-client.js")
    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["x-content-type-options"] == "nosniff"
    again = get(server, "/static/js/im-client.js", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_file_whose_address_names_its_content_is_kept(server: Server) -> None:
    path = "/static/js/im-client.js"
    etag = get(server, path).headers["etag"].strip('"')
    kept = get(server, f"{path}?v={etag[:16]}")
    assert kept.headers["cache-control"] == KEPT
    for other in ("0" * 16, etag[:15], "", etag + "0"):
        assert get(server, f"{path}?v={other}").headers["cache-control"] == "no-cache", other


@pytest.mark.parametrize("path", ["/", "/admin", "/docs", "/join/some-code"])
def test_a_page_asks_for_its_files_by_their_edition_and_they_are_kept(
    server: Server, path: str
) -> None:
    page = get(server, path)
    assert page.headers["cache-control"] == "no-cache"
    again = get(server, path, **{"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    files = set(re.findall(r'"(/static/[^"]+)"', page.text))
    [edition] = {file.split("/")[2] for file in files}
    assert re.fullmatch(r"@[0-9a-f]{16}", edition)
    for file in files:
        kept = get(server, file)
        assert (kept.status_code, kept.headers["cache-control"]) == (200, KEPT), file
        assert ("etag" in kept.headers) == (not file.endswith((".js", ".css", ".svg"))), file
        other = get(server, file.replace(edition, "@" + "0" * 16))
        assert (other.content, other.headers["cache-control"]) == (kept.content, "no-cache")


def test_a_range_that_a_file_does_not_have_is_bad(server: Server) -> None:
    bad = server.call("GET", "/static/js/im-client.js", headers={"Range": "bytes=99999999-"})
    assert bad.refusal == (416, "bad_range")
    assert bad.headers["content-range"].startswith("bytes */")
    good = get(server, "/static/js/im-client.js", Range="bytes=0-9")
    assert (good.status_code, len(good.content)) == (206, 10)


@pytest.mark.parametrize(
    ("coding", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress)]
)
@pytest.mark.parametrize("path", ["/", "/docs", "/static/js/im-client.js", "/api/openapi.json"])
def test_texts_are_packed(
    server: Server, path: str, coding: str, unpack: Callable[[bytes], bytes]
) -> None:
    plain = get(server, path, **{"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with server.http.stream("GET", path, headers={"Accept-Encoding": coding}) as answer:
        body = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == coding
        assert answer.headers["content-length"] == str(len(body))
        assert "Accept-Encoding" in answer.headers["vary"]
    assert unpack(body) == plain.content
    assert len(body) < len(plain.content) / 2


def test_answers_and_pieces_are_not_packed(server: Server) -> None:
    long = get(server, "/api/" + "x" * 4000, **{"Accept-Encoding": "gzip, br"})
    assert "content-encoding" not in long.headers
    piece = get(server, "/static/js/im-client.js", Range="bytes=0-999")
    assert (piece.status_code, len(piece.content)) == (206, 1000)
    assert piece.headers["etag"] == get(server, "/static/js/im-client.js").headers["etag"]
    assert "content-encoding" not in piece.headers


def test_only_documents_say_what_is_of_documents(server: Server) -> None:
    of_documents = {"content-security-policy", "x-frame-options", "referrer-policy"}
    for path in ("/static/img/icon.svg", "/static/docs/index.html", "/", "/healthz"):
        assert of_documents <= set(get(server, path).headers), path
    for path in ("/static/js/im-client.js", "/static/css/tokens.css", "/static/vendor/emoji.json"):
        headers = get(server, path).headers
        assert not of_documents & set(headers), path
        assert headers["x-content-type-options"] == "nosniff"


def test_a_head_says_what_a_get_would(server: Server) -> None:
    for path in ("/", "/docs", "/static/js/im-client.js", "/static/img/icon-180.png"):
        whole, head = get(server, path), server.http.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == whole.headers["content-length"]
        assert head.headers["etag"] == whole.headers["etag"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/nothing.js",
        "/static/@/",
        "/static/@x",
        "/static/@x/../../run.py",
        "/static/../run.py",
        "/static/%2e%2e/run.py",
        "/static/",
        "/static/js",
    ],
)
def test_what_is_no_file_of_the_page_is_not_found(server: Server, path: str) -> None:
    status, _headers, body = server.raw(f"GET {path} HTTP/1.1\nHost: 127.0.0.1:{server.port}")
    assert status == 404, body
    assert b'"error":"not_found"' in body


def test_alive_and_ready(server: Server) -> None:
    assert server.call("GET", "/healthz").status == 200
    assert server.call("GET", "/readyz").data == {"sql": "up", "redis": "up", "mongo": "up"}


async def test_nothing_more_is_done_for_who_has_gone() -> None:
    served = 0

    class Counting(web.RequestHandler):
        async def get(self) -> None:
            nonlocal served
            served += 1
            await asyncio.sleep(0)

    server = httpserver.HTTPServer(Site([("/", Counting)]))
    [listening] = netutil.bind_sockets(0, "127.0.0.1")
    server.add_socket(listening)
    sent = 1000 * b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with socket.create_connection(listening.getsockname()) as connection:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_sendall(connection, sent)
        while not served:
            await asyncio.sleep(0)
    async with asyncio.timeout(ANSWER_SECONDS):
        while server._connections:
            await asyncio.sleep(0)
    server.stop()
    assert served < 100
