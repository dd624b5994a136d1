"""One of several processes that serve, as its parent sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from conf.settings import ConfigError
from server.inheritance import FAILED, READY, UNABLE, Inheritance
from server.leash import Leashed

PROGRAM: Final = Path(__file__).resolve().parent.parent / "run.py"

READY_SECONDS: Final = 75.0
"""How long a start may take: it waits a minute for whoever is migrating the same database."""


Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Worker:
    """A running worker; `start` makes one."""

    def __init__(
        self, number: int, program: Leashed, pair: Pair, unable: Callable[[str], None]
    ) -> None:
        self.number = number
        self._program = program
        self._reader, self._writer = pair
        self._unable = unable
        self._ready = asyncio.Event()
        self._failure = ""
        self._listener = asyncio.create_task(self._listen(), name=f"worker {number} tells")

    @classmethod
    async def start(
        cls, number: int, inheritance: Inheritance, unable: Callable[[str], None]
    ) -> Worker:
        """Return when it serves.

        Args:
            unable: told why, when the worker finds that MongoDB answers but cannot write.

        Raises:
            ConfigError: it cannot serve, in its own words; it is gone then.
        """
        ours, theirs = socket.socketpair()
        try:
            program = await Leashed.start(
                [sys.executable, str(PROGRAM), "--worker", str(theirs.fileno())],
                keep_open=[theirs.fileno(), *inheritance.listening],
            )
        except OSError as error:
            ours.close()
            raise ConfigError(f"worker {number} cannot be started: {error.strerror}") from None
        finally:
            theirs.close()
        worker = cls(number, program, await asyncio.open_connection(sock=ours), unable)
        worker._writer.write(pickle.dumps((number, inheritance)))
        try:
            await worker._serves()
        except BaseException:
            worker.kill()
            await worker.ended()
            raise
        return worker

    async def _serves(self) -> None:
        ready = asyncio.create_task(self._ready.wait())
        ended = asyncio.create_task(self.ended())
        try:
            await asyncio.wait(
                {ready, ended}, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            # It may have ended since, which is for who keeps it to see.
            if self._ready.is_set():
                return
            if ended.done():
                raise ConfigError(self._failure or f"worker {self.number} {ended.result()}")
            raise ConfigError(f"worker {self.number} did not serve within {READY_SECONDS:g} s")
        finally:
            ready.cancel()
            ended.cancel()

    async def ended(self) -> str:
        """Wait until it is gone; why, in its own words where it said any."""
        code = await self._program.process.wait()
        self._program.release()
        await asyncio.wait([self._listener])
        self._writer.close()
        if self._failure:
            return f"ended: {self._failure}"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"

    @property
    def was_asked(self) -> bool:
        """Whether it has ended in order, as it does on a signal alone."""
        return self._program.process.returncode == 0

    def stop(self) -> None:
        """Ask it to end in order."""
        self._program.send(signal.SIGTERM)

    def kill(self) -> None:
        self._program.send(signal.SIGKILL)

    async def _listen(self) -> None:
        """Until it is gone."""
        # One that is killed before it has read what it inherits leaves a reset, not an end.
        with contextlib.suppress(ConnectionResetError):
            while line := await self._reader.readline():
                word, why = json.loads(line)
                if word == READY:
                    self._ready.set()
                elif word == UNABLE:
                    self._unable(why)
                elif word == FAILED:
                    self._failure = why
