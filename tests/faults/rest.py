"""Calls over REST, and how long their answers take."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake

PASSWORD = "correct horse battery"
CLIENT_SECONDS = 10.0

ANSWER_SECONDS = 3.0
"""Within this a call is answered, whatever its stores do."""

SLACK_SECONDS = 0.3
"""For a machine that does other things too."""

AT_ONCE_SECONDS = 1.0


async def call(
    rest: httpx.AsyncClient, method: str, path: str, body: object = None, **headers: str
) -> httpx.Response:
    return await rest.request(method, path, json=body, headers=headers)


def rest_of(url: str, *, seconds: float = CLIENT_SECONDS) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=seconds, trust_env=False)


async def sign_up(rest: httpx.AsyncClient, name: str) -> tuple[int, str]:
    """Register and log in on the device `name`; uid and token."""
    body = {"user_name": name, "password": PASSWORD}
    registered = await call(rest, "POST", "/api/user/register", body)
    assert registered.status_code == 201, registered.text
    return registered.json()["data"]["uid"], await sign_in(rest, name)


async def sign_in(rest: httpx.AsyncClient, name: str, *, device: str | None = None) -> str:
    """Log in on a device, by default the one that is called as he is; the token."""
    body = {"user_name": name, "password": PASSWORD}
    answer = await call(rest, "POST", "/api/user/login", body, **{"User-Agent": device or name})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["token"])


async def refuses(url: str, name: str, token: str) -> bool:
    """Whether a token is refused, by REST and by the handshake."""
    headers = {"User-Agent": name, "token": token}
    async with rest_of(url) as rest:
        answer = await call(rest, "GET", "/api/user/me", **headers)
    try:
        socket = await connect(
            f"{url.replace('http', 'ws', 1)}/ws",
            additional_headers={"token": token},
            user_agent_header=name,
            proxy=None,
        )
    except InvalidHandshake:
        return answer.status_code == 403
    await socket.close()
    return False


async def ready_at_once(url: str) -> None:
    """Wait until a server is ready again, which may take no longer; nothing tells of it."""
    async with rest_of(url) as rest, asyncio.timeout(AT_ONCE_SECONDS):
        while (await rest.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.01)


async def timed(answer: Awaitable[Any]) -> tuple[Any, float]:
    start = time.monotonic()
    return await answer, time.monotonic() - start
