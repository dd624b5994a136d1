"""A server that is left as it was found: its memory, and no traceback in its log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.running import Server

GROWTH_MAX = 48 << 20
"""Bytes. SQLite may keep 16 MiB for each of three connections to the search index."""


def resident(server: Server) -> int:
    """Bytes of memory that its process has."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) << 10


@contextmanager
def steady(server: Server) -> Iterator[None]:
    """Raises where it has grown by more than its caches, or where something failed in it."""
    before = resident(server)
    yield
    grown = resident(server) - before
    print(f"\nthe server has grown by {grown / (1 << 20):.1f} MiB")
    said = server.log
    assert "Traceback" not in said and " ERROR " not in said, said
    assert grown <= GROWTH_MAX
