"""What a member may read, from when to when: by history, list, sync and all that counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import (
    FORBIDDEN,
    HISTORY,
    HISTORY_END,
    MESSAGE,
    NOT_FOUND,
    READ,
    SYNC,
    UNREAD,
    Account,
    Chat,
    is_invalid,
    is_refusal,
    seqs,
)
from tests.grouped import Group, ok, refused


@pytest.fixture
def group(ann: Account, bo: Account, cy: Account) -> Group:
    """1 created; 2, 3 of Ann; 4 Cy joined; 5, 6 of Ann; 7 Cy kicked; 8 of Ann."""
    group = Group.of(ann, bo)
    for text in ("two", "three"):
        group.said(ann, text)
    ok(group.invite(bo, cy))
    for text in ("five", "six"):
        group.said(ann, text)
    ok(group.remove(ann, cy))
    group.said(ann, "eight")
    return group


def back(group: Group, by: Account, who: Account) -> None:
    """9 joined again; 10 of Ann."""
    ok(group.invite(by, who))
    group.said(by, "ten")


async def history(chat: Chat, conv: str, **asked: int) -> list[int]:
    answer = await chat.ask(2, conv=conv, **{"limit": 100, **asked})
    assert answer["code"] == (HISTORY if answer.get("messages") else HISTORY_END), answer
    return seqs(answer.get("messages", ()))


async def synced(chat: Chat, conv: str, **cursors: Any) -> dict[str, Any] | None:
    answer = await chat.ask(7, **cursors)
    assert answer["code"] == SYNC
    return next((row for row in answer["conversations"] if row["conv"] == conv), None)


async def test_who_joined_reads_from_there_on(
    ann: Account, bo: Account, cy: Account, group: Group
) -> None:
    back(group, ann, cy)
    conv = group.conv
    assert group.seqs(ann) == group.seqs(bo) == list(range(1, 11))
    assert group.seqs(cy) == [9, 10]
    async with cy.chat() as chat:
        assert await history(chat, conv) == [9, 10]
        assert await history(chat, conv, before=10) == [9]
        assert await history(chat, conv, before=9) == []
        assert await history(chat, conv, before=5) == []
        assert await history(chat, conv, after=0, limit=1) == [9]
        assert await history(chat, conv, after=5) == [9, 10]
        assert await history(chat, conv, around=3, limit=2) == [9, 10]
        assert await history(chat, conv, after=2, before=7) == []
        row = await synced(chat, conv, cursors={})
        assert row is not None
        assert (row["first_seq"], row["last_seq"], seqs(row["messages"])) == (9, 10, [9, 10])
        row = await synced(chat, conv, cursors={conv: 4})
        assert row is not None and seqs(row["messages"]) == [9, 10]
        row = await synced(chat, conv, cursors={conv: 9})
        assert row is not None and seqs(row["messages"]) == [10]
    row = group.row(cy)
    assert (row["first_seq"], row["last_seq"], row["unread"]) == (9, 10, 1)
    assert row["last_message"]["content"] == "ten" and row["group"]["role"] == "member"
    for asked in ({"before": 9}, {"after": 2, "before": 7}):
        page = ok(group.at(cy, "/messages", **asked)).data
        assert (page["messages"], page["end"]) == ([], True)
    page = ok(group.at(cy, "/messages", limit=1)).data
    assert (seqs(page["messages"]), page["end"]) == ([10], False)
    page = ok(group.at(cy, "/messages", limit=1, before=10)).data
    assert (seqs(page["messages"]), page["end"]) == ([9], True)


async def test_who_was_removed_reads_up_to_there(ann: Account, cy: Account, group: Group) -> None:
    conv = group.conv
    assert group.seqs(cy) == [4, 5, 6, 7]
    page = ok(group.at(cy, "/messages", after=4, limit=2)).data
    assert (seqs(page["messages"]), page["end"]) == ([5, 6], False)
    page = ok(group.at(cy, "/messages", after=6)).data
    assert (seqs(page["messages"]), page["end"]) == ([7], True)
    row = group.row(cy)
    assert (row["first_seq"], row["last_seq"], row["unread"]) == (4, 7, 2)
    assert row["last_message"]["event"] == "kicked"
    assert row["updated_at"] == row["last_message"]["time"]
    async with cy.chat() as chat:
        assert await history(chat, conv) == [4, 5, 6, 7]
        assert await history(chat, conv, after=7) == []
        assert await history(chat, conv, around=8, limit=2) == [6, 7]
        row = await synced(chat, conv, cursors={})
        assert row is not None
        assert (row["first_seq"], row["last_seq"], row["unread"]) == (4, 7, 2)
        assert (seqs(row["messages"]), row["more"]) == ([4, 5, 6, 7], False)
        assert await synced(chat, conv, cursors={conv: 7}) is None
        # One above what is his last is answered with no messages.
        row = await synced(chat, conv, cursors={conv: 8})
        assert row is not None and (row["messages"], row["last_seq"]) == ([], 7)
        answer = await chat.ask(3, conv=conv)
        (entry,) = answer["conversations"]
        assert (answer["code"], entry["unread"], entry["more"]) == (UNREAD, 2, False)
        assert seqs(entry["messages"]) == [5, 6]
        again = await chat.ask(3, conv=conv)
        nothing = {"conv": conv, "unread": 0, "messages": [], "more": False}
        assert (again["conversations"], again["more"]) == ([nothing], False)
        group.said(ann, "nine")
        assert (await chat.ask(4, conv=conv, seq=99))["seq"] == 7
        assert await chat.rest_of(MESSAGE) == []
    row = group.row(cy)
    assert (row["last_seq"], row["read_seq"], row["unread"]) == (7, 7, 0)


async def test_reading_on_is_all_that_is_left_to_who_is_out(
    ann: Account, bo: Account, cy: Account, group: Group
) -> None:
    conv, path = group.conv, f"/api/conversations/{group.conv}"
    async with cy.chat() as chat, bo.chat() as his:
        for frame in (
            {"type": 1, "content": "x"},
            {"type": 5},
            {"type": 6, "seq": 5},
            {"type": 10, "seq": 5, "content": "x"},
            {"type": 11, "seq": 5, "emoji": "👍", "on": True},
        ):
            is_refusal(
                await chat.ask(frame.pop("type"), conv=conv, **frame), FORBIDDEN, "forbidden"
            )
        assert (await chat.ask(4, conv=conv, seq=6))["seq"] == 6
        # It is no member any more who has read.
        assert await his.rest_of(READ) == []
    for reply in (
        group.get(cy),
        group.at(cy, "/reads"),
        group.say(cy),
        cy.call("PATCH", path, json={"muted": True}),
        cy.call("PATCH", path, json={"pinned": True}),
        cy.call("DELETE", f"{path}/messages/5"),
        cy.call("PATCH", f"{path}/messages/5", json={"content": "x"}),
        cy.call("PUT", f"{path}/messages/5/reactions/%F0%9F%91%8D"),
    ):
        refused(reply, 403, "forbidden")
    assert cy.uid not in {int(uid) for uid in ok(group.at(ann, "/reads")).data}
    # Hiding goes on, and nothing brings it back but coming back.
    state = ok(cy.call("PATCH", path, json={"hidden": True})).data
    assert state["hidden"] is True
    group.said(ann)
    assert cy.get("/api/conversations").data["conversations"] == []
    ok(cy.call("PATCH", path, json={"hidden": False}))
    assert group.row(cy)["last_seq"] == 7
    ok(cy.call("PATCH", path, json={"hidden": True}))
    ok(group.invite(ann, cy))
    assert group.row(cy)["last_message"]["event"] == "joined"


def test_who_is_out_sees_the_group_as_it_was_when_he_left(
    ann: Account, bo: Account, cy: Account, group: Group
) -> None:
    ok(group.change(ann, name="Secret"))
    ok(group.put(ann, bo, role="owner"))
    seen = group.row(cy)["group"]
    assert (seen["gid"], seen["name"], seen["avatar"]) == (group.gid, "Lunch", None)
    assert seen["owner"] == ann.uid and seen["role"] is None
    ok(group.dissolve(bo))
    assert group.row(cy)["group"]["name"] == "Lunch"
    for who in (ann, bo):
        row = group.row(who)
        assert row["last_message"]["event"] == "dissolved" and row["group"]["name"] == "Secret"


async def test_who_left_and_who_was_there_at_the_end(
    ann: Account, bo: Account, cy: Account, group: Group
) -> None:
    back(group, ann, cy)
    ok(group.leave(cy))  # 11
    group.said(ann)  # 12
    assert group.seqs(cy) == [9, 10, 11]
    ok(group.dissolve(ann))  # 13
    assert group.seqs(cy) == [9, 10, 11]
    assert group.seqs(ann) == group.seqs(bo) == list(range(1, 14))
    async with bo.chat() as his:
        assert await history(his, group.conv, after=11) == [12, 13]
        row = await synced(his, group.conv, cursors={group.conv: 12})
        assert row is not None and seqs(row["messages"]) == [13]
        assert (await his.ask(4, conv=group.conv, seq=99))["seq"] == 13
        is_refusal(await his.ask(5, conv=group.conv), FORBIDDEN, "forbidden")
        is_refusal(await his.ask(6, conv=group.conv, seq=2), FORBIDDEN, "forbidden")
        is_refusal(await his.ask(1, conv=group.conv, content="x"), FORBIDDEN, "forbidden")
    assert ok(bo.call("PATCH", f"/api/conversations/{group.conv}", json={"hidden": True}))
    assert bo.get("/api/conversations").data["conversations"] == []


def test_only_what_people_say_is_unread(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann, bo)
    assert group.row(bo)["unread"] == 0
    group.said(ann)
    ok(group.change(ann, name="x"))
    ok(group.invite(ann, cy))
    group.said(ann, id="gone")
    assert [group.row(who)["unread"] for who in (ann, bo, cy)] == [0, 2, 1]
    # Recalled is not `system`.
    ok(ann.call("DELETE", f"/api/conversations/{group.conv}/messages/5"))
    assert group.row(bo)["unread"] == 2
    # Sending says that one has read so far.
    group.said(bo)
    row = group.row(bo)
    assert (row["unread"], row["read_seq"]) == (0, row["last_seq"])
    assert ok(group.at(ann, "/reads")).data == {
        str(ann.uid): 5,
        str(bo.uid): row["last_seq"],
        str(cy.uid): 0,
    }


def test_mentions_of_members_and_of_all(ann: Account, bo: Account, cy: Account) -> None:
    group = Group.of(ann, bo)
    seq = group.said(ann, mentions=[bo.uid, cy.uid, bo.uid, 2**40])
    assert group.log(bo)[-1]["mentions"] == [bo.uid]
    assert [group.row(who)["mention_seq"] for who in (ann, bo)] == [0, seq]
    group.said(ann, mentions=[cy.uid])
    assert "mentions" not in group.log(bo)[-1]
    assert group.row(bo)["mention_seq"] == seq
    refused(group.say(bo, mentions="all"), 403, "forbidden")
    ok(group.put(ann, bo, role="admin"))
    everyone = group.said(bo, mentions="all")
    assert group.log(ann)[-1]["mentions"] == "all"
    assert [group.row(who)["mention_seq"] for who in (ann, bo)] == [everyone, 0]
    # Who came later was not meant.
    ok(group.invite(ann, cy))
    assert group.row(cy)["mention_seq"] == 0
    later = group.said(ann, mentions="all")
    assert group.row(cy)["mention_seq"] == later
    ok(ann.call("DELETE", f"/api/conversations/{group.conv}/messages/{later}"))
    assert (group.row(cy)["mention_seq"], group.row(bo)["mention_seq"]) == (0, 0)


def test_a_mention_counts_as_far_as_one_was_in_it(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    mine = group.said(ann, mentions=[bo.uid])
    ok(group.remove(ann, bo))
    group.said(ann, mentions="all")
    assert group.row(bo)["mention_seq"] == mine
    ok(bo.post(f"/api/conversations/{group.conv}/read", seq=mine))
    assert group.row(bo)["mention_seq"] == 0
    ok(group.invite(ann, bo))
    assert group.row(bo)["mention_seq"] == 0


async def test_a_reply_to_what_one_may_not_read(ann: Account, cy: Account, group: Group) -> None:
    back(group, ann, cy)
    async with cy.chat() as chat:
        for seq in (1, 5, 7, 8, 99):
            answer = await chat.ask(1, conv=group.conv, content="x", reply_to=seq)
            is_refusal(answer, NOT_FOUND, "not_found")
        assert (await chat.ask(1, conv=group.conv, content="x", reply_to=9))["seq"] == 11
        is_refusal(await chat.ask(6, conv=group.conv, seq=5), NOT_FOUND, "not_found")
        is_refusal(
            await chat.ask(11, conv=group.conv, seq=5, emoji="👍", on=True), NOT_FOUND, "not_found"
        )
    refused(group.say(cy, reply_to=8), 404, "not_found")


async def test_conversations_that_are_none_of_mine(ann: Account, eve: Account) -> None:
    group = Group.of(ann)
    async with eve.chat() as chat:
        for type, more in ((1, {"content": "x"}), (2, {}), (3, {}), (4, {"seq": 1}), (5, {})):
            is_refusal(await chat.ask(type, conv=group.conv, **more), FORBIDDEN, "forbidden")
            is_refusal(await chat.ask(type, conv=f"g{2**50}", **more), NOT_FOUND, "not_found")
            for conv in ("g0", "g01", "gx", "g", "g-1", f"g{10**30}"):
                is_invalid(await chat.ask(type, conv=conv, **more), "conv", "pattern")
        is_invalid(await chat.ask(1, conv=group.conv, to=ann.uid, content="x"), "conv", "conflict")
        # Cursors of foreign groups are ignored.
        assert await synced(chat, group.conv, cursors={group.conv: 0}) is None


async def test_a_silent_event_shows_its_target_to_who_may_read_it(
    ann: Account, bo: Account, cy: Account, group: Group
) -> None:
    back(group, ann, cy)
    async with bo.chat() as his, cy.chat() as theirs:
        for target, seen in ((8, False), (10, True)):
            event_seq = (
                ok(ann.call("DELETE", f"/api/conversations/{group.conv}/messages/{target}"))
            ).data["event_seq"]
            for chat, may in ((his, True), (theirs, seen)):
                event = await chat.push(MESSAGE, seq=event_seq)
                assert event["data"] == {"by": ann.uid, "target": target}
                assert "message" in event
                assert (event["message"] is not None) == may
                if may:
                    assert (event["message"]["seq"], event["message"]["kind"]) == (
                        target,
                        "recalled",
                    )
                row = await synced(chat, group.conv, cursors={group.conv: event_seq - 1})
                assert row is not None and row["messages"] == [
                    {name: event[name] for name in event if name != "code"}
                ]
    found = {m["data"]["target"]: m["message"] for m in group.log(cy) if m.get("silent")}
    assert found[8] is None and found[10]["kind"] == "recalled"
    # Silent: neither shown nor a reason to come up.
    assert group.row(cy)["last_message"]["seq"] == 10
