"""What is uploaded, taken in by the service alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import Unavailable
from server.content import Content, Contents
from server.uploads import Uploads
from tests.opened import Embedded
from tests.served import served


async def test_a_disk_that_is_full_while_it_is_looked_at_is_a_store_that_is_down(
    embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_self: Contents, _path: Path) -> Content:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Contents, "look", full)
    async with embedded.open() as stores, served(stores) as one:
        upload = Uploads(tmp_path, max_bytes=0).begin()
        await upload.end()
        with pytest.raises(Unavailable) as refusal:
            await one.media.accept(1, upload, "a.bin")
        upload.discard()
        assert refusal.value.store == "disk"
