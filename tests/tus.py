"""A client of tus 1.0 that knows nothing of retries: each call is one request."""

from __future__ import annotations

import base64
import socket
import time
from http.client import HTTPResponse
from typing import Any, Self

import httpx

from tests.client import SECONDS, Account
from tests.described import DOCUMENT, operation
from tests.running import ANSWER_SECONDS, Reply, reply

PATH = "/api/media/tus"
OCTETS = "application/offset+octet-stream"
VERSION = {"Tus-Resumable": "1.0.0"}


def name(text: str) -> str:
    """The metadata of a file of that name."""
    return "filename " + base64.b64encode(text.encode()).decode()


def call(who: Account, method: str, path: str, **options: Any) -> httpx.Response:
    """A call whose answer has been found to be one of tus, and described."""
    headers = who.headers | VERSION | options.pop("headers", {})
    answer = who.server.http.request(method, path, headers=headers, **options)
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert answer.content == b"" and "content-type" not in answer.headers, answer.text
    found = operation(headers.get("X-HTTP-Method-Override", method), path)
    if found is not None:
        assert str(answer.status_code) in DOCUMENT["paths"][found[0]][method.lower()]["responses"]
    return answer


def refused(who: Account, method: str, path: str, **options: Any) -> Reply:
    """A call that is refused with the envelope."""
    answer = who.call(method, path, headers=VERSION | options.pop("headers", {}), **options)
    assert answer.headers["tus-resumable"] == "1.0.0"
    return answer


def begin(who: Account, length: int, *, metadata: str = name("file.bin")) -> str:
    """The path of an upload that has just begun."""
    headers = {"Upload-Length": str(length), "Upload-Metadata": metadata}
    answer = call(who, "POST", PATH, headers=headers)
    assert answer.status_code == 201
    return answer.headers["location"]


def at(offset: int, **headers: str) -> dict[str, str]:
    """The headers of a body that goes on there."""
    return {"Upload-Offset": str(offset), "Content-Type": OCTETS} | headers


def patch(who: Account, path: str, offset: int, data: bytes) -> httpx.Response:
    return call(who, "PATCH", path, headers=at(offset), content=data)


def head(who: Account, path: str) -> httpx.Response:
    return call(who, "HEAD", path)


def offset(who: Account, path: str) -> int:
    """How far an upload has come."""
    answer = head(who, path)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def comes_to(who: Account, path: str, expected: int) -> None:
    """Wait until an upload has come so far; nothing tells of it."""
    deadline = time.monotonic() + SECONDS
    while (found := offset(who, path)) != expected:
        assert time.monotonic() < deadline, f"at {found}, not at {expected}"
        time.sleep(0.01)


class Line:
    """A PATCH whose body comes as the test has it come."""

    def __init__(self, who: Account, path: str, offset: int, length: int | None) -> None:
        """Args:
        length: of the body; None for one in chunks.
        """
        size = ("Transfer-Encoding", "chunked")
        if length is not None:
            size = ("Content-Length", str(length))
        headers = who.headers | VERSION | at(offset) | {"Host": "localhost"} | dict([size])
        lines = [f"PATCH {path} HTTP/1.1", *(f"{key}: {text}" for key, text in headers.items())]
        self._chunked = length is None
        self._socket = socket.create_connection(("127.0.0.1", who.server.port), ANSWER_SECONDS)
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def send(self, data: bytes) -> None:
        if self._chunked:
            data = b"%x\r\n%s\r\n" % (len(data), data)
        self._socket.sendall(data)

    def answer(self) -> tuple[int, httpx.Headers, bytes]:
        """What the server says, which closes the connection or says how long that is."""
        response = HTTPResponse(self._socket)
        response.begin()
        return response.status, httpx.Headers(response.getheaders()), response.read()

    def refusal(self) -> Reply:
        return reply(*self.answer())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Cut: as a phone that enters a tunnel and comes out elsewhere."""
        self._socket.close()
