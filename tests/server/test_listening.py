"""Who is let in, and how many at a time."""

import asyncio
import socket
from contextlib import ExitStack
from typing import Any

from tornado.netutil import add_accept_handler

from conf.settings import load
from server.listening import ACCEPTED_PER_TURN, listen

WAITING = 3 * ACCEPTED_PER_TURN + 1


async def test_a_crowd_is_let_in_a_few_in_each_turn_of_the_loop() -> None:
    with ExitStack() as stack:
        settings = load(None, {"TORNADO_IM_SERVICE_HTTPPORT": ":0"})
        [listening] = listen(settings.service)
        stack.enter_context(listening)
        for _ in range(WAITING):
            address = listening.getsockname()
            stack.enter_context(socket.create_connection(address))
        came: list[socket.socket] = []
        all_came = asyncio.Event()

        def accept(connection: socket.socket, _address: Any) -> None:
            came.append(stack.enter_context(connection))
            if len(came) == WAITING:
                all_came.set()

        stop = add_accept_handler(listening, accept)
        turns: list[int] = []
        while not all_came.is_set():
            before = len(came)
            await asyncio.sleep(0)
            turns.append(len(came) - before)
        stop()
    assert max(turns) == ACCEPTED_PER_TURN
