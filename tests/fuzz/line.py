"""A socket that says anything, and counts what comes back: whole bytes out, frames in."""

from __future__ import annotations

import itertools
import json
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.client import (
    CONNECTED,
    MESSAGE,
    PONG,
    PRESENCE,
    SECONDS,
    STATE,
    TYPING,
    Account,
    Frame,
)

_numbers = itertools.count()


class Line:
    """One person's only socket, which is opened again wherever the contract has it closed."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._ws: ClientConnection | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        self._ws = None
        self._open.close()

    @property
    def ws(self) -> ClientConnection:
        if self._ws is None:
            opening = connect(
                self.account.server.url.replace("http:", "ws:") + "/ws",
                user_agent_header=self.account.device,
                additional_headers={"token": self.account.token, "Accept-Language": "en"},
                compression=None,
                ping_interval=None,
                max_size=None,
                close_timeout=2,
                proxy=None,
            )
            self._ws = self._open.enter_context(opening)
            assert self.next()["code"] == CONNECTED
        return self._ws

    def next(self) -> Frame:
        assert self._ws is not None
        frame: Frame = json.loads(self._ws.recv(SECONDS))
        return frame

    def turn(self, *raws: str | bytes | list[str], answered: int = 0) -> list[Frame]:
        """All that came until these frames were served.

        Args:
            answered: how many answers are waited for. Of a send it may come behind that of the
                ping which follows it here.
        """
        asked = f"ping-{next(_numbers)}"
        for raw in (*raws, json.dumps({"type": 9, "id": asked})):
            self.ws.send(raw)
        found: list[Frame] = []
        served = False
        while not served or sum(not is_push(frame) for frame in found) < answered:
            frame = self.next()
            if frame["code"] == PONG and frame.get("id") == asked:
                served = True
            else:
                found.append(frame)
        return found

    def end(self, raw: str | bytes, **how: Any) -> int:
        """The close code that a frame is answered with."""
        ws = self.ws
        try:
            ws.send(raw, **how)
            while True:
                ws.recv(SECONDS)
        except ConnectionClosed:
            self.hang_up()
        return ws.close_code or 0


def is_push(frame: Frame) -> bool:
    """Whether it answers nothing; of READ nothing tells, but where the frame had an `id`."""
    if frame["code"] in (TYPING, PRESENCE):
        return "uid" in frame
    return frame["code"] in (MESSAGE, STATE)
