"""Heads of groups: trusted once their channel is heard, and known with who is in them."""

from __future__ import annotations

from models.message import Stored
from tests.opened import Embedded
from tests.process import Process, process
from tests.written import message, write


async def here(one: Process, uid: int) -> None:
    """As with a socket of somebody here."""
    await one.positions.follow(await one.positions.keep_inbox(uid))


def joined(seq: int, *uids: int) -> Stored:
    data = {"by": 9, "uids": list(uids)}
    return message(seq, conv="g7", from_=9, kind="system", event="joined", data=data)


async def test_a_group_that_somebody_joins_is_in_his_inbox_and_trusted_once_it_is_followed(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await here(one, 1)
        await two.conversations.create({"g7": (9, 1)}, 0)
        made = message(1, conv="g7", from_=9, kind="system", event="created", data={"uids": []})
        await write(two.messages, made, joined(2, 1))
        await two.dirty.mark(["g7"])
        one.positions.advance(joined(2, 1))
        assert one.positions.followed(1) == ["g7"]
        assert one.positions.members("g7") == ()  # what lies before it is not known here
        heads = await one.positions.follow(["g7"])
        assert set(heads["g7"].members) == {9, 1} == set(one.positions.members("g7"))
        reads = one.conversations.reading.calls
        one.positions.advance(joined(3, 2))
        assert set(one.positions.members("g7")) == {9, 1, 2}
        await one.positions.heads(["g7"])
        assert one.conversations.reading.calls == reads


async def test_a_new_group_is_not_trusted_before_its_channel_is_heard(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, process(stores) as one, process(stores, "two") as two:
        await here(one, 1)
        made = message(1, conv="g7", from_=9, kind="system", event="created", data={"uids": [1]})
        await two.conversations.create({"g7": (9, 1)}, 0)
        await write(two.messages, made, joined(2, 3))
        await two.dirty.mark(["g7"])
        # The second message is not heard: nobody here has subscribed yet.
        one.positions.advance(made)
        assert one.positions.followed(1) == ["g7"]
        heads = await one.positions.follow(["g7"])
        assert heads["g7"].last_seq == 2 and set(heads["g7"].members) == {9, 1, 3}
