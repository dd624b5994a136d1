"""What people see of a random history is the same whichever of two processes they are on."""

from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest

from tests.histories.history import play
from tests.running import Server, running
from tests.stores.engines import Engines, Names


@pytest.fixture(scope="module")
def both(stores: Engines) -> Iterator[list[Server]]:
    """Two processes on the same stores."""
    settings = stores.settings(Names("histories", 3, "histories"))
    with ExitStack() as stack:
        yield [stack.enter_context(running(**settings)) for _ in range(2)]


@pytest.mark.parametrize("round", range(2))
async def test_a_random_history_on_two_processes(
    both: list[Server], chance: Random, round: int
) -> None:
    await play(chance, *both)
