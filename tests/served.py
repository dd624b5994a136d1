"""A process with the rules of people, sessions and sockets on top of `tests/process.py`."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conf.settings import load
from models.admin import AdminActs
from models.audit import AuditTrail
from models.group import Group
from models.group import Groups as GroupStore
from models.guard import Guard
from models.invite import Invites as InviteList
from models.rate import Rates
from models.stores import Stores
from models.token import Issued, Session, Tokens
from models.user import Blocks, Person, Users
from server.admins import Admins
from server.amendments import Amendments
from server.audit import Audit
from server.conversations import Conversations
from server.credentials import Passwords, TokenSigner
from server.delivery import Delivery
from server.groups import Groups
from server.invites import Invites
from server.listing import Listing
from server.outbox import Changes
from server.people import People
from server.policy import Policy
from server.reading import Reading
from server.revocation import Revocation
from server.rosters import Rosters
from server.sessions import Identity, Sessions
from server.sockets import Sockets
from tests import media
from tests.border import BorderedOutbox, Step
from tests.opened import Embedded
from tests.process import NO_STICKERS, Frame, Process, Socket, running
from tests.running import KEY, PASSWORD
from tests.worded import words_of

SETTINGS = load(Path(os.devnull), {})
UNLIMITED = dataclasses.replace(SETTINGS.limits, login_per_minute=0, register_per_hour=0)
DEVICE = "a device"
GROUP_MAX = 5


class BorderedUsers(Users):
    """People of the real database, whose answers a test can hold back."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard)
        self.answered, self.found, self.known = Step(), Step(), Step()

    async def credentials(self, user_name: str) -> tuple[Person, str] | None:
        found = await super().credentials(user_name)
        async with self.found:
            return found

    async def by_ids(self, uids: Collection[int]) -> dict[int, Person]:
        found = await super().by_ids(uids)
        async with self.answered:
            return found

    async def account(self, uid: int) -> tuple[Person, str] | None:
        found = await super().account(uid)
        async with self.known:
            return found

    async def password_hash(self, uid: int) -> str | None:
        found = await super().password_hash(uid)
        async with self.known:
            return found


class BorderedBlocks(Blocks):
    """Blocks of the real database, whose answers a test can hold back."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard)
        self.answered = Step()

    async def of(self, owner: int) -> list[int]:
        found = await super().of(owner)
        async with self.answered:
            return found

    async def blockers(self, uid: int) -> list[int]:
        found = await super().blockers(uid)
        async with self.answered:
            return found


class BorderedGroups(GroupStore):
    """Groups of the real database, whose answers a test can hold back."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(guard)
        self.answered = Step()

    async def by_ids(self, gids: Collection[int]) -> dict[int, Group]:
        found = await super().by_ids(gids)
        async with self.answered:
            return found


