"""Resumable uploads, request by request: every status of tus 1.0, and our own refusals."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest

from tests import tus
from tests.client import Account
from tests.media import PDF, left_uploads, png
from tests.running import USER_AGENT, Server, running
from tests.tus import OCTETS, PATH, VERSION, at, begin, call, head, offset, patch, refused

MIB = 1024 * 1024
PAGE = "https://chat.example.org"
DAY = 24 * 3600


@pytest.fixture(scope="module")
def narrow() -> Iterator[Server]:
    """A server that takes little, also from pages of another origin."""
    with running(
        limits_uploadsperminute=3, media_maxfilemb=1, service_allowedorigins=PAGE
    ) as server:
        yield server


@pytest.fixture
def nan(narrow: Server) -> Account:
    return Account.new(narrow)


def medium(who: Account, id: str) -> bytes:
    """The bytes of a medium, which is not somebody else's."""
    answer = who.server.http.get(f"/api/media/{id}", headers=who.headers)
    assert answer.status_code == 200
    return answer.content


# What it can do


def test_options_say_what_it_can_do_to_anyone(narrow: Server) -> None:
    for path in (PATH, f"{PATH}/x"):
        answer = narrow.http.options(path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["tus-version"] == "1.0.0"
        assert set(answer.headers["tus-extension"].split(",")) == {
            "creation",
            "creation-with-upload",
            "expiration",
            "termination",
        }
        assert answer.headers["tus-max-size"] == str(MIB)
        assert "access-control-allow-origin" not in answer.headers


def test_without_a_limit_none_is_told(strict: Server) -> None:
    assert "tus-max-size" not in strict.http.options(PATH).headers


def test_pages_of_an_allowed_origin_may_send_and_read_its_headers(nan: Account) -> None:
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "tus-resumable,upload-offset",
    }
    answer = nan.server.http.options(f"{PATH}/x", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert {"POST", "PATCH", "DELETE"} <= set(
        answer.headers["access-control-allow-methods"].split(", ")
    )
    assert {"token", "Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata"} <= set(
        answer.headers["access-control-allow-headers"].split(", ")
    )
    made = call(nan, "POST", PATH, headers={"Origin": PAGE, "Upload-Length": "1"})
    for each in (answer, made, call(nan, "HEAD", f"{PATH}/x", headers={"Origin": PAGE})):
        assert each.headers["access-control-allow-origin"] == PAGE
        assert {
            "Location",
            "Tus-Extension",
            "Tus-Max-Size",
            "Tus-Resumable",
            "Tus-Version",
            "Upload-Expires",
            "Upload-Length",
            "Upload-Offset",
            "X-Media-Id",
        } <= set(each.headers["access-control-expose-headers"].split(", "))


def test_pages_of_another_origin_may_not(nan: Account) -> None:
    foreign = {"Origin": "https://evil.example"}
    assert nan.server.call("OPTIONS", PATH, headers=foreign).refusal == (405, "method_not_allowed")
    path = begin(nan, 1)
    for method, at_path in (("POST", PATH), ("PATCH", path), ("DELETE", path)):
        answer = refused(nan, method, at_path, headers=at(0, **foreign))
        assert answer.refusal == (403, "bad_origin")
    own = {"Origin": nan.server.url}
    assert nan.server.http.options(PATH, headers=own).status_code == 204
    assert call(nan, "PATCH", path, headers=at(0, **own), content=b"x").status_code == 204


# To begin


def test_an_upload_begins_with_nothing_and_is_kept_for_a_day(eve: Account) -> None:
    headers = {"Upload-Length": "70", "Upload-Metadata": tus.name("ä.pdf")}
    answer = call(eve, "POST", PATH, headers=headers)
    assert answer.status_code == 201
    path = answer.headers["location"]
    assert path.startswith(f"{PATH}/")
    expires = parsedate_to_datetime(answer.headers["upload-expires"]).timestamp()
    assert abs(expires - time.time() - DAY) < 60
    found = head(eve, path)
    assert found.status_code == 200
    assert (found.headers["upload-offset"], found.headers["upload-length"]) == ("0", "70")
    assert found.headers["upload-metadata"] == headers["Upload-Metadata"]
    assert found.headers["upload-expires"] and found.headers["cache-control"] == "no-store"
    assert "x-media-id" not in found.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Defer-Length": "1"},
        {"Upload-Length": ""},
        {"Upload-Length": "-1"},
        {"Upload-Length": "1.0"},
        {"Upload-Length": "1e3"},
        {"Upload-Length": "0x10"},
        {"Upload-Length": "9" * 19},
        {"Upload-Length": "1", "Upload-Metadata": "filename ?"},
    ],
    ids=str,
)
def test_what_is_malformed_begins_nothing(eve: Account, headers: dict[str, str]) -> None:
    assert call(eve, "POST", PATH, headers=headers).status_code == 400


