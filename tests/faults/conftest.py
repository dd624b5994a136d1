"""A server of each test's own, which may be killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.programs import Server


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    try:
        yield server.start()
    finally:
        server.end()
    assert "Traceback" not in server.said()
