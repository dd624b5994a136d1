"""Commands on a server's data, and whom they make an administrator."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.client import Account
from tests.running import KEY, ROOT, Server

SECONDS = 30


def command(
    data: Path, *arguments: str, typed: str = "", settings: Mapping[str, object] | None = None
) -> subprocess.CompletedProcess[str]:
    """`run.py` with these arguments, on the data of a `Server` in that folder.

    Args:
        typed: its standard input.
        settings: as the server has them, where it is on other stores than its own.
    """
    return subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=ROOT,
        env=environment(data, settings or {}),
        input=typed,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def environment(data: Path, settings: Mapping[str, object]) -> dict[str, str]:
    environ = {name: text for name, text in os.environ.items() if "TORNADO_IM_" not in name}
    chosen = {"service_datadir": data / "data", "service_secretkey": KEY, **settings}
    return environ | {f"TORNADO_IM_{name}".upper(): str(value) for name, value in chosen.items()}


def grant(data: Path, name: str) -> subprocess.CompletedProcess[str]:
    return command(data, "--grant-admin", name)


@functools.cache
def administrator(server: Server) -> Account:
    """One for all tests of a server, for whom the command took its second once."""
    admin = Account.new(server)
    done = command(server.data, "--grant-admin", admin.name, settings=server.settings)
    assert done.returncode == 0, done
    return admin


def by_invitation(servers: Callable[..., Server], folder: Path) -> Account:
    """The administrator of a new server where accounts are by invitation."""
    first = servers(data=folder)
    admin = Account.new(first)
    assert grant(folder, admin.name).returncode == 0
    first.stop()
    admin.server = servers(data=folder, service_register="invite")
    admin.login()
    return admin


def code(admin: Account, **fields: Any) -> str:
    """An invitation by an administrator."""
    made = admin.post("/api/admin/invites", **fields)
    assert made.status == 201, made
    found: str = made.data["code"]
    return found
