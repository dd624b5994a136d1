"""The socket client outside a browser: the cases are in im_client.test.mjs."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running import Server

CASES = Path(__file__).with_name("im_client.test.mjs")


@pytest.mark.timeout(240)
def test_in_node(servers: Callable[..., Server], node: str) -> None:
    url = servers(chat_ratepersecond=20).url  # one of the cases runs into the rate
    command = [node, "--experimental-websocket", "--no-warnings", "--test", str(CASES)]
    run = subprocess.run(
        command, env=os.environ | {"IM_SERVER": url}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]
