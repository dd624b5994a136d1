"""Programs that are gone as soon as we are, however we end."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

# Our end of the pipe on stdin closes when we die, even by kill -9, and `read` then fails: the
# program, which keeps the shell's pid, is killed. A line instead of the end says that it is gone
# already, and its pid perhaps somebody else's. The same on Linux and macOS, unlike a death signal,
# which moreover comes when the *thread* that forked ends.
LEASH = 'exec 3<&0 </dev/null; { read _ <&3 || kill -9 $$; } & exec 3<&- "$@"'


class Leashed:
    """A running program, in a session of its own."""

    def __init__(self, process: asyncio.subprocess.Process, leash: int) -> None:
        self.process = process
        self._leash = leash

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        output: int | None = None,
        keep_open: Sequence[int] = (),
    ) -> Self:
        """Start it; its output goes to that descriptor, or where ours goes.

        Raises OSError when it cannot be.
        """
        leashed, leash = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", LEASH, "leash", *argv),
                stdin=leashed,
                stdout=output,
                stderr=output,
                env=env,
                pass_fds=keep_open,
                start_new_session=True,
            )
        except BaseException:
            os.close(leash)  # without a word: what may have started already must go
            raise
        finally:
            os.close(leashed)
        return cls(process, leash)

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    def send(self, number: int) -> None:
        """A signal, if it is not gone."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    def release(self) -> None:
        """Let go of the leash of a program that is gone."""
        if self._leash >= 0:
            with suppress(BrokenPipeError):
                os.write(self._leash, b"\n")
            os.close(self._leash)
            self._leash = -1
