"""The bus over the real Redis: what it confirms is heard, what it misses is said."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.exceptions import RedisError

from models import bus, publications
from models.bus import Bus
from models.errors import Unavailable
from models.guard import Guard
from models.stores import Stores
from tests.border import SECONDS, Step
from tests.opened import Embedded
from tests.process import running

Event = dict[str, Any]


class End(Bus):
    """One process's end of the bus, with what it heard."""

    def __init__(self, stores: Stores, name: str, *, guard: Guard | None = None) -> None:
        self.events: asyncio.Queue[tuple[str, Event]] = asyncio.Queue()
        self.interruptions: asyncio.Queue[bool] = asyncio.Queue()
        """For each one whether the bus called itself healthy in that moment."""
        super().__init__(
            stores.redis_client,
            guard or stores.redis,
            name,
            on_event=self._take,
            on_interrupted=lambda: self.interruptions.put_nowait(self.healthy),
        )
        self.introducing = Step()

    async def _introduce_now(self) -> None:
        async with self.introducing:
            await super()._introduce_now()

    def _take(self, channel: str, event: Event) -> None:
        self.events.put_nowait((channel, event))
        if event["event"] == "question":
            self.reply(event, f"{self.process} says {event['text']}")
        if event["event"] == "fault":
            raise KeyError("a fault")

    def tell(self, channel: str, text: str) -> None:
        self.publish(channel, {"event": "text", "text": text})

    async def heard(self, count: int = 1) -> list[tuple[str, str]]:
        """The next events, each with its channel."""
        async with asyncio.timeout(SECONDS):
            got = [await self.events.get() for _ in range(count)]
        return [(channel, event.get("text", "")) for channel, event in got]

    async def interrupted(self) -> bool:
        async with asyncio.timeout(SECONDS):
            return await self.interruptions.get()


@asynccontextmanager
async def end(stores: Stores, name: str, **options: Any) -> AsyncIterator[End]:
    one = End(stores, name, **options)
    async with running(one.loops()):
        await one.ready()
        yield one


async def cut(stores: Stores) -> None:
    """Cut the connections of all subscribers."""
    await stores.redis_client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")


async def somebody_tells(stores: Stores, channel: str, text: str) -> None:
    """A process that does not ask itself whether it is alone."""
    event = {"process": "somebody", "event": "text", "text": text}
    database = stores.redis_client.connection_pool.connection_kwargs["db"]
    await stores.redis_client.publish(f"{database}/{channel}", json.dumps(event))


async def until(one: End, *, healthy: bool) -> None:
    """No event tells of health: whoever acknowledges looks."""
    async with asyncio.timeout(SECONDS):
        while one.healthy is not healthy:
            await asyncio.sleep(0.005)


# Telling and hearing


