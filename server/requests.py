"""The requests that are being answered, so that a stop waits for their answers."""

from __future__ import annotations

import asyncio
from typing import Any


class Requests:
    """Each request is a task from its first header to the end of its answer."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def begun(self) -> None:
        """The task that runs now is one."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def answered(self) -> None:
        """Wait until there is none; one that comes meanwhile is waited for as well."""
        while self._tasks:
            await asyncio.wait(self._tasks)
