"""What of RFC 6455 Tornado lets pass on a WebSocket, and what it leaves of a broken handshake."""

from __future__ import annotations

import asyncio
from typing import Final, Self, cast

from tornado import web, websocket

from server.protocol import CLOSE_PROTOCOL_ERROR

_CLOSE_CODES: Final = frozenset(
    # Registered and meant for the wire; 1005, 1006 and 1015 only ever stand for what was not sent.
    {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}
)


class StrictProtocol(websocket.WebSocketProtocol13):
    """Version 13, to the letter in two more things.

    - A close code that nobody may send is answered with 1002 and not echoed (7.4).
    - A frame that is not masked ends the connection with 1002 (5.1). Of a message in pieces one
      masked piece is enough: Tornado does not tell which of them were.
    """

    @classmethod
    def in_place_of(cls, usual: websocket.WebSocketProtocol | None) -> Self | None:
        """The same for the same handler; None for a version that is none of Tornado's."""
        if usual is None:
            return None
        params = cast(websocket.WebSocketProtocol13, usual).params
        return cls(usual.handler, False, params)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        super().close(
            code if code is None or code in _CLOSE_CODES else CLOSE_PROTOCOL_ERROR, reason
        )

    def _handle_message(self, opcode: int, data: bytes) -> asyncio.Future[None] | None:
        mask, self._frame_mask = self._frame_mask, None
        if mask is None:
            self.close(CLOSE_PROTOCOL_ERROR, "frame not masked")
            self._abort()
            return None
        return super()._handle_message(opcode, data)


class StrictSocket(websocket.WebSocketHandler):
    """A socket that speaks so, and whose handshake may have a body."""

    def get_websocket_protocol(self) -> websocket.WebSocketProtocol | None:
        return StrictProtocol.in_place_of(super().get_websocket_protocol())

    def on_connection_close(self) -> None:
        super().on_connection_close()
        # Tornado's own for sockets forgets this: the rest of a body was awaited for ever.
        web.RequestHandler.on_connection_close(self)
