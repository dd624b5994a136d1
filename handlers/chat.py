"""The WebSocket: one table from frames to service calls, and the peer map at class level.

Frames of one socket are taken one after another, so that the sender's order is the stored order.
Sends do not wait for the store, up to 32 of them; then nothing of this socket is taken until an
answer has gone out: that is the back-pressure.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from tornado import iostream

from handlers.auth import SingleTokenMixin
from handlers.call import plain
from handlers.framing import FramedSocket, is_key
from models.errors import BadRequest, ChatError, Internal, InvalidField, RateLimited
from server import protocol, text
from server.delivery import Outgoing
from server.draft import Ack
from server.fields import DEVICE_ID, Integer, ruled
from server.pace import Pace
from server.peers import Peer, PeerMap
from server.policy import Place
from server.services import Services

logger = logging.getLogger("tornado_im.chat")

SUBPROTOCOL: Final = "im.v1"
BAD_FRAMES_MAX: Final = 20
"""Bad frames in a row that are answered; the last of them closes the socket."""

SEND_BUFFER_BYTES: Final = 64 * 1024
"""The kernel's share of what a socket has not read; by default it hides 4 MB of it."""


@dataclass(frozen=True, slots=True)
class SocketQuery:
    toUid: int | None = ruled(Integer(1), default=None, says="The default receiver.")


