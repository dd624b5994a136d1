"""The step that ends an account: all of it, once, and only by its present password."""

from __future__ import annotations

import time

from models.deletion import Deletions
from models.user import Blocks, Users
from tests.opened import Embedded


async def test_an_account_is_over_in_one_step(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        users, deletions = Users(stores.sql), Deletions(stores.sql)
        ann = await users.add("Ann", "Annabel", "hash")
        await users.set_avatar(ann.uid, "picture")
        assert await deletions.begin(ann.uid, "another hash") is None
        deletion = await deletions.begin(ann.uid, "hash")
        assert deletion is not None and deletion.avatar == "picture"
        assert await deletions.begin(ann.uid, "hash") is None
        left = (await users.by_ids([ann.uid]))[ann.uid]
        assert left.deleted and (left.user_name, left.nickname, left.avatar) == ("", "", None)
        assert await users.credentials("ann") is None
        assert await users.credentials(f"!{ann.uid}") is None
        # What was on its way changes nobody any more.
        await users.set_nickname(ann.uid, "Annabel")
        await users.set_avatar(ann.uid, "picture")
        assert (await users.by_ids([ann.uid]))[ann.uid] == left
        assert (await users.add("ann", "ann", "hash")).uid != ann.uid


async def test_two_of_them_are_two(embedded: Embedded) -> None:
    async with embedded.open() as stores:
        users, deletions = Users(stores.sql), Deletions(stores.sql)
        ann, bo, cy = [await users.add(name, name, name) for name in ("ann", "bo", "cy")]
        blocks = Blocks(stores.sql)
        for owner, uid in ((ann, bo), (bo, ann), (bo, cy)):
            await blocks.add(owner.uid, uid.uid)
        for one in (ann, cy):
            assert await deletions.begin(one.uid, one.user_name) is not None
        await deletions.forget_blocks(ann.uid)
        assert await blocks.of(bo.uid) == [cy.uid] and await blocks.of(ann.uid) == []
        now = int(time.time() * 1000)
        assert await deletions.left(now - 60_000) == []
        assert [one.uid for one in await deletions.left(now)] == [ann.uid, cy.uid]
        await deletions.done(ann.uid)
        assert [one.uid for one in await deletions.left(now)] == [cy.uid]
