"""Why a store cannot be opened: a driver's error as the one line that ends a start."""

from __future__ import annotations

import os
import re
import socket
from typing import Final

from pymongo.errors import ConnectionFailure, OperationFailure

from conf.settings import ConfigError

LONGEST: Final = 200
"""Characters of a reason, so that it stays a line."""


def refused(section: str, key: str, where: str, error: BaseException) -> ConfigError:
    """Blames `key`, and the address `where`, if nothing was reached; else the whole section."""
    if network := _network(error):
        return ConfigError(f"[{section}] {key}: {where} cannot be reached: {network}")
    return ConfigError(f"[{section}]: cannot be opened: {words(error)}")


def words(error: BaseException) -> str:
    """The error's own words: of MongoDB without the document, of MySQL without the number."""
    said: object = error
    if isinstance(error, OperationFailure) and error.details:
        said = error.details.get("errmsg", error)
    elif error.args:
        # Tortoise has the driver's error as its argument.
        said = (getattr(error.args[0], "args", None) or error.args)[-1]
    return (str(said).splitlines() or [type(error).__name__])[0][:LONGEST]


def _network(error: BaseException) -> str | None:
    """What the network said, which lies under the driver's error; None if it is not to blame."""
    if isinstance(error, ConnectionFailure):
        # Of each member "host:port: [Errno 111] why (time-outs)", then a dump of the topology.
        members = str(error).partition(", Timeout:")[0]
        told = (why.strip() for why in re.findall(r"\[Errno -?\d+\] ([^(,]+)", members))
        return ", ".join(dict.fromkeys(told)) or "no answer"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TimeoutError):
            return "no answer"
        if isinstance(cause, socket.gaierror):
            return str(cause.strerror)
        if isinstance(cause, OSError) and cause.errno:
            # asyncio's own words would say the address again.
            return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return None
