"""`run.py --grant-admin` and `--reset-password`, with and without a server on the same data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.client import Account
from tests.operated import command, grant
from tests.running import Server, running


def acts(admin: Account) -> list[tuple[object, str, str]]:
    found = admin.get("/api/admin/audit", limit=100)
    assert found.status == 200, found
    return [(entry["by"], entry["act"], entry["target"]) for entry in found.data["entries"]]


def test_who_is_made_an_administrator_is_one_at_once(server: Server, ann: Account) -> None:
    # Refused first, so that every process remembers her as she was.
    assert ann.get("/api/admin/audit").refusal == (403, "forbidden")
    done = grant(server.data, ann.name)
    assert (done.returncode, done.stdout) == (0, f"{ann.name} is an administrator.\n"), done
    assert (None, "grant-admin", f"user:{ann.uid}") in acts(ann)


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
        assert acts(ann.on(ann.device, server)) == [(None, "grant-admin", f"user:{ann.uid}")]


def test_a_data_folder_with_a_long_name(tmp_path: Path) -> None:
    # Valkey's socket is elsewhere then: a path of it may have 100 bytes.
    data = tmp_path / ("long" * 20)
    data.mkdir()
    with running(data) as server:
        ann = Account.new(server)
        assert grant(data, ann.name).returncode == 0
        assert ann.get("/api/admin/audit").status == 200


@pytest.mark.parametrize("option", ["--grant-admin"])
def test_an_unknown_name(server: Server, option: str) -> None:
    done = command(server.data, option, "nobody", typed="a good password\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "there is nobody by the name 'nobody'\n"
