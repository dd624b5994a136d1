"""When one socket has to wait, and how a crowd is cleared away."""

import asyncio
import functools

from server.pace import LIMITED_PER_REST, LIMITED_REST_SECONDS, Pace, Spread


def test_who_is_over_his_rate_rests_after_so_many_refusals() -> None:
    pace = Pace()
    rests = []
    for _ in range(2 * LIMITED_PER_REST):
        pace.limit()
        rests.append(pace.rest())
    assert rests == 2 * ([0.0] * (LIMITED_PER_REST - 1) + [LIMITED_REST_SECONDS])
    assert pace.rest() == 0.0


async def test_calls_are_spread_over_turns_of_the_loop_in_their_order() -> None:
    made: list[int] = []
    spread = Spread(2)
    for number in range(5):
        spread.add(functools.partial(made.append, number))
    counts = []
    while len(made) < 5:
        counts.append(len(made))
        await asyncio.sleep(0)
    assert counts == [0, 2, 4]
    assert made == [0, 1, 2, 3, 4]
    spread.add(functools.partial(made.append, 5))
    await asyncio.sleep(0)
    assert made[-1] == 5
