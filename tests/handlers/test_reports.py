"""Reports: who may make one, what an administrator sees of it, and what becomes of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from server.reports import PER_HOUR
from tests.client import MESSAGE, Account, pair, url
from tests.media import PDF, uploaded
from tests.running import Reply

FORBIDDEN = (403, "forbidden")


def report(who: Account, other: Account, seq: int, reason: str = "rude") -> Reply:
    return who.post(url(who, other, f"/messages/{seq}/report"), reason=reason)


def reported(who: Account, other: Account, seq: int, reason: str = "rude") -> str:
    made = report(who, other, seq, reason)
    assert made.status == 201, made
    return str(made.data["id"])


def shown(admin: Account, id: str, state: str = "open") -> dict[str, Any]:
    """The report as an administrator sees it."""
    found = admin.get("/api/admin/reports", state=state).data
    return next(dict(each) for each in found if each["id"] == id)


def act(admin: Account, id: str, action: str, **fields: object) -> Reply:
    return admin.post(f"/api/admin/reports/{id}", action=action, **fields)


def test_what_an_administrator_sees(admin: Account, ann: Account, bo: Account) -> None:
    bo.say(ann, "hello")
    for number in range(2, 13):
        ann.say(bo, f"text {number}")
    id = reported(bo, ann, 6, "it is rude")
    found = shown(admin, id)
    assert (found["conv"], found["seq"], found["by"]) == (pair(ann, bo), 6, bo.uid)
    assert (found["reason"], found["state"]) == ("it is rude", "open")
    assert (found["message"]["content"], found["message"]["from"]) == ("text 6", ann.uid)
    assert [message["seq"] for message in found["around"]] == list(range(1, 12))
    newest = reported(bo, ann, 12)
    assert [message["seq"] for message in shown(admin, newest)["around"]] == list(range(7, 13))
    ids = [each["id"] for each in admin.get("/api/admin/reports").data]
    assert ids.index(newest) == ids.index(id) - 1
    page = admin.get("/api/admin/reports", before=newest, limit=1).data
    assert [each["id"] for each in page] == [id]
    assert admin.get("/api/admin/reports", before="x").broken == ("before", "unknown_value")


def test_what_was_reported_stays_to_be_seen(admin: Account, ann: Account, bo: Account) -> None:
    ann.say(bo, "the first words")
    ann.say(bo, "gone soon")
    edited, recalled = reported(bo, ann, 1), reported(bo, ann, 2)
    ann.call("PATCH", url(ann, bo, "/messages/1"), json={"content": "better words"})
    ann.call("DELETE", url(ann, bo, "/messages/2"))
    assert shown(admin, edited)["message"]["content"] == "the first words"
    assert shown(admin, recalled)["message"]["content"] == "gone soon"
    now = {each["seq"]: each for each in shown(admin, recalled)["around"]}
    assert (now[1]["content"], now[2]["kind"]) == ("better words", "recalled")


def test_who_may_report_what(ann: Account, bo: Account, cy: Account) -> None:
    ann.say(bo)
    assert report(ann, bo, 1).refusal == FORBIDDEN  # his own
    path = url(ann, bo, "/messages/1/report")
    assert cy.post(path, reason="rude").refusal == FORBIDDEN
    assert report(bo, ann, 2).refusal == (404, "not_found")
    assert report(bo, ann, 1, "").broken == ("reason", "length")
    assert report(bo, ann, 1, "x" * 501).broken == ("reason", "length")
    assert report(bo, ann, 1, "x" * 500).status == 201
    ann.call("DELETE", url(ann, bo, "/messages/1"))
    for seq in (1, 2):  # it was recalled, and that is told by an event
        assert report(bo, ann, seq).refusal == FORBIDDEN
    group = ann.post("/api/groups", name="We", members=[bo.uid]).data
    ann.post(f"/api/conversations/{group['conv']}/messages", content="before")
    ann.post(f"/api/groups/{group['gid']}/members", uids=[cy.uid])
    early = f"/api/conversations/{group['conv']}/messages/2/report"
    assert cy.post(early, reason="rude").refusal == (404, "not_found")
    assert bo.post(early, reason="rude").status == 201
    ann.call("DELETE", f"/api/groups/{group['gid']}/members/{bo.uid}")
    assert bo.post(early, reason="rude").refusal == FORBIDDEN


def test_again_it_is_the_same_report(
    admin: Account, ann: Account, bo: Account, cy: Account
) -> None:
    group = ann.post("/api/groups", name="We", members=[bo.uid, cy.uid]).data
    ann.post(f"/api/conversations/{group['conv']}/messages", content="hello")
    path = f"/api/conversations/{group['conv']}/messages/2/report"
    first, other = bo.post(path, reason="rude"), cy.post(path, reason="rude")
    assert first.data["id"] != other.data["id"]
    assert bo.post(path, reason="very rude").data == first.data
    assert act(admin, first.data["id"], "dismiss").status == 200
    assert bo.post(path, reason="once more").data == first.data
    assert shown(admin, other.data["id"])["state"] == "open"


def test_nobody_buries_the_others(ann: Account, bo: Account) -> None:
    bo.say(ann, "hello")
    last = PER_HOUR + 2
    for number in range(2, last + 1):
        ann.say(bo, str(number))
    for seq in range(2, last):
        reported(bo, ann, seq)
    refused = report(bo, ann, last)
    assert refused.refusal == (429, "rate_limited") and int(refused.headers["retry-after"]) > 0
    assert report(bo, ann, 2).status == 201  # which is no new one


async def test_recalled_it_is_gone_for_everyone(admin: Account, ann: Account, bo: Account) -> None:
    ann.say(bo, "for nobody")
    id = reported(bo, ann, 1)
    async with ann.chat() as chat:
        done = act(admin, id, "recall", note="off with it")
        assert (done.status, done.data["state"], done.data["note"]) == (
            200,
            "recalled",
            "off with it",
        )
        event = await chat.push(MESSAGE, event="recalled")
        assert (event["from"], event["data"]) == (admin.uid, {"target": 1, "by": admin.uid})
        assert event["message"]["kind"] == "recalled"
    (message, _) = bo.get(url(ann, bo, "/messages")).data["messages"]
    assert (message["kind"], message["content"]) == ("recalled", "")
    assert done.data["message"]["content"] == "for nobody"
    assert shown(admin, id, "recalled")["closed_by"] == admin.uid
    assert id not in [each["id"] for each in admin.get("/api/admin/reports").data]


async def test_banned_its_sender_is_out(admin: Account, ann: Account, bo: Account) -> None:
    ann.say(bo, "spam")
    id = reported(bo, ann, 1, "sells watches")
    async with ann.chat() as chat:
        assert act(admin, id, "ban").data["state"] == "banned"
        assert await chat.closed() == 4003
    assert ann.try_login().refusal == (403, "banned")
    assert audited(admin, f"user:{ann.uid}") == [("ban", "sells watches")]


def audited(admin: Account, target: str) -> list[tuple[str, str]]:
    entries = admin.get("/api/admin/audit", limit=100).data["entries"]
    return [(entry["act"], entry["note"]) for entry in entries if entry["target"] == target]


def test_each_act_on_a_report_is_in_the_audit_trail(
    admin: Account, ann: Account, bo: Account
) -> None:
    ann.say(bo)
    ann.say(bo)
    first, second = reported(bo, ann, 1), reported(bo, ann, 2)
    act(admin, first, "dismiss", note="a joke")
    act(admin, second, "recall", note="no joke")
    assert audited(admin, f"report:{first}") == [("dismiss", "a joke")]
    assert audited(admin, f"message:{pair(ann, bo)}/2") == [("recall", "no joke")]


@pytest.mark.parametrize("action", ["dismiss", "recall", "ban"])
def test_a_second_act_is_a_conflict(admin: Account, ann: Account, bo: Account, action: str) -> None:
    ann.say(bo, "still here")
    id = reported(bo, ann, 1)
    act(admin, id, "dismiss")
    assert act(admin, id, action).refusal == (409, "conflict")
    assert ann.get(url(ann, bo, "/messages")).data["messages"][0]["kind"] == "text"


def test_of_two_who_act_at_once_one_does_nothing(admin: Account, ann: Account, bo: Account) -> None:
    for seq in range(1, 6):
        ann.say(bo, "still here?")
        id = reported(bo, ann, seq)
        with ThreadPoolExecutor(2) as both:
            replies = both.map(partial(act, admin, id), ("recall", "dismiss"))
        recalled, dismissed = (reply.status for reply in replies)
        assert {recalled, dismissed} == {200, 409}
        kinds = [each["kind"] for each in bo.get(url(ann, bo, "/messages")).data["messages"]]
        assert kinds[seq - 1 :][:1] == (["recalled"] if recalled == 200 else ["text"])
        if recalled == 200:
            return
        assert audited(admin, f"message:{pair(ann, bo)}/{seq}") == []


def test_what_cannot_be_done(admin: Account, bo: Account) -> None:
    admin.say(bo, "I am the law")
    id = reported(bo, admin, 1)
    assert act(admin, id, "ban").refusal == FORBIDDEN
    assert act(admin, id, "banish").broken == ("action", "unknown_value")
    assert act(admin, "none", "dismiss").refusal == (404, "not_found")
    assert shown(admin, id)["state"] == "open"
    assert act(admin, id, "dismiss").status == 200


def test_a_reported_medium_is_seen_until_the_report_is_closed(
    admin: Account, ann: Account, bo: Account, cy: Account
) -> None:
    medium = uploaded(ann, PDF)
    path = f"/api/media/{medium['id']}"
    ann.say(bo, medium["id"], kind=medium["kind"])

    def seen(who: Account) -> int:
        return who.server.http.get(path, headers=who.headers).status_code

    assert seen(admin) == 403
    id = reported(bo, ann, 1)
    assert (seen(admin), seen(cy)) == (200, 403)
    ann.call("DELETE", url(ann, bo, "/messages/1"))
    assert (seen(bo), seen(admin)) == (403, 200)
    act(admin, id, "dismiss")
    assert (seen(admin), seen(ann)) == (403, 200)
