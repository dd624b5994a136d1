"""The end of an account is carried through, whoever dies on the way, whatever comes in behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from models import deletion as stored
from models.errors import Forbidden, Unauthorized, Unavailable
from models.lease import Leases
from models.media import Media
from models.stores import Stores
from models.upload import Resumables
from models.user import Person
from server import deletion
from server.deletion import Deletions
from server.delivery import Outgoing
from server.expiry import Expiry
from server.policy import Place
from server.tus import Tus
from server.uploads import Uploads
from tests.border import SECONDS
from tests.media import PDF
from tests.opened import Embedded, flat
from tests.process import running
from tests.running import PASSWORD
from tests.served import Served, served

NOTE = Outgoing("text", "a note", None, None, None)


class House:
    """A process that ends accounts, and Ann with all that she has; Bo is in a group of hers."""

    def __init__(
        self, stores: Stores, one: Served, uploads: Uploads, ann: Person, bo: Person, gid: int
    ) -> None:
        self.one, self.ann, self.bo, self.gid = one, ann, bo, gid
        self.notes = Place(f"{ann.uid}:{ann.uid}", (ann.uid,))
        self.store = stored.Deletions(stores.sql)
        self.media = Media(stores)
        self.resumables = Resumables(stores)
        self.tus = Tus(self.resumables, one.media, uploads)
        leases = Leases(stores.redis_client, stores.redis, one.name)
        expiry = Expiry(
            one.conversations,
            one.messages,
            one.positions,
            one.media,
            leases,
            one.bus,
            days=0,
            on_floor=lambda _conv, _seq: None,
        )
        self.deletions = Deletions(
            self.store,
            one.sessions,
            one.people,
            one.revocation,
            one.groups,
            one.media,
            self.tus,
            expiry,
            one.conversations,
            one.bus.is_alone,
        )

    async def swept(self) -> None:
        """Let the sweep do all that is left."""
        async with running({"deletions": self.deletions.sweep()}), asyncio.timeout(SECONDS):
            while await self.left():
                await asyncio.sleep(0.01)

    async def left(self) -> int:
        return len(await self.store.left(int(time.time() * 1000)))

    async def is_gone(self) -> None:
        """Nothing of hers is there any more, and nobody takes her token."""
        one, uid = self.one, self.ann.uid
        assert (await one.people.get(uid)).deleted
        assert list((await one.rosters.get(self.gid)).members) == [self.bo.uid]
        assert await one.messages.tail(self.notes.conv, 0) == []
        assert await one.conversations.inbox(uid) == []
        assert await one.people.blocks(self.bo.uid) == frozenset()
        now = int(time.time() * 1000)
        assert [medium.uid for medium, _ in await flat(self.media.due(now, 9))] == [uid]
        assert [upload.uid for upload in await flat(self.resumables.due(now, 9))] == [uid]


@asynccontextmanager
async def house(embedded: Embedded, folder: Path) -> AsyncIterator[House]:
    async with embedded.open() as stores, served(stores) as one:
        ann, bo = await one.add("ann"), await one.add("bo")
        shape = await one.groups.create(ann.uid, "We", [bo.uid])
        uploads = Uploads(folder, max_bytes=0)
        here = House(stores, one, uploads, ann, bo, shape["gid"])
        await one.people.set_blocked(bo.uid, ann.uid, True)
        await one.delivery.send(ann.uid, here.notes, NOTE)
        for who in (ann, bo):
            await here.tus.begin(who.uid, 100, "")
        received = uploads.begin()
        await received.write(PDF)
        await received.end()
        await one.media.accept(ann.uid, received, "paper.pdf")
        received.discard()
        yield here


async def test_all_of_it_goes_before_the_answer(embedded: Embedded, tmp_path: Path) -> None:
    async with house(embedded, tmp_path) as here:
        who = await here.one.login("ann")
        with pytest.raises(Unauthorized):
            await here.deletions.delete(here.ann.uid, "not it")
        await here.deletions.delete(here.ann.uid, PASSWORD)
        await here.is_gone()
        with pytest.raises(Forbidden, match="token_revoked"):
            await here.one.sessions.identify(who.token, who.device)
        with pytest.raises(Unauthorized):
            await here.deletions.delete(here.ann.uid, PASSWORD)


async def test_no_token_outlives_the_account_wherever_that_stops(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path) as here:
        who = await here.one.login("ann")

        async def over(_uid: int) -> None:
            raise Unavailable("redis")  # killed just when the account is over

        with monkeypatch.context() as broken:
            broken.setattr(here.deletions, "_end", over)
            with pytest.raises(Unavailable):
                await here.deletions.delete(here.ann.uid, PASSWORD)
        assert await here.left() == 1
        with pytest.raises(Forbidden, match="token_revoked"):
            await here.one.sessions.identify(who.token, who.device)
        await here.swept()
        await here.is_gone()


async def test_an_answer_does_not_wait_for_very_much(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path) as here:
        with monkeypatch.context() as slow:
            slow.setattr(deletion, "ANSWER_SECONDS", 0.2)
            slow.setattr(here.deletions._tus, "forget", lambda _uid: asyncio.Event().wait())
            await here.deletions.delete(here.ann.uid, PASSWORD)
        monkeypatch.setattr(deletion, "AGAIN_SECONDS", 0.0)
        await here.swept()
        await here.is_gone()


async def test_what_a_crash_left_is_carried_out(embedded: Embedded, tmp_path: Path) -> None:
    async with house(embedded, tmp_path) as here:
        who = await here.one.login("ann")
        known = await here.one.users.password_hash(here.ann.uid)
        assert known is not None
        # As far as that had it come.
        assert await here.store.begin(here.ann.uid, known) is not None
        await here.swept()
        await here.is_gone()
        with pytest.raises(Forbidden, match="token_revoked"):
            await here.one.sessions.identify(who.token, who.device)


async def test_what_comes_in_behind_is_found_the_second_time(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(embedded, tmp_path) as here:
        await here.deletions.delete(here.ann.uid, PASSWORD)
        assert await here.left()
        # Somebody had asked who she is before, and lets her in after.
        async with here.one.group_store.locked(here.gid) as locked:
            await locked.add([here.ann.uid])
            await locked.tell("joined", here.bo.uid, "Bo let Ann in", uids=[here.ann.uid])
        await here.one.blocks.add(here.bo.uid, here.ann.uid)
        monkeypatch.setattr(deletion, "AGAIN_SECONDS", 0.0)
        await here.swept()
        await here.is_gone()
