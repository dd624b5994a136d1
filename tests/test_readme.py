"""The tour of README.md works line by line, and its table names every package."""

import json
import os
import re
import shutil
import subprocess
import textwrap
import tomllib
from pathlib import Path

import pytest

from conf.settings import gather, load
from tests.running import Server

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def tour(server: Server, *, wscat: bool) -> list[str]:
    """What the lines of the tour print, on a server that nobody has used."""
    block = re.search(r"<!-- tour -->\n```sh\n(.*?)```", README, re.DOTALL)
    assert block is not None
    script = block[1].replace("http://127.0.0.1:8080", server.url)
    script = script.replace("ws://127.0.0.1:8080", server.url.replace("http:", "ws:"))
    lines = [line for line in script.splitlines() if wscat or "wscat" not in line]
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line]


def test_the_tour_with_curl(servers: "type[Server]") -> None:
    printed = [json.loads(line) for line in tour(servers(), wscat=False)]
    assert [answer["status"] for answer in printed] == [201, 201, 200, 200, 201, 200, 200, 403]
    assert printed[5]["data"]["messages"][0]["content"] == "你好 👋"
    assert printed[-1]["error"] == "token_superseded"


@pytest.mark.skipif(
    not os.environ.get("TORNADO_IM_TEST_BROWSER"),
    reason="TORNADO_IM_TEST_BROWSER is not set: npx would take wscat from the npm registry",
)
def test_the_tour_with_wscat(servers: "type[Server]") -> None:
    assert shutil.which("npx"), "npx is missing"
    printed = "\n".join(tour(servers(), wscat=True))
    assert '"code":50002' in printed
    assert re.search(r'"code":5000[45],"id":"tour-2"', printed)


def test_its_settings_are_accepted_and_those_of_a_load_test_leave_no_limit(tmp_path: Path) -> None:
    blocks = re.findall(r"(?:^    \[.*\n)(?:(?:    .*)?\n)+", README, re.MULTILINE)
    assert len(blocks) == 2
    for number, block in enumerate(blocks):
        (tmp_path / f"{number}.ini").write_text(textwrap.dedent(block), encoding="utf-8")
    stores = load(tmp_path / "0.ini", {"TORNADO_IM_SERVICE_SECRETKEY": "s" * 32})
    assert stores.mysql and stores.redis and stores.mongo
    limits = gather(tmp_path / "1.ini", {}).in_file
    load(tmp_path / "1.ini", {})
    assert set(limits.values()) == {"0"}
    for name in ("LoginPerMinute", "RegisterPerHour", "RatePerSecond", "StrangerLimit"):
        assert name in {key.name for key in limits}
    assert all("0: no limit" in key.doc for key in limits)


def test_every_package_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    table = README.split("## What it stands on", 1)[1].split("\n## ", 1)[0]
    for requirement in [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
    ]:
        name = re.match(r"[\w.-]+", requirement)
        assert name is not None and re.search(rf"\b{re.escape(name[0])}\b", table), requirement
