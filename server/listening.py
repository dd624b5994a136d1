"""The address that is served at."""

import errno
import logging
import os
import socket
from typing import Any, Final

from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets

from conf.settings import ConfigError, Service

logger = logging.getLogger("tornado_im")

BACKLOG: Final = 4096
"""Connections that may wait to be taken, as far as the kernel allows (`somaxconn`). With Tornado's
128, some of 2,000 clients that came back at once were connected only after minutes: the kernel
drops what finds no place, and tries again ever more seldom."""

ACCEPTED_PER_TURN: Final = 4
"""Connections that are taken before the loop serves the others: a handshake costs about 1 ms, and
Tornado takes 128, for which all others would wait."""

DEFER: Final = getattr(socket, "TCP_DEFER_ACCEPT", None)
"""Linux hands out a connection when its first bytes are here. Else hundreds are taken in a moment,
and their requests come in one turn of the loop."""

PAUSE_SECONDS: Final = 1.0
"""Until it is tried again, where the system has no descriptor or no memory for a connection."""

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared, not bound


class Intake(socket.socket):
    """A socket that listens, and hands out a few connections in each turn of the loop.

    After those it says that nobody waits; the loop asks again in its next turn if somebody does.
    """

    _taken = 0

    def accept(self) -> tuple[socket.socket, Any]:
        if self._taken == ACCEPTED_PER_TURN:
            self._taken = 0
            raise BlockingIOError
        try:
            connection = super().accept()
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._pause(error)
            raise BlockingIOError from None
        self._taken += 1
        return connection

    def _pause(self, error: OSError) -> None:
        """Those who wait go on waiting; else each turn of the loop would try in vain."""
        logger.warning("no connection can be taken: %s", os.strerror(error.errno or 0))
        loop = IOLoop.current()
        loop.update_handler(self, 0)
        loop.call_later(PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        if self.fileno() >= 0:  # else the server has stopped meanwhile
            IOLoop.current().update_handler(self, IOLoop.READ)


def listen(service: Service) -> list[socket.socket]:
    """Sockets that listen; nobody else can, so that a second server on the port fails.

    Raises ConfigError when the address is taken, or none of ours.
    """
    if service.host in ANY_ADDRESS and not service.allowed_hosts:
        logger.warning("[service] Host is %s and AllowedHosts is not set: any Host", service.host)
    try:
        bound = bind_sockets(service.port, service.host or None, backlog=BACKLOG)
        if DEFER is not None:
            for listening in bound:
                listening.setsockopt(socket.IPPROTO_TCP, DEFER, 1)
        return [Intake(fileno=listening.detach()) for listening in bound]
    except socket.gaierror:
        raise ConfigError(f"[service] Host: {service.host} does not resolve") from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            said = f"[service] Host: {service.host} is no address of this machine"
            raise ConfigError(said) from None
        raise ConfigError(
            f"[service] HttpPort: {service.host}:{service.port} cannot be listened on:"
            f" {os.strerror(error.errno or 0)}"
        ) from None


def url(host: str, listening: list[socket.socket]) -> str:
    """What to open in a browser on this machine."""
    port = listening[0].getsockname()[1]
    shown = "127.0.0.1" if host in ANY_ADDRESS else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"
