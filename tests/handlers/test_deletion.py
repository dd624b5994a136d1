"""The end of an account: what dies with it, what stays with others, and who is told what."""

from __future__ import annotations

from tests.client import (
    MESSAGE,
    NOT_FOUND,
    Account,
    ask,
    is_refusal,
    new_name,
    page,
    pair,
    url,
)
from tests.grouped import Group, invalid, ok, refused
from tests.media import PDF, png, uploaded
from tests.running import PASSWORD, Server

ME = "/api/user/me"
GONE = {"user_name": "", "nickname": "", "avatar": None, "online": False}


def delete(who: Account, password: str = PASSWORD) -> None:
    ok(who.call("DELETE", ME, json={"password": password}))


async def test_tokens_die_and_sockets_close_and_the_name_is_free(
    server: Server, ann: Account
) -> None:
    phone = ann.on("a phone")
    async with ann.chat() as chat, phone.chat() as other:
        refused(ann.call("DELETE", ME, json={"password": "not it"}), 401, "bad_credentials")
        invalid(ann.call("DELETE", ME, json={}), "password", "required")
        assert ann.get(ME).status == 200
        delete(ann)
        assert await chat.closed() == await other.closed() == 4003
    for device in (ann, phone):
        refused(ask(server, device.headers), 403, "token_revoked")
    refused(ann.try_login(), 401, "bad_credentials")
    again = Account.new(server, ann.name)
    assert again.uid != ann.uid


def test_what_was_said_stays_under_nobodys_name(ann: Account, bo: Account) -> None:
    picture = uploaded(ann, png())
    ok(ann.call("PATCH", ME, json={"avatar": picture["id"], "nickname": "Annabel"}))
    paper = uploaded(ann, PDF)
    ann.say(bo, "hello")
    ann.say(bo, paper["id"], kind="file")
    bo.say(ann, "hi", id="first")
    delete(ann)
    assert [m["content"] for m in page(bo, ann).data["messages"]] == ["hello", paper["id"], "hi"]
    assert bo.get(f"/api/user/{ann.uid}").data == {"uid": ann.uid, **GONE}
    assert bo.get("/api/users", ids=str(ann.uid)).data == [{"uid": ann.uid, **GONE}]
    (row,) = bo.get("/api/conversations").data["conversations"]
    assert row["peer"] == {"uid": ann.uid, **GONE}
    # What carries a medium keeps it; a picture of nobody is nobody's.
    media = bo.server.http
    assert media.get(f"/api/media/{paper['id']}", headers=bo.headers).content == PDF
    refused(bo.get(f"/api/media/{picture['id']}"), 403, "forbidden")


async def test_nobody_writes_to_a_deleted_account(ann: Account, bo: Account) -> None:
    bo.say(ann, "hi", id="first")
    ann.say(bo, "hello")
    async with bo.chat() as chat:
        # Known to every cache that a send asks.
        await chat.say(ann, "hi again")
        delete(ann)
        answer = await chat.ask(1, to=ann.uid, content="are you there?")
        is_refusal(answer, NOT_FOUND, "not_found")
        answer = await chat.ask(11, conv=pair(ann, bo), seq=2, emoji="👍", on=True)
        is_refusal(answer, NOT_FOUND, "not_found")
        again = await chat.ask(1, to=ann.uid, content="hi", id="first")
        assert again["duplicate"] is True
    refused(bo.post(url(ann, bo, "/messages"), content="hello?"), 404, "not_found")
    refused(bo.call("PUT", f"/api/user/{ann.uid}/block"), 404, "not_found")
    refused(bo.post("/api/groups", name="We", members=[ann.uid]), 404, "not_found")
    group = Group.of(bo)
    refused(group.invite(bo, ann), 404, "not_found")


async def test_groups_are_left_and_handed_over(ann: Account, bo: Account, cy: Account) -> None:
    owned, joined, alone = Group.of(ann, bo, cy), Group.of(bo, ann), Group.of(ann)
    ok(owned.put(ann, cy, role="admin"))
    async with bo.chat() as chat:
        delete(ann)
        left = await chat.push(MESSAGE, conv=joined.conv, event="left")
        assert left["data"]["uids"] == [ann.uid] and ann.name not in left["content"]
    assert owned.roles(bo) == {bo.uid: "member", cy.uid: "owner"}
    assert [event for event, _ in owned.events(bo)][-2:] == ["role", "left"]
    assert joined.roles(bo) == {bo.uid: "owner"}
    refused(alone.get(bo), 404, "not_found")


def test_who_is_deleted_is_not_found(
    admin: Account, server: Server, ann: Account, bo: Account
) -> None:
    stem = new_name("gone")
    one = Account.new(server, stem)
    ok(bo.call("PUT", f"/api/user/{one.uid}/block"))
    delete(one)
    for q in (stem, f"!{one.uid}", "!"):
        assert bo.get("/api/user/search", q=q).data == []
        assert admin.get("/api/admin/users", q=q).data["users"] == []
    assert one.uid not in [user["uid"] for user in admin.get("/api/admin/users").data["users"]]
    assert bo.get("/api/user/blocks").data == []
    for path in ("/ban", "/sessions"):
        body = {"json": {"reason": "none"}} if path == "/ban" else {}
        method = "PUT" if path == "/ban" else "DELETE"
        answer = admin.call(method, f"/api/admin/users/{one.uid}{path}", **body)
        refused(answer, 404, "not_found")


def test_notes_to_oneself_are_gone(server: Server, ann: Account) -> None:
    ann.say(ann, "a secret note")
    uid = ann.uid
    delete(ann)
    # The same conversation is nobody's, and holds nothing: a log of what was ever there is empty.
    again = Account.new(server)
    refused(again.get(f"/api/conversations/{uid}:{uid}/messages"), 403, "forbidden")
