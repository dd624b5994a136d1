"""Uploads: what is taken, what is refused, and what is left of what broke."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.client import Account
from tests.media import PDF, left_uploads, png, upload, uploaded, wav
from tests.running import ANSWER_SECONDS, Reply, Server, running

BOUNDARY = "----tests"
KIND = f"multipart/form-data; boundary={BOUNDARY}"
MIB = 1024 * 1024


def part(data: bytes, *, field: str = "file", name: str | None = "a.bin") -> bytes:
    named = "" if name is None else f'; filename="{name}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def send(
    who: Account, body: bytes, kind: str = f"multipart/form-data; boundary={BOUNDARY}"
) -> Reply:
    return who.call("POST", "/api/media", content=body, headers={"Content-Type": kind})


def head(who: Account, length: int) -> bytes:
    """The head of an upload of so many bytes."""
    lines = [
        "POST /api/media HTTP/1.1",
        f"Host: 127.0.0.1:{who.server.port}",
        f"Content-Type: {KIND}",
        f"Content-Length: {length}",
        *(f"{name}: {value}" for name, value in who.headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def awaited(done: Callable[[], bool]) -> None:
    """Wait until something is so that nothing tells of."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# What is taken


def test_a_picture_is_told_with_its_size(ann: Account) -> None:
    told = uploaded(ann, png(640, 480), "Holiday.png")
    assert {name: told[name] for name in ("kind", "mime", "name", "width", "height", "thumb")} == {
        "kind": "image",
        "mime": "image/png",
        "name": "Holiday.png",
        "width": 640,
        "height": 480,
        "thumb": True,
    }
    assert told["size"] > 0 and told["placeholder"]


def test_a_voice_is_told_with_its_duration(ann: Account) -> None:
    told = uploaded(ann, wav(1.5), "note.wav")
    assert (told["kind"], told["mime"], told["thumb"]) == ("voice", "audio/wav", False)
    assert told["duration"] == pytest.approx(1500, abs=20)
    assert len(told["waveform"]) == 64


def test_anything_else_is_a_file_whatever_it_is_called(ann: Account) -> None:
    told = uploaded(ann, PDF, "picture.png")
    assert (told["kind"], told["mime"]) == ("file", "application/pdf")
    assert (told["name"], told["size"]) == ("picture.png", len(PDF))
    assert told.keys() == {"id", "kind", "mime", "size", "name", "thumb"}


@pytest.mark.parametrize("data", [b"<html><script>1</script>", b"<svg onload='x()'/>", b""])
def test_what_a_browser_would_run_is_a_file_of_no_type(ann: Account, data: bytes) -> None:
    told = uploaded(ann, data, "photo.jpg")
    assert (told["kind"], told["mime"]) == ("file", "application/octet-stream")


def test_other_fields_are_read_over(ann: Account) -> None:
    made = send(ann, form(part(b"1", field="note", name=None), part(PDF), part(b"2", field="x")))
    assert (made.status, made.data["size"]) == (201, len(PDF))


def test_each_upload_has_an_id_of_its_own(ann: Account) -> None:
    assert uploaded(ann, PDF)["id"] != uploaded(ann, PDF)["id"]


def test_nothing_is_left_of_what_was_taken(server: Server, ann: Account) -> None:
    uploaded(ann, png())
    awaited(lambda: left_uploads(server.data / "data") == [])


# What is refused


@pytest.mark.parametrize(
    ("body", "kind", "refusal"),
    [
        (form(part(b"1"), part(b"2")), None, (400, "bad_request")),
        (part(b"no end"), None, (400, "bad_request")),
        (b"no form at all", None, (400, "bad_request")),
        (b"", None, (400, "bad_request")),
        (form(part(b"1")), "multipart/form-data", (400, "bad_request")),
        (b"", f"multipart/form-data; boundary={'b' * 5000}", (400, "bad_request")),
        (form(part(b"1")), "application/octet-stream", (415, "unsupported_media")),
        (b'{"file": "x"}', "application/json", (415, "unsupported_media")),
    ],
)
def test_what_is_no_form_with_one_file_is_refused(
    ann: Account, body: bytes, kind: str | None, refusal: tuple[int, str]
) -> None:
    answer = send(ann, body, kind) if kind else send(ann, body)
    assert answer.refusal == refusal


def test_a_form_without_the_file_names_the_field(ann: Account) -> None:
    assert send(ann, form(part(b"1", field="files"))).broken == ("file", "required")


def test_a_token_is_asked_for_before_the_first_byte(ann: Account) -> None:
    stranger = Account(ann.server, "nobody", 0)
    stranger.token = "x"
    with socket.create_connection(("127.0.0.1", ann.server.port), ANSWER_SECONDS) as line:
        line.sendall(head(stranger, 40 * MIB))
        assert line.recv(12) == b"HTTP/1.1 401"


def test_a_question_before_the_upload_may_have_a_body_too(ann: Account) -> None:
    asked = ann.call("OPTIONS", "/api/media", content=form(part(b"1")))
    assert asked.refusal == (405, "method_not_allowed")


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    """A server that takes files of 1 MiB."""
    with running(media_maxfilemb=1, limits_uploadsperminute=3) as server:
        yield server


def test_a_file_may_be_as_large_as_is_allowed_and_no_larger(small: Server) -> None:
    who = Account.new(small)
    assert upload(who, b"x" * MIB).status == 201
    assert upload(who, b"x" * (MIB + 1)).refusal == (413, "too_large")
    awaited(lambda: left_uploads(small.data / "data") == [])


def test_a_body_that_does_not_say_how_large_it_is_is_counted(small: Server) -> None:
    who = Account.new(small)
    body = form(part(b"x" * (MIB + 1)))
    answer = who.call(
        "POST",
        "/api/media",
        content=iter([body[:1000], body[1000:]]),
        headers={"Content-Type": KIND},
    )
    assert answer.refusal == (413, "too_large")


def test_one_who_uploads_too_often_is_told_when_to_come_again(small: Server) -> None:
    who = Account.new(small)
    assert [upload(who, PDF).status for _ in range(3)] == [201] * 3
    refused = upload(who, PDF)
    assert refused.refusal == (429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 20


def test_an_upload_that_breaks_off_leaves_nothing(server: Server, ann: Account) -> None:
    folder = server.data / "data"
    with socket.create_connection(("127.0.0.1", server.port), ANSWER_SECONDS) as line:
        line.sendall(head(ann, 5 * MIB) + part(b"x" * MIB))
        awaited(lambda: left_uploads(folder) != [])
    awaited(lambda: left_uploads(folder) == [])
    assert ann.get("/api/user/me").status == 200
