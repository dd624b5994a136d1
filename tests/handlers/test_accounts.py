"""What administrators do to people: find, ban, sign out."""

from __future__ import annotations

import asyncio
import contextlib
import time

from websockets.exceptions import ConnectionClosed

from server.admins import FOR_EVER
from tests.client import Account, page, url
from tests.running import Reply

BANNED = (403, "banned")
KICKED = 4003


def ban(admin: Account, whom: Account, **fields: object) -> Reply:
    return admin.call("PUT", f"/api/admin/users/{whom.uid}/ban", json={"reason": "spam"} | fields)


def unban(admin: Account, whom: Account) -> Reply:
    return admin.call("DELETE", f"/api/admin/users/{whom.uid}/ban")


def soon(seconds: float) -> int:
    return int((time.time() + seconds) * 1000)


async def test_a_ban_ends_what_he_has_and_lets_him_in_nowhere(admin: Account, bo: Account) -> None:
    phone = bo.on("a phone")
    async with bo.chat() as one, phone.chat() as other:
        answer = ban(admin, bo)
        assert answer.data == {"uid": bo.uid, "banned_until": FOR_EVER}
        # Closed by now: neither had to be waited for.
        assert await one.closed() == await other.closed() == KICKED
    assert bo.get("/api/user/me").refusal == BANNED
    assert phone.post("/api/user/refresh").refusal == BANNED
    assert bo.server.handshake(f"token: {bo.token}").refusal == BANNED
    assert bo.try_login().refusal == BANNED
    assert bo.try_login("not the password").refusal == (401, "bad_credentials")
    assert unban(admin, bo).data == {"uid": bo.uid, "banned_until": 0}
    # The older tokens stay dead, and say why.
    assert bo.get("/api/user/me").refusal == BANNED
    bo.login()
    assert bo.get("/api/user/me").status == 200


async def test_a_ban_ends_by_itself(admin: Account, bo: Account) -> None:
    until = soon(1.5)
    assert ban(admin, bo, until=until).data["banned_until"] == until
    assert bo.try_login().refusal == BANNED
    assert listed(admin, bo)["banned_until"] == until
    await asyncio.sleep(max(0.0, until / 1000 - time.time()) + 0.02)
    bo.login()
    assert listed(admin, bo)["banned_until"] == 0


async def test_nothing_that_is_sent_behind_a_ban_is_acknowledged(
    admin: Account, ann: Account, bo: Account
) -> None:
    """A socket sends as fast as it can while the ban is made."""
    async with bo.chat() as chat:
        sent = 1
        await chat.send(type=1, to=ann.uid, content="x", id="early-0")
        await chat.answer("early-0")
        banning = asyncio.create_task(asyncio.to_thread(ban, admin, bo))
        with contextlib.suppress(ConnectionClosed):
            while not banning.done():
                await chat.send(type=1, to=ann.uid, content="x", id=f"early-{sent}")
                sent += 1
                await asyncio.sleep(0)
        assert (await banning).status == 200
        assert await chat.closed() == KICKED
        acknowledged = {frame["id"] for frame in chat.seen if frame["code"] in (50004, 50005)}
    late = bo.post(url(bo, ann, "/messages"), content="late")
    assert late.refusal == BANNED
    stored = page(ann, bo, limit=100).data["messages"]
    # What came before it is whole: acknowledged is stored.
    assert stored[-1]["seq"] >= len(acknowledged)
    assert all(message["id"].startswith("early-") for message in stored)


def test_who_cannot_be_banned(admin: Account, bo: Account) -> None:
    assert ban(admin, admin).refusal == (403, "forbidden")
    assert admin.get("/api/user/me").status == 200
    assert admin.call("PUT", "/api/admin/users/999999999/ban", json={"reason": "x"}).refusal == (
        404,
        "not_found",
    )
    assert ban(admin, bo, until=soon(-1)).broken == ("until", "range")
    assert ban(admin, bo, reason="").broken == ("reason", "length")
    assert bo.get("/api/user/me").status == 200


def test_signing_out_everywhere(admin: Account, bo: Account) -> None:
    phone = bo.on("a phone")
    path = f"/api/admin/users/{bo.uid}/sessions"
    assert admin.call("DELETE", path).status == 200
    for one in (bo, phone):
        assert one.get("/api/user/me").refusal == (403, "token_revoked")
    bo.login()
    assert bo.get("/api/user/me").status == 200


def listed(admin: Account, whom: Account) -> dict[str, object]:
    (found,) = admin.get("/api/admin/users", q=whom.name).data["users"]
    return dict(found)


def test_people_are_found_by_name_and_number(admin: Account, ann: Account, bo: Account) -> None:
    assert listed(admin, bo) == {
        "uid": bo.uid,
        "user_name": bo.name,
        "nickname": bo.name,
        "avatar": None,
        "online": False,
        "created_at": listed(admin, bo)["created_at"],
        "banned_until": 0,
        "admin": False,
    }
    assert listed(admin, admin)["admin"] is True
    assert bo.uid in uids(admin.get("/api/admin/users", q=str(bo.uid)))
    assert abs(int(str(listed(admin, bo)["created_at"])) - soon(0)) < 60_000


def uids(answer: Reply) -> list[int]:
    return [user["uid"] for user in answer.data["users"]]


def test_all_people_by_pages_the_newest_first(admin: Account, ann: Account, bo: Account) -> None:
    found, cursor = list[int](), {}
    for _ in range(3):
        answer = admin.get("/api/admin/users", limit=1, **cursor)
        found += uids(answer)
        cursor = {"cursor": answer.data["next"]}
    assert found[:2] == [max(ann.uid, bo.uid), min(ann.uid, bo.uid)]
    assert admin.get("/api/admin/users", cursor="x").broken == ("cursor", "unknown_value")
    last = admin.get("/api/admin/users", cursor="2", limit=1).data
    assert last["next"] is None


def test_each_act_is_in_the_audit_trail(admin: Account, bo: Account) -> None:
    ban(admin, bo, reason="sells watches")
    unban(admin, bo)
    admin.call("DELETE", f"/api/admin/users/{bo.uid}/sessions")
    entries = [
        entry
        for entry in admin.get("/api/admin/audit", limit=100).data["entries"]
        if entry["target"] == f"user:{bo.uid}"
    ]
    assert [(entry["act"], entry["by"], entry["note"]) for entry in entries] == [
        ("sign_out", admin.uid, ""),
        ("unban", admin.uid, ""),
        ("ban", admin.uid, "sells watches"),
    ]
    assert all(abs(entry["time"] - soon(0)) < 60_000 for entry in entries)
    # What was refused was not done.
    ban(admin, admin)
    newest = admin.get("/api/admin/audit", limit=1).data
    assert newest["entries"] == entries[:1] and newest["next"]
    older = admin.get("/api/admin/audit", limit=1, cursor=newest["next"])
    assert older.data["entries"] == entries[1:2]