def test_a_file_may_be_so_large_and_no_larger(nan: Account) -> None:
    path = begin(nan, MIB)
    for size in (MIB + 1, 10**17):
        answer = refused(nan, "POST", PATH, headers={"Upload-Length": str(size)})
        assert answer.refusal == (413, "too_large")
    assert patch(nan, path, 0, bytes(MIB)).headers["x-media-id"]


def test_beginning_counts_against_the_limit_and_going_on_does_not(nan: Account) -> None:
    paths = [begin(nan, 9) for _ in range(3)]
    answer = refused(nan, "POST", PATH, headers={"Upload-Length": "9"})
    assert answer.refusal == (429, "rate_limited")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    for path in paths:
        for at_offset in range(9):
            assert patch(nan, path, at_offset, b"x").status_code == 204


def test_an_empty_file_is_whole_at_once(eve: Account) -> None:
    answer = call(eve, "POST", PATH, headers={"Upload-Length": "0"})
    assert answer.status_code == 201
    assert medium(eve, answer.headers["x-media-id"]) == b""
    found = head(eve, answer.headers["location"])
    assert found.headers["x-media-id"] == answer.headers["x-media-id"]
    assert (found.headers["upload-offset"], found.headers["upload-length"]) == ("0", "0")


def test_the_first_request_may_bring_some_of_it_or_all(eve: Account) -> None:
    headers = {"Upload-Length": str(len(PDF)), "Content-Type": OCTETS}
    whole = call(eve, "POST", PATH, headers=headers, content=PDF)
    assert whole.status_code == 201
    assert medium(eve, whole.headers["x-media-id"]) == PDF
    some = call(eve, "POST", PATH, headers=headers, content=PDF[:9])
    assert (some.status_code, some.headers["upload-offset"]) == (201, "9")
    last = patch(eve, some.headers["location"], 9, PDF[9:])
    assert medium(eve, last.headers["x-media-id"]) == PDF
    assert refused(eve, "POST", PATH, headers=headers, content=PDF + b"x").status == 413
    other = headers | {"Content-Type": "application/pdf"}
    assert call(eve, "POST", PATH, headers=other, content=PDF).status_code == 415


# To go on


def test_piece_by_piece_it_becomes_a_medium_like_any_other(ann: Account, bo: Account) -> None:
    data = png()
    path = begin(ann, len(data), metadata=tus.name("../ä.png"))
    first = patch(ann, path, 0, data[:50])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "50")
    assert first.headers["upload-expires"] and "x-media-id" not in first.headers
    assert (offset(ann, path), patch(ann, path, 50, b"").status_code) == (50, 204)
    last = patch(ann, path, 50, data[50:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(data)))
    id = last.headers["x-media-id"]
    # Whoever has not got that answer asks again, and again.
    for _ in range(2):
        again = head(ann, path)
        assert again.headers["upload-offset"] == again.headers["upload-length"]
        assert again.headers["x-media-id"] == id
        assert patch(ann, path, len(data), b"").headers["x-media-id"] == id
    told = ann.server.http.head(f"/api/media/{id}", headers=ann.headers).headers
    kind = "file" if told["content-disposition"].startswith("attachment") else "image"
    ann.say(bo, id, kind=kind)
    assert medium(bo, id)
    assert "filename*=UTF-8''%C3%A4.png" in told["content-disposition"]
    assert left_uploads(ann.server.data / "data") == []


def test_it_goes_on_where_it_is_and_nowhere_else(eve: Account) -> None:
    path = begin(eve, 100)
    assert patch(eve, path, 0, bytes(10)).status_code == 204
    for wrong in (0, 9, 11, 100, 10**17):
        assert patch(eve, path, wrong, bytes(10)).status_code == 409, wrong
    for malformed in ("", "-1", "1.0", "x", "9" * 19):
        headers = at(0) | {"Upload-Offset": malformed}
        assert call(eve, "PATCH", path, headers=headers, content=b"x").status_code == 400
    no_offset = {"Content-Type": OCTETS}
    assert call(eve, "PATCH", path, headers=no_offset, content=b"x").status_code == 400
    assert offset(eve, path) == 10


def test_a_body_is_of_the_type_of_tus(eve: Account) -> None:
    path = begin(eve, 100)
    for kind in ("application/octet-stream", "", "multipart/form-data; boundary=x"):
        headers = at(0) | {"Content-Type": kind}
        assert call(eve, "PATCH", path, headers=headers, content=b"x").status_code == 415
    assert offset(eve, path) == 0


