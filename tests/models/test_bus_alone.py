"""Who is alone on the bus, how he knows, and what he then spares himself."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from models import bus
from models.stores import Stores
from tests.border import SECONDS
from tests.models.test_bus import End, end, somebody_tells
from tests.opened import Embedded


@asynccontextmanager
async def listening(stores: Stores, channel: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """What goes through Redis on a channel of any database, as JSON."""
    async with stores.redis_client.pubsub() as listener:
        await listener.psubscribe(f"*/{channel}")
        await listener.get_message(timeout=SECONDS)

        async def heard() -> str:
            message = await listener.get_message(timeout=SECONDS)
            assert message is not None
            return str(message["data"])

        yield heard


async def test_who_is_alone_publishes_nothing_and_asks_only_itself(embedded: Embedded) -> None:
    async with embedded.open() as stores, end(stores, "one") as one:
        assert one.alone
        await one.subscribe("u:1")
        async with listening(stores, "u:1") as heard:
            one.tell("u:1", "a")
            question = {"event": "question", "text": "b"}
            assert await one.ask("u:1", question, seconds=SECONDS) == (["one says b"], True)
            assert await one.ask("u:2", question, seconds=SECONDS) == ([], True)
            assert await one.heard() == [("u:1", "b")]
            # Time for what it may have published.
            for _ in range(3):
                await one.listeners(["u:1"])
            await somebody_tells(stores, "u:1", "behind it")
            assert "behind it" in await heard()


async def test_who_is_not_sure_to_hear_asks_through_redis(embedded: Embedded) -> None:
    # Another may be there by now, whose introduction it has not heard.
    async with embedded.open() as stores, end(stores, "one") as one:
        await one.subscribe("u:1")
        async with listening(stores, "u:1") as heard:
            one._answered_at -= bus.SILENT_SECONDS
            assert one.alone and not one.healthy
            # Not whole, as Redis counts who listens here as well.
            answers, _ = await one.ask("u:1", {"event": "question", "text": "b"}, seconds=0.1)
            assert answers == ["one says b"]
            assert "question" in await heard()


async def test_one_that_is_frozen_while_others_introduce_themselves_is_not_forgotten(
    embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with embedded.open() as stores, end(stores, "one") as one, end(stores, "two") as two:
        await two.subscribe("u:1")
        with monkeypatch.context() as frozen:
            frozen.setattr(bus, "INTRODUCE_SECONDS", 0.05)
            frozen.setattr(two, "reply", lambda event, data=None: None)
            await one._introduce_now()
        assert not one.alone
        one.tell("u:1", "what it hears when it goes on")
        assert await two.heard() == [("u:1", "what it hears when it goes on")]


async def test_two_know_of_each_other_before_the_second_serves_anybody(
    embedded: Embedded,
) -> None:
    async with embedded.open() as stores, end(stores, "one") as one:
        assert one.alone
        async with end(stores, "two") as two:
            assert not one.alone
            assert not two.alone
            two.leave()
            two.tell("all", "behind the goodbye")
            await one.heard()
            assert one.alone


async def test_one_that_has_not_introduced_itself_is_not_alone(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        assert not End(stores, "one").alone
