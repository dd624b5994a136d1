"""The border to a store: a time for each call, and one answer for all that an outage is."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from sqlite3 import ProgrammingError

import pytest

from models import guard
from models.errors import Unavailable
from models.guard import Guard
from tests.border import SECONDS, Step


class Down(Exception):
    """What the driver raises when its store is down."""


class Store:
    """A store behind a guard, whose probes a test holds and breaks."""

    def __init__(self, *, seconds: float = SECONDS, concurrent: int = 9) -> None:
        self.probed, self.proved = Step(), Step()
        self.unable: list[Exception] = []
        self.guard = Guard(
            "mongo",
            seconds,
            concurrent=concurrent,
            outages=(Down,),
            probe=self.probe,
            prove=self.prove,
            answer=lambda error: error.args == ("a proper answer",),
            refuses=lambda error: error.args == ("a refusal",),
            on_unable=self.unable.append,
        )

    async def probe(self) -> None:
        async with self.probed:
            pass

    async def prove(self) -> None:
        async with self.proved:
            pass

    async def call(self, error: BaseException | None = None) -> None:
        async with self.guard():
            if error is not None:
                raise error

    async def goes_down(self) -> None:
        """A call fails, and the store stays down until its proof is released."""
        self.proved.hold()
        with pytest.raises(Unavailable):
            await self.call(Down())

    async def is_back(self) -> None:
        """Wait until calls are let through again; the guard tells nobody."""
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    return await self.call()
                except Unavailable:
                    await asyncio.sleep(0.005)


@asynccontextmanager
async def store(**options: float) -> AsyncIterator[Store]:
    one = Store(**options)  # type: ignore[arg-type]
    try:
        yield one
    finally:
        await one.guard.close()


async def test_a_call_that_takes_too_long_is_an_outage() -> None:
    async with store(seconds=0.02) as one:
        with pytest.raises(Unavailable) as refused:
            async with one.guard():
                await asyncio.Event().wait()
        assert refused.value.store == "mongo"


async def test_a_call_of_many_steps_has_its_time_for_each() -> None:
    async with store(seconds=0.2) as one:
        start = time.monotonic()
        async with one.guard() as extend:
            for _ in range(4):
                await asyncio.sleep(0.1)
                extend(0.2)
        assert time.monotonic() - start > 0.2
        with pytest.raises(Unavailable):
            async with one.guard() as extend:
                extend(0.1)
                await asyncio.Event().wait()
        extend(0.1)  # too late for anything


async def test_what_the_driver_calls_an_outage_is_one_and_its_cause_is_kept() -> None:
    async with store() as one:
        with pytest.raises(Unavailable) as refused:
            await one.call(Down("why"))
        assert refused.value.store == "mongo"
        assert isinstance(refused.value.__cause__, Down)


async def test_a_proper_answer_of_the_store_goes_through() -> None:
    async with store() as one:
        with pytest.raises(Down):
            await one.call(Down("a proper answer"))
        await one.call()


@pytest.mark.parametrize("error", [KeyError("a fault of ours"), asyncio.CancelledError()])
async def test_what_is_no_outage_breaks_nothing(error: BaseException) -> None:
    async with store() as one:
        with pytest.raises(type(error)):
            await one.call(error)
        await one.call()


async def test_after_an_outage_calls_are_refused_without_being_made() -> None:
    async with store() as one:
        await one.goes_down()
        made = False
        with pytest.raises(Unavailable):
            async with one.guard():
                made = True
        assert not made


async def test_calls_are_let_through_once_a_proof_succeeds() -> None:
    async with store() as one:
        await one.goes_down()
        one.proved.release()
        await one.is_back()
        assert one.proved.calls == 1
        # And the next outage is proved again.
        await one.goes_down()
        one.proved.release()
        await one.is_back()
        assert one.proved.calls == 2


async def test_it_is_proved_until_it_is_able_whatever_the_proof_meets(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "PROBE_SECONDS", 0.001)
    async with store() as one:
        await one.goes_down()
        one.proved.failures += [Down(), KeyError("a fault"), Down()]
        one.proved.release()
        await one.is_back()
        assert one.proved.calls == 4
        assert "the probe of mongo failed" in caplog.text


async def test_a_proof_that_hangs_is_given_up_and_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "PROBE_SECONDS", 0.001)
    async with store(seconds=0.02) as one:
        await one.goes_down()
        async with asyncio.timeout(SECONDS):
            while one.proved.calls < 3:
                await one.proved.reached()
                one.proved.hold()
        one.proved.release()
        await one.is_back()


async def test_one_outage_is_proved_by_one_prober() -> None:
    async with store() as one:
        one.proved.hold()
        calls = [one.call(Down()) for _ in range(5)]
        started = [asyncio.create_task(call) for call in calls]
        results = await asyncio.gather(*started, return_exceptions=True)
        assert all(isinstance(result, Unavailable) for result in results)
        await one.proved.reached()
        assert one.proved.calls == 1


async def test_an_outage_is_given_up_only_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    async with store() as one:
        assert not one.guard.given_up
        await one.goes_down()
        assert not one.guard.given_up
        monkeypatch.setattr(guard, "GIVE_UP_SECONDS", 0.0)
        assert one.guard.given_up
        one.proved.release()
        await one.is_back()
        assert not one.guard.given_up


async def refused(one: Store, errors: list[Exception]) -> list[Exception]:
    """The store goes down, its proofs meet those errors, then it is back; who was told what."""
    await one.goes_down()
    one.proved.failures += errors
    one.proved.release()
    await one.is_back()
    return one.unable


async def test_a_store_that_only_refuses_is_unable(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "PROBE_SECONDS", 0.001)
    async with store() as one:
        refusals: list[Exception] = [Down("a refusal") for _ in range(2 * guard.REFUSALS + 1)]
        told = await refused(one, refusals)
        assert told == [refusals[guard.REFUSALS - 1], refusals[2 * guard.REFUSALS - 1]]
        # However many proofs fail, it is one outage.
        assert caplog.messages == ["mongo does not answer: Down", "mongo answers again"]


@pytest.mark.parametrize("silence", [Down(), TimeoutError()])
async def test_a_store_that_is_silent_or_refuses_once_is_not(
    monkeypatch: pytest.MonkeyPatch, silence: Exception
) -> None:
    monkeypatch.setattr(guard, "PROBE_SECONDS", 0.001)
    async with store() as one:
        few: list[Exception] = [Down("a refusal")] * (guard.REFUSALS - 1)
        assert await refused(one, [*few, silence, *few, *[silence] * 9]) == []


async def test_an_answered_probe_is_no_proof() -> None:
    async with store() as one:
        await one.goes_down()
        await one.proved.reached()
        with pytest.raises(Unavailable):
            await one.guard.check()
        assert one.probed.calls == 0


async def test_who_waits_too_long_for_his_turn_is_refused_and_the_store_is_not_down() -> None:
    async with store(seconds=0.05, concurrent=1) as one:
        await one.guard._free.acquire()  # somebody else's call, which takes its time
        with pytest.raises(Unavailable):
            await one.call()
        assert not one.guard.given_up and one.proved.calls == 0
        one.guard._free.release()
        await one.call()


async def test_who_goes_ahead_waits_for_no_turn_but_for_no_store_that_is_down_either() -> None:
    async with store(concurrent=1) as one:
        await one.guard._free.acquire()
        async with one.guard(ahead=True):
            pass
        one.guard._free.release()
        await one.goes_down()
        with pytest.raises(Unavailable):
            async with one.guard(ahead=True):
                pass


async def test_only_so_many_calls_are_under_way_and_none_begins_when_the_store_is_down() -> None:
    async with store(seconds=1.0, concurrent=2) as one:
        under_way, let_go = asyncio.Semaphore(0), asyncio.Event()

        async def call() -> None:
            async with one.guard():
                under_way.release()
                await let_go.wait()

        calls = [asyncio.create_task(call()) for _ in range(3)]
        await under_way.acquire()
        await under_way.acquire()
        assert under_way.locked()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, Unavailable) for result in results)
        assert under_way.locked()


async def test_a_check_says_whether_the_store_answers() -> None:
    async with store() as one:
        await one.guard.check()
        one.probed.failures.append(Down())
        one.probed.hold()
        checking = asyncio.create_task(one.guard.check())
        await one.probed.reached()
        one.probed.release()
        with pytest.raises(Unavailable):
            await checking


async def test_who_asks_meanwhile_has_the_same_answer_and_the_next_asks_anew() -> None:
    async with store() as one:
        one.probed.failures.append(Down())
        one.probed.hold()
        asking = [asyncio.create_task(one.guard.check()) for _ in range(9)]
        await one.probed.reached()
        asking[0].cancel()
        one.probed.release()
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(answer) for answer in answers[1:]] == [Unavailable] * 8
        assert one.probed.calls == 1
        await one.is_back()
        await one.guard.check()
        assert one.probed.calls == 2


async def test_a_guard_that_is_closed_leaves_no_prober_behind() -> None:
    one = Store()
    await one.goes_down()
    await one.proved.reached()
    await one.guard.close()
    assert [task for task in asyncio.all_tasks() if "probe" in task.get_name()] == []


async def test_what_is_under_way_when_it_is_closed_and_what_comes_later_is_refused() -> None:
    one = Store()
    with pytest.raises(Unavailable):
        async with one.guard():
            await one.guard.close()
            raise ProgrammingError("Cannot operate on a closed database.")
    with pytest.raises(Unavailable):
        async with one.guard():
            raise AssertionError("a call was made")
    assert one.proved.calls == 0
