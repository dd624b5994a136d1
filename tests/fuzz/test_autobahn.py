"""Autobahn's cases against our WebSocket: what its fuzzing client tries at every server.

The client expects an echo, so it meets the socket of `handlers.chat` with an echo in the place of
the frames: the handshake, the frames in and out, and the end of a connection are ours.
"""

from __future__ import annotations

from types import SimpleNamespace

from kosoku import FailureError, run_fuzzingclient
from tornado import httpserver, netutil, web

from conf.settings import load
from handlers.chat import ChatHandler
from server import protocol
from server.peers import Peer

BESIDES = [
    "9.*",  # messages of megabytes, where 64 KiB end a connection
    "12.*",  # compression, which is never agreed on
    "13.*",
]
AT_ONCE = 16


class Echo(ChatHandler):
    """A socket that is open to anyone."""

    async def prepare(self) -> None:
        self.peer = Peer(0, "", self, send_buffer=0)

    def open(self, *_args: str, **_kwargs: str) -> None:
        pass

    def on_message(self, message: str | bytes) -> None:
        assert self.peer is not None
        if isinstance(message, bytes):
            self.peer.write(b"\x82" + protocol.text_frame(message)[1:])
        else:
            self.peer.write(protocol.text_frame(message.encode()))

    def on_close(self) -> None:
        pass


async def test_autobahn_finds_no_failure() -> None:
    services = SimpleNamespace(settings=load(None, {}))
    (listening,) = netutil.bind_sockets(0, "127.0.0.1")
    server = httpserver.HTTPServer(web.Application([("/", Echo, {"services": services})]))
    server.add_socket(listening)
    address = f"ws://127.0.0.1:{listening.getsockname()[1]}/"
    try:
        results = await run_fuzzingclient(address, None, BESIDES, concurrency=AT_ONCE)
    except FailureError as failure:
        raise AssertionError(str(failure)) from None
    finally:
        server.stop()
        await server.close_all_connections()
    assert len(results) > 200
