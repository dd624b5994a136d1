"""A server of each test's own, which may be killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.programs import Server


@pytest.fixture
def own_servers(tmp_path: Path) -> Iterator[list[Server]]:
    """Two, each on a data folder of its own, which are not started yet."""
    servers = [Server(tmp_path / f"data{number}") for number in range(2)]
    try:
        yield servers
    finally:
        for server in servers:
            server.end()
    for server in servers:
        assert "Traceback" not in server.said()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    try:
        yield server.start()
    finally:
        server.end()
    assert "Traceback" not in server.said()
