"""A warm-up, a look at the server, the load, another look: what has grown is a finding."""

import asyncio
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from random import Random

from server.presence import IDLE_SECONDS, REFRESH_SECONDS
from tests.faults.programs import Server
from tests.faults.rest import call, rest_of, sign_up
from tests.soak.footprint import TELLS, Footprint, look
from tests.soak.people import Person

PEOPLE = 12
GROUPS = 2
"""Of all of them. A person also writes to two others and to himself."""

CALL_SECONDS = 30.0
SETTLE_SECONDS = 10.0
"""In this long the server has let go of what nobody uses any more."""

LINGER_SECONDS = IDLE_SECONDS + 2 * REFRESH_SECONDS


class Soak:
    """One server, the same people all the time."""

    def __init__(self, folder: Path, chance: Random) -> None:
        self._tells = folder / "footprint.json"
        self.server = Server(
            folder / "data",
            under=(sys.executable, "-m", "tests.soak.watched"),
            environ={TELLS: str(self._tells)},
        )
        self._chance = chance
        self._people: list[Person] = []
        self._linger = False

    async def run(
        self, warm_seconds: float, seconds: float, *, every_seconds: float, linger: bool
    ) -> list[str]:
        """What has grown.

        Args:
            warm_seconds: until pools and caches have what they need.
            every_seconds: how often it is said how it goes.
            linger: wait for what is kept for another minute, too.
        """
        self._linger = linger
        await asyncio.to_thread(self.server.start)
        await self._settle_in()
        cold = await self._look()
        print(f"cold: {cold}", flush=True)
        await self._load(warm_seconds)
        before = await self._calm(cold)
        print(f"warm: {before}", flush=True)
        start = time.monotonic()
        while (left := start + seconds - time.monotonic()) > 0:
            await self._load(min(left, every_seconds))
            print(f"{time.monotonic() - start:.0f} s: {await self._look()}", flush=True)
        after = await self._calm(before)
        print(f"calm: {after}", flush=True)
        done = sum((person.done for person in self._people), Counter[str]())
        print(", ".join(f"{name} {count}" for name, count in done.most_common()))
        return after.grown(before)

    async def _settle_in(self) -> None:
        tag = uuid.uuid4().hex[:8]
        async with rest_of(self.server.url, seconds=CALL_SECONDS) as rest:
            for number in range(PEOPLE):
                uid, token = await sign_up(rest, f"p{number}-{tag}")
                person = Person(f"p{number}-{tag}", uid, token, Random(self._chance.random()))
                self._people.append(person)
            uids = [person.uid for person in self._people]
            for owner in self._people[:GROUPS]:
                others = [uid for uid in uids if uid != owner.uid]
                body = {"name": "We", "members": others}
                made = await call(rest, "POST", "/api/groups", body, **owner.headers)
                owner.groups.append(made.json()["data"]["gid"])
        convs = [f"g{gid}" for person in self._people for gid in person.groups]
        for person, other in zip(self._people, [*self._people[1:], self._people[0]], strict=True):
            pair = f"{min(person.uid, other.uid)}:{max(person.uid, other.uid)}"
            person.convs += [*convs, pair, f"{person.uid}:{person.uid}"]
            other.convs.append(pair)

    async def _load(self, seconds: float) -> None:
        """All do what they do; then nobody is connected."""
        stop = asyncio.Event()
        async with rest_of(self.server.url, seconds=CALL_SECONDS) as rest:
            async with asyncio.TaskGroup() as group:
                for person in self._people:
                    group.create_task(person.live(rest, stop))
                await asyncio.sleep(seconds)
                stop.set()

    async def _look(self) -> Footprint:
        return await look(self.server, self._tells, with_presence=self._linger)

    async def _calm(self, like: Footprint) -> Footprint:
        """Once it has let go of what nobody uses, or that is not to be hoped for any more."""
        start = time.monotonic()
        settle_seconds = SETTLE_SECONDS + (LINGER_SECONDS if self._linger else 0.0)
        while (seen := await self._look()).is_busier(like):
            if time.monotonic() - start > settle_seconds:
                break
            await asyncio.sleep(0.5)
        return seen
