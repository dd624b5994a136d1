"""Who gets what: sockets here by one encoded frame, the other processes by the bus."""

import pytest

from server import fanout
from server.draft import Draft
from server.protocol import MESSAGE, RESYNC, STATE, TYPING
from tests.opened import Embedded
from tests.process import Process, Socket, process
from tests.written import CONV, message


def draft(*, origin: Socket | None = None) -> Draft:
    """A message of user 1."""
    return Draft(
        key="k",
        conv=CONV,
        from_=1,
        id="a",
        kind="text",
        content="x",
        check=lambda _head: None,
        answer=lambda _result: None,
        origin=origin.peer if origin else None,
    )


async def test_a_message_is_encoded_once_for_all_its_sockets(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = Process(stores, "one")
        sender, twin, friend, stranger = (one.socket(uid) for uid in (1, 1, 2, 3))
        one.fanout.push(message(7).message, {1: 1, 2: 1}, besides=sender.peer)
        assert (await twin.next())["seq"] == 7
        pushed = await friend.next()
        assert (pushed["code"], pushed["conv"], pushed["content"]) == (MESSAGE, CONV, "text 7")
        assert twin.writes[0] is friend.writes[0]
        assert sender.rest() == stranger.rest() == []


async def test_another_process_hears_a_message_with_what_the_log_keeps(
    embedded: Embedded,
) -> None:
    async with (
        embedded.open() as stores,
        process(stores, bus=True) as one,
        process(stores, "two", bus=True) as two,
    ):
        await two.bus.subscribe("u:2")
        socket = two.socket(2)
        sent = message(1, content="你好", mentions=[2], reply_to=3)
        one.fanout.publish(sent)
        channel, event = await two.next_heard()
        assert (channel, event["event"], event["n"]) == ("u:2", "message", sent.n)
        assert event["draft"] == sent.draft
        pushed = await socket.next()
        assert (pushed["content"], pushed["mentions"], pushed["reply_to"]) == ("你好", [2], 3)


async def test_an_event_of_a_recall_arrives_with_its_target(embedded: Embedded) -> None:
    async with (
        embedded.open() as stores,
        process(stores, bus=True) as one,
        process(stores, "two", bus=True) as two,
    ):
        await two.bus.subscribe("u:2")
        socket = two.socket(2)
        target = message(1, kind="recalled", content="").message
        event = message(2, kind="system", event="recalled", silent=True, message=target)
        one.fanout.publish(message(1))
        one.fanout.publish(event)
        assert await socket.seqs(1) == [1]
        assert (await socket.next())["message"]["kind"] == "recalled"


async def test_a_frame_reaches_every_socket_of_a_user_on_every_process(
    embedded: Embedded,
) -> None:
    async with (
        embedded.open() as stores,
        process(stores, bus=True) as one,
        process(stores, "two", bus=True) as two,
    ):
        await two.bus.subscribe("u:1", "u:2")
        mine, twin, friend = one.socket(1), one.socket(1), one.socket(2)
        far, far_friend = two.socket(1), two.socket(2)
        one.fanout.tell([1], STATE, {"what": "me"}, besides=mine.peer)
        assert await twin.next() == {"code": STATE, "what": "me"}
        channel, event = await two.next_heard()
        two.fanout.hear_frame([int(channel.removeprefix("u:"))], event)
        assert await far.next() == {"code": STATE, "what": "me"}
        assert mine.rest() == friend.rest() == far_friend.rest() == []


async def test_a_message_reaches_somebody_only_if_the_other_is_online(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores:
        one = Process(stores, "one")
        sender, _twin = one.socket(1), one.socket(1)
        assert not one.fanout.reaches(draft(origin=sender), (1, 2))
        one.socket(2)
        assert one.fanout.reaches(draft(origin=sender), (1, 2))


async def test_a_socket_on_another_process_is_reached_too(embedded: Embedded) -> None:
    async with (
        embedded.open() as stores,
        process(stores, bus=True) as one,
        process(stores, "two", bus=True) as two,
    ):
        await two.bus.subscribe("u:2")
        await one.presence.learn([2, 3])
        assert one.fanout.reaches(draft(), (1, 2))
        assert not one.fanout.reaches(draft(), (1, 3))


async def test_a_note_to_oneself_reaches_the_other_devices(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = Process(stores, "one")
        sender = one.socket(1)
        assert not one.fanout.reaches(draft(origin=sender), (1,))
        assert one.fanout.reaches(draft(), (1,))
        one.socket(1)
        assert one.fanout.reaches(draft(origin=sender), (1,))


async def test_many_sockets_are_told_to_resynchronise_over_some_time(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "RESYNC_SPREAD_SECONDS", 0.2)
    async with embedded.open() as stores:
        one = Process(stores, "one")
        sockets = [one.socket(uid) for uid in range(150)]
        sockets[0].peer.ready = False
        one.fanout.resync_all()
        assert (await sockets[1].next())["code"] == RESYNC
        assert sum(bool(socket.writes) for socket in sockets) < 100
        for socket in sockets[2:]:
            assert (await socket.next())["code"] == RESYNC
        assert sockets[0].rest() == []


async def test_a_few_sockets_are_told_to_resynchronise_at_once(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = Process(stores, "one")
        sockets = [one.socket(uid) for uid in range(20)]
        one.fanout.resync_all()
        await sockets[0].next()
        await sockets[19].next()
        assert all(len(socket.writes) == 1 for socket in sockets)


# Groups


GROUP = "g7"
JOINED = {"kind": "system", "event": "joined", "data": {"by": 1, "uids": [3]}}


async def heard_by(two: Process, count: int) -> list[tuple[str, str]]:
    """The channels on which the next events come, and what they are."""
    heard = [await two.next_heard() for _ in range(count)]
    return [(channel, event["event"]) for channel, event in heard]


async def test_a_message_of_a_group_is_told_once_and_to_who_comes_by_it(
    embedded: Embedded,
) -> None:
    async with (
        embedded.open() as stores,
        process(stores, bus=True) as one,
        process(stores, "two", bus=True) as two,
    ):
        await two.bus.subscribe("g:7", "u:1", "u:2", "u:3", "g:77")
        one.fanout.publish(message(5, conv=GROUP))
        one.fanout.publish(message(6, conv=GROUP, **JOINED))
        one.fanout.publish(message(7, conv="g77"))
        assert await heard_by(two, 4) == [
            ("g:7", "message"),
            ("g:7", "message"),
            ("u:3", "message"),
            ("g:77", "message"),
        ]


async def test_of_a_silent_event_each_gets_what_he_may_read(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = Process(stores, "one")
        mine, friend, late = (one.socket(uid) for uid in (1, 2, 3))
        event = message(9, conv=GROUP, kind="system", event="recalled", silent=True)
        event.message.message = message(4, conv=GROUP, content="").message
        one.fanout.push(event.message, {1: 1, 2: 4, 3: 5}, besides=mine.peer)
        assert (await friend.next())["message"]["seq"] == 4
        assert (await late.next())["message"] is None
        assert mine.rest() == []
        # Nobody may read what is not kept any more.
        event.message.message = None
        one.fanout.push(event.message, {2: 1, 3: 5})
        for socket in (friend, late):
            assert (await socket.next())["message"] is None


async def test_a_frame_for_a_group_goes_out_once_and_names_who_is_left_out(
    embedded: Embedded,
) -> None:
    async with (
        embedded.open() as stores,
        process(stores, bus=True) as one,
        process(stores, "two", bus=True) as two,
    ):
        await two.bus.subscribe("g:7", "u:1", "u:2", "u:3")
        mine, friend, other = (one.socket(uid) for uid in (1, 2, 3))
        fields = {"conv": GROUP, "uid": 1}
        one.fanout.tell_members(GROUP, [1, 2], TYPING, fields, not_to={3}, besides=mine.peer)
        assert await friend.next() == {"code": TYPING, **fields}
        assert mine.rest() == other.rest() == []
        channel, event = await two.next_heard()
        assert (channel, event["event"], event["conv"]) == ("g:7", "group frame", GROUP)
        assert (event["code"], event["fields"], event["not_to"]) == (TYPING, fields, [3])


async def test_in_a_group_my_own_other_sockets_are_nobody(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        one = Process(stores, "one")
        sender, _twin = one.socket(1), one.socket(1)
        alone = draft(origin=sender)
        alone.conv = GROUP
        assert not one.fanout.reaches(alone, (1,))
        one.socket(2)
        assert one.fanout.reaches(alone, (1, 2, 3))
