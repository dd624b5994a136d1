"""Uploads as others make them: tus-js-client, over a line that breaks."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.client import SECONDS, Account
from tests.faults.proxy import linked
from tests.packages import SWITCH, needed
from tests.tus import PATH, offset

PROGRAM = Path(__file__).with_name("tus_client.mjs")

MIB = 1024 * 1024
CUTS = (MIB, 5 * MIB, 9 * MIB)
"""How much has come when the line breaks."""


@pytest.fixture(scope="module")
def node() -> str:
    """Node.js, with what package.json names."""
    found = shutil.which("node")
    if not found:
        (pytest.fail if os.environ.get(SWITCH) else pytest.skip)("not found: Node.js")
    needed("tus-js-client")
    return found


async def comes_beyond(who: Account, path: str, size: int) -> None:
    async with asyncio.timeout(SECONDS):
        while offset(who, path) <= size:
            await asyncio.sleep(0.01)


async def test_tus_js_client_goes_on_after_each_cut(
    node: str, ann: Account, tmp_path: Path
) -> None:
    file = tmp_path / "ä file.bin"
    file.write_bytes(random.randbytes(16 * MIB))
    async with linked(("127.0.0.1", ann.server.port)) as line:
        process = await asyncio.create_subprocess_exec(
            *(node, str(PROGRAM), f"http://{line.address}{PATH}", ann.token, ann.device, str(file)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(SECONDS):
                path = urlsplit((await process.stdout.readline()).decode().strip()).path
            for size in CUTS:
                await comes_beyond(ann, path, size)
                line.cut()
            async with asyncio.timeout(2 * SECONDS):
                told = json.loads(await process.stdout.readline())
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    made = told["requests"]
    assert made[0] == ["POST", 201, 0]
    # Nothing is begun anew, and what the server still reads of a dead line is soon out of the way.
    looked = [at for method, status, at in made if (method, status) == ("HEAD", 200)]
    late = [status for method, status, _ in made[:-1] if method == "PATCH"]
    assert looked == sorted(looked) and looked[0] > CUTS[0]
    assert len(made) == 2 + len(looked) + len(late)
    assert set(late) <= {409} and len(late) <= 2 * len(CUTS)
    assert made[-1] == ["PATCH", 204, 16 * MIB]
    answer = ann.server.http.get(f"/api/media/{told['medium']}", headers=ann.headers)
    assert answer.content == file.read_bytes()
    assert "%C3%A4%20file.bin" in answer.headers["content-disposition"]
