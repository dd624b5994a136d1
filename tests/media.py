"""Media for tests: small files, uploads over REST, and the service without a server."""

from __future__ import annotations

import io
import os
import wave
from pathlib import Path
from typing import Any

from PIL import Image

from models.digests import Digests
from models.media import Media as Store
from models.message import Messages
from models.rate import Rates
from models.report import Reports
from models.stores import Stores
from server.content import Contents
from server.keeping import Keeping
from server.media import Media
from server.people import People
from server.policy import Policy
from server.rosters import Rosters
from tests.client import Account
from tests.running import Reply

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def png(width: int = 64, height: int = 48, color: str = "teal") -> bytes:
    """A picture of one colour."""
    data = io.BytesIO()
    Image.new("RGB", (width, height), color).save(data, "PNG")
    return data.getvalue()


def wav(seconds: float = 1.0) -> bytes:
    """A voice that says nothing."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(16000 * seconds)))
    return data.getvalue()


def upload(who: Account, data: bytes, name: str = "file.bin") -> Reply:
    """Upload a file in a form, as a browser does."""
    return who.call("POST", "/api/media", files={"file": (name, data)})


def uploaded(who: Account, data: bytes, name: str = "file.bin") -> dict[str, Any]:
    """Upload a file that is taken; what is told of it."""
    made = upload(who, data, name)
    assert made.status == 201, made
    told: dict[str, Any] = made.data
    return told


def service(
    stores: Stores,
    messages: Messages,
    policy: Policy,
    people: People,
    rosters: Rosters,
    *,
    per_minute: int = 0,
) -> Media:
    """The service on these stores, without limits unless said."""
    return Media(
        Store(stores),
        Keeping(Digests(stores), stores.blobs),
        Contents(max_image_bytes=0, voice_seconds=60),
        messages,
        policy,
        people,
        rosters,
        Rates(stores.redis_client, stores.redis),
        Reports(stores.sql),
        per_minute=per_minute,
    )


def left_uploads(data_dir: Path) -> list[Path]:
    """What lies in the folder of uploads."""
    walk = os.walk(data_dir / "uploads")  # it does not mind what goes meanwhile
    return sorted(Path(at, name) for at, folders, files in walk for name in (*folders, *files))
