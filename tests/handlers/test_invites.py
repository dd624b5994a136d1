"""Accounts by invitation: made by administrators, counted, and good for nothing once spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.client import Account, register
from tests.grouped import invalid, refused
from tests.operated import by_invitation, code
from tests.running import Server

PATH = "/api/admin/invites"


def test_registration_by_invitation(servers: Callable[..., Server], tmp_path: Path) -> None:
    admin = by_invitation(servers, tmp_path)
    invalid(register(admin.server), "invite", "required")
    invalid(register(admin.server, invite=""), "invite", "required")
    invalid(register(admin.server, invite="never made"), "invite", "unknown_value")
    once = code(admin, uses=1)
    # What is refused for another reason spends nothing.
    refused(register(admin.server, user_name=admin.name, invite=once), 409, "user_exists")
    assert register(admin.server, invite=once).status == 201
    invalid(register(admin.server, invite=once), "invite", "unknown_value")
    several = code(admin)
    assert {register(admin.server, invite=several).status for _ in range(2)} == {201}
    last = code(admin, uses=1, until=int(time.time() * 1000) + 60_000)
    with ThreadPoolExecutor(4) as pool:
        tried = list(pool.map(lambda _: register(admin.server, invite=last), range(4)))
    assert sorted(one.status for one in tried) == [201, 400, 400, 400]
    acts = [entry["act"] for entry in admin.get("/api/admin/audit").data["entries"]]
    assert acts[:3] == ["invite"] * 3


def test_an_invitation_has_its_rules(admin: Account) -> None:
    invalid(admin.post(PATH, uses=0), "uses", "range")
    invalid(admin.post(PATH, until=int(time.time() * 1000) - 1), "until", "range")


def test_in_an_open_house_nobody_asks_for_one(server: Server) -> None:
    assert register(server, invite="never made").status == 201
