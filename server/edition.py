"""The edition of the page's files: one name for all of them together, by their content.

The page asks for its files under that name, `/static/@<edition>/`, so that a browser may keep them
for good and asks for none again; a file that has changed makes another edition.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LENGTH: Final = 16
"""Hexadecimal digits of its name."""

LOOK_SECONDS: Final = 1.0
"""How long a change of a file may go unseen; to look at all of them takes a millisecond."""


VERSION_LENGTH: Final = 32
"""Hexadecimal digits of a file's own name."""


def version(content: bytes) -> str:
    """What one file's content is named by: in its ETag, and behind `?v=` in an address."""
    return hashlib.sha256(content).hexdigest()[:VERSION_LENGTH]


class Edition:
    """Of the files in one folder."""

    def __init__(self, folder: Path, *, besides: str) -> None:
        """
        Args:
            besides: a folder in it that does not count, as its files have names of their own.
        """
        self._folder = folder
        self._besides = besides
        self._looked_at = float("-inf")
        self._stamps: list[tuple[str, int, int]] = []
        self._name = ""

    @property
    def name(self) -> str:
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            stamps = sorted(self._stamp())
            if stamps != self._stamps:
                self._stamps = stamps
                self._name = self._hash()
        return self._name

    def _stamp(self) -> Iterator[tuple[str, int, int]]:
        """Path, time of the last change and size of each file."""
        for folder, folders, files in os.walk(self._folder):
            if folder == str(self._folder) and self._besides in folders:
                folders.remove(self._besides)
            for file in files:
                path = os.path.join(folder, file)
                stat = os.stat(path)
                yield path, stat.st_mtime_ns, stat.st_size

    def _hash(self) -> str:
        whole = hashlib.sha256()
        for path, _, size in self._stamps:
            whole.update(f"{os.path.relpath(path, self._folder)}\0{size}\0".encode())
            whole.update(Path(path).read_bytes())
        return whole.hexdigest()[:LENGTH]
