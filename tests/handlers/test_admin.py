"""Calls of administrators are for them alone, whoever else is signed in."""

from __future__ import annotations

import pytest

from handlers.routes import API
from tests.client import Account, ask
from tests.running import Server

PATH = "/api/admin/audit"


def test_every_call_under_admin_lets_only_administrators_through(eve: Account) -> None:
    calls = [
        (method, pattern.replace("([^/]+)", "1"))
        for pattern, handler in API
        for method in handler.methods()
        if pattern.startswith("/api/admin/")
    ]
    assert calls
    for method, path in calls:
        # Before the body is read: what she sends would be refused for other reasons.
        assert eve.call(method, path).refusal == (403, "forbidden"), (method, path)


def test_the_token_is_looked_at_first(server: Server) -> None:
    assert ask(server, {}, PATH).refusal == (401, "token_missing")
    assert ask(server, {"token": "x"}, PATH).refusal == (401, "token_invalid")


EDGES: list[object] = [None, True, 0, -1, 2**63, 1.5, "", "x", "\ud800", "\x00", "x" * 2000, [], {}]
FIELDS = "q cursor limit state before since step reason until action note words uses".split()


def test_nothing_that_an_administrator_sends_is_answered_500(admin: Account, bo: Account) -> None:
    for pattern, handler in API:
        if not pattern.startswith("/api/admin/"):
            continue
        for segment in (str(bo.uid), "x", "0", "9" * 30, "%00", "%F0%9F%98%80"):
            path = pattern.replace("([^/]+)", segment)
            for method in handler.methods():
                for edge in EDGES if segment == str(bo.uid) else EDGES[:1]:
                    query = dict.fromkeys(FIELDS, ascii(edge)[:50])
                    body = dict.fromkeys(FIELDS, edge)
                    answer = admin.call(method, path, json=body, params=query)
                    assert answer.status < 500, (method, path, edge)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_call_changes_the_trail(admin: Account, method: str) -> None:
    before = admin.get(PATH).data
    assert admin.call(method, PATH, json={}).refusal == (405, "method_not_allowed")
    assert admin.get(PATH).data == before
