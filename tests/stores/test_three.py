"""Three processes on the same stores are one server, whatever is cut or killed (promise 5)."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Iterator
from random import Random

import pytest
from redis import Redis

from tests.client import MESSAGE, SENT_ONLINE, Account, pair
from tests.faults.figures import Figures
from tests.faults.programs import Server
from tests.faults.rest import PASSWORD, call, refuses, rest_of, sign_in
from tests.faults.storm import people, resend_all, settled, storm_until, together, write_for
from tests.faults.writer import UNAVAILABLE, Writer
from tests.running import Site
from tests.stores.engines import Engines

ONLINE, OFFLINE, PRESENCE = 50004, 50005, 50011
SUPERSEDED = 4001

SECONDS = 1.5
CUT_SECONDS = 1.2
"""Longer than the 900 ms of silence after which a process acknowledges nothing."""

STEP_SECONDS = 0.02
PAIRS = 6


@pytest.fixture(scope="module")
def three(stores: Engines, two: tuple[Server, Server]) -> Iterator[tuple[Server, Server, Server]]:
    third = stores.server("third")
    try:
        third.start()
        yield *two, third
    finally:
        third.end()
    assert "Traceback" not in third.said()


def urls_of(servers: tuple[Server, ...]) -> list[str]:
    return [server.url for server in servers]


async def another_device(writer: Writer, url: str, device: str) -> Writer:
    """The same person in the same conversation, signed in there on a device of that name."""
    async with rest_of(url) as rest:
        body = {"user_name": writer.name, "password": PASSWORD}
        answer = await call(rest, "POST", "/api/user/login", body, **{"User-Agent": device})
    return Writer(device, writer.uid, answer.json()["data"]["token"], writer.to)


async def test_senders_on_all_three_make_one_order_without_a_gap(
    three: tuple[Server, Server, Server],
) -> None:
    urls = urls_of(three)
    async with people(urls, 1) as (ann, bo):
        phone = await another_device(ann, urls[2], f"phone-{ann.name}")
        writers = [ann, bo, phone]
        await together(writers, urls)
        try:
            counts = await write_for(writers, SECONDS)
            await resend_all(writers)
            figures = await settled(urls[::-1], writers)
            print(f"\n{counts}: {figures}")
            assert figures == Figures()
            assert min(counts.values()) > 0
        finally:
            await phone.close()


async def test_somebody_is_online_until_the_last_process_has_let_him_go(
    three: tuple[Server, Server, Server],
) -> None:
    urls = urls_of(three)
    async with people(urls, 1) as (ann, bo):
        await ann.connect(urls[0])
        assert (await ann.ask({"type": 8, "uids": [bo.uid]}))["online"] == []
        assert (await ann.write())["code"] == OFFLINE
        phone = await another_device(bo, urls[1], f"phone-{bo.name}")
        await bo.connect(urls[2])
        assert (await ann.next_other(PRESENCE))["online"] is True
        await phone.connect(urls[1])
        await bo.close()
        assert (await ann.ask({"type": 8, "uids": [bo.uid]}))["online"] == [bo.uid]
        assert (await ann.write())["code"] == ONLINE
        await phone.close()
        # The next change that is told is his going, and not his coming or going on one of the two.
        assert (await ann.next_other(PRESENCE))["online"] is False
        assert (await ann.write())["code"] == OFFLINE


async def test_a_login_on_the_third_ends_the_device_on_the_other_two(
    three: tuple[Server, Server, Server],
) -> None:
    urls = urls_of(three)
    async with people(urls, 1) as (old, _):
        twin = copy.deepcopy(old)
        olds = [old, twin]
        await together(olds, urls)
        stop = asyncio.Event()
        storms = [asyncio.create_task(one.storm(stop)) for one in olds]
        for one in olds:
            await one.next_ack()
        async with rest_of(urls[2]) as rest:
            await sign_in(rest, old.name)
        before = [len(one.sent) for one in olds]
        for one in olds:
            await one.disconnected()
        stop.set()
        await asyncio.gather(*storms)
        for one, count in zip(olds, before, strict=True):
            assert one.close_code == SUPERSEDED
            assert [id for id in one.sent[count:] if id in one.acked] == []
        for url in urls:
            assert await refuses(url, old.name, old.token)


async def test_a_recall_on_one_is_told_and_kept_on_all(
    three: tuple[Server, Server, Server],
) -> None:
    sites = [Site(url) for url in urls_of(three)]
    ann, bo = Account.new(sites[0]), Account.new(sites[1])
    phone = ann.on("phone/2", sites[2])
    conv = pair(ann, bo)
    async with ann.chat() as hers, bo.chat() as his, phone.chat() as hers_there:
        assert (await hers.ask(1, to=bo.uid, content="gone", id="one"))["code"] == SENT_ONLINE
        for chat in (his, hers_there):
            assert (await chat.push(MESSAGE))["content"] == "gone"
        answers = [await hers_there.ask(6, conv=conv, seq=1)]
        for chat in (hers, his, hers_there):
            event = await chat.push(MESSAGE, seq=2)
            assert event["message"]["kind"] == "recalled"
        answers += [await hers.ask(6, conv=conv, seq=1)]
        assert [answer["event_seq"] for answer in answers] == [2, 2]
    for who in (ann, bo, phone):
        messages = who.get(f"/api/conversations/{conv}/messages").data["messages"]
        assert [(one["kind"], one["content"] == "gone") for one in messages] == [
            ("recalled", False),
            ("system", False),
        ]
    for site in sites:
        site.http.close()


async def test_the_bus_is_cut_in_a_storm_and_heals(
    stores: Engines, three: tuple[Server, Server, Server]
) -> None:
    """While it is cut nobody is sure what is told elsewhere; then all are told to ask (50015)."""
    urls = urls_of(three)
    async with people(urls, PAIRS) as writers:
        await together(writers, urls)
        told = [writer.resyncs for writer in writers]

        async def strike() -> None:
            start = time.monotonic()
            with Redis(port=stores.redis_port) as redis:
                while time.monotonic() < start + CUT_SECONDS:
                    redis.client_kill_filter(_type="pubsub")
                    await asyncio.sleep(STEP_SECONDS)
            await asyncio.gather(
                *(w.resynced(before + 1) for w, before in zip(writers, told, strict=True))
            )

        await storm_until(writers, 0.3, strike)
        refused = sum(len(writer.refused) for writer in writers)
        await resend_all(writers)
        await asyncio.gather(*(writer.sync() for writer in writers))
        figures = await settled(urls, writers)
        print(f"\n{sum(len(w.acked) for w in writers)} acknowledged, {refused} refused: {figures}")
        assert figures == Figures()
        assert refused > 0
        assert {frame["code"] for writer in writers for frame in writer.others} <= {UNAVAILABLE}


@pytest.mark.timeout(90)
async def test_one_is_killed_in_a_storm_and_the_others_go_on(
    three: tuple[Server, Server, Server], chance: Random
) -> None:
    urls = urls_of(three)
    mortal = three[2]
    async with people(urls, PAIRS) as writers:
        await together(writers, urls)
        dying = writers[2::3]
        living = [writer for writer in writers if writer not in dying]

        async def strike() -> None:
            aim = mortal.aim()
            await dying[0].next_ack()
            mortal.kill(aim)
            for writer in dying:
                await writer.disconnected()
            for writer in living:
                await writer.next_ack()

        await storm_until(writers, chance.uniform(0.4, 0.9), strike)
        assert {writer.close_code for writer in living} == {None}
        await resend_all(living)
        # What the dead one acknowledged is found by the others, before it is started again.
        await together(dying, urls[:2])
        await resend_all(dying)
        figures = await settled(urls[:2], writers)
        print(f"\n{sum(len(writer.acked) for writer in writers)} acknowledged: {figures}")
        assert figures == Figures()
        for writer in writers:
            await writer.close()
        await asyncio.to_thread(mortal.start)
        await together(writers, [mortal.url])
        assert await settled([mortal.url], writers) == Figures()