class ChatHandler(SingleTokenMixin, FramedSocket):
    """One socket."""

    peers: ClassVar[PeerMap] = PeerMap()

    def initialize(self, services: Services) -> None:
        super().initialize(services)
        self.peer: Peer | None = None
        self._beat: int | None = None
        """Its step of the heartbeat."""
        self._speech = text.language(self.request.headers.get("Accept-Language", ""))
        self._bad_frames = 0
        self._pace = Pace()

    # The handshake

    @plain(
        None,
        status=101,
        query=SocketQuery,
        refuses=(BadRequest, RateLimited),
        headers={
            "Sec-WebSocket-Protocol": "`im.v1`, and beside it `token.<jwt>` and `device.<id>` for "
            "clients that cannot set headers; the answer is `im.v1`.",
        },
    )
    async def get(self) -> None:
        """The WebSocket: a handshake of version 13.

        What is spoken on it stands in docs/protocol.md.
        """
        await super().get()

    async def authorize(self) -> None:
        headers = self.request.headers
        tokens = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
        if (
            headers.get("Upgrade", "").lower() != "websocket"
            or "upgrade" not in tokens
            or headers.get("Sec-WebSocket-Version") != "13"
            or not is_key(headers.get("Sec-WebSocket-Key", ""))
            or self.request.version == "HTTP/1.0"
        ):
            raise BadRequest
        if any(name.startswith("token.") for name in self._offered) and (
            SUBPROTOCOL not in self._offered
        ):
            raise BadRequest
        device = self.device
        to = self.query(SocketQuery).toUid
        claims = self.services.sessions.claims(self.token)
        peer = Peer(
            claims.uid,
            device,
            self,
            send_buffer=self.services.settings.chat.send_buffer_bytes,
            default_to=to,
        )
        self.who = await self.services.sockets.open(peer, self.token)
        self.peer = peer

    @property
    def _offered(self) -> list[str]:
        header = self.request.headers.get("Sec-WebSocket-Protocol", "")
        return [name.strip() for name in header.split(",") if name.strip()]

    @property
    def header_token(self) -> str:
        return super().header_token or self._subprotocol("token.") or ""

    @property
    def device_id(self) -> str | None:
        id = self._subprotocol("device.")
        if id is not None and "X-Device-Id" not in self.request.headers:
            return DEVICE_ID.check("device", id)
        return super().device_id

    def _subprotocol(self, prefix: str) -> str | None:
        for name in self._offered:
            if name.startswith(prefix):
                return name.removeprefix(prefix)
        return None

    def check_origin(self, origin: str) -> bool:
        # `prepare` has judged Origin and Host; Tornado does not ask where both are equal.
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return SUBPROTOCOL if SUBPROTOCOL in subprotocols else None

    @property
    def max_message_size(self) -> int:
        return protocol.FRAME_MAX

    def detach(self) -> iostream.IOStream:
        stream = super().detach()
        connection = cast("socket.socket | None", getattr(stream, "socket", None))
        if connection is not None and self.services.settings.chat.send_buffer_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        return stream

    def open(self, *_args: str, **_kwargs: str) -> None:
        if self.peer is None or self.connection is None:
            return
        if self.peer.closed_with is not None:
            # A login or a logout came between the handshake's check and this.
            self.close(*self.peer.closed_with)
            return
        self._beat = self.services.heartbeat.add(self.connection)
        self.services.sockets.connected(self.peer, self.who)

    # The wire of the peer

    @property
    def unsent(self) -> int:
        return self.connection.unsent if self.connection is not None else 0

    def write_frames(self, data: bytes) -> None:
        if self.connection is not None:
            self.connection.write(data)

    # Frames

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        peer = self.peer
        if peer is None or peer.closed or self.services.sockets.stopping:
            return None
        peer.used = True
        try:
            frame = protocol.decode(message)
        except protocol.Refused as refused:
            self.refuse(refused.error, refused.id)
            return None
        self._bad_frames = 0
        return None if self._take_at_once(peer, frame) else self._take(peer, frame)

    def on_handed_on(self) -> None:
        if self.peer is not None:
            self.peer.flush()

    async def _take(self, peer: Peer, frame: protocol.Frame) -> None:
        try:
            await self.services.sockets.hearing()
            if peer.closed:
                return  # What was heard has ended its session.
            await FRAMES[type(frame)](self, peer, frame)
        except ChatError as error:
            self.refuse(error, frame.id)
        except Exception:
            self._failed(frame)
        if seconds := self._pace.rest():
            await asyncio.sleep(seconds)

    def _failed(self, frame: protocol.Frame) -> None:
        logger.exception("request %s: a frame failed", self.request_id)
        self.refuse(Internal(self.request_id), frame.id)

    def _take_at_once(self, peer: Peer, frame: protocol.Frame) -> bool:
        """What needs no task, which costs a sixth of the server's time for a message."""
        if isinstance(frame, protocol.Ping):
            self.answer(protocol.PONG, {}, frame.id)
            return True
        return isinstance(frame, protocol.Send) and self._send_at_once(peer, frame)

    def _send_at_once(self, peer: Peer, frame: protocol.Send) -> bool:
        """As `on_send`, if nothing has to be asked for and nothing is refused; whether it was."""
        try:
            if not peer.room.is_set() or not self.services.sockets.heard:
                return False
            place = self.services.policy.at_hand(peer.uid, frame.conv, frame.to, peer.default_to)
            if place is None or not self.services.delivery.submit_at_once(
                peer.uid, place, _outgoing(frame), self._answer_to(peer, frame), origin=peer
            ):
                return False
            peer.accept()
        except Exception:
            self._failed(frame)
        return True

    async def on_send(self, peer: Peer, frame: protocol.Send) -> None:
        await peer.room.wait()
        # Also for who has been removed since: what repeats a message of his is answered as it was.
        place = await self._addressed(peer, frame, to_read=True)
        peer.accept()
        await self.services.delivery.submit(
            peer.uid, place, _outgoing(frame), self._answer_to(peer, frame), origin=peer
        )

    def _answer_to(self, peer: Peer, frame: protocol.Send) -> Callable[[Ack | ChatError], None]:
        def answer(result: Ack | ChatError) -> None:
            peer.settle()
            if isinstance(result, ChatError):
                self.refuse(result, frame.id)
            else:
                self.answer(result.code, result.fields(), frame.id)

        return answer

    async def on_history(self, peer: Peer, frame: protocol.History) -> None:
        place = await self._addressed(peer, frame, to_read=True)
        messages, end = await self.services.reading.page(peer.uid, place, frame)
        if messages:
            fields = {"conv": place.conv, "messages": messages, "end": end}
            self.answer(protocol.HISTORY, fields, frame.id)
        else:
            self.answer(protocol.HISTORY_END, {"conv": place.conv}, frame.id)

    async def on_unread(self, peer: Peer, frame: protocol.Unread) -> None:
        everything = frame.conv is None and frame.to is None and peer.default_to is None
        places = None if everything else [await self._addressed(peer, frame, to_read=True)]
        fields = await self.services.conversations.unread(peer.uid, places, besides=peer)
        self.answer(protocol.UNREAD, fields, frame.id)

    async def on_read(self, peer: Peer, frame: protocol.Read) -> None:
        place = await self._place(peer, frame.conv, to_read=True)
        fields = await self.services.conversations.read(peer.uid, place, frame.seq, besides=peer)
        self.answer(protocol.READ, fields, frame.id)

    async def on_typing(self, peer: Peer, frame: protocol.Typing) -> None:
        place = await self._addressed(peer, frame)
        await self.services.conversations.type(peer, place)
        if frame.id is not None:
            self.answer(protocol.TYPING, {"conv": place.conv}, frame.id)

    async def on_recall(self, peer: Peer, frame: protocol.Recall) -> None:
        place = await self._place(peer, frame.conv)
        event_seq = await self.services.amendments.recall(peer.uid, place, frame.seq)
        fields = {"conv": place.conv, "seq": frame.seq, "event_seq": event_seq}
        self.answer(protocol.RECALLED, fields, frame.id)

    async def on_edit(self, peer: Peer, frame: protocol.Edit) -> None:
        place = await self._place(peer, frame.conv)
        edit = await self.services.amendments.edit(
            peer.uid, place, frame.seq, frame.content, frame.mentions
        )
        fields = {"conv": place.conv, "seq": frame.seq, **edit.fields()}
        self.answer(protocol.EDITED, fields, frame.id)

    async def on_react(self, peer: Peer, frame: protocol.React) -> None:
        place = await self._place(peer, frame.conv)
        event_seq = await self.services.amendments.react(
            peer.uid, place, frame.seq, frame.emoji, frame.on
        )
        fields = {"conv": place.conv, "seq": frame.seq, "emoji": frame.emoji, "on": frame.on}
        self.answer(protocol.REACTED, {**fields, "event_seq": event_seq}, frame.id)

    async def on_sync(self, peer: Peer, frame: protocol.Sync) -> None:
        fields = await self.services.reading.sync(peer.uid, frame.cursors)
        self.answer(protocol.SYNC, fields, frame.id)

    async def on_presence(self, peer: Peer, frame: protocol.Presence) -> None:
        online = await self.services.sockets.watch(peer, frame)
        self.answer(protocol.PRESENCE, {"online": online}, frame.id)

    async def _place(self, peer: Peer, conv: str, *, to_read: bool = False) -> Place:
        return await self.services.policy.place(peer.uid, conv, to_read=to_read)

    async def _addressed(
        self, peer: Peer, frame: protocol.Addressed, *, to_read: bool = False
    ) -> Place:
        return await self.services.policy.addressed(
            peer.uid, frame.conv, frame.to, peer.default_to, to_read=to_read
        )

    # Answers

    def answer(self, code: int, fields: Mapping[str, Any], id: str | None) -> None:
        if self.peer is not None:
            self.peer.write(protocol.encode(code, fields, id))

    def refuse(self, error: ChatError, id: str | None) -> None:
        """The one place where a refused frame is rendered."""
        self.services.refusals.note(error, "frames", f"user {self.who.uid}")
        fields: dict[str, Any] = {
            "error": error.word,
            "msg": text.say_error(self._speech, error),
        }
        if isinstance(error, InvalidField):
            fields |= {"field": error.field, "rule": error.rule}
        if isinstance(error, RateLimited):
            self._pace.limit()
            if error.retry_after is not None:
                fields["retry_after"] = max(1, math.ceil(error.retry_after * 1000))
        self.answer(error.code, fields, id)
        if error.code == protocol.BAD_FRAME:
            self._bad_frames += 1
            if self._bad_frames >= BAD_FRAMES_MAX and self.peer is not None:
                self.peer.close(protocol.CLOSE_BAD_FRAMES, "too many bad frames")
        else:
            self._bad_frames = 0

    # The end

    def on_close(self) -> None:
        if self._beat is not None and self.connection is not None:
            self.services.heartbeat.remove(self.connection, self._beat)
        if self.peer is not None:
            self.services.sockets.ended(self.peer)

    def on_finish(self) -> None:
        # The upgrade ends the request with 101; anything else means that no socket came of it.
        if self.get_status() != 101:
            self.on_close()


def _outgoing(frame: protocol.Send) -> Outgoing:
    return Outgoing(frame.kind, frame.content, frame.id, frame.reply_to, frame.mentions)


Handler = Callable[[ChatHandler, Peer, Any], Awaitable[None]]

# All but pings, which are answered at once.
FRAMES: Final[dict[type[protocol.Frame], Handler]] = {
    protocol.Send: ChatHandler.on_send,
    protocol.History: ChatHandler.on_history,
    protocol.Unread: ChatHandler.on_unread,
    protocol.Read: ChatHandler.on_read,
    protocol.Typing: ChatHandler.on_typing,
    protocol.Recall: ChatHandler.on_recall,
    protocol.Sync: ChatHandler.on_sync,
    protocol.Presence: ChatHandler.on_presence,
    protocol.Edit: ChatHandler.on_edit,
    protocol.React: ChatHandler.on_react,
}
