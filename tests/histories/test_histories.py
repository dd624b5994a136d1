"""What people see of a random history is what a model of the contract says."""

from random import Random

import pytest

from tests.histories.history import play
from tests.running import Server


@pytest.mark.parametrize("round", range(2))
async def test_a_random_history(server: Server, chance: Random, round: int) -> None:
    await play(chance, server)
