"""What there is one of, however many processes serve: data, address, embedded stores, key."""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass

from conf.settings import Settings
from server import __version__, datadir, disk, embedded, listening
from server.embedded import Children
from server.inheritance import Inheritance


@dataclass(frozen=True, slots=True)
class Estate:
    """The one who holds it is the process that was started."""

    settings: Settings
    listening: list[socket.socket]
    children: Children
    key: bytes
    family: str

    @property
    def inheritance(self) -> Inheritance:
        return Inheritance(
            settings=self.settings,
            redis=self.children.redis,
            mongo=self.children.mongo,
            key=self.key,
            family=self.family,
            listening=tuple(one.fileno() for one in self.listening),
        )

    def announce(self) -> None:
        """Print the address: it is served there."""
        where = listening.url(self.settings.service.host, self.listening)
        print(f"Tornado IM {__version__} is ready: {where}", flush=True)


@asynccontextmanager
async def founded(settings: Settings, on_fatal: Callable[[str], None]) -> AsyncIterator[Estate]:
    """Data folder -> listening sockets -> embedded stores -> signing key; undone backwards.

    Args:
        on_fatal: told why, when a store of ours keeps dying.

    Raises:
        ConfigError: one of them cannot be had; the disk is blamed where that is the cause.
    """
    data_dir = settings.service.data_dir
    async with AsyncExitStack() as stack:
        stack.enter_context(datadir.held(data_dir))
        stack.enter_context(disk.blamed(data_dir))
        sockets = listening.listen(settings.service)
        for one in sockets:
            stack.enter_context(closing(one))
        children = await embedded.start(settings, data_dir, on_fatal=on_fatal)
        stack.push_async_callback(children.stop)
        key = datadir.signing_key(settings, data_dir)
        yield Estate(settings, sockets, children, key, secrets.token_hex(8))
