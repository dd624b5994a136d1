"""A body that may be large: read as it comes, for as long as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final

from handlers.auth import SingleTokenMixin
from models.errors import ChatError
from server.services import Services

UPLOAD_SECONDS: Final = 3600.0
"""How long an upload may take: Tornado's own minute is for small bodies."""

IDLE_SECONDS: Final = 60.0
"""How long nothing of an upload may come, or nothing of a download be taken."""


class LargeBody(SingleTokenMixin):
    """Gives the body to `receive` piece by piece, once `await_body` is called in `authorize`."""

    _idle: asyncio.TimerHandle | None = None
    """None where no body is awaited: an OPTIONS that has one all the same."""
    _has_come = False
    """All of it: the verb goes on, whether somebody still waits for the answer or not."""

    def initialize(self, services: Services) -> None:
        super().initialize(services)
        self._ending = ExitStack()

    def await_body(self, in_the_end: Callable[[], None]) -> None:
        """Args:
        in_the_end: called when the answer is given, or the line breaks before all has come.
        """
        self._ending.callback(in_the_end)
        connection: Any = self.request.connection
        connection.set_body_timeout(UPLOAD_SECONDS)
        self._wait()
        self._ending.callback(self._come)

    def _wait(self) -> None:
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._cut)

    def _come(self) -> None:
        if self._idle is not None:
            self._idle.cancel()

    async def take(self, chunk: bytes) -> None:
        if self._idle is None:
            return
        self._idle.cancel()
        try:
            await self.receive(chunk)
        except ChatError as error:
            await self._refuse_body(error)
        self._wait()

    async def receive(self, chunk: bytes) -> None:
        """A piece of the body. What it raises is the answer."""
        raise NotImplementedError

    def all_has_come(self) -> None:
        """Called by the verb, before anything else."""
        self._has_come = True
        self._come()

    def on_finish(self) -> None:
        self._ending.close()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if not self._has_come:
            self._ending.close()
