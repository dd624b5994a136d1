"""Calls of administrators are for them alone, whoever else is signed in."""

from __future__ import annotations

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
