"""When one socket has to wait, and how a crowd is cleared away."""

import asyncio
import functools

import pytest

from server import pace
from server.pace import LIMITED_PER_REST, LIMITED_REST_SECONDS, Pace, Spread, in_slices


def test_who_is_over_his_rate_rests_after_so_many_refusals() -> None:
    one = Pace()
    rests = []
    for _ in range(2 * LIMITED_PER_REST):
        one.limit()
        rests.append(one.rest())
    assert rests == 2 * ([0.0] * (LIMITED_PER_REST - 1) + [LIMITED_REST_SECONDS])
    assert one.rest() == 0.0


async def test_others_have_a_turn_between_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SLICE", 2)
    made = list[object]()

    async def go_through() -> None:
        async for some in in_slices(range(5)):
            made.append(list(some))

    going = asyncio.create_task(go_through())
    while not going.done():
        await asyncio.sleep(0)
        made.append("another's turn")
    assert made[:5] == [[0, 1], "another's turn", [2, 3], "another's turn", [4]]
    assert [some async for some in in_slices([])] == []


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
