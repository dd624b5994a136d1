"""The real server, over real sockets, on the embedded stores."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from random import Random, SystemRandom

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.client import Account
from tests.kept import S3Server, s3_server
from tests.opened import Embedded, embedded_stores
from tests.operated import administrator
from tests.running import Server, running

# One of them at a time: they take the machine's breath away, or have one order.
ONE_BY_ONE = ("tests/faults/", "tests/soak/", "tests/stores/")

SEED_VARIABLE = "TORNADO_IM_TEST_SEED"

# A machine that is busy is no finding.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that is a coroutine runs in a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


class ByFile(LoadFileScheduling):
    """A file is tried by one process, which starts what its tests share once."""

    def _split_scope(self, nodeid: str) -> str:
        room = next(filter(nodeid.startswith, ONE_BY_ONE), None)
        return room or super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all tests, without rate limits; each test makes people of its own."""
    with running() as server:
        yield server


@pytest.fixture
def servers() -> Iterator[Callable[..., Server]]:
    """Starts servers with settings as `section_key`; without `data` on stores of their own."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(**options))


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    """The embedded stores alone, for tests of a single file."""
    with embedded_stores() as running:
        yield running


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A store of objects, in which a test makes a bucket of its own."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def strict() -> Iterator[Server]:
    """A server with low limits behind a proxy, which says from where somebody calls."""
    with running(
        limits_loginperminute=3,
        limits_registerperhour=4,
        limits_socketsperuser=2,
        chat_ratepersecond=2,
        chat_recallseconds=1,
        media_maxfilemb=0,
        service_trustedproxies="127.0.0.1",
        service_allowedorigins="https://chat.example.org",
        service_allowedhosts="chat.example.org, 127.0.0.1",
    ) as server:
        yield server


@pytest.fixture(scope="session")
def brief() -> Iterator[Server]:
    """A server whose tokens live for five seconds."""
    with running(service_tokenhours=0.0014) as server:
        yield server


@pytest.fixture(scope="session")
def eve(server: Server) -> Account:
    """Somebody for tests in which nothing of hers changes."""
    return Account.new(server)


@pytest.fixture(scope="session")
def admin(server: Server) -> Account:
    """Its administrator, who signs in nowhere else and out of nothing."""
    return administrator(server)


@pytest.fixture
def ann(server: Server) -> Account:
    return Account.new(server)


@pytest.fixture
def bo(server: Server) -> Account:
    return Account.new(server)


@pytest.fixture
def cy(server: Server) -> Account:
    return Account.new(server)


@pytest.fixture
def di(server: Server) -> Account:
    return Account.new(server)


@pytest.fixture
def chance() -> Random:
    """Chance whose seed is printed, and can be given again."""
    seed = int(os.environ.get(SEED_VARIABLE) or SystemRandom().randrange(1 << 32))
    print(f"\nseed {seed} ({SEED_VARIABLE}={seed} repeats its moments)")
    return Random(seed)
