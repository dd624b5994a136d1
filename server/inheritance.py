"""What a process serves from, and how a worker gets it from its parent.

Over a socket pair that the worker inherits: a command line is there for everybody to read, and an
environment for every program of the same user, as long as the process lives and in what it starts.
"""

from __future__ import annotations

import json
import pickle
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from conf.settings import Mongo, Redis, Settings

READY: Final = "ready"
UNABLE: Final = "unable"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Inheritance:
    """Plain values, the same for every process that serves."""

    settings: Settings
    redis: Redis
    mongo: Mongo
    """As configured, or the embedded stores that stand in for them."""
    key: bytes = field(repr=False)
    """What tokens are signed with."""
    family: str
    """Tells the workers of one parent from other processes."""
    listening: tuple[int, ...]
    """Descriptors of the sockets."""


class Parent:
    """The parent, as a worker sees it.

    Args:
        descriptor: of the worker's end of the pair.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        with self._socket.makefile("rb") as given:
            # Nobody but our own parent has the other end.
            self.number, self.inheritance = pickle.load(given)  # noqa: S301

    def ready(self) -> None:
        """This worker serves."""
        self._tell(READY)

    def unable(self, why: str) -> None:
        """MongoDB answers, but cannot write."""
        self._tell(UNABLE, why)

    def failed(self, why: str) -> None:
        """The one line why this worker ends."""
        self._tell(FAILED, why)

    def _tell(self, word: str, why: str = "") -> None:
        with suppress(OSError):  # The parent is gone, and this process with it.
            self._socket.sendall(json.dumps([word, why]).encode() + b"\n")
