"""Who may see what was uploaded, and who may send it on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import MESSAGE, Account, page, pair, url
from tests.grouped import Group, ok
from tests.media import PDF, png, uploaded
from tests.running import Reply


def status(who: Account, id: str) -> int:
    """What somebody gets who asks for a medium."""
    answer = who.server.http.get(f"/api/media/{id}", headers=who.headers)
    return answer.status_code


def send(who: Account, other: Account, medium: str, kind: str = "file", **more: Any) -> Reply:
    return who.post(url(who, other, "/messages"), content=medium, kind=kind, **more)


def sent(who: Account, other: Account, id: str, kind: str = "file") -> int:
    """Send a medium; the seq of the message that carries it."""
    made = send(who, other, id, kind)
    assert made.status == 201, made
    seq: int = made.data["seq"]
    return seq


# In messages


def test_a_message_carries_a_medium_with_what_it_is(ann: Account, bo: Account) -> None:
    told = uploaded(ann, png(400, 300), "a.png")
    seq = sent(ann, bo, told["id"], "image")
    (message,) = page(bo, ann).data["messages"]
    assert (message["seq"], message["kind"], message["content"]) == (seq, "image", told["id"])
    said = {name: value for name, value in told.items() if name not in ("id", "kind")}
    assert message["meta"] == said


async def test_it_is_pushed_with_its_meta(ann: Account, bo: Account) -> None:
    told = uploaded(ann, PDF, "a.pdf")
    async with bo.chat() as there, ann.chat() as here:
        await here.ask(1, to=bo.uid, kind="file", content=told["id"])
        pushed = await there.push(MESSAGE)
    assert (pushed["kind"], pushed["content"]) == ("file", told["id"])
    assert pushed["meta"]["name"] == "a.pdf"


def test_a_repeat_carries_it_once(ann: Account, bo: Account) -> None:
    id = uploaded(ann, PDF)["id"]
    first, again = (send(ann, bo, id, id="once") for _ in range(2))
    assert first.data["seq"] == again.data["seq"] and again.data["duplicate"] is True


def test_an_unknown_medium_is_not_found(ann: Account, bo: Account) -> None:
    assert send(ann, bo, "nothing").refusal == (404, "not_found")


def test_someone_elses_medium_is_refused(ann: Account, bo: Account, cy: Account) -> None:
    id = uploaded(ann, PDF)["id"]
    assert send(bo, cy, id).refusal == (403, "forbidden")
    assert page(bo, cy).data["messages"] == []


@pytest.mark.parametrize("kind", ["image", "voice"])
def test_a_medium_of_another_kind_is_a_conflict(ann: Account, bo: Account, kind: str) -> None:
    id = uploaded(ann, PDF)["id"]
    assert send(ann, bo, id, kind).broken == ("kind", "conflict")


def test_the_first_fault_of_what_is_stored_is_the_message_it_answers(
    ann: Account, bo: Account
) -> None:
    assert send(ann, bo, "nothing", reply_to=7).refusal == (404, "not_found")
    ann.say(bo)
    id = uploaded(ann, PDF)["id"]
    assert send(ann, bo, id, reply_to=1).status == 201


# Who sees it


def test_only_its_uploader_sees_what_nothing_carries(ann: Account, bo: Account) -> None:
    id = uploaded(ann, PDF)["id"]
    assert (status(ann, id), status(bo, id)) == (200, 403)
    assert status(ann, "nothing") == 404


def test_who_may_read_a_message_sees_what_it_carries(
    ann: Account, bo: Account, cy: Account
) -> None:
    id = uploaded(ann, PDF)["id"]
    sent(ann, bo, id)
    assert (status(bo, id), status(cy, id)) == (200, 403)
    sent(bo, cy, id)
    assert status(cy, id) == 200


def test_after_a_recall_only_its_uploader_sees_it(ann: Account, bo: Account) -> None:
    id = uploaded(ann, PDF)["id"]
    seq = sent(ann, bo, id)
    ok(ann.call("DELETE", url(ann, bo, f"/messages/{seq}")))
    assert (status(ann, id), status(bo, id)) == (200, 403)
    (recalled, _event) = page(bo, ann).data["messages"]
    assert (recalled["kind"], recalled["content"]) == ("recalled", "")
    assert "meta" not in recalled


def test_what_another_message_carries_is_seen_still(ann: Account, bo: Account) -> None:
    id = uploaded(ann, PDF)["id"]
    seq = sent(ann, bo, id)
    sent(ann, bo, id)
    ok(ann.call("DELETE", url(ann, bo, f"/messages/{seq}")))
    assert status(bo, id) == 200


def test_in_my_notes_it_is_mine_alone(ann: Account, bo: Account) -> None:
    id = uploaded(ann, PDF)["id"]
    sent(ann, ann, id)
    assert (status(ann, id), status(bo, id)) == (200, 403)


def test_in_a_group_one_sees_what_one_may_read(
    ann: Account, bo: Account, cy: Account, di: Account
) -> None:
    group = Group.of(ann, bo)
    before, between, after = (uploaded(ann, PDF)["id"] for _ in range(3))
    group.said(ann, before, kind="file")
    ok(group.invite(ann, cy))
    group.said(ann, between, kind="file")
    ok(group.remove(ann, bo))
    group.said(ann, after, kind="file")
    seen = [[status(who, id) for id in (before, between, after)] for who in (bo, cy, di)]
    assert seen == [[200, 200, 403], [403, 200, 200], [403, 403, 403]]


def test_one_who_is_out_cannot_send_on_what_he_may_not_see(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo)
    ok(group.remove(ann, bo))
    id = uploaded(ann, PDF)["id"]
    group.said(ann, id, kind="file")
    assert send(bo, cy, id).refusal == (403, "forbidden")


# Pictures of people and groups


def test_everyone_sees_a_picture_of_somebody_while_it_is_one(ann: Account, bo: Account) -> None:
    first, second = uploaded(ann, png())["id"], uploaded(ann, png(color="red"))["id"]
    assert ok(ann.call("PATCH", "/api/user/me", json={"avatar": first})).data["avatar"] == first
    assert bo.get(f"/api/user/{ann.uid}").data["avatar"] == first
    assert status(bo, first) == 200
    ok(ann.call("PATCH", "/api/user/me", json={"avatar": second}))
    assert (status(bo, first), status(bo, second), status(ann, first)) == (403, 200, 200)
    ok(ann.call("PATCH", "/api/user/me", json={"nickname": "Ann"}))
    assert ann.get("/api/user/me").data["avatar"] == second
    assert ok(ann.call("PATCH", "/api/user/me", json={"avatar": None})).data["avatar"] is None
    assert status(bo, second) == 403


def test_a_picture_must_be_one_and_be_seen_by_who_sets_it(ann: Account, bo: Account) -> None:
    def set_to(id: str) -> Reply:
        return ann.call("PATCH", "/api/user/me", json={"avatar": id})

    assert set_to(uploaded(ann, PDF)["id"]).broken == ("avatar", "conflict")
    assert set_to(uploaded(bo, png())["id"]).refusal == (403, "forbidden")
    assert set_to("nothing").refusal == (404, "not_found")
    assert ann.get("/api/user/me").data["avatar"] is None


def test_a_group_has_a_picture_that_everyone_sees(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann, bo)
    id = uploaded(ann, png())["id"]
    assert ok(group.change(ann, avatar=id)).data["avatar"] == id
    assert group.events(bo)[-1] == ("changed", {"by": ann.uid, "avatar": id})
    assert group.row(bo)["group"]["avatar"] == id
    assert (status(bo, id), status(cy, id)) == (200, 200)
    assert ok(group.change(ann, avatar=None)).data["avatar"] is None
    assert group.events(bo)[-1] == ("changed", {"by": ann.uid, "avatar": None})
    assert status(bo, id) == 403


def test_a_picture_of_a_group_is_set_by_who_leads_it(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    id = uploaded(bo, png())["id"]
    assert group.change(bo, avatar=id).refusal == (403, "forbidden")
    assert group.change(ann, avatar=id).refusal == (403, "forbidden")
    assert group.change(ann, avatar=uploaded(ann, PDF)["id"]).broken == ("avatar", "conflict")
    assert status(ann, id) == 403


def test_a_medium_in_a_conversation_is_found_by_its_kind(ann: Account, bo: Account) -> None:
    sent(ann, bo, uploaded(ann, PDF)["id"])
    listed = bo.get("/api/conversations").data["conversations"]
    (row,) = [row for row in listed if row["conv"] == pair(ann, bo)]
    assert (row["last_message"]["kind"], row["unread"]) == ("file", 1)
