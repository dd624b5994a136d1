"""A server of this room's own: what is tried here would be in the way of other tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.running import Server, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def more() -> int:
    """How many times as much as in an ordinary run."""
    return int(os.environ.get("TORNADO_IM_TEST_FUZZ") or 1)
