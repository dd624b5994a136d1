"""A short soak: after it the server keeps what it kept before; `make soak` has the long one."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.soak.footprint import OBJECTS_MARGIN, RESIDENT_MARGIN_KIB, Footprint
from tests.soak.phases import Soak

WARM_SECONDS = 6.0
SECONDS = 12.0

SOME = Footprint(1000, 1000, 10, 5, Counter({"log": 1, "probe": 1}), frozenset({"0/all"}))


@pytest.mark.timeout(180)
async def test_all_that_people_do_leaves_nothing_behind(tmp_path: Path, chance: Random) -> None:
    soak = Soak(tmp_path, chance)
    try:
        assert await soak.run(WARM_SECONDS, SECONDS, every_seconds=SECONDS, linger=False) == []
    finally:
        soak.server.end()
    assert "Traceback" not in soak.server.said()


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"resident_kib": 1001 + RESIDENT_MARGIN_KIB}, "resident_kib: 1000 -> "),
        ({"objects": 1001 + OBJECTS_MARGIN}, "objects: 1000 -> "),
        ({"tasks": Counter({"log": 2})}, "task log: 1 more"),
        ({"channels": frozenset({"0/u:7"})}, "channel 0/u:7"),
    ],
)
def test_what_has_grown_is_named(more: dict[str, object], what: str) -> None:
    (named,) = replace(SOME, **more).grown(SOME)  # type: ignore[arg-type]
    assert named.startswith(what)
    assert SOME.grown(SOME) == []
