"""What an operator does to an account from the command line, whether a server runs on it or not.

    run.py --grant-admin NAME
    run.py --reset-password NAME

Where a server holds the data folder, its SQLite file and its Valkey are opened beside it, and every
process is told on the bus, so that what was done holds there when the command ends. Where none
does, Valkey is started for as long as it takes.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from getpass import getpass
from typing import Any, Final

from conf.settings import ConfigError, Redis, Settings
from models.admin import AdminActs
from models.audit import Act
from models.bus import Bus
from models.errors import InvalidField, Unavailable
from models.stores import Accounts, open_accounts
from models.token import Tokens
from models.user import Person, Users
from server import datadir, embedded, logs, text
from server.audit import told
from server.credentials import Passwords
from server.passwords import PASSWORD
from server.peers import PeerMap
from server.people import tell
from server.process import running
from server.revocation import Revocation

LOOK_SECONDS: Final = 0.1

STARTING_SECONDS: Final = 20.0
"""How long a server that holds the data folder may take until its stores answer."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The stores and the bus, for one act."""

    accounts: Accounts
    bus: Bus

    async def find(self, name: str) -> Person:
        """Raises ConfigError: there is nobody by that name."""
        known = await Users(self.accounts.sql).credentials(name)
        if known is None:
            raise ConfigError(f"there is nobody by the name {name!r}")
        return known[0]


async def grant_admin(settings: Settings, name: str) -> None:
    """Make somebody an administrator; on return every process knows.

    Raises:
        ConfigError: there is nobody by that name, or a store cannot be reached.
    """
    async with _desk(settings) as desk:
        person = await desk.find(name)
        act = Act(None, "grant_admin", f"user:{person.uid}")
        await AdminActs(desk.accounts.sql).grant(person.uid, act)
        await tell(desk.bus, "person", person.uid)
        told(act)


async def reset_password(settings: Settings, name: str, password: str) -> None:
    """Give somebody another password; on return his tokens are dead and his sockets closed.

    Raises:
        ConfigError: there is nobody by that name, the password breaks a rule, or a store cannot be
            reached.
    """
    try:
        PASSWORD.check("password", password)
    except InvalidField as error:
        raise ConfigError(text.say_error("en", error)) from None
    async with _desk(settings) as desk:
        person = await desk.find(name)
        with closing(Passwords()) as passwords:
            known = await passwords.hash(password)
        act = Act(None, "reset_password", f"user:{person.uid}")
        await AdminActs(desk.accounts.sql).set_password_hash(person.uid, known, act)
        tokens = Tokens(desk.accounts.redis_client, desk.accounts.redis)
        await Revocation(tokens, PeerMap(), desk.bus).end_all(person.uid, "token_revoked")
        told(act)


def typed_password() -> str:
    """One line of standard input; from a terminal it is not shown."""
    if sys.stdin.isatty():
        return getpass("New password: ")
    return sys.stdin.readline().rstrip("\n")


@asynccontextmanager
async def _desk(settings: Settings) -> AsyncIterator[Desk]:
    logs.configure(settings.service.log_level, settings.service.log_format)
    try:
        async with AsyncExitStack() as stack:
            redis, as_guest = await _redis(settings, stack)
            data_dir = settings.service.data_dir
            accounts = await stack.enter_async_context(
                open_accounts(settings.mysql, redis, data_dir, as_guest=as_guest)
            )
            yield Desk(accounts, await stack.enter_async_context(_bus(accounts)))
    except Unavailable as error:
        raise ConfigError(f"{error.store} does not answer") from error


async def _redis(settings: Settings, stack: AsyncExitStack) -> tuple[Redis, bool]:
    """Where Redis is, and whether a server holds the data folder."""
    deadline = asyncio.get_running_loop().time() + STARTING_SECONDS
    data_dir = settings.service.data_dir
    while True:
        try:
            stack.enter_context(datadir.held(data_dir))
        except datadir.DataDirInUse:
            redis = settings.redis or await embedded.running_redis(data_dir)
            if redis is not None:
                return redis, True
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(LOOK_SECONDS)
        else:
            if settings.redis is not None:
                return settings.redis, False
            own = embedded.redis_alone(data_dir, _unseen)
            return await stack.enter_async_context(own), False


@asynccontextmanager
async def _bus(accounts: Accounts) -> AsyncIterator[Bus]:
    def hear(_channel: str, event: dict[str, Any]) -> None:
        # Who asks all processes waits for this one, too.
        if "id" in event:
            bus.reply(event)

    bus = Bus(
        accounts.redis_client,
        accounts.redis,
        secrets.token_hex(8),
        on_event=hear,
        on_interrupted=lambda: None,
    )
    async with running(bus.loops(), _unseen):
        await bus.ready()
        yield bus
        bus.leave()
        await bus.sent(seconds=1.0)


def _unseen(_why: str) -> None:
    """What ends here is found out by who waits for it in vain."""