def test_another_version_is_refused_with_the_one_there_is(eve: Account) -> None:
    path = begin(eve, 100)
    for version in ("0.2.2", "2.0.0", "1.0", ""):
        for method, at_path in (("POST", PATH), ("HEAD", path), ("PATCH", path), ("DELETE", path)):
            headers = at(0) | {"Upload-Length": "1", "Tus-Resumable": version}
            content = b"x" if method == "PATCH" else None
            answer = call(eve, method, at_path, headers=headers, content=content)
            assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")
    plain = eve.server.http.head(path, headers=eve.headers)
    assert plain.status_code == 412
    assert offset(eve, path) == 0


def test_nothing_beyond_the_length_is_taken(eve: Account) -> None:
    path = begin(eve, 10)
    assert refused(eve, "PATCH", path, headers=at(0), content=bytes(11)).status == 413
    assert offset(eve, path) == 0
    assert patch(eve, path, 0, bytes(4)).status_code == 204
    assert refused(eve, "PATCH", path, headers=at(4), content=bytes(7)).status == 413
    with tus.Line(eve, path, 4, 7) as line:
        # Before a byte of it has come.
        assert line.refusal().refusal == (413, "too_large")
    with tus.Line(eve, path, 4, None) as line:
        line.send(bytes(7))
        assert line.refusal().refusal == (413, "too_large")
    assert patch(eve, path, 4, b"123456").status_code == 204
    whole = head(eve, path)
    assert medium(eve, whole.headers["x-media-id"]) == bytes(4) + b"123456"
    assert refused(eve, "PATCH", path, headers=at(10), content=b"x").status == 413


def test_a_client_that_can_only_post_says_what_it_means(eve: Account) -> None:
    path = begin(eve, 4)

    def meant(method: str, **options: object) -> tuple[int, dict[str, str]]:
        headers = eve.headers | VERSION | at(0) | {"X-HTTP-Method-Override": method}
        answer = eve.server.http.post(path, headers=headers, **options)  # type: ignore[arg-type]
        return answer.status_code, dict(answer.headers)

    assert meant("PATCH", content=b"half")[0] == 204
    status, headers = meant("HEAD")
    assert (status, headers["upload-offset"]) == (200, "4")
    assert meant("delete")[0] == 204
    assert meant("HEAD")[0] == 404
    assert refused(eve, "POST", path).refusal == (405, "method_not_allowed")
    # Who leaves it empty means nothing by it.
    unsaid = {"Upload-Length": "4", "X-HTTP-Method-Override": ""}
    assert call(eve, "POST", PATH, headers=unsaid).status_code == 201


# Whose it is


def test_it_is_its_owners_alone(ann: Account, bo: Account) -> None:
    path = begin(ann, 4)
    for who, at_path in ((bo, path), (ann, f"{PATH}/nothing"), (ann, f"{PATH}/%ff")):
        assert head(who, at_path).status_code == 404
        assert patch(who, at_path, 0, b"evil").status_code == 404
        assert call(who, "DELETE", at_path).status_code == 404
    assert patch(ann, path, 0, b"mine").status_code == 204
    assert head(bo, path).status_code == 404
    assert "x-media-id" in head(ann.on("another device"), path).headers


def test_what_is_ended_is_gone(eve: Account) -> None:
    path = begin(eve, 4)
    assert patch(eve, path, 0, b"ha").status_code == 204
    assert call(eve, "DELETE", path).status_code == 204
    assert head(eve, path).status_code == 404
    assert patch(eve, path, 2, b"lf").status_code == 404
    assert call(eve, "DELETE", path).status_code == 404


def test_what_has_become_a_medium_stays_one(eve: Account) -> None:
    path = begin(eve, 4)
    id = patch(eve, path, 0, b"full").headers["x-media-id"]
    assert call(eve, "DELETE", path).status_code == 204
    assert medium(eve, id) == b"full"


def test_who_is_asking_is_checked_before_the_first_byte_of_a_body(eve: Account) -> None:
    path = begin(eve, 100)
    lines = {"Host": "localhost", "User-Agent": USER_AGENT, "Content-Length": "100"}
    for method, at_path in (("POST", PATH), ("PATCH", path)):
        headers = lines | VERSION | at(0) | {"Upload-Length": "100"}
        head = [f"{method} {at_path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        assert eve.server.raw_reply("\n".join(head)).refusal == (401, "token_missing")
        no_agent = [line for line in head if not line.startswith("User-Agent")]
        assert eve.server.raw_reply("\n".join(no_agent)).refusal == (400, "user_agent_required")
    assert offset(eve, path) == 0