async def test_what_is_published_after_a_confirmed_subscription_is_heard(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, end(stores, "one") as one, end(stores, "two") as two:
        await two.subscribe("u:1", "u:2")
        for channel, text in (("u:2", "a"), ("u:3", "not for us"), ("u:1", "b"), ("all", "c")):
            one.tell(channel, text)
        assert await two.heard(3) == [("u:2", "a"), ("u:1", "b"), ("all", "c")]


async def test_a_subscription_is_not_there_before_redis_has_confirmed_it(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, end(stores, "one") as one:
        now = asyncio.get_running_loop().time
        await stores.redis_client.execute_command("CLIENT", "PAUSE", "150", "ALL")
        before = now()
        await one.subscribe("u:1")
        assert now() - before > 0.05


async def test_a_channel_that_is_named_twice_is_subscribed_to_once(embedded: Embedded) -> None:
    # A second confirmation is what tells of a connection that came back by itself.
    async with embedded.open() as stores, end(stores, "one") as one, end(stores, "two") as two:
        await two.subscribe("u:1", "u:1")
        one.tell("u:1", "a")
        assert await two.heard() == [("u:1", "a")]
        await two.subscribe("u:2", "u:1")
        assert two.interruptions.empty()


async def test_what_is_unsubscribed_is_heard_no_more(embedded: Embedded) -> None:
    async with embedded.open() as stores, end(stores, "one") as one, end(stores, "two") as two:
        await two.subscribe("u:1")
        await two.unsubscribe("u:1")
        one.tell("u:1", "too late")
        one.tell("all", "b")
        assert await two.heard() == [("all", "b")]


async def test_who_subscribes_while_another_unsubscribes_hears(embedded: Embedded) -> None:
    async with embedded.open() as stores, end(stores, "one") as one, end(stores, "two") as two:
        for text in "abc":
            await two.subscribe("u:1")
            leaving = asyncio.create_task(two.unsubscribe("u:1"))
            await asyncio.sleep(0)
            await two.subscribe("u:1")
            await leaving
            one.tell("u:1", text)
            assert await two.heard() == [("u:1", text)]


async def test_a_handler_that_fails_ends_nothing(
    embedded: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    async with embedded.open() as stores, end(stores, "one") as one, end(stores, "two") as two:
        one.publish("all", {"event": "fault"})
        one.tell("all", "b")
        assert await two.heard(2) == [("all", ""), ("all", "b")]
        assert "an event on the bus failed" in caplog.text


async def test_listeners_are_counted_by_process(embedded: Embedded) -> None:
    async with embedded.open() as stores, end(stores, "one") as one, end(stores, "two") as two:
        await one.subscribe("u:1", "u:2")
        await two.subscribe("u:1")
        assert await one.listeners(["u:1", "u:2", "u:3"]) == {"u:1": 2, "u:2": 1, "u:3": 0}


# Asking


async def test_all_that_hear_a_question_are_waited_for_oneself_included(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, end(stores, "one") as one, end(stores, "two"):
        answers, whole = await one.ask("all", {"event": "question", "text": "hi"}, seconds=SECONDS)
        assert (sorted(answers), whole) == (["one says hi", "two says hi"], True)


async def test_who_does_not_answer_in_time_is_missed(embedded: Embedded) -> None:
    async with embedded.open() as stores, end(stores, "one") as one, end(stores, "two") as two:
        two.reply = lambda event, data=None: None  # type: ignore[method-assign]
        answers, whole = await one.ask("all", {"event": "question", "text": "hi"}, seconds=0.1)
        assert (answers, whole) == (["one says hi"], False)


async def test_a_question_that_nobody_hears_is_answered_by_all(embedded: Embedded) -> None:
    async with embedded.open() as stores, end(stores, "one") as one:
        assert await one.ask("u:1", {"event": "question"}, seconds=SECONDS) == ([], True)


async def test_answers_of_two_questions_at_once_are_not_mixed(embedded: Embedded) -> None:
    async with embedded.open() as stores, end(stores, "one") as one, end(stores, "two") as two:
        asked = [one.ask("all", {"event": "question", "text": t}, seconds=SECONDS) for t in "ab"]
        asked.append(two.ask("all", {"event": "question", "text": "c"}, seconds=SECONDS))
        for text, (answers, _) in zip("abc", await asyncio.gather(*asked), strict=True):
            assert sorted(answers) == [f"one says {text}", f"two says {text}"]


# Interruptions


async def test_a_cut_connection_is_an_interruption_and_heard_again_after_it(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, end(stores, "two") as two:
        await two.subscribe("u:1")
        assert two.healthy
        assert (two.epoch, two.interruptions.qsize()) == (0, 0)
        await cut(stores)
        # Not before its PING is answered on the new connection.
        assert not await two.interrupted()
        assert two.epoch == 1
        await until(two, healthy=True)
        await somebody_tells(stores, "u:1", "a")
        assert await two.heard() == [("u:1", "a")]


async def test_after_an_interruption_nobody_is_sure_to_be_alone_until_he_has_asked(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, end(stores, "one") as one:
        assert one.alone
        await cut(stores)
        await one.interrupted()
        assert not one.alone
        async with asyncio.timeout(SECONDS):
            while not one.alone:
                await asyncio.sleep(0.005)


async def test_a_subscription_during_an_interruption_counts_once_it_is_confirmed(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, end(stores, "two") as two:
        await cut(stores)
        await two.subscribe("u:1")
        await somebody_tells(stores, "u:1", "a")
        assert await two.heard() == [("u:1", "a")]


async def test_after_an_interruption_a_subscription_counts_once_the_others_know_of_its_process(
    embedded: Embedded,
) -> None:
    # Another that came back sooner may think that it is alone, and tell nothing.
    async with embedded.open() as stores, end(stores, "two") as two:
        two.introducing.hold()
        await cut(stores)
        await two.interrupted()
        subscribing = asyncio.create_task(two.subscribe("u:1"))
        await two.introducing.reached()
        async with asyncio.timeout(SECONDS):
            while "u:1" not in two._confirmed:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0)
        assert not subscribing.done()
        two.introducing.release()
        await subscribing


async def test_a_silent_bus_is_not_healthy_and_comes_back_without_an_interruption(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "PING_SECONDS", 0.02)
    monkeypatch.setattr(bus, "SILENT_SECONDS", 0.15)
    monkeypatch.setattr(bus, "GIVE_UP_SECONDS", 0.25)
    async with embedded.open() as stores, end(stores, "one") as one:
        await until(one, healthy=True)
        await stores.redis_client.execute_command("CLIENT", "PAUSE", "400", "ALL")
        await until(one, healthy=False)
        assert not one.given_up
        async with asyncio.timeout(SECONDS):
            while not one.given_up:
                await asyncio.sleep(0.005)
        with pytest.raises(Unavailable):
            async with asyncio.timeout(0.1):
                await one.subscribe("u:1")
        await until(one, healthy=True)
        assert (one.given_up, one.epoch) == (False, 0)


async def test_a_bus_that_is_not_there_is_said_to_be_unavailable(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "CONFIRM_SECONDS", 0.05)
    async with embedded.open() as stores:
        one = End(stores, "one")
        with pytest.raises(Unavailable):
            await one.ready()
        with pytest.raises(Unavailable):
            await one.subscribe("u:1")


# Outages


class Outage:
    """A guard of its own, which refuses all calls until `probed` is released."""

    def __init__(self, stores: Stores) -> None:
        self.probed = Step()

        async def probe() -> None:
            async with self.probed:
                await stores.redis_client.ping()

        self.guard = Guard("redis", 1.0, concurrent=9, outages=(RedisError, OSError), probe=probe)

    async def begin(self) -> None:
        self.probed.hold()
        with pytest.raises(Unavailable):
            async with self.guard():
                raise ConnectionError


async def test_what_is_published_during_an_outage_is_told_after_it_in_order(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, end(stores, "two") as two:
        outage = Outage(stores)
        async with end(stores, "one", guard=outage.guard) as one:
            await outage.begin()
            for text in "ab":
                one.tell("all", text)
            await outage.probed.reached()
            one.tell("all", "c")
            outage.probed.release()
            assert await two.heard(3) == [("all", "a"), ("all", "b"), ("all", "c")]
        await outage.guard.close()


async def test_of_too_many_publications_the_oldest_go(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(publications, "QUEUE_MAX", 3)
    monkeypatch.setattr(publications, "BATCH_MAX", 2)
    async with embedded.open() as stores, end(stores, "two") as two:
        outage = Outage(stores)
        async with end(stores, "one", guard=outage.guard) as one:
            await outage.begin()
            for text in "abcde":
                one.tell("all", text)
                await asyncio.sleep(0)
            outage.probed.release()
            assert [text for _, text in await two.heard(3)] == ["c", "d", "e"]
        await outage.guard.close()
