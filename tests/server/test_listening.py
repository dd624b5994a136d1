"""Who is let in, and how many at a time."""

import asyncio
import os
import resource
import socket
from contextlib import ExitStack, suppress
from typing import Any

import pytest
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


async def test_without_descriptors_the_others_wait_and_nothing_spins(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.listening.PAUSE_SECONDS", 0.05)
    came: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        [listening] = listen(load(None, {"TORNADO_IM_SERVICE_HTTPPORT": ":0"}).service)
        stack.enter_context(listening)
        stack.callback(add_accept_handler(listening, lambda one, _: came.set_result(one)))
        with socket.create_connection(listening.getsockname()) as connection, ExitStack() as full:
            connection.send(b"GET")
            full.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
            resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
            with suppress(OSError):
                while True:
                    full.enter_context(open(os.devnull))
            loop = asyncio.get_running_loop()
            turns, until = 0, loop.time() + 0.2
            while loop.time() < until:
                await asyncio.sleep(0)
                turns += 1
            assert not came.done()
            assert 1 <= len(caplog.records) <= 4 < turns
            assert "no connection can be taken" in caplog.text
            full.close()
            stack.enter_context(await came)
