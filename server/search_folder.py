"""The folder of the search index in the data folder: which file is the index, and who feeds it.

    <n>.sqlite3    an index; the one with the highest number is the current one
    <n>.building   one that is being built, and takes the place of the current one when it is whole
    feeder.lock    held by the process that feeds: of those that share a data folder it is one
    rebuild        somebody wants it built anew; `rebuilding` while that is being done

An index that is built anew is another file, so that the old one answers until then, and so that
whoever has the old one open reads on undisturbed and sees by its name that it is no longer current.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Final

from models.search import Index

_INDEX: Final = ".sqlite3"
_BUILDING: Final = ".building"
_SIDES: Final = ("", "-wal", "-shm")
"""The file and what SQLite keeps beside it."""


class SearchFolder:
    """Raises `OSError` where the folder cannot be read or written."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "search"
        self._lock: int | None = None

    # Who feeds

    def take_lease(self) -> bool:
        """Whether this process feeds; it does until it ends, or calls `give_back`."""
        if self._lock is None:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._path / "feeder.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return False
            self._lock = lock
        return True

    @property
    def feeds(self) -> bool:
        return self._lock is not None

    def give_back(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # Files

    def current(self) -> Path | None:
        """The index that is to be asked, None where there is none."""
        numbers = self._numbers(_INDEX)
        return self._path / f"{max(numbers)}{_INDEX}" if numbers else None

    def create(self) -> Index:
        """A new, empty index, which is the current one from now on."""
        # Under its name only once it has its tables: a reader must not take it for a broken one.
        return self.publish(self.begin())

    def begin(self) -> Index:
        """A new, empty index that nobody asks until it is published."""
        return Index(self._path / f"{self._next()}{_BUILDING}", create=True)

    def publish(self, built: Index) -> Index:
        """Make a built index the current one; `built` is closed."""
        built.finish()
        built.close()
        path = built.path.with_suffix(_INDEX)
        built.path.rename(path)
        self._remove_others(path)
        return Index(path)

    def discard(self, path: Path) -> None:
        """Remove a file, where that may be written; its feeder notices, and builds another."""
        with contextlib.suppress(OSError):
            for side in _SIDES:
                path.with_name(path.name + side).unlink(missing_ok=True)

    def _remove_others(self, kept: Path) -> None:
        for suffix in (_INDEX, _BUILDING):
            for number in self._numbers(suffix):
                path = self._path / f"{number}{suffix}"
                if path != kept:
                    self.discard(path)

    def _next(self) -> int:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Of the clock, as a number that a lost file had must not come again: who has that one open
        # would take it for the current one.
        older = max(self._numbers(_INDEX) + self._numbers(_BUILDING), default=0)
        return max(time.time_ns(), older + 1)

    def _numbers(self, suffix: str) -> list[int]:
        try:
            names = os.listdir(self._path)
        except FileNotFoundError:
            return []
        return [int(stem) for name in names if (stem := name.removesuffix(suffix)).isdecimal()]

    # Building anew

    def ask_for_rebuild(self) -> None:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._path / "rebuild").touch(mode=0o600)

    def rebuild_pending(self) -> bool:
        """Whether somebody still waits for an index that is built anew."""
        return any((self._path / name).exists() for name in ("rebuild", "rebuilding"))

    def begin_rebuild(self) -> bool:
        """Whether it was asked for since the last one began, or that one never ended."""
        if not self.rebuild_pending():
            return False
        if (self._path / "rebuild").exists():
            (self._path / "rebuild").replace(self._path / "rebuilding")
        return True

    def end_rebuild(self) -> None:
        (self._path / "rebuilding").unlink(missing_ok=True)