class BorderedTokens(Tokens):
    """Tokens in the real Redis: answers to a check are held, other calls before they are made."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.checked, self.admitting = Step(), Step()
        self.replacing, self.comparing = Step(), Step()

    async def login(self, issued: Issued, generation: str) -> list[str] | None:
        async with self.admitting:
            return await super().login(issued, generation)

    async def check(self, uid: int, device: str, token: str, jti: str) -> Session:
        session = await super().check(uid, device, token, jti)
        async with self.checked:
            return session

    async def replace_all(self, issued: Issued) -> list[str] | None:
        async with self.replacing:
            return await super().replace_all(issued)

    async def current(self, devices: Sequence[tuple[int, str]]) -> list[str | None]:
        async with self.comparing:
            return await super().current(devices)


@cache
def passwords() -> Passwords:
    """One for all: it hashes a decoy when it is made."""
    return Passwords()


_hashes: list[str] = []


async def _hash() -> str:
    if not _hashes:
        _hashes.append(await passwords().hash(PASSWORD))
    return _hashes[0]


class Served(Process):
    """One process's objects up to `Sockets`, which hears its bus."""

    def __init__(self, stores: Stores, name: str, **limits: int) -> None:
        super().__init__(stores, name)
        self.users, self.blocks = BorderedUsers(stores.sql), BorderedBlocks(stores.sql)
        self.tokens = BorderedTokens(stores.redis_client, stores.redis)
        self.signer = TokenSigner(KEY.encode(), 1)
        self.people = People(self.users, self.blocks, self.presence, self.bus)
        self.group_store = BorderedGroups(stores.sql)
        self.rosters = Rosters(self.group_store, self.bus)
        self.policy = Policy(SETTINGS.chat, self.people, self.positions)
        self.reading = Reading(self.messages, self.positions, self.recent)
        self.revocation = Revocation(self.tokens, self.peers, self.bus)
        chosen = dataclasses.replace(UNLIMITED, **limits)
        self.invites = Invites(InviteList(stores.sql), self.users, register="open")
        self.sessions = Sessions(
            self.users,
            self.invites,
            self.people,
            self.tokens,
            self.revocation,
            Rates(stores.redis_client, stores.redis),
            self.signer,
            passwords(),
            self.peers,
            self.fanout,
            self.bus,
            chosen,
        )
        self.admins = Admins(
            self.people,
            AdminActs(stores.sql),
            self.revocation,
            Audit(AuditTrail(stores.sql)),
        )
        self.chats = Conversations(self.positions, self.people, self.reading, self.fanout, self.bus)
        self.listing = Listing(
            self.positions, self.messages, self.recent, self.people, self.rosters
        )
        self.media = media.service(stores, self.messages, self.policy, self.people, self.rosters)
        self.words = words_of(stores, self.bus)
        self.delivery = Delivery(
            self.policy,
            self.messages,
            self.positions,
            self.presence,
            self.media,
            NO_STICKERS,
            self.words,
            self.log,
        )
        self.outbox = BorderedOutbox(stores)
        self.changes = Changes(
            self.outbox, self.messages, self.delivery, self.media, self.bus.is_alone
        )
        self.amendments = Amendments(
            SETTINGS.chat,
            self.messages,
            self.policy,
            self.delivery,
            self.changes,
            NO_STICKERS,
            self.words,
        )
        self.groups = Groups(
            self.group_store,
            self.rosters,
            self.people,
            self.media,
            self.changes,
            self.words,
            group_max=GROUP_MAX,
        )
        self.sockets = Sockets(
            self.peers,
            self.bus,
            self.sessions,
            self.people,
            self.rosters,
            self.positions,
            self.gate,
            self.presence,
            self.fanout,
            self.turns,
            chosen,
            SETTINGS.media,
            version="tests",
        )

    def _hear(self, channel: str, event: Frame) -> None:
        self.heard.put_nowait((channel, event))
        self.sockets.hear(channel, event)
        self.words.hear(event)

    def _joined(self, conv: str) -> None:
        self.sockets.joined(conv)

    def _closed(self, convs: Sequence[str]) -> None:
        self.sockets.let_go(convs)

    async def hears(self, kind: str) -> Frame:
        """Wait until an event of that kind has come on the bus, and was taken in."""
        while True:
            _, event = await self.next_heard()
            if event["event"] == kind:
                return event

    async def add(self, name: str) -> Person:
        """Somebody new, whose password is `PASSWORD`."""
        return await self.users.add(name, name, await _hash())

    async def login(self, name: str, device: str = DEVICE) -> Identity:
        """Sign in; who a request with that token is."""
        login = await self.sessions.login(name, PASSWORD, device, "")
        return await self.sessions.identify(login.token, device)

    async def connect(self, who: Identity) -> Socket:
        """A socket as the handshake makes it; what greets it is taken."""
        socket = handshaking(who.uid, who.device)
        self.sockets.connected(socket.peer, await self.sockets.open(socket.peer, who.token))
        await socket.next()
        return socket


def handshaking(uid: int, device: str = DEVICE) -> Socket:
    """A socket that is not let in yet."""
    socket = Socket(uid)
    socket.peer.device, socket.peer.ready = device, False
    return socket


@asynccontextmanager
async def served(stores: Stores, name: str = "one", **limits: int) -> AsyncIterator[Served]:
    """Such a process with its bus, positions and log at work."""
    one = Served(stores, name, **limits)
    await one.dirty.announce()
    work = {
        "words": one.words.run(),
        **one.log.loops(),
        **one.positions.loops(),
        **one.bus.loops(),
    }
    async with running(work):
        await one.bus.ready()
        yield one


@asynccontextmanager
async def two_served(embedded: Embedded) -> AsyncIterator[tuple[Served, Served]]:
    """Two processes on the same stores, which are empty."""
    async with embedded.open() as stores, served(stores) as one, served(stores, "two") as other:
        yield one, other


@asynccontextmanager
async def two_of_them(
    embedded: Embedded,
) -> AsyncIterator[tuple[Served, Served, list[Person]]]:
    """Two processes, and Ann, Bo and Carl."""
    async with two_served(embedded) as (one, other):
        yield one, other, [await one.add(name) for name in ("ann", "bo", "carl")]


async def at_home(process: Served, *people: Person) -> None:
    """As with a socket of theirs here: the inbox is kept, the channel is heard."""
    for person in people:
        await process.bus.subscribe(f"u:{person.uid}")
        convs = await process.positions.keep_inbox(person.uid)
        for conv, head in (await process.positions.follow(convs)).items():
            process.gate.open(conv, head)


async def listed(one: Served, uid: int, limit: int = 50) -> list[list[str]]:
    """The convs of each page of the list."""
    pages, cursor = list[list[str]](), None
    while cursor or not pages:
        page = await one.listing.page(uid, cursor, limit)
        pages.append([row["conv"] for row in page["conversations"]])
        cursor = page["next"]
    return pages


between_steps_of_a_login = pytest.mark.parametrize(
    "step",
    [
        pytest.param(lambda one: one.users.found, id="hash read"),
        pytest.param(lambda one: one.tokens.admitting, id="hash checked"),
    ],
)
"""Where a login is held, of a `Served`."""
