"""The end of sessions: their tokens are dead and their sockets closed, everywhere, on return.

Promise 4 of docs/protocol.md is kept here. A token dies in Redis in one step; then every process
that has sockets of that user is told, closes them, and says so. A process that does not say so
within 1 s has not heard its bus for longer than 900 ms and takes nothing (`Sockets.hearing`).
"""

from __future__ import annotations

import logging
from typing import Any, Final

from models.bus import Bus
from models.token import Ending, Tokens
from server.peers import PeerMap
from server.protocol import CLOSE_REVOKED, CLOSE_SUPERSEDED
from server.security import security

logger = logging.getLogger("tornado_im.sessions")

REVOKE_SECONDS: Final = 1.0
"""How long the end of a session waits for the other processes; above the bus's own 900 ms."""

REASONS: Final = {
    CLOSE_SUPERSEDED: "a newer login took this device",
    CLOSE_REVOKED: "signed out",
}


class Revocation:
    """Every call raises `Unavailable` when Redis is down."""

    def __init__(self, tokens: Tokens, peers: PeerMap, bus: Bus) -> None:
        self._tokens = tokens
        self._peers = peers
        self._bus = bus

    async def end_all(self, uid: int, word: Ending) -> None:
        """End every session of a user; no login that has begun is let in.

        Args:
            word: what the tokens are answered from now on.
        """
        devices = await self._tokens.end_all(uid, word)
        # Also where there was none: who asks again after an outage has not seen sockets close.
        await self.close(uid, None, CLOSE_REVOKED)
        if devices:
            security.info("all %d sessions of user %d ended: %s", len(devices), uid, word)

    async def close(
        self, uid: int, devices: list[str] | None, code: int, *, keep: str = ""
    ) -> None:
        """Close sockets here and, before this returns, everywhere else.

        Args:
            devices: those on which they are; None for all.
            keep: the session that began with this, and may have a socket already.
        """
        self._close(uid, devices, code, keep)
        event = {"event": "end", "uid": uid, "devices": devices, "code": code, "keep": keep}
        _, all_done = await self._bus.ask(f"u:{uid}", event, seconds=REVOKE_SECONDS)
        if not all_done:
            logger.warning("a process did not confirm that sessions of user %d ended", uid)

    def hear(self, event: dict[str, Any]) -> None:
        """Some process, perhaps this one, has ended sessions."""
        self._close(event["uid"], event["devices"], event["code"], event["keep"])
        self._bus.reply(event)

    def _close(self, uid: int, devices: list[str] | None, code: int, keep: str) -> None:
        for peer in self._peers.of(uid):
            if (devices is None or peer.device in devices) and not (keep and peer.sid == keep):
                peer.close(code, REASONS[code])
