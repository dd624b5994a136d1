"""One program that runs as long as we do: started, started again when it dies, ended."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from conf.settings import ConfigError
from server.deaths import DEATHS, DEATHS_SECONDS, Deaths
from server.disk import Disk
from server.leash import Leashed

logger = logging.getLogger("tornado_im.child")

READY_SECONDS = 20.0  # a store may have a long journal to read
STEP_SECONDS = 0.02
TERM_SECONDS = 2.0  # after each of two TERMs; then KILL, which costs a store no data
DEAF_SECONDS = 0.2  # what still answers after that did not hear the TERM
REMIND_SECONDS = 60.0  # whoever has made a little room is told that it is not enough
LOG_BYTES = 1 << 20  # a longer log is put aside at the next start, in place of the one before
TAIL_LINES = 3
TAIL_CHARACTERS = 4096


class ChildDied(ConfigError):
    """It ended before it was ready."""


class Child:
    """`answers` says whether the program can be talked to; it may raise nothing.

    `wake_to_stop`: the program heeds a TERM only when it is talked to next, and may miss one.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        disk: Disk,
        answers: Callable[[], Awaitable[bool]],
        on_fatal: Callable[[str], None],
        env: Mapping[str, str],
        keep_open: Sequence[int] = (),
        wake_to_stop: bool = False,
    ) -> None:
        self._name = name
        self._argv = argv
        self._log = log
        self._log_start = 0
        self._disk = disk
        self._answers = answers
        self._on_fatal = on_fatal
        self._env = env
        self._keep_open = keep_open
        self._wake_to_stop = wake_to_stop
        self._program: Leashed | None = None
        self._deaths = Deaths()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when it answers; from then on it is started again whenever it dies.

        Raises ChildDied, or ConfigError when it could not write or is not ready in READY_SECONDS.
        """
        program = await self._spawn()
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while not await self._answers():
            dead = not program.running
            if dead:
                program.release()
            if dead or asyncio.get_running_loop().time() > deadline:
                if self._disk.blamed(self._said()):
                    raise ConfigError(f"{self._disk.words}: {self._name} did not start")
                if dead:
                    raise ChildDied(f"{self._name} did not start: {self._tail()}")
                raise ConfigError(
                    f"{self._name} was not ready within {READY_SECONDS:g} s: {self._tail()}"
                )
            await asyncio.sleep(STEP_SECONDS)
        self._keeper = asyncio.create_task(self._keep(program), name=f"keep {self._name}")

    def end(self, why: str) -> None:
        """Kill it, since it can do its work no longer; it is started again."""
        if self._program is not None and self._program.running:
            logger.error("%s is ended, to be started again: %s", self._name, why)
            self._program.send(signal.SIGKILL)

    async def stop(self) -> None:
        """TERM, TERM again, KILL."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        program = self._program
        if program is None:
            return
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            if not program.running:
                break
            if number == signal.SIGKILL:
                seconds = 2 * TERM_SECONDS
                logger.warning("%s is killed: no end %g s after SIGTERM", self._name, seconds)
            program.send(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(TERM_SECONDS):
                    await self._gone(program)
        program.release()

    async def _gone(self, program: Leashed) -> None:
        waking = asyncio.create_task(self._wake(program), name=f"wake {self._name}")
        try:
            await program.process.wait()
        finally:
            waking.cancel()
            await asyncio.wait([waking])

    async def _wake(self, program: Leashed) -> None:
        loop = asyncio.get_running_loop()
        told = loop.time()
        while self._wake_to_stop and program.running:
            if await self._answers() and loop.time() > told + DEAF_SECONDS:
                program.send(signal.SIGTERM)
                told = loop.time()
            await asyncio.sleep(STEP_SECONDS)

    async def _keep(self, program: Leashed) -> None:
        while True:
            code = await program.process.wait()
            program.release()
            if self._disk.blamed(self._said()):
                # No death of its own: it may die as often as the disk takes nothing.
                await self._starved(code)
            else:
                self._deaths.add()
                logger.error("%s died (%s): %s", self._name, code, self._tail())
            if self._deaths.too_many:
                break
            await asyncio.sleep(self._deaths.pause)
            try:
                program = await self._spawn()
            except ConfigError as error:
                self._on_fatal(str(error))
                return
        self._on_fatal(
            f"{self._name} died {DEATHS} times within {DEATHS_SECONDS:g} s: {self._tail()}"
        )

    async def _starved(self, code: int) -> None:
        """It died of a disk that takes nothing: wait until a start has a chance."""
        logger.error("%s died (%s): %s", self._name, code, self._disk.words)
        while True:
            try:
                async with asyncio.timeout(REMIND_SECONDS):
                    await self._disk.room()
                break
            except TimeoutError:
                logger.error("%s is not started again yet: %s", self._name, self._disk.words)
        logger.warning("%s is started again: there is space for it, and it may write", self._name)

    async def _spawn(self) -> Leashed:
        try:
            log = self._open_log()
            try:
                self._program = await Leashed.start(
                    self._argv, env=self._env, output=log, keep_open=self._keep_open
                )
            finally:
                os.close(log)
        except OSError as error:
            raise ConfigError(f"{self._name} cannot be started: {error.strerror}") from None
        return self._program

    def _open_log(self) -> int:
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.old"))
        log = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._log_start = os.fstat(log).st_size
        return log

    def _said(self) -> str:
        """What this run of the program wrote, as far as that is a log of ordinary length."""
        with open(self._log, "rb") as log:
            log.seek(max(self._log_start, self._log.stat().st_size - LOG_BYTES))
            return log.read().decode(errors="replace")

    def _tail(self) -> str:
        """The last lines of that, in one line; nobody dies of the warnings that a start brings."""
        said = [line.strip() for line in self._said()[-TAIL_CHARACTERS:].split("\n")]
        last = [line for line in said if line and " WARNING " not in line]
        return " / ".join(last[-TAIL_LINES:]) or "it said nothing"
