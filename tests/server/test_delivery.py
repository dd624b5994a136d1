"""The one way in: what is refused, in which order, and that a repeat never is."""

import asyncio
import dataclasses
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from conf.settings import load
from models.errors import AwaitReply, ChatError, InvalidField, NotFound, RateLimited, Unavailable
from models.group import Groups
from models.message import Message
from models.stores import Stores
from models.user import Blocks, User, Users
from server.delivery import Delivery, Outgoing
from server.draft import Ack
from server.people import People
from server.policy import Place, Policy
from server.rosters import Rosters
from tests import media
from tests.opened import Embedded
from tests.process import NO_STICKERS, Process, process
from tests.worded import words_of
from tests.written import CONV

PLACE = Place(CONV, (1, 2))
NOTES = Place("1:1", (1,))


class Desk:
    """Takes in the messages of a process; 1 and 2 are registered."""

    def __init__(self, one: Process, stores: Stores) -> None:
        self.process = one
        self.blocks = Blocks(stores.sql)
        self.people = People(Users(stores.sql), self.blocks, one.presence, one.bus)
        self.rosters = Rosters(Groups(stores.sql), one.bus)
        self.stores = stores
        self.delivery = self.with_limits()

    def with_limits(self, *, rate: int = 0, strangers: int = 0, **listed: Any) -> Delivery:
        """`listed`: refused words, and whether they are masked."""
        environ = {
            "TORNADO_IM_CHAT_RATEPERSECOND": str(rate),
            "TORNADO_IM_CHAT_STRANGERLIMIT": str(strangers),
        }
        one = self.process
        chat = load(Path(os.devnull), environ).chat
        policy = Policy(chat, self.people, one.positions)
        uploads = media.service(self.stores, one.messages, policy, self.people, self.rosters)
        return Delivery(
            policy,
            one.messages,
            one.positions,
            one.presence,
            uploads,
            NO_STICKERS,
            words_of(self.stores, one.bus, *listed.pop("words", ()), **listed),
            one.log,
        )

    def limit(self, **limits: Any) -> None:
        self.delivery = self.with_limits(**limits)

    async def send(
        self,
        id: str | None = None,
        *,
        uid: int = 1,
        place: Place = PLACE,
        kind: str = "text",
        reply_to: int | None = None,
        mentions: list[int] | str | None = None,
    ) -> Ack:
        message = Outgoing(kind, id or "x", id, reply_to, mentions)  # type: ignore[arg-type]
        return await self.delivery.send(uid, place, message)

    async def refusal(self, id: str | None = None, **fields: object) -> ChatError:
        with pytest.raises(ChatError) as refused:
            await self.send(id, **fields)  # type: ignore[arg-type]
        return refused.value

    async def ban(self, until: int) -> None:
        await User.filter(uid=1).update(banned_until=until)
        self.people.forget_all()

    async def block(self, blocked: bool) -> None:
        await (self.blocks.add(2, 1) if blocked else self.blocks.remove(2, 1))
        self.people.forget_all()

    async def stored(self) -> list[Message]:
        return [stored.message for stored in await self.process.messages.tail(CONV, 0)]


@asynccontextmanager
async def desk(embedded: Embedded) -> AsyncIterator[Desk]:
    async with embedded.open() as stores, process(stores, bus=True) as one:
        for name in ("ann", "bo"):
            await Users(stores.sql).add(name, name, "no hash")
        yield Desk(one, stores)


