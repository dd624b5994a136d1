"""The lane on real stores: on with TORNADO_IM_TEST_STORES=1, and then a missing program fails."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import running
from tests.client import Account
from tests.faults.programs import Server
from tests.operated import administrator
from tests.stores.engines import Engines, Names, engines

SWITCH = "TORNADO_IM_TEST_STORES"


ELSEWHERE = {
    "test_who_does_not_read_is_closed_with_4009_and_slows_nobody_down",
    "test_typing_is_told_to_the_others_at_most_once_a_second",
}
"""Of the contract's tests those that take seconds and touch no store."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the contract's tests only those of `server`: the others start their own, elsewhere."""
    items[:] = [
        item
        for item in items
        if not item.nodeid.startswith("tests/stores/test_contract.py")
        or (
            item.name not in ELSEWHERE
            and {"strict", "servers"}.isdisjoint(getattr(item, "fixturenames", ()))
        )
    ]


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    if os.environ.get(SWITCH) != "1":
        pytest.skip(f"{SWITCH}=1 runs these on Debian's MariaDB and Redis")
    folder: Path = tmp_path_factory.mktemp("stores")
    with engines(folder) as running:
        yield running


@pytest.fixture(scope="session")
def server(stores: Engines) -> Iterator[running.Server]:
    """The one that the contract's tests talk to, here on these stores."""
    with running.running(**stores.settings(Names("contract", 2, "contract"))) as server:
        yield server


@pytest.fixture(scope="session")
def eve(server: running.Server) -> Account:
    """Here, and not the one of the other tests, who is somebody on another server."""
    return Account.new(server)


@pytest.fixture(scope="session")
def admin(server: running.Server) -> Account:
    """The administrator here."""
    return administrator(server)


@pytest.fixture(scope="session")
def two(stores: Engines) -> Iterator[tuple[Server, Server]]:
    """Two processes on the same stores, each with its own data folder."""
    one, other = stores.server("one"), stores.server("other")
    try:
        one.launch()
        other.launch()  # at once: both find an empty database
        one.ready()
        other.ready()
        yield one, other
    finally:
        one.end()
        other.end()
    for server in (one, other):
        assert "Traceback" not in server.said()
