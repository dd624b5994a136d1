"""Refusals as an operator sees them: counted, and some of them in the security log."""

from __future__ import annotations

import time
from typing import Final

from models.errors import ChatError, RateLimited
from server.security import security

TOLD_SECONDS: Final = 60.0
"""How long a limit that the same one meets again is not told: a socket meets its own a thousand
times a second."""

TOLD_MAX: Final = 10_000
"""Of whom that is remembered; at the bound it starts anew."""


class Refusals:
    def __init__(self) -> None:
        self.errors = 0
        """Answers that a store was down, or that something went wrong here."""
        self.limited = 0
        """Answers that somebody does something too often."""
        self._told: dict[tuple[str, str], float] = {}

    def note(self, error: ChatError, what: str, who: str) -> None:
        """Called with each refusal that is answered.

        Args:
            what: was asked for; no path, which may have a code that lets people in.
            who: asked; a user or an address.
        """
        if error.status >= 500:
            self.errors += 1
        elif isinstance(error, RateLimited):
            self.limited += 1
            if self._is_new(what, who):
                security.info("limit met: %s by %s", what, who)
        elif error.word == "bad_origin":
            security.info("origin or host refused: %s from %s", what, who)

    def _is_new(self, what: str, who: str) -> bool:
        now = time.monotonic()
        if now - self._told.get((what, who), -TOLD_SECONDS) < TOLD_SECONDS:
            return False
        if len(self._told) >= TOLD_MAX:
            self._told.clear()
        self._told[what, who] = now
        return True
