"""A store that does not answer for 10 s: every caller is refused in time, and all goes on after it.

Frozen by SIGSTOP in a storm: connections stay, nothing comes. Whatever needs the store is refused
within 3 s, however many wait for it, and whatever does not goes on.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from tests.faults.figures import Figures
from tests.faults.programs import MONGO, VALKEY, Server, frozen
from tests.faults.rest import (
    ANSWER_SECONDS,
    AT_ONCE_SECONDS,
    SLACK_SECONDS,
    call,
    ready_at_once,
    rest_of,
    timed,
)
from tests.faults.storm import insisting, people, resend_all, settled, together
from tests.faults.writer import ACKS, UNAVAILABLE, Writer

PIPELINED = 6
PAIRS = 3
STORMING = 2
"""Pairs of them that write all the time; the others ask what there is to ask."""

FROZEN_SECONDS = 10.0
STORE_OF = {MONGO: "mongo", VALKEY: "redis"}


@dataclass(frozen=True)
class Answer:
    name: str
    code: int
    seconds: float


async def every_frame(writer: Writer) -> list[Answer]:
    """Each kind of frame several times in flight on one socket."""
    conv = writer.conv
    asked: list[tuple[str, Awaitable[dict[str, Any]]]] = []
    for number in range(1, PIPELINED + 1):
        asked += [
            ("send", writer.write()),
            ("history", writer.ask({"type": 2, "conv": conv})),
            ("unread", writer.ask({"type": 3})),
            ("read", writer.ask({"type": 4, "conv": conv, "seq": number})),
            ("sync", writer.ask({"type": 7, "cursors": {}})),
            ("presence", writer.ask({"type": 8, "uids": [writer.to]})),
            ("ping", writer.ask({"type": 9})),
        ]
    answers = await asyncio.gather(*(timed(answer) for _, answer in asked))
    return [
        Answer(name, frame["code"], seconds)
        for (name, _), (frame, seconds) in zip(asked, answers, strict=True)
    ]


async def every_call(url: str, writer: Writer) -> list[Answer]:
    headers = {"User-Agent": writer.name, "token": writer.token}
    conv = f"/api/conversations/{writer.conv}"
    calls = [
        ("GET", "/api/conversations", None),
        ("GET", f"{conv}/messages", None),
        ("POST", f"{conv}/messages", {"content": "frozen"}),
        ("POST", f"{conv}/read", {"seq": 1}),
        ("GET", "/api/user/me", None),
        ("POST", "/api/user/login", {"user_name": writer.name, "password": "wrong password"}),
    ]
    async with rest_of(url) as rest:
        answers = await asyncio.gather(
            *(timed(call(rest, method, path, body, **headers)) for method, path, body in calls)
        )
    return [
        Answer(f"{method} {path.rpartition('/')[2]}", answer.status_code, seconds)
        for (method, path, _), (answer, seconds) in zip(calls, answers, strict=True)
    ]


async def check_health(url: str, store: str) -> None:
    async with rest_of(url) as rest:
        (alive, soon), (ready, late) = await asyncio.gather(
            timed(rest.get("/healthz")), timed(rest.get("/readyz"))
        )
    assert alive.status_code == 200 and soon < AT_ONCE_SECONDS
    assert ready.status_code == 503 and late < ANSWER_SECONDS + SLACK_SECONDS
    assert ready.json()["error"] == "unavailable"
    assert ready.json()["data"][store] == "down"
    assert [name for name, state in ready.json()["data"].items() if state == "down"] == [store]


def judge(answers: list[Answer], needed: set[str]) -> None:
    """All in time; what is needed is refused, and nothing fails in another way."""
    assert [a for a in answers if a.seconds > ANSWER_SECONDS + SLACK_SECONDS] == []
    assert [a for a in answers if a.name in needed and a.code not in (UNAVAILABLE, 503)] == []
    assert [a for a in answers if a.code in (50000, 500)] == []


NEEDED = {
    # What is newest is read from memory.
    MONGO: {"send", "POST messages"},
    VALKEY: {"send", "GET me", "GET conversations", "GET messages", "POST messages"},
}


async def check_refused(url: str, writers: list[Writer], store: str) -> None:
    """As it freezes, and once that is known."""
    for moment in ("freezing", "frozen"):
        *groups, _ = await asyncio.gather(
            *(every_frame(writer) for writer in writers),
            *(every_call(url, writer) for writer in writers),
            check_health(url, STORE_OF[store]),
        )
        answers = [answer for group in groups for answer in group]
        slowest = max(answers, key=lambda answer: answer.seconds)
        print(f"{store} {moment}: {len(answers)} answers, the slowest {slowest}")
        # A bus that has been silent for less than 900 ms still counts as one that speaks.
        judge(answers, NEEDED[store] if moment == "frozen" else set())


async def freeze(server: Server, store: str) -> None:
    """One frozen store of one server, and all that is to be seen of it."""
    await asyncio.to_thread(server.start)
    url = server.url
    async with people([url], PAIRS) as writers:
        await together(writers, [url])
        for writer in writers:
            assert (await writer.write())["code"] in ACKS
        storming, asking = writers[: 2 * STORMING], writers[2 * STORMING :]
        async with insisting(storming):
            with frozen(server.child(store)):
                over = asyncio.create_task(asyncio.sleep(FROZEN_SECONDS))
                await check_refused(url, asking, store)
                await over
            acks = asyncio.gather(*(writer.next_ack() for writer in storming))
            (_, seconds), _ = await asyncio.gather(timed(acks), ready_at_once(url))
        await resend_all(writers)
        refused, longest = len(storming[0].refused), max(writer.longest for writer in storming)
        print(
            f"{store}: acknowledged {seconds:.2f} s after SIGCONT, the longest wait {longest:.2f} s"
        )
        assert refused and seconds < AT_ONCE_SECONDS and longest < ANSWER_SECONDS + SLACK_SECONDS
        await asyncio.gather(*(writer.sync() for writer in writers))
        figures = await settled([url], writers)
        print(f"{store}: {figures}")
        assert figures == Figures()
    assert await asyncio.to_thread(server.stop) == 0


async def test_a_frozen_store_refuses_in_time_and_comes_back_at_once(
    own_servers: list[Server],
) -> None:
    # Side by side: the most of it is waiting.
    await asyncio.gather(*map(freeze, own_servers, [MONGO, VALKEY]))
