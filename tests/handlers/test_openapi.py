"""`/api/openapi.json` is valid, has every call, and is what the server answers by."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from handlers.call import call_of
from handlers.openapi import template
from handlers.routes import API, PAGES
from server.schema import fields
from tests.client import Account, register, url
from tests.described import DOCUMENT, check, operation
from tests.media import PDF, upload
from tests.operated import administrator
from tests.running import PASSWORD, ROOT, Reply, Server

PATH = "/api/openapi.json"
CHINESE = ROOT / "conf" / "locale" / "api.zh.json"

CALLS = [
    (method, template(pattern, call_of(handler, method)), call_of(handler, method))
    for pattern, handler in (*API, *PAGES)
    for method in handler.methods()
]

Call = Callable[[Account, Account], Reply]

# A call of each kind that is let through, after ann has written to bo once.
EXAMPLES: dict[tuple[str, str], Call] = {
    ("POST", "/api/user/register"): lambda ann, bo: register(ann.server),
    ("POST", "/api/user/login"): lambda ann, bo: bo.try_login(),
    ("POST", "/api/user/refresh"): lambda ann, bo: ann.on("x").post("/api/user/refresh"),
    ("POST", "/api/user/logout"): lambda ann, bo: ann.on("y").post("/api/user/logout"),
    ("GET", "/api/user/me"): lambda ann, bo: ann.get("/api/user/me"),
    ("PATCH", "/api/user/me"): lambda ann, bo: ann.call(
        "PATCH", "/api/user/me", json={"nickname": "Ann"}
    ),
    ("POST", "/api/user/password"): lambda ann, bo: Account.new(ann.server).post(
        "/api/user/password", old_password=PASSWORD, new_password=PASSWORD + "!"
    ),
    ("GET", "/api/user/sessions"): lambda ann, bo: ann.get("/api/user/sessions"),
    ("DELETE", "/api/user/sessions/{id}"): lambda ann, bo: ann.call(
        "DELETE", f"/api/user/sessions/{_other_session(ann)}"
    ),
    ("GET", "/api/user/blocks"): lambda ann, bo: ann.get("/api/user/blocks"),
    ("GET", "/api/user/search"): lambda ann, bo: ann.get("/api/user/search", q=bo.name),
    ("GET", "/api/user/{uid}"): lambda ann, bo: ann.get(f"/api/user/{bo.uid}"),
    ("PUT", "/api/user/{uid}/block"): lambda ann, bo: ann.call("PUT", f"/api/user/{bo.uid}/block"),
    ("DELETE", "/api/user/{uid}/block"): lambda ann, bo: ann.call(
        "DELETE", f"/api/user/{bo.uid}/block"
    ),
    ("GET", "/api/users"): lambda ann, bo: ann.get("/api/users", ids=f"{ann.uid},{bo.uid}"),
    ("GET", "/api/search"): lambda ann, bo: ann.get("/api/search", q="HELL", kind="text"),
    ("GET", "/api/stickers"): lambda ann, bo: ann.get("/api/stickers"),
    ("GET", "/api/test/test"): lambda ann, bo: ann.get("/api/test/test"),
    ("GET", "/api/conversations"): lambda ann, bo: ann.get("/api/conversations", limit=1),
    ("PATCH", "/api/conversations/{conv}"): lambda ann, bo: ann.call(
        "PATCH", url(ann, bo), json={"muted": True}
    ),
    ("GET", "/api/conversations/{conv}/reads"): lambda ann, bo: ann.get(url(ann, bo, "/reads")),
    ("GET", "/api/conversations/{conv}/messages"): lambda ann, bo: ann.get(
        url(ann, bo, "/messages")
    ),
    ("POST", "/api/conversations/{conv}/messages"): lambda ann, bo: ann.post(
        url(ann, bo, "/messages"), content="again", id="again", mentions=[bo.uid], reply_to=1
    ),
    ("DELETE", "/api/conversations/{conv}/messages/{seq}"): lambda ann, bo: ann.call(
        "DELETE", url(ann, bo, "/messages/1")
    ),
    ("PATCH", "/api/conversations/{conv}/messages/{seq}"): lambda ann, bo: ann.call(
        "PATCH", url(ann, bo, "/messages/1"), json={"content": "better"}
    ),
    ("GET", "/api/conversations/{conv}/messages/{seq}/reactions"): lambda ann, bo: ann.get(
        url(ann, bo, "/messages/1/reactions")
    ),
    ("PUT", "/api/conversations/{conv}/messages/{seq}/reactions/{emoji}"): lambda ann, bo: bo.call(
        "PUT", url(ann, bo, "/messages/1/reactions/👍")
    ),
    ("DELETE", "/api/conversations/{conv}/messages/{seq}/reactions/{emoji}"): lambda ann, bo: (
        bo.call("DELETE", url(ann, bo, "/messages/1/reactions/👍"))
    ),
    ("POST", "/api/groups"): lambda ann, bo: ann.post("/api/groups", name="We", members=[bo.uid]),
    ("GET", "/api/groups/{gid}"): lambda ann, bo: bo.get(_group(ann, bo)),
    ("PATCH", "/api/groups/{gid}"): lambda ann, bo: ann.call(
        "PATCH", _group(ann, bo), json={"announcement": "Welcome"}
    ),
    ("DELETE", "/api/groups/{gid}"): lambda ann, bo: ann.call("DELETE", _group(ann, bo)),
    ("POST", "/api/groups/{gid}/members"): lambda ann, bo: ann.post(
        _group(ann) + "/members", uids=[bo.uid]
    ),
    ("PUT", "/api/groups/{gid}/members/{uid}"): lambda ann, bo: ann.call(
        "PUT", f"{_group(ann, bo)}/members/{bo.uid}", json={"role": "admin"}
    ),
    ("DELETE", "/api/groups/{gid}/members/{uid}"): lambda ann, bo: bo.call(
        "DELETE", f"{_group(ann, bo)}/members/{bo.uid}"
    ),
    ("POST", "/api/groups/{gid}/links"): lambda ann, bo: ann.post(_group(ann) + "/links", uses=2),
    ("DELETE", "/api/groups/{gid}/links/{code}"): lambda ann, bo: ann.call(
        "DELETE", "{}/links/{}".format(*_link(ann))
    ),
    ("GET", "/api/join/{code}"): lambda ann, bo: bo.get(f"/api/join/{_link(ann)[1]}"),
    ("POST", "/api/join/{code}"): lambda ann, bo: bo.post(f"/api/join/{_link(ann)[1]}"),
    ("POST", "/api/conversations/{conv}/messages/{seq}/report"): lambda ann, bo: bo.post(
        url(ann, bo, "/messages/1/report"), reason="rude"
    ),
    ("POST", "/api/conversations/{conv}/read"): lambda ann, bo: bo.post(
        url(ann, bo, "/read"), seq=1
    ),
    ("POST", "/api/media"): lambda ann, bo: upload(ann, PDF),
    ("GET", "/api/admin/users"): lambda ann, bo: _admin(ann).get("/api/admin/users", q=bo.name),
    ("PUT", "/api/admin/users/{uid}/ban"): lambda ann, bo: _admin(ann).call(
        "PUT", f"/api/admin/users/{bo.uid}/ban", json={"reason": "spam"}
    ),
    ("DELETE", "/api/admin/users/{uid}/ban"): lambda ann, bo: _admin(ann).call(
        "DELETE", f"/api/admin/users/{bo.uid}/ban"
    ),
    ("DELETE", "/api/admin/users/{uid}/sessions"): lambda ann, bo: _admin(ann).call(
        "DELETE", f"/api/admin/users/{bo.uid}/sessions"
    ),
    ("GET", "/api/admin/reports"): lambda ann, bo: _reported(ann, bo)[0].get("/api/admin/reports"),
    ("POST", "/api/admin/reports/{id}"): lambda ann, bo: _reported(ann, bo)[0].post(
        f"/api/admin/reports/{_reported(ann, bo)[1]}", action="dismiss", note="a joke"
    ),
    ("GET", "/api/admin/stats"): lambda ann, bo: _admin(ann).get("/api/admin/stats"),
    ("GET", "/api/admin/stats/history"): lambda ann, bo: _admin(ann).get(
        "/api/admin/stats/history"
    ),
    ("GET", "/api/admin/audit"): lambda ann, bo: _admin(ann).get("/api/admin/audit"),
    ("DELETE", "/api/user/me"): lambda ann, bo: Account.new(ann.server).call(
        "DELETE", "/api/user/me", json={"password": PASSWORD}
    ),
    ("POST", "/api/admin/invites"): lambda ann, bo: _admin(ann).post("/api/admin/invites", uses=1),
    ("GET", "/api/admin/words"): lambda ann, bo: _admin(ann).get("/api/admin/words"),
    ("POST", "/api/admin/words"): lambda ann, bo: _admin(ann).post(
        "/api/admin/words", words=["example word"]
    ),
    ("DELETE", "/api/admin/words"): lambda ann, bo: _admin(ann).call(
        "DELETE", "/api/admin/words", json={"words": ["example word"]}
    ),
    ("GET", "/ws"): lambda ann, bo: ann.server.handshake(f"token: {ann.token}"),
    ("GET", "/healthz"): lambda ann, bo: ann.get("/healthz"),
    ("GET", "/readyz"): lambda ann, bo: ann.get("/readyz"),
}


def _admin(account: Account) -> Account:
    assert isinstance(account.server, Server)
    return administrator(account.server)


def _reported(ann: Account, bo: Account) -> tuple[Account, str]:
    """An administrator, and what he has to look at."""
    reported = bo.post(url(ann, bo, "/messages/1/report"), reason="rude")
    return _admin(ann), reported.data["id"]


def _group(owner: Account, *members: Account) -> str:
    made = owner.post("/api/groups", name="We", members=[one.uid for one in members])
    return f"/api/groups/{made.data['gid']}"


def _link(owner: Account) -> tuple[str, str]:
    """A group, and the code of a link into it."""
    group = _group(owner)
    return group, owner.post(group + "/links").data["code"]


def _other_session(account: Account) -> str:
    account.on("z")
    devices = account.get("/api/user/sessions").data
    return next(str(device["id"]) for device in devices if not device["current"])


def test_it_is_valid() -> None:
    validate(DOCUMENT)
    with pytest.raises(OpenAPIValidationError):
        validate(DOCUMENT | {"paths": {"/x/{y}": DOCUMENT["paths"]["/healthz"]}})


def test_every_verb_of_every_route_is_in_it() -> None:
    described = {(m.upper(), path) for path, verbs in DOCUMENT["paths"].items() for m in verbs}
    assert described == {(method, path) for method, path, _ in CALLS}


def test_every_call_has_a_text() -> None:
    for path, verbs in DOCUMENT["paths"].items():
        for method, said in verbs.items():
            assert 3 <= len(said["summary"]) <= 100, (method, path)


def test_every_field_of_every_body_and_query_is_in_it() -> None:
    for method, path, said in CALLS:
        operation = DOCUMENT["paths"][path][method.lower()]
        takes = (said.body, said.file, said.octets)
        assert ("requestBody" in operation) == any(each is not None for each in takes)
        if said.body is not None:
            contents = operation["requestBody"]["content"].values()
            (reference,) = {content["schema"]["$ref"] for content in contents}
            body = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
            assert set(body["properties"]) == {field.name for field in fields(said.body)}
            assert body["required"] == [f.name for f in fields(said.body) if f.required]
        queried = {p["name"] for p in operation["parameters"] if p.get("in") == "query"}
        assert (
            queried == {field.name for field in fields(said.query)} if said.query else not queried
        )


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for method, path, said in CALLS if said.envelope and method != "HEAD"],
)
def test_a_real_answer_of_each_call_is_as_described(server: Server, method: str, path: str) -> None:
    ann, bo = Account.new(server), Account.new(server)
    ann.say(bo)
    answer = EXAMPLES[method, path](ann, bo)
    assert operation(method, path) is not None
    described = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert answer.status == min(map(int, described)), answer


def test_an_answer_that_is_not_as_described_is_found() -> None:
    def envelope(data: Any, error: str = "", status: int = 200) -> dict[str, Any]:
        return {"status": status, "msg": "OK", "data": data, "error": error}

    profile = {"uid": 1, "user_name": "a", "nickname": "b", "avatar": None, "online": True}
    check("GET", "/api/user/1", 200, envelope(profile))
    check("GET", "/api/user/1?x=1", 404, envelope(None, "not_found", 404))
    check("GET", "/nothing", 200, envelope(profile))
    for data in (profile | {"more": 1}, profile | {"uid": "1"}, {"uid": 1}, None):
        with pytest.raises(AssertionError, match="otherwise than described"):
            check("GET", "/api/user/1", 200, envelope(data))
    with pytest.raises(AssertionError, match="otherwise than described"):
        check("GET", "/api/user/1", 403, envelope(None, "too_late", 403))
    with pytest.raises(AssertionError, match="does not say that it answers 409"):
        check("GET", "/api/user/1", 409, envelope(None, "conflict", 409))


def test_it_is_served_without_the_envelope_to_anyone(server: Server) -> None:
    first = server.http.get(PATH)
    assert first.status_code == 200
    assert first.json() == json.loads(json.dumps(DOCUMENT))
    assert first.headers["content-type"].startswith("application/json")
    assert first.headers["cache-control"] == "no-cache"
    assert all(not entry["url"].startswith("http") for entry in first.json()["servers"])
    again = server.http.get(PATH, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    stale = server.http.get(PATH, headers={"If-None-Match": '"another"'})
    assert stale.status_code == 200


def test_it_is_compressed(server: Server) -> None:
    with server.http.stream("GET", PATH, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert json.loads(gzip.decompress(packed))["openapi"].startswith("3.1")
    assert len(packed) < 20_000


def _sentences(part: Any) -> Iterator[str]:
    """What the document says to people, but for what each word of a refusal says."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name in ("summary", "description") and isinstance(value, str):
                if value.startswith("- "):
                    lines = re.findall(r"^- ([^`].*): (.*)$", value, re.MULTILINE)
                    yield from itertools.chain.from_iterable(lines)
                elif value:
                    yield value
            else:
                yield from _sentences(value)
    elif isinstance(part, list):
        for one in part:
            yield from _sentences(one)


def test_every_sentence_is_there_in_chinese_and_no_other() -> None:
    assert set(_sentences(DOCUMENT)) == json.loads(CHINESE.read_text(encoding="utf-8")).keys()


def test_it_speaks_the_language_of_its_reader(server: Server) -> None:
    answer = server.http.get(PATH, headers={"Accept-Language": "zh-CN"})
    assert "Accept-Language" in answer.headers["vary"]
    chinese = answer.json()
    validate(chinese)
    said = chinese["paths"]["/api/user/register"]["post"]
    assert said["summary"] == "注册账号"
    assert said["responses"]["409"]["description"] == "- `user_exists`: 用户名已被占用。"
    assert not [one for one in _sentences(chinese) if one.isascii()]
    assert server.http.get(PATH).json() == json.loads(json.dumps(DOCUMENT))
