"""A start that reads as a list, and a stop that is it backwards.

    what there is one of (`server/estate.py`) -> clients, schema -> services (`server/wiring.py`)
    -> their tasks -> routes

Each step is pushed on one `AsyncExitStack`. The stop: `/readyz` answers 503 and no new socket or
frame is taken, requests are answered, the log drains and its acks go out, sockets close with 1001,
then tasks, clients, and the embedded stores. It takes 15 s at most; a second signal ends it at
once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from tornado.httpserver import HTTPServer
from tornado.web import RequestHandler

from conf.settings import ConfigError, Settings
from handlers.routes import routes
from handlers.site import Site
from models.errors import Unavailable
from models.stores import open_stores
from server import embedded, logs
from server.credentials import Passwords
from server.estate import founded
from server.inheritance import Inheritance, Parent
from server.listening import Intake
from server.process import Ending, allow_descriptors, running, share_memory, spare_collections
from server.wiring import Work, wire

logger = logging.getLogger("tornado_im")
access = logging.getLogger("tornado_im.access")

DRAIN_SECONDS: Final = 3.0
"""What requests and the log's last batches have: more than a message waits for its answer."""

GOODBYE_SECONDS: Final = 2.0
"""What sockets have for their last bytes. With both limits, 2.5 s for heads and 4 s for children
that do not hear, a stop stays under 12 s whichever store is frozen."""

IDLE_SECONDS: Final = 75.0
"""How long a connection may send no header."""

BODY_SECONDS: Final = 60.0
HEADER_BYTES: Final = 32 * 1024


_SECRET: Final = re.compile(r"(?<=/join/|links/)[^/]+\Z|eyJ[\w-]{8,}\.[\w.-]+")
"""The code of a link into a group, at the end of a path; a token that somebody has put into one."""


async def serve(settings: Settings) -> None:
    """Serve by this process until a signal comes.

    Raises:
        ConfigError: the start failed, in one line; what had been started is stopped again.
    """
    logs.configure(settings.service.log_level, settings.service.log_format)
    ending = Ending()
    async with founded(settings, ending.fail) as estate:
        await _serve(
            estate.inheritance,
            estate.listening,
            ending,
            on_ready=estate.announce,
            on_mongo_unable=estate.children.restart_mongo,
        )
    ending.raise_failure()


async def work(parent: Parent) -> None:
    """Serve as one of several workers, until a signal comes.

    Raises:
        ConfigError: as `serve` does.
    """
    inheritance = parent.inheritance
    service = inheritance.settings.service
    logs.configure(service.log_level, service.log_format, worker=parent.number)
    ending = Ending()
    await _serve(
        inheritance,
        [Intake(fileno=one) for one in inheritance.listening],
        ending,
        on_ready=parent.ready,
        on_mongo_unable=parent.unable,
        worker=parent.number,
    )
    ending.raise_failure()


async def _serve(
    inheritance: Inheritance,
    listening: list[socket.socket],
    ending: Ending,
    *,
    on_ready: Callable[[], None],
    on_mongo_unable: Callable[[str], None],
    worker: int = 1,
) -> None:
    async with AsyncExitStack() as stack:
        allow_descriptors(inheritance.settings.limits.sockets_total)
        share_memory()
        work = await _start(stack, inheritance, worker, ending.fail, on_mongo_unable)
        server = HTTPServer(
            Site(routes(work.services), log_function=_log_request),
            idle_connection_timeout=IDLE_SECONDS,
            body_timeout=BODY_SECONDS,
            max_header_size=HEADER_BYTES,
        )
        server.add_sockets(listening)
        # After the connections are closed, while there is a store.
        stack.push_async_callback(work.services.tus.close)
        on_ready()
        spare_collections()
        await ending.begins()
        await _drain(work, server)


async def _start(
    stack: AsyncExitStack,
    inheritance: Inheritance,
    worker: int,
    fail: Callable[[str], None],
    on_mongo_unable: Callable[[str], None],
) -> Work:
    settings = inheritance.settings
    stores = await open_stores(
        settings.mysql,
        inheritance.mongo,
        inheritance.redis,
        settings.service.data_dir,
        media=settings.media,
        journal=embedded.UNSAFE_JOURNAL not in os.environ,
        on_mongo_unable=on_mongo_unable,
    )
    stack.push_async_callback(stores.close)
    passwords = Passwords()
    stack.callback(passwords.close)
    try:
        work = await wire(inheritance, stores, passwords, worker)
        stack.callback(work.services.search.close)
        await stack.enter_async_context(running(work.forever, fail))
        await work.bus.ready()
        # Behind it, so that no change of the list is missed.
        await work.services.words.load()
        await work.orphans.catch_up()
    except Unavailable as error:
        raise ConfigError(f"the start failed: {error.store} does not answer") from error
    return work


async def _drain(work: Work, server: HTTPServer) -> None:
    """Take nothing new, finish what was taken, say goodbye."""
    sockets = work.services.sockets
    sockets.stopping = True
    server.stop()
    end = asyncio.get_running_loop().time() + DRAIN_SECONDS
    # The log behind the requests, some of which want to store something yet.
    for finished in (work.services.requests.answered, work.log.drain):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                await finished()
    await server.close_all_connections()
    logger.info("%d messages stored, %d conflicts", work.log.stored, work.log.conflicts)
    sockets.close_all()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await sockets.all_closed()
    unanswered, deaf = len(work.log.pending), work.services.peers.count
    if unanswered or deaf:
        logger.warning("left: %d messages without answer, %d deaf sockets", unanswered, deaf)
    with contextlib.suppress(Unavailable):
        await work.services.figures.flush()
    try:
        await work.positions.leave()
        work.bus.leave()
    except Unavailable as error:
        logger.warning("heads were not written: %s is down; the next start reads them", error.store)


def _log_request(handler: RequestHandler) -> None:
    """One line for each request: no query, no header, no body, and no code that lets people in."""
    request = handler.request
    access.info(
        "%s %d %.1fms %s",
        _SECRET.sub("...", f"{getattr(handler, 'verb', request.method)} {request.path}"),
        handler.get_status(),
        1000 * request.request_time(),
        getattr(handler, "request_id", "-"),
    )
