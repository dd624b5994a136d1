"""`run.py --reindex` with and without a server on the same data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.client import Account
from tests.running import KEY, ROOT, Server, running

SECONDS = 50


def reindex(data: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: text for name, text in os.environ.items() if "TORNADO_IM_" not in name}
    environ |= {
        "TORNADO_IM_SERVICE_DATADIR": str(data / "data"),
        "TORNADO_IM_SERVICE_SECRETKEY": KEY,
    }
    return subprocess.run(
        [sys.executable, "run.py", "--reindex"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def files(data: Path) -> set[str]:
    return {path.name for path in (data / "data" / "search").glob("*.sqlite3")}


def found(who: Account, q: str) -> list[int]:
    answer = who.get("/api/search", q=q)
    assert answer.status == 200, answer
    return [result["message"]["seq"] for result in answer.data["results"]]


def test_beside_a_server_it_is_in_effect_when_the_command_ends(
    servers: type[Server], tmp_path: Path
) -> None:
    server = servers(data=tmp_path)
    ann = Account.new(server)
    ann.say(ann, "tea")
    assert found(ann, "tea") == [1]
    old = files(tmp_path)
    done = reindex(tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done
    new = files(tmp_path)
    assert len(new) == 1 and not new & old
    assert found(ann, "tea") == [1]
    ann.say(ann, "tea again")
    assert found(ann, "tea") == [2, 1]


def test_without_a_server_it_builds_the_index_itself(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        ann = Account.new(server)
        ann.say(ann, "tea")
        assert found(ann, "tea") == [1]
    old = files(tmp_path)
    done = reindex(tmp_path)
    assert done.returncode == 0, done
    new = files(tmp_path)
    assert len(new) == 1 and not new & old
    with running(tmp_path) as server:
        again = ann.on(ann.device, server)
        assert found(again, "tea") == [1]
        assert files(tmp_path) == new
