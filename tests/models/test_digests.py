"""What is kept of each content."""

from __future__ import annotations

from models.digests import Digests, Due, Put
from tests.opened import Embedded, flat

PUT = Put("key-1", "digest")
OTHER = Put("key-2", "digest")


async def test_the_first_who_puts_a_content_gives_it_its_key(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        digests = Digests(stores)
        assert await digests.claim("digest", 100) is None
        assert await digests.adopt(PUT, 100) == "key-1"
        assert await digests.adopt(OTHER, 100) == "key-1"
        assert await digests.claim("digest", 100) == await digests.key("digest") == "key-1"


async def test_what_is_claimed_is_looked_at_later(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        digests = Digests(stores)
        await digests.adopt(PUT, 100)
        assert await flat(digests.due(99, 10)) == []
        assert await flat(digests.due(100, 10)) == [Due("digest", "key-1", 100)]
        await digests.claim("digest", 200)
        await digests.claim("digest", 150)
        assert await flat(digests.due(199, 10)) == []


async def test_what_somebody_claims_meanwhile_stays(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        digests = Digests(stores)
        await digests.adopt(PUT, 100)
        (one,) = await flat(digests.due(100, 10))
        await digests.claim("digest", 200)
        assert await digests.remove(one) is False
        await digests.settle(one)
        (one,) = await flat(digests.due(200, 10))
        assert await digests.remove(one) is True
        assert await digests.key("digest") is None


async def test_what_is_in_use_is_looked_at_when_it_is_let_go(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        digests = Digests(stores)
        await digests.adopt(PUT, 100)
        await digests.settle(Due("digest", "key-1", 100))
        assert await flat(digests.due(10**9, 10)) == []
        await digests.let_go("digest", 300)
        assert await flat(digests.due(300, 10)) == [Due("digest", "key-1", 300)]


async def test_a_put_is_left_until_it_is_ended(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        digests = Digests(stores)
        await digests.begin(PUT, 100)
        await digests.begin(OTHER, 200)
        assert await flat(digests.left(99, 10)) == []
        assert await flat(digests.left(150, 10)) == [PUT]
        await digests.end(PUT.key)
        assert await flat(digests.left(1000, 10)) == [OTHER]
