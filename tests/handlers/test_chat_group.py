"""Groups on sockets: who is pushed what, in which order, and what the acks say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.client import (
    FORBIDDEN,
    MESSAGE,
    READ,
    RECALLED,
    SENT_OFFLINE,
    SENT_ONLINE,
    TYPING,
    Account,
    Chat,
    is_refusal,
)
from tests.grouped import Group, ok, refused
from tests.running import Server


async def reach(chat: Chat, conv: str, seq: int) -> list[int]:
    """Wait until a socket has learnt of `seq`; all that it has learnt of, in that order."""
    while seq not in chat.seqs(conv):
        await chat.push(MESSAGE, conv=conv)
    return chat.seqs(conv)


# What is pushed


async def test_every_socket_of_the_members_is_told_the_acting_one_too(
    ann: Account, bo: Account, cy: Account, di: Account
) -> None:
    async with ann.chat() as hers, ann.on("phone/2").chat() as phone, bo.chat() as his:
        group = Group.of(ann, bo)
        ok(group.invite(ann, cy))
        ok(group.change(ann, name="New"))
        ok(group.put(ann, bo, role="admin"))
        ok(group.leave(cy))
        for chat in (hers, phone, his):
            assert await reach(chat, group.conv, 5) == [1, 2, 3, 4, 5]
        async with di.chat() as outside:
            assert (await hers.ask(1, conv=group.conv, content="x"))["seq"] == 6
            assert (await phone.push(MESSAGE, seq=6))["from"] == ann.uid
            await his.push(MESSAGE, seq=6)
            # The ack stands for the push of it.
            assert [f for f in await hers.rest_of(MESSAGE) if f["seq"] == 6] == []
            assert await outside.rest() == []


async def test_a_group_goes_on_for_who_was_in_it_before_he_connected(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo)
    ok(group.invite(ann, cy))
    async with cy.chat() as third:
        seq = group.said(ann)
        assert (await third.push(MESSAGE, conv=group.conv))["seq"] == seq
        ok(group.remove(ann, cy))
        assert (await third.push(MESSAGE, conv=group.conv))["event"] == "kicked"
        group.said(ann)
        assert await third.rest_of(MESSAGE) == []
    # And he who is out is told nothing on a new socket.
    async with cy.chat() as third:
        group.said(ann)
        assert await third.rest_of(MESSAGE) == []
        ok(group.invite(ann, cy))
        assert (await third.push(MESSAGE, conv=group.conv))["event"] == "joined"
        assert third.seqs(group.conv) == [7]


async def test_who_leaves_is_told_so_and_no_more(ann: Account, bo: Account) -> None:
    async with ann.chat() as hers, bo.chat() as his:
        group = Group.of(ann, bo)
        ok(group.leave(bo))
        group.said(ann)
        assert await reach(hers, group.conv, 3) == [1, 2, 3]
        assert (await his.push(MESSAGE, seq=2))["event"] == "left"
        await his.rest()
        assert his.seqs(group.conv) == [1, 2]


# Acks


async def test_an_ack_says_whether_another_member_was_reached(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo, cy)
    conv = group.conv
    async with ann.chat() as hers, ann.on("phone/2").chat():
        assert (await hers.ask(1, conv=conv, content="x"))["code"] == SENT_OFFLINE
        async with cy.chat() as third:
            assert (await hers.ask(1, conv=conv, content="x"))["code"] == SENT_ONLINE
            assert (await third.ask(1, conv=conv, content="x"))["code"] == SENT_ONLINE
            assert group.say(bo).data["code"] == SENT_ONLINE
            ok(group.remove(ann, cy))
            assert (await hers.ask(1, conv=conv, content="x"))["code"] == SENT_OFFLINE


async def test_a_repeat_is_answered_whatever_has_happened_since(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    conv = group.conv
    async with bo.chat() as his:
        first = await his.ask(1, conv=conv, content="mine", id="one")
        at = (first["conv"], first["seq"], first["time"])

        async def repeated() -> None:
            again = await his.ask(1, conv=conv, content="other", id="one", reply_to=99)
            assert (again["conv"], again["seq"], again["time"], again["duplicate"]) == (*at, True)
            assert again["code"] in (SENT_ONLINE, SENT_OFFLINE)
            by_rest = group.say(bo, id="one")
            assert (by_rest.status, by_rest.data["seq"], by_rest.data["duplicate"]) == (
                201,
                at[1],
                True,
            )

        await repeated()
        ok(group.change(ann, speak="admins"))
        await repeated()
        ok(group.remove(ann, bo))
        await repeated()
        is_refusal(await his.ask(1, conv=conv, content="x", id="two"), FORBIDDEN, "forbidden")
        refused(group.say(bo, id="two"), 403, "forbidden")
        ok(ann.call("DELETE", f"/api/conversations/{conv}/messages/{at[1]}"))
        await repeated()
        ok(group.dissolve(ann))
        await repeated()
    # An id is its sender's own: hers is another message, and a stranger learns nothing by it.
    refused(group.say(ann, id="one"), 403, "forbidden")


# Recalls


async def test_who_leads_recalls_whatever_was_said_at_any_time(
    servers: Callable[..., Server],
) -> None:
    server = servers(chat_recallseconds=1)
    ann, bo, cy = (Account.new(server) for _ in range(3))
    group = Group.of(ann, bo, cy)
    ok(group.put(ann, bo, role="admin"))
    ok(group.change(ann, name="x"))
    conv = group.conv
    async with ann.chat() as hers, bo.chat() as his, cy.chat() as third:
        of_ann, of_bo, of_cy = (group.said(who) for who in (ann, bo, cy))
        is_refusal(await third.ask(6, conv=conv, seq=of_bo), FORBIDDEN, "forbidden")
        is_refusal(await third.ask(6, conv=conv, seq=of_ann), FORBIDDEN, "forbidden")
        while (await third.ask(6, conv=conv, seq=of_cy))["code"] == RECALLED:
            # It was in time; the next one is left alone until it is not.
            of_cy = group.said(cy)
            await asyncio.sleep(1.1)
        is_refusal(await third.ask(6, conv=conv, seq=of_cy), FORBIDDEN, "too_late")
        for chat, seq in ((his, of_cy), (his, of_ann), (hers, of_bo)):
            answer = await chat.ask(6, conv=conv, seq=seq)
            assert answer["code"] == RECALLED
            event = await third.push(MESSAGE, seq=answer["event_seq"])
            assert event["data"] == {"by": chat.account.uid, "target": seq}
            assert event["message"]["content"] == "" and event["message"]["seq"] == seq
            again = await hers.ask(6, conv=conv, seq=seq)
            assert again["event_seq"] == answer["event_seq"]
        # What is no message of a person cannot be recalled by anybody.
        for seq in (1, 2, 3, answer["event_seq"]):
            is_refusal(await hers.ask(6, conv=conv, seq=seq), FORBIDDEN, "forbidden")
    assert {m["seq"] for m in group.log(ann) if m["kind"] == "recalled"} >= {of_ann, of_bo, of_cy}


# Typing and reading


async def test_typing_is_told_to_the_other_members(
    ann: Account, bo: Account, cy: Account, eve: Account
) -> None:
    group = Group.of(ann, bo, cy)
    fields = {"conv": group.conv, "uid": ann.uid}
    async with (
        ann.chat() as hers,
        ann.on("phone/2").chat() as phone,
        bo.chat() as his,
        cy.chat() as third,
        eve.chat() as outside,
    ):
        answer = await hers.ask(5, conv=group.conv)
        assert answer == {"code": TYPING, "id": answer["id"], "conv": group.conv}
        for chat in (his, third):
            assert await chat.push(TYPING, **fields) == {"code": TYPING, **fields}
        for chat in (hers, phone, outside):
            assert await chat.rest_of(TYPING) == []
        ok(group.remove(ann, cy))
        await phone.ask(5, conv=group.conv)
        await his.push(TYPING, **fields)
        assert await third.rest_of(TYPING) == []


async def test_typing_of_a_blocked_pair_is_told_to_the_rest(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo, cy)
    ok(bo.call("PUT", f"/api/user/{ann.uid}/block"))
    async with ann.chat() as hers, bo.chat() as his, cy.chat() as third:
        await hers.ask(5, conv=group.conv)
        await his.ask(5, conv=group.conv)
        for typist in (ann, bo):
            await third.push(TYPING, conv=group.conv, uid=typist.uid)
        assert await hers.rest_of(TYPING) == await his.rest_of(TYPING) == []
        # What they say they hear all the same.
        group.said(ann)
        assert (await his.push(MESSAGE, conv=group.conv))["from"] == ann.uid
        ok(bo.call("DELETE", f"/api/user/{ann.uid}/block"))


async def test_how_far_somebody_has_read_is_told_to_the_others_and_to_his_other_sockets(
    ann: Account, bo: Account, cy: Account
) -> None:
    group = Group.of(ann, bo, cy)
    group.said(ann)
    group.said(ann)
    read = {"conv": group.conv, "uid": bo.uid, "seq": 2}
    async with (
        ann.chat() as hers,
        bo.chat() as his,
        bo.on("phone/2").chat() as phone,
        cy.chat() as third,
    ):
        answer = await his.ask(4, conv=group.conv, seq=2)
        assert {name: answer[name] for name in read} == read
        for chat in (hers, phone, third):
            assert await chat.push(READ, **read) == {"code": READ, **read}
        assert await his.rest_of(READ) == []
        # Back or on the spot it does not move, and nobody is told.
        for seq in (1, 2):
            assert (await his.ask(4, conv=group.conv, seq=seq))["seq"] == 2
        # By what is unread, and by REST.
        await phone.ask(3, conv=group.conv)
        for chat in (hers, his, third):
            assert (await chat.push(READ, conv=group.conv, uid=bo.uid))["seq"] == 3
        ok(cy.post(f"/api/conversations/{group.conv}/read", seq=99))
        for chat in (hers, his, phone, third):
            assert (await chat.push(READ, conv=group.conv, uid=cy.uid))["seq"] == 3
        # Who sends has read so far; that is not pushed.
        await his.ask(1, conv=group.conv, content="x")
        for chat in (hers, phone, third):
            assert await chat.rest_of(READ) == []


# Order


async def test_acks_and_pushes_of_a_lively_group_have_one_order_and_no_gap(
    ann: Account, bo: Account, cy: Account, di: Account
) -> None:
    group = Group.of(ann, bo, cy)
    conv = group.conv
    async with (
        ann.chat() as hers,
        ann.on("phone/2").chat() as phone,
        bo.chat() as his,
        cy.chat() as third,
        di.chat() as fourth,
    ):

        async def talk(chat: Chat) -> None:
            for n in range(15):
                await chat.send(type=1, conv=conv, content="x", id=f"talk-{n}")

        async def come_and_go() -> None:
            for _ in range(4):
                ok(await asyncio.to_thread(group.invite, ann, di))
                ok(await asyncio.to_thread(group.remove, ann, di))
            ok(await asyncio.to_thread(group.invite, ann, di))

        await asyncio.gather(*(talk(chat) for chat in (hers, phone, his, third)), come_and_go())
        # Two sockets of one sender used the same ids: each was stored once.
        last = group.said(bo, "the end")
        assert last == 1 + 3 * 15 + 9 + 1
        # The earlier ones are told of duplicates by their first seq, which is no push of theirs.
        for chat in (hers, phone, his, third):
            assert sorted(set(await reach(chat, conv, last))) == list(range(2, last + 1))
        for chat in (his, third):
            assert chat.seqs(conv) == list(range(2, last + 1))
        for chat in (hers, phone):
            pushed = [f["seq"] for f in chat.seen if f["code"] == MESSAGE and f["conv"] == conv]
            assert pushed == sorted(set(pushed))
        # Who comes and goes gets each of his stays whole, from `joined` to `kicked`.
        stays = await reach(fourth, conv, last)
        assert stays == sorted(set(stays))
        events = {m["seq"]: m["event"] for m in group.log(ann) if m["kind"] == "system"}
        joins = [seq for seq, event in events.items() if event == "joined"]
        kicks = [*(seq for seq, event in events.items() if event == "kicked"), last]
        assert stays == [
            seq for join, kick in zip(joins, kicks, strict=True) for seq in range(join, kick + 1)
        ]


async def test_nothing_of_who_is_removed_while_he_sends_stands_behind_that(
    ann: Account, bo: Account
) -> None:
    group = Group.of(ann, bo)
    conv = group.conv
    async with ann.chat() as hers, bo.chat() as his:
        for n in range(40):
            await his.send(type=1, conv=conv, content="x", id=f"flood-{n}")
        ok(await asyncio.to_thread(group.remove, ann, bo))
        for n in range(40, 60):
            await his.send(type=1, conv=conv, content="x", id=f"flood-{n}")
        answers = [await his.answer(f"flood-{n}") for n in range(60)]
        kicked = (await his.push(MESSAGE, event="kicked"))["seq"]
        stored = [answer["seq"] for answer in answers if "seq" in answer]
        assert stored == list(range(2, len(stored) + 2)) and len(stored) <= 40
        assert kicked == len(stored) + 2 == group.seqs(ann)[-1]
        for answer in answers[len(stored) :]:
            is_refusal(answer, FORBIDDEN, "forbidden")
        # To him and to the others it is one order.
        assert await reach(hers, conv, kicked) == list(range(2, kicked + 1))
        assert his.seqs(conv) == list(range(2, kicked + 1))


async def test_what_is_hidden_comes_back_with_what_is_shown(ann: Account, bo: Account) -> None:
    group = Group.of(ann, bo)
    path = f"/api/conversations/{group.conv}"
    seq = group.said(bo)

    def is_listed() -> bool:
        return ann.get("/api/conversations").data["conversations"] != []

    for brings_back in (lambda: group.said(bo), lambda: group.change(ann, name=f"New {seq}")):
        ok(ann.call("PATCH", path, json={"hidden": True}))
        assert not is_listed()
        brings_back()
        assert is_listed()
    updated_at = group.row(ann)["updated_at"]
    ok(ann.call("PATCH", path, json={"hidden": True}))
    # A silent event is never shown.
    ok(bo.call("DELETE", f"{path}/messages/{seq}"))
    assert not is_listed()
    row = group.row(bo)
    assert (row["updated_at"], row["last_message"]["event"]) == (updated_at, "changed")
