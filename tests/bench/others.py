"""Servers that people would choose instead, from Debian's packages, where they are installed.

Both archive every message (XEP-0313) in the store that they come with, do not encrypt, and know no
limits. Neither waits for the disk before it delivers.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from tests.bench.xmpp import HOST, ROOMS

START_SECONDS: Final = 60

Starter = Callable[[Path], AbstractAsyncContextManager[int]]

_PROSODY: Final = """\
run_as_root = true
pidfile = "{folder}/pid"
data_path = "{folder}"
certificates = "{folder}"
log = {{ error = "*console" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
modules_enabled = {{ "saslauth", "roster", "register_ibr", "mam" }}
modules_disabled = {{ "s2s", "tls", "limits", "http" }}
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
default_archive_policy = true
VirtualHost "{host}"
Component "{rooms}" "muc"
  modules_enabled = {{ "muc_mam" }}
  muc_log_by_default = true
"""

_EJABBERD: Final = """\
hosts: [{host}]
loglevel: error
listen:
  - port: {port}
    ip: 127.0.0.1
    module: ejabberd_c2s
    max_stanza_size: 262144
    shaper: none
    access: all
auth_method: internal
auth_password_format: plain
registration_timeout: infinity
modules:
  mod_mam:
    default: always
    db_type: mnesia
  mod_register:
    ip_access: all
  mod_roster: {{}}
  mod_muc:
    host: {rooms}
    access: all
    max_users: 1000
    default_room_options:
      mam: true
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _running(
    command: list[str], folder: Path, port: int, **variables: str
) -> AsyncIterator[int]:
    """The program in a process group of its own; its port, once somebody answers there."""
    with (folder / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | variables,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await _answers(port):
                if process.returncode is not None:
                    raise RuntimeError((folder / "output").read_text(errors="replace"))
                await asyncio.sleep(0.1)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def prosody(folder: Path) -> AsyncIterator[int]:
    port = _free_port()
    config = folder / "prosody.cfg.lua"
    config.write_text(_PROSODY.format(folder=folder, port=port, host=HOST, rooms=ROOMS))
    async with _running(["prosody", "--config", str(config), "-F"], folder, port) as port:
        yield port


@asynccontextmanager
async def ejabberd(folder: Path) -> AsyncIterator[int]:
    # Without Debian's `ejabberdctl`, which would change to a user of its own.
    port = _free_port()
    config = folder / "ejabberd.yml"
    config.write_text(_EJABBERD.format(port=port, host=HOST, rooms=ROOMS))
    command = ["erl", "-noinput", "+K", "true", "+P", "250000", "+Q", "65536"]
    command += ["-mnesia", "dir", f'"{folder}/mnesia"', "-s", "ejabberd"]
    async with _running(
        command,
        folder,
        port,
        EJABBERD_CONFIG_PATH=str(config),
        EJABBERD_LOG_PATH=str(folder / "log"),
        ERL_LIBS=str(_ejabberd_folder().parent),
        HOME=str(folder),
    ) as port:
        yield port


def _ejabberd_folder() -> Path:
    return max(Path("/usr/lib").glob("*/ejabberd-*"), default=Path())


def _installed() -> Iterator[tuple[str, Starter]]:
    if shutil.which("prosody"):
        yield "Prosody", prosody
    if shutil.which("erl") and _ejabberd_folder().name:
        yield "ejabberd", ejabberd


async def start(stack: AsyncExitStack) -> list[tuple[str, int]]:
    """The name and the port of each that there is, until the stack is left."""
    started = []
    for name, starter in _installed():
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        started.append((name, await stack.enter_async_context(starter(folder))))
    return started
