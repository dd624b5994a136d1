"""One program that runs as long as we do: started, started again when it dies, ended."""

import asyncio
import logging
import os
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from conf.settings import ConfigError
from server.disk import Disk

logger = logging.getLogger("tornado_im.child")

READY_SECONDS = 20.0  # a store may have a long journal to read
STEP_SECONDS = 0.02
TERM_SECONDS = 2.0  # after each of two TERMs; then KILL, which costs a store no data
DEAF_SECONDS = 0.2  # what still answers after that did not hear the TERM
BACKOFF_SECONDS = 0.1  # before the first new start, doubled with each death that is remembered
DEATHS = 5  # within DEATHS_SECONDS: starting it again does not help
DEATHS_SECONDS = 60.0
LOG_BYTES = 1 << 20  # a longer log is put aside at the next start, in place of the one before
TAIL_LINES = 3
TAIL_CHARACTERS = 4096

# Our end of the pipe on stdin closes when we die, even by kill -9, and `read` then fails: the
# program, which keeps the shell's pid, is killed. A line instead of the end says that it is gone
# already, and its pid perhaps somebody else's. The same on Linux and macOS, unlike a death signal,
# which moreover comes when the *thread* that forked ends.
LEASH = 'exec 3<&0 </dev/null; { read _ <&3 || kill -9 $$; } & exec 3<&- "$@"'


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
        self._process: asyncio.subprocess.Process | None = None
        self._leash = -1
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when it answers; from then on it is started again whenever it dies.

        Raises ChildDied, or ConfigError when it had no space or is not ready in READY_SECONDS.
        """
        process = await self._spawn()
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while not await self._answers():
            dead = process.returncode is not None
            if dead:
                self._release()
            if dead or asyncio.get_running_loop().time() > deadline:
                if self._disk.blamed(self._said()):
                    raise ConfigError(f"{self._disk.words}: {self._name} did not start")
                if dead:
                    raise ChildDied(f"{self._name} did not start: {self._tail()}")
                raise ConfigError(
                    f"{self._name} was not ready within {READY_SECONDS:g} s: {self._tail()}"
                )
            await asyncio.sleep(STEP_SECONDS)
        self._keeper = asyncio.create_task(self._keep(process), name=f"keep {self._name}")

    def end(self, why: str) -> None:
        """Kill it, since it can do its work no longer; it is started again."""
        if self._process is not None and self._process.returncode is None:
            logger.error("%s is ended, to be started again: %s", self._name, why)
            self._process.kill()

    async def stop(self) -> None:
        """TERM, TERM again, KILL."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        process = self._process
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            if process.returncode is not None:
                break
            if number == signal.SIGKILL:
                seconds = 2 * TERM_SECONDS
                logger.warning("%s is killed: no end %g s after SIGTERM", self._name, seconds)
            with suppress(ProcessLookupError):
                process.send_signal(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(TERM_SECONDS):
                    await self._gone(process)
        self._release()

    async def _gone(self, process: asyncio.subprocess.Process) -> None:
        waking = asyncio.create_task(self._wake(process), name=f"wake {self._name}")
        try:
            await process.wait()
        finally:
            waking.cancel()
            await asyncio.wait([waking])

    async def _wake(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        told = loop.time()
        while self._wake_to_stop and process.returncode is None:
            if await self._answers() and loop.time() > told + DEAF_SECONDS:
                process.send_signal(signal.SIGTERM)
                told = loop.time()
            await asyncio.sleep(STEP_SECONDS)

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        deaths: deque[float] = deque()
        while True:
            await process.wait()
            self._release()
            while deaths and deaths[0] < loop.time() - DEATHS_SECONDS:
                deaths.popleft()
            if self._disk.blamed(self._said()):
                # No death of its own: it may die as often as the disk is full.
                await self._starved(process)
            else:
                deaths.append(loop.time())
                logger.error("%s died (%s): %s", self._name, process.returncode, self._tail())
            if len(deaths) == DEATHS:
                break
            await asyncio.sleep(BACKOFF_SECONDS * 2 ** max(0, len(deaths) - 1))
            try:
                process = await self._spawn()
            except ConfigError as error:
                self._on_fatal(str(error))
                return
        self._on_fatal(
            f"{self._name} died {DEATHS} times within {DEATHS_SECONDS:g} s: {self._tail()}"
        )

    async def _starved(self, process: asyncio.subprocess.Process) -> None:
        """It died of a full disk: wait until a start has a chance."""
        logger.error("%s died (%s): %s", self._name, process.returncode, self._disk.words)
        await self._disk.room()
        logger.warning("%s is started again: there is space for it", self._name)

    async def _spawn(self) -> asyncio.subprocess.Process:
        leashed, self._leash = os.pipe()
        try:
            log = self._open_log()
            try:
                self._process = await asyncio.create_subprocess_exec(
                    "/bin/sh",
                    "-c",
                    LEASH,
                    "leash",
                    *self._argv,
                    stdin=leashed,
                    stdout=log,
                    stderr=log,
                    env=self._env,
                    pass_fds=self._keep_open,
                    start_new_session=True,
                )
            finally:
                os.close(log)
        except BaseException as error:
            os.close(self._leash)  # without a word: what may have started already must go
            self._leash = -1
            if isinstance(error, OSError):
                reason = f"{self._name} cannot be started: {error.strerror}"
                raise ConfigError(reason) from None
            raise
        finally:
            os.close(leashed)
        return self._process

    def _release(self) -> None:
        """Let go of a leash whose program is gone."""
        if self._leash >= 0:
            with suppress(BrokenPipeError):
                os.write(self._leash, b"\n")
            os.close(self._leash)
            self._leash = -1

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
