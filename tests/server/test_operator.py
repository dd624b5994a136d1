"""`run.py --grant-admin` and `--reset-password`, with and without a server on the same data."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.client import Account
from tests.operated import command, environment, grant
from tests.running import ROOT, Server, running


def acts(admin: Account) -> list[tuple[object, str, str]]:
    found = admin.get("/api/admin/audit", limit=100)
    assert found.status == 200, found
    return [(entry["by"], entry["act"], entry["target"]) for entry in found.data["entries"]]


def test_who_is_made_an_administrator_is_one_at_once(server: Server, ann: Account) -> None:
    # Refused first, so that every process remembers her as she was.
    assert ann.get("/api/admin/audit").refusal == (403, "forbidden")
    done = grant(server.data, ann.name)
    assert (done.returncode, done.stdout) == (0, f"{ann.name} is an administrator.\n"), done
    assert (None, "grant_admin", f"user:{ann.uid}") in acts(ann)


def test_every_worker_knows_at_once(tmp_path: Path) -> None:
    with running(tmp_path, workers=2) as server:
        ann = Account.new(server)

        def answers() -> set[int]:
            # A connection each: which of the two takes it is chance.
            calls = [ann.server.http.get for _ in range(20)]
            headers = {"token": ann.token, "Connection": "close"}
            return {call("/api/admin/audit", headers=headers).status_code for call in calls}

        assert answers() == {403}
        assert grant(tmp_path, ann.name).returncode == 0
        assert answers() == {200}


def test_without_a_server_it_holds_for_the_next(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        ann = Account.new(server)
    assert grant(tmp_path, ann.name).returncode == 0
    with running(tmp_path) as server:
        assert acts(ann.on(ann.device, server)) == [(None, "grant_admin", f"user:{ann.uid}")]


def test_a_data_folder_with_a_long_name(tmp_path: Path) -> None:
    # Valkey's socket is elsewhere then: a path of it may have 100 bytes.
    data = tmp_path / ("long" * 20)
    data.mkdir()
    with running(data) as server:
        ann = Account.new(server)
        assert grant(data, ann.name).returncode == 0
        assert ann.get("/api/admin/audit").status == 200


@pytest.mark.parametrize("option", ["--grant-admin", "--reset-password"])
def test_an_unknown_name(server: Server, option: str) -> None:
    done = command(server.data, option, "nobody", typed="a good password\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "there is nobody by the name 'nobody'\n"


async def test_a_reset_password_lets_in_and_all_else_out(server: Server, bo: Account) -> None:
    phone = bo.on("a phone")
    async with phone.chat() as chat:
        done = command(server.data, "--reset-password", bo.name, typed="another good one\n")
        said = f"{bo.name} has another password, and is signed in nowhere.\n"
        assert (done.returncode, done.stdout) == (0, said), done
        assert await chat.closed() == 4003
    for one in (bo, phone):
        assert one.get("/api/user/me").refusal == (403, "token_revoked")
    assert bo.try_login().refusal == (401, "bad_credentials")
    assert bo.try_login("another good one").status == 200


def test_a_bad_password_changes_nothing(server: Server, bo: Account) -> None:
    done = command(server.data, "--reset-password", bo.name, typed="short\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The field password is not valid: it is too short or too long.\n"
    assert bo.try_login().status == 200


def test_a_password_that_is_typed_is_not_shown(server: Server, bo: Account) -> None:
    terminal, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "run.py", "--reset-password", bo.name],
        cwd=ROOT,
        env=environment(server.data, {}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    try:
        shown = _until(terminal, b"password: ")
        os.write(terminal, b"another good one\n")
        shown += _until(terminal, b"nowhere.")
        assert program.wait(20) == 0
    finally:
        program.kill()
        program.wait()
        os.close(terminal)
    assert b"another good one" not in shown, shown
    assert bo.try_login("another good one").status == 200


def _until(terminal: int, end: bytes) -> bytes:
    shown = b""
    while end not in shown:
        shown += os.read(terminal, 1000)
    return shown
