"""Whether the disk is to blame, and what is said of it."""

import asyncio
import os
from pathlib import Path

import pytest

from conf.settings import ConfigError
from server import disk
from server.disk import Disk


@pytest.mark.parametrize("sign", disk.SIGNS)
def test_it_is_blamed_for_what_says_so(tmp_path: Path, sign: str) -> None:
    here = Disk(tmp_path)
    assert here.blame("it died", f"write: {sign}\n") == f"{here.words}: it died"
    with pytest.raises(ConfigError, match=r"has no space left .*: it died$"), disk.blamed(tmp_path):
        raise ConfigError(here.blame("it died", sign))
    with pytest.raises(ConfigError, match=sign), disk.blamed(tmp_path):
        raise ConfigError(sign)
    assert here.blame("it died", "of something else") == "it died"
    assert f"DataDir: {tmp_path} has no space left" in here.words


def test_it_is_blamed_when_a_log_cannot_even_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = os.statvfs(tmp_path)
    monkeypatch.setattr(disk, "FULL_BYTES", state.f_blocks * state.f_frsize + 1)
    assert Disk(tmp_path).blamed("")


def test_it_is_blamed_while_something_that_is_kept_cannot_be_written(tmp_path: Path) -> None:
    kept = tmp_path / "store" / "tables"
    kept.mkdir(parents=True)
    here = Disk(tmp_path, tmp_path / "store")
    assert here.barred is None and not here.blamed("")
    (kept / "table").symlink_to(tmp_path / "nowhere")  # Root may write all that there is.
    assert here.blamed("") and here.words == f"[service] DataDir: {kept}/table cannot be written"


async def test_room_is_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LOOK_SECONDS", 0.001)
    here = Disk(tmp_path)
    monkeypatch.setattr(disk, "ROOM_BYTES", 1 << 62)
    waiting = asyncio.create_task(here.room())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.02)
    monkeypatch.setattr(disk, "ROOM_BYTES", 0)
    await asyncio.wait_for(waiting, 1)
