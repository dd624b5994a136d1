"""The links to the stores are slow, are cut and lose answers, in a storm: what is kept, how fast.

The figures are printed (`pytest -s`); each of them must be 0, and each answer in time.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import bson
import pytest

from tests.faults.figures import Figures
from tests.faults.programs import Server
from tests.faults.proxy import Proxy, linked
from tests.faults.rest import ANSWER_SECONDS, PASSWORD, call, refuses, rest_of, sign_up, timed
from tests.faults.storm import insisting, people, resend_all, settled, storm_until, together
from tests.faults.writer import ACKS, UNAVAILABLE, Writer
from tests.opened import Embedded

PAIRS = 3
CUTS = 3
ROUNDS = 4
"""Messages of each writer over slow links."""

STORM_SECONDS = 0.3
"""How long all write before the first cut."""

WAIT_SECONDS = 20.0
"""In this long a cut has come about, and everybody has his next answer."""

SLOW_SECONDS = 0.1
"""Of each chunk: 200 ms there and back."""

LOSSY_SECONDS = 5.0
LOST, CUT = 0.15, 0.03
"""Shares of the chunks that are lost, and with which their connection ends."""

START_SECONDS = 6.0
"""In this long a start has given up; the driver of MongoDB alone looks for 2 s."""

KEY = "the key of the server behind the links, 32 bytes or more"

INSERT = b"\x02insert\x00\x09\x00\x00\x00messages\x00"
"""In BSON, the command that stores messages."""

BODY_AT = 21
"""Where the document begins in an OP_MSG: behind a header, flags and the kind of its section."""


@dataclass
class Links:
    """A server and its links; SQLite has none."""

    server: Server
    mongo: Proxy
    redis: Proxy


@asynccontextmanager
async def links(embedded: Embedded, folder: Path) -> AsyncIterator[Links]:
    """On empty stores; the server is not started yet, and is ended."""
    async with embedded.open():
        pass
    mongo, redis = embedded.children.mongo, embedded.children.redis
    host, _, port = mongo.hosts.partition(":")
    assert redis.unix_socket is not None
    async with linked((host, int(port))) as to_mongo, linked(redis.unix_socket) as to_redis:
        stores = {
            "SERVICE_SECRETKEY": KEY,
            "REDIS_REDISADDR": to_redis.address,
            "MONGO_MANGOHOSTS": to_mongo.address,
            "MONGO_MANGOUSER": mongo.user,
            "MONGO_MANGOPASSWORD": mongo.password,
            "MONGO_MANGOAUTHMECHANISM": mongo.mechanism,
            "MONGO_MANGODBNAME": mongo.name,
        }
        environ = {f"TORNADO_IM_{name}": str(text) for name, text in stores.items()}
        server = Server(folder / "data", environ=environ)
        try:
            yield Links(server, to_mongo, to_redis)
        finally:
            await asyncio.to_thread(server.end)
    assert "Traceback" not in server.said()


@dataclass
class Device:
    """One on which somebody logs in again and again."""

    url: str
    name: str
    tokens: list[str] = field(default_factory=list)
    """Of the logins that were answered with one."""
    longest: float = 0.0

    async def log_in(self) -> bool:
        """Whether there was a token; any other answer says that a store does not answer."""
        body = {"user_name": self.name, "password": PASSWORD}
        async with rest_of(self.url) as rest:
            answer, seconds = await timed(
                call(rest, "POST", "/api/user/login", body, **{"User-Agent": self.name})
            )
        self.longest = max(self.longest, seconds)
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 200:
            self.tokens.append(answer.json()["data"]["token"])
        return bool(answer.status_code == 200)

    async def accepted(self) -> int:
        """How many tokens are good beside the newest."""
        older = [await refuses(self.url, self.name, token) for token in self.tokens[:-1]]
        assert not await refuses(self.url, self.name, self.tokens[-1])
        return older.count(False)


@dataclass
class Storm:
    links: Links
    writers: list[Writer]
    device: Device

    async def settle(self, what: str) -> None:
        """All is sent again and synced; print the figures and hold them against what must be."""
        await resend_all(self.writers)
        await asyncio.gather(*(writer.sync() for writer in self.writers))
        assert await self.device.log_in()
        figures = await settled([self.device.url], self.writers)
        figures.old_token_accepted += await self.device.accepted()
        longest = max(self.device.longest, *(writer.longest for writer in self.writers))
        acknowledged = sum(len(writer.acked) for writer in self.writers)
        refused = sum(len(writer.refused) for writer in self.writers)
        print(
            f"{what}: {acknowledged} acknowledged, {refused} refused first: {figures};"
            f" the longest wait {longest:.2f} s"
        )
        assert figures == Figures()
        assert longest < ANSWER_SECONDS
        assert [writer.close_code for writer in self.writers] == [None] * len(self.writers)
        assert [frame for writer in self.writers for frame in writer.others] == []


@asynccontextmanager
async def storm_on(links: Links) -> AsyncIterator[Storm]:
    """All are connected; at the end the server stops in order."""
    await asyncio.to_thread(links.server.start)
    url = links.server.url
    async with people([url], PAIRS) as writers:
        async with rest_of(url) as rest:
            _, token = await sign_up(rest, "ann")
        await together(writers, [url])
        yield Storm(links, writers, Device(url, "ann", [token]))
    assert await asyncio.to_thread(links.server.stop) == 0


async def next_acks(writers: Sequence[Writer]) -> None:
    await asyncio.gather(*(writer.next_ack() for writer in writers))


def stored_by(answer: bytes) -> int:
    """How many documents MongoDB has stored, as it says."""
    told = bson.decode(answer[BODY_AT:])
    assert told["ok"] == 1
    return int(told["n"])


async def test_the_link_to_mongo_is_cut_within_a_batch(embedded: Embedded, tmp_path: Path) -> None:
    async with links(embedded, tmp_path) as there, storm_on(there) as storm:

        async def strike() -> None:
            async with asyncio.timeout(WAIT_SECONDS):
                for _ in range(CUTS):
                    await asyncio.gather(there.mongo.cut_in_request(INSERT), storm.device.log_in())
                    await next_acks(storm.writers)

        await storm_until(storm.writers, STORM_SECONDS, strike)
        assert there.server.said().count("mongo does not answer") >= CUTS
        await storm.settle(f"mongo cut within {CUTS} batches")


async def test_mongo_has_stored_and_its_answer_is_lost(embedded: Embedded, tmp_path: Path) -> None:
    async with links(embedded, tmp_path) as there, storm_on(there) as storm:
        stored: list[int] = []

        async def strike() -> None:
            async with asyncio.timeout(WAIT_SECONDS):
                for _ in range(CUTS):
                    answer, _ = await asyncio.gather(
                        there.mongo.cut_answer(INSERT), storm.device.log_in()
                    )
                    stored.append(stored_by(answer))
                    await next_acks(storm.writers)

        await storm_until(storm.writers, STORM_SECONDS, strike)
        assert len(stored) == CUTS and all(stored)
        await storm.settle(f"mongo cut after it had stored {stored}")


async def test_who_is_refused_though_it_is_stored_sends_again(
    embedded: Embedded, tmp_path: Path
) -> None:
    async with links(embedded, tmp_path) as there, storm_on(there) as storm:

        async def lost() -> int:
            answer = await there.mongo.cut_answer(INSERT)
            there.mongo.refuse()
            return stored_by(answer)

        async with asyncio.timeout(WAIT_SECONDS):
            stored, *answers = await asyncio.gather(
                lost(), *(writer.write() for writer in storm.writers)
            )
        assert {answer["code"] for answer in answers} == {UNAVAILABLE}
        await there.mongo.listen()
        await resend_all(storm.writers)
        assert sum(len(writer.repeated) for writer in storm.writers) == stored > 0
        await storm.settle(f"mongo gone after it had stored {stored}")


async def test_the_link_to_redis_is_cut(embedded: Embedded, tmp_path: Path) -> None:
    async with links(embedded, tmp_path) as there, storm_on(there) as storm:

        async def strike() -> None:
            async with asyncio.timeout(WAIT_SECONDS):
                for times in range(1, CUTS + 1):
                    there.redis.cut()
                    told = (writer.resynced(times) for writer in storm.writers)
                    await asyncio.gather(storm.device.log_in(), *told)
                    await next_acks(storm.writers)

        await storm_until(storm.writers, STORM_SECONDS, strike)
        assert there.redis.cuts >= CUTS
        await storm.settle(f"redis cut {CUTS} times")


async def test_slow_and_lossy_links_lose_nothing_and_answer_in_time(
    embedded: Embedded, tmp_path: Path, chance: Random
) -> None:
    async with links(embedded, tmp_path) as there, storm_on(there) as storm:
        # The first message of a conversation takes ten turns with the stores, each later one two.
        await asyncio.gather(*(writer.write() for writer in storm.writers))
        there.mongo.delay_seconds = there.redis.delay_seconds = SLOW_SECONDS
        async with asyncio.timeout(WAIT_SECONDS):
            for _ in range(ROUNDS):
                answers = await asyncio.gather(
                    storm.device.log_in(), *(writer.write() for writer in storm.writers)
                )
                assert {answer["code"] for answer in answers[1:]} <= set(ACKS)
        for link in (there.mongo, there.redis):
            link.lossy(chance, LOST, CUT)
        async with insisting(storm.writers):
            await asyncio.gather(asyncio.sleep(LOSSY_SECONDS), storm.device.log_in())
            # A connection that was lost while it idled is found out when it is used next.
            for link in (there.mongo, there.redis):
                link.whole()
                link.cut()
            await next_acks(storm.writers)
        losses = there.mongo.losses + there.redis.losses
        assert losses
        await storm.settle(f"both links slow, {losses} losses")


@pytest.mark.parametrize("section", ["mongo", "redis"])
async def test_a_start_is_refused_by_a_store_and_the_next_is_not(
    embedded: Embedded, tmp_path: Path, section: str
) -> None:
    async with links(embedded, tmp_path) as there:
        server = there.server
        link, key = {
            "mongo": (there.mongo, "MangoHosts"),
            "redis": (there.redis, "RedisAddr"),
        }[section]
        link.refuse()
        server.launch()
        code, seconds = await timed(asyncio.to_thread(server.ended))
        print(f"{server.said().strip()}: after {seconds:.2f} s")
        why = "cannot be reached: Connection refused"
        assert server.said().splitlines() == [f"[{section}] {key}: {link.address} {why}"]
        assert code == 1 and seconds < START_SECONDS
        await link.listen()
        async with storm_on(there) as storm:
            assert (await storm.writers[0].write())["code"] in ACKS
