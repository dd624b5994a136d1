"""Two processes on the same stores behave as one server (promise 5 of docs/protocol.md)."""

import asyncio
import random
import time
import uuid

import pytest
from redis import Redis

from models.upload import PIECE_BYTES
from tests.client import Account
from tests.faults.figures import Figures
from tests.faults.programs import Server
from tests.faults.rest import refuses, rest_of, sign_in, sign_up
from tests.faults.storm import people, resend_all, settled, together, write_for
from tests.running import Site
from tests.stores.engines import DOCUMENTS, Engines
from tests.tus import Line, begin, comes_to, head, offset, patch

ONLINE, OFFLINE, PRESENCE = 50004, 50005, 50011
SUPERSEDED = 4001

SECONDS = 2.0
FULL_WINDOW = 32
"""As many as the server takes from one socket before it stops reading it."""

SHARE = 0.25
"""What each of two who saturate one conversation gets at least."""


async def test_two_writers_of_one_conversation_both_make_progress(
    two: tuple[Server, Server],
) -> None:
    urls = [server.url for server in two]
    async with people(urls, 1) as writers:
        for writer in writers:
            writer.window = FULL_WINDOW
        await together(writers, urls)
        start = time.monotonic()
        counts = await write_for(writers, SECONDS)
        print(f"\n{counts} in {time.monotonic() - start:.1f} s")
        refused = sum(len(writer.refused) for writer in writers)
        await resend_all(writers)
        figures = await settled(urls, writers)
        print(f"{sum(counts.values())} acknowledged, {refused} refused first: {figures}")
        assert figures == Figures()
        assert refused == 0
        assert min(counts.values()) > SHARE * sum(counts.values())


async def test_messages_cross_both_ways_in_order_under_load(two: tuple[Server, Server]) -> None:
    urls = [server.url for server in two]
    async with people(urls, 5) as writers:
        await together(writers, urls)
        await write_for(writers, SECONDS)
        await resend_all(writers)
        # Held against the store as the other process reads it.
        figures = await settled(urls[::-1], writers)
        print(f"\n{sum(len(writer.acked) for writer in writers)} acknowledged: {figures}")
        assert figures == Figures()


async def test_presence_crosses(two: tuple[Server, Server]) -> None:
    urls = [server.url for server in two]
    async with people(urls, 1) as (ann, bo):
        await ann.connect(urls[0])
        assert (await ann.ask({"type": 8, "uids": [bo.uid]}))["online"] == []
        assert (await ann.write())["code"] == OFFLINE
        await bo.connect(urls[1])
        pushed = await ann.next_other(PRESENCE)
        assert (pushed["uid"], pushed["online"]) == (bo.uid, True)
        assert (await ann.write())["code"] == ONLINE
        await bo.close()
        pushed = await ann.next_other(PRESENCE)
        assert (pushed["uid"], pushed["online"]) == (bo.uid, False)
        assert (await ann.write())["code"] == OFFLINE


@pytest.mark.parametrize("interrupted", [False, True])
async def test_a_login_elsewhere_ends_the_devices_sockets_before_it_is_answered(
    stores: Engines, two: tuple[Server, Server], interrupted: bool
) -> None:
    """Nothing that is sent on the older token is acknowledged once the login is answered.

    Also where the process that has the socket cannot have heard of the login.
    """
    here, there = (server.url for server in two)
    async with people([here], 4) as writers:
        for old in writers:
            await old.connect(here)
            stop = asyncio.Event()
            storm = asyncio.create_task(old.storm(stop))
            await old.next_ack()
            if interrupted:
                with Redis(port=stores.redis_port) as redis:
                    redis.client_kill_filter(_type="pubsub")
            async with rest_of(there) as rest:
                await sign_in(rest, old.name)
            before = len(old.sent)
            await old.disconnected()
            stop.set()
            await storm
            assert old.close_code == SUPERSEDED
            assert [id for id in old.sent[before:] if id in old.acked] == []
            assert await refuses(here, old.name, old.token)
            assert await refuses(there, old.name, old.token)


async def test_two_starts_at_once_have_migrated_one_database(
    stores: Engines, two: tuple[Server, Server]
) -> None:
    """The fixture has started both at once on a server without their database."""
    tag = uuid.uuid4().hex[:8]
    async with rest_of(two[0].url) as one, rest_of(two[1].url) as other:
        uid, _ = await sign_up(one, f"ann-{tag}")
        assert (await sign_up(other, f"bo-{tag}"))[0] != uid
    applied = stores.sql("SELECT name FROM tortoise_migrations", database=DOCUMENTS.sql)
    assert len(applied) == len(set(applied)) > 0


async def test_an_upload_goes_on_with_the_other_process(two: tuple[Server, Server]) -> None:
    here, there = (Site(server.url) for server in two)
    ann = Account.new(here)
    data = random.randbytes(2 * PIECE_BYTES)
    path = begin(ann, len(data))
    with Line(ann, path, 0, len(data)) as line:
        line.send(data[:-1])
        comes_to(ann, path, PIECE_BYTES)
        # The same token, as a balancer without sticky sessions has it.
        ann.server = there
        start = offset(ann, path)
        last = patch(ann, path, start, data[start:])
        line.send(data[-1:])
        assert line.answer()[0] == 409
    id = last.headers["x-media-id"]
    for site in (here, there):
        ann.server = site
        assert head(ann, path).headers["x-media-id"] == id
        assert site.http.get(f"/api/media/{id}", headers=ann.headers).content == data
        site.http.close()
