"""Each call of `/api/openapi.json`, asked what it does not expect, answers as it is described.

schemathesis reads the description of a running server. It asks each call for what is at the edge of
what its schema allows and just beyond, without a token and by other methods, and goes from one call
to another with what the first has answered.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from tests.client import Account
from tests.described import DOCUMENT
from tests.fuzz.steady import steady
from tests.operated import administrator
from tests.running import Server

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
SECONDS = 500

PARTS = 6
"""An ordinary run asks a part of the calls, another one each time."""

ENDING = ("postLogout", "postRefresh", "deleteSignOut")
"""Their success is the end of the token, and all that follows a refusal."""


def calls() -> list[str]:
    """All others."""
    found = [call["operationId"] for path in DOCUMENT["paths"].values() for call in path.values()]
    assert set(ENDING) <= set(found)
    return sorted(set(found) - set(ENDING))


def ask(account: Account, folder: Path, asked: Sequence[str], *options: str) -> None:
    """Run schemathesis in somebody's name, on some calls. Raises: it has found something."""
    chosen = [f"--include-operation-id={call}" for call in asked]
    command = [
        SCHEMATHESIS, f"--config-file={CONFIGURATION}", "run",
        f"{account.server.url}/api/openapi.json", *chosen, *options,
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"FUZZ_TOKEN": account.token, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout[done.stdout.rindex("Test cases:") :])


@pytest.mark.timeout(SECONDS)
def test_every_call_answers_as_described(
    server: Server, tmp_path: Path, chance: Random, more: int
) -> None:
    # People whom it finds by small numbers.
    for _ in range(4):
        Account.new(server)
    admin = administrator(server)
    asked = calls()
    some = asked if more > 1 else chance.sample(asked, len(asked) // PARTS)
    seed = f"--seed={chance.randrange(1 << 32)}"
    with steady(server):
        ask(admin, tmp_path, some, "--phases=coverage", seed)
        ask(admin, tmp_path, asked, "--phases=stateful", f"--max-examples={25 * more}", seed)
        ask(Account.new(server), tmp_path, ENDING, "--phases=coverage", seed)