async def test_a_message_is_refused_for_the_first_of_its_faults(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        await here.send("a")
        strict = here.with_limits(rate=1, strangers=1, words=["ugly"])
        here.limit(rate=1, strangers=0)
        for id in "bcd":
            await here.send(id)
        # From here on everything is wrong with it, and one fault after another is taken away.
        await here.ban(int(time.time() * 1000) + 60_000)
        await here.block(True)
        assert (await here.refusal(reply_to=99)).word == "banned"
        await here.ban(0)
        assert (await here.refusal(reply_to=99)).word == "blocked"
        await here.block(False)
        assert (await here.refusal(reply_to=99)).word == "not_found"
        assert (await here.refusal(reply_to=1)).word == "rate_limited"
        here.delivery = strict
        assert (await here.refusal("ugly", reply_to=1)).word == "await_reply"
        await here.send("answer", uid=2)
        assert (await here.refusal("ugly", reply_to=1)).word == "sensitive_content"
        assert [message.id for message in await here.stored()] == [*"abcd", "answer"]


async def test_a_repeat_is_never_refused(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        first = await here.send("a")
        await here.ban(int(time.time() * 1000) + 60_000)
        await here.block(True)
        again = await here.send("a", reply_to=99)
        assert (again.seq, again.time, again.duplicate) == (first.seq, first.time, True)
        assert (await here.refusal("b")).word == "banned"
        assert [message.id for message in await here.stored()] == ["a"]


async def test_a_repeat_over_the_rate_is_answered_too(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        here.limit(rate=1, strangers=0)
        for id in "abc":
            await here.send(id)
        refused = await here.refusal("d")
        assert isinstance(refused, RateLimited)
        assert 0 < (refused.retry_after or 0) <= 1
        assert (await here.send("a")).duplicate


async def test_a_stranger_has_three_messages_until_he_is_answered(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        here.limit(rate=0, strangers=3)
        for id in "abc":
            await here.send(id)
        assert (await here.refusal("d")).word == "await_reply"
        await here.send("answer", uid=2)
        assert (await here.send("d")).seq == 5


async def test_words_come_behind_the_stranger_limit_also_on_their_way(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        here.limit(strangers=2, words=["ugly"])
        await here.refusal("ugly")  # so that nothing has to be read about the conversation
        sent = [here.send(id) for id in ("a", "ugly", "b", "ugly")]
        results = await asyncio.gather(*sent, return_exceptions=True)
        assert [getattr(one, "word", "") for one in results] == [
            "",
            "sensitive_content",
            "",
            "await_reply",
        ]


async def test_a_repeat_gets_its_first_answer_whatever_the_list_says_now(
    embedded: Embedded,
) -> None:
    async with desk(embedded) as here:
        first = await here.send("ugly")
        here.limit(words=["ugly"])
        assert (await here.send("ugly")).duplicate
        here.limit(words=["ugly", "pretty"], mask=True)
        again = await here.send("ugly")
        assert (again.seq, again.masked) == (first.seq, False)
        assert (await here.send("pretty")).masked
        here.limit()
        assert (await here.send("pretty")).masked
        assert [message.content for message in await here.stored()] == ["ugly", "******"]


async def test_the_stranger_limit_holds_for_messages_on_their_way(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        here.limit(rate=0, strangers=3)
        sent = [here.send(id) for id in "abcde"]
        results = await asyncio.gather(*sent, return_exceptions=True)
        assert sum(isinstance(result, Ack) for result in results) == 3
        assert sum(isinstance(result, AwaitReply) for result in results) == 2
        assert len(await here.stored()) == 3


async def test_nobody_is_a_stranger_to_himself(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        here.limit(rate=0, strangers=1)
        assert [(await here.send(id, place=NOTES)).seq for id in "abc"] == [1, 2, 3]


async def test_a_message_without_an_id_gets_one_of_its_own(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        assert [(await here.send()).seq, (await here.send()).seq] == [1, 2]
        ids = [message.id for message in await here.stored()]
        assert len(set(ids)) == 2
        assert all(len(id) == 32 for id in ids)


async def test_only_members_are_mentioned_and_each_once(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        await here.send("a", mentions=[2, 7, 2, 1])
        await here.send("b", mentions=[7])
        assert [message.mentions for message in await here.stored()] == [[2, 1], None]
        assert (await here.refusal("c", mentions="all")).word == "forbidden"


async def test_a_reply_refers_to_a_message_of_its_conversation(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        await here.send("n", place=NOTES)
        assert isinstance(await here.refusal("b", reply_to=1), NotFound)
        await here.send("a")
        await here.send("b", reply_to=1)
        assert [message.reply_to for message in await here.stored()] == [None, 1]


async def test_media_that_do_not_exist_are_not_found(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        for kind in ("image", "voice", "file"):
            assert isinstance(await here.refusal(kind=kind), NotFound)
        sticker = await here.refusal(kind="sticker")
        assert isinstance(sticker, InvalidField)
        assert (sticker.field, sticker.rule) == ("content", "unknown_value")


async def test_the_order_of_submitting_is_the_order_of_the_log_and_of_the_answers(
    embedded: Embedded,
) -> None:
    async with desk(embedded) as here:
        answers: list[tuple[int, int]] = []
        done = asyncio.Event()

        def answer(number: int, result: Ack | ChatError) -> None:
            assert isinstance(result, Ack)
            answers.append((number, result.seq))
            if len(answers) == 20:
                done.set()

        for number in range(20):
            message = Outgoing("text", "x", None, None, None)
            await here.delivery.submit(
                1, PLACE, message, lambda result, number=number: answer(number, result)
            )
        async with asyncio.timeout(8):
            await done.wait()
        assert answers == [(number, number + 1) for number in range(20)]


async def test_a_log_that_takes_nothing_is_an_answer_and_no_error(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        await here.send("a")
        here.process.is_hopeless = True
        assert isinstance(await here.refusal("b"), Unavailable)
        # A repeat is acknowledged by the log alone, so it has to wait as well.
        await here.ban(int(time.time() * 1000) + 60_000)
        assert isinstance(await here.refusal("a"), Unavailable)


async def test_at_once_is_taken_what_needs_nothing_and_is_not_refused(embedded: Embedded) -> None:
    async with desk(embedded) as here:
        socket, answers = here.process.socket(1), asyncio.Queue[Ack | ChatError]()

        def at_once(id: str, **fields: object) -> bool:
            message = Outgoing("text", id, id, None, None)
            message = dataclasses.replace(message, **fields)  # type: ignore[arg-type]
            return here.delivery.submit_at_once(
                1, PLACE, message, answers.put_nowait, origin=socket.peer
            )

        here.limit(rate=1, strangers=4)
        assert not at_once("a")  # the head of the conversation is not known yet
        await here.send("a")
        for fields in ({"reply_to": 1}, {"mentions": [2]}, {"kind": "sticker"}):
            assert not at_once("b", **fields)
        assert at_once("b")
        ack = await answers.get()
        assert isinstance(ack, Ack) and ack.seq == 2
        assert at_once("c")
        await answers.get()
        # Over the rate, and refused for that when it is taken the long way.
        assert not at_once("d")
        assert (await here.refusal("d")).word == "rate_limited"
        here.limit(rate=1, strangers=3)
        for _ in range(4):
            assert not at_once("e")
        # What was not taken was not counted.
        assert (await here.send("answer", uid=2)).seq == 4
        assert at_once("e")
        assert answers.empty()
