"""The server as a child process: how a test starts it, asks it, and looks into its log."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx
import redis

from tests import described

ROOT = Path(__file__).resolve().parent.parent
READY = re.compile(r"Tornado IM \d+\.\d+\.\d+ is ready: (http://[^/]+)/\n")

KEY = "a signing key that tests alone know, 32 bytes or more"
PASSWORD = "correct horse battery"
USER_AGENT = "tests/1.0"

STOP_SECONDS = 20
ANSWER_SECONDS = 20

# Nobody waits for an allowance, unless a test asks for that.
UNLIMITED = {
    "limits_loginperminute": 0,
    "limits_registerperhour": 0,
    "limits_uploadsperminute": 0,
    "chat_ratepersecond": 0,
}

# What no log may hold, whatever happens: a password, the head of a token, a text of a message.
# Less of a head stands by chance in the id of some upload.
SECRET_TEXT = "for your eyes only"
UNLOGGED = (PASSWORD, "eyJhbGci", SECRET_TEXT, KEY)


@dataclass(frozen=True)
class Reply:
    """An answer whose envelope has been found to be as the contract says."""

    status: int
    msg: str
    data: Any
    error: str
    headers: httpx.Headers

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.error

    @property
    def broken(self) -> tuple[str, str]:
        """The field and the rule of an `invalid_field`."""
        assert self.refusal == (400, "invalid_field"), self
        return self.data["field"], self.data["rule"]


def reply(status: int, headers: Any, body: bytes) -> Reply:
    envelope = json.loads(body)
    assert set(envelope) == {"status", "msg", "data", "error"}
    assert envelope["status"] == status
    assert isinstance(envelope["msg"], str) and envelope["msg"]
    assert (envelope["error"] == "") == (status < 300)
    assert dict(headers).get("content-type", "").startswith("application/json")
    return Reply(status, envelope["msg"], envelope["data"], envelope["error"], headers)


class Site:
    """A server that somebody has started, at its address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = int(self.url.rpartition(":")[2])
        # No cookies are kept: who is asking is what a test says in each call.
        self.http = httpx.Client(
            base_url=self.url,
            headers={"User-Agent": USER_AGENT},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=ANSWER_SECONDS,
        )

    def call(self, method: str, path: str, **options: Any) -> Reply:
        """A call whose answer carries the envelope; options as `httpx.Client.request` has them."""
        if "json" in options:
            # Ours, because httpx's refuses half a character before the server can.
            options["content"] = json.dumps(options.pop("json"))
            options["headers"] = {"Content-Type": "application/json"} | options.get("headers", {})
        answer = self.http.request(method, path, **options)
        said = reply(answer.status_code, answer.headers, answer.content)
        described.check(method, path, said.status, answer.json())
        return said

    def raw(self, head: str, body: bytes = b"") -> tuple[int, httpx.Headers, bytes]:
        """What the server answers to these very bytes; `head` has its lines without \\r."""
        with socket.create_connection(("127.0.0.1", self.port), ANSWER_SECONDS) as connection:
            text = head.strip().replace("\n", "\r\n") + "\r\n\r\n"
            connection.sendall(text.encode() + body)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.status, httpx.Headers(response.getheaders()), response.read()

    def raw_reply(self, head: str, body: bytes = b"") -> Reply:
        """As `raw`, of an answer that carries the envelope."""
        return reply(*self.raw(head, body))

    def handshake(
        self, *lines: str, agent: str | None = USER_AGENT, query: str = "", **instead: str | None
    ) -> Reply:
        """The answer to a handshake with more header lines, or others `instead` of the usual.

        A socket that is let in is closed at once.
        """
        usual: dict[str, str | None] = {
            "Host": f"127.0.0.1:{self.port}",
            "User-Agent": agent,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        } | {name.replace("_", "-"): value for name, value in instead.items()}
        headers = [f"{name}: {value}" for name, value in usual.items() if value is not None]
        head = "\n".join([f"GET /ws{query} HTTP/1.1", *headers, *lines])
        status, answered, body = self.raw(head)
        if status == 101:
            return Reply(101, "", None, "", answered)
        described.check("GET", "/ws", status, json.loads(body))
        return reply(status, answered, body)


class Server(Site):
    """One run of `run.py`."""

    def __init__(self, data: Path, settings: Mapping[str, object], *, workers: int = 1) -> None:
        self.data = data
        self.settings = settings
        self.log_path = data / "server.log"
        env = {k: v for k, v in os.environ.items() if not k.startswith("TORNADO_IM_")}
        chosen = {
            "service_httpport": ":0",
            "service_datadir": data / "data",
            "service_secretkey": KEY,
            "test_cheaphashes": 1,
            **UNLIMITED,
            **settings,
        }
        env |= {f"TORNADO_IM_{name}".upper(): str(value) for name, value in chosen.items()}
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "run.py", "--workers", str(workers)],
                cwd=ROOT,
                env=env,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        ready = READY.fullmatch(line)
        if ready is None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            raise AssertionError(f"it did not start: {line!r}\n{self.log}")
        super().__init__(ready[1])

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8")

    def redis(self) -> redis.Redis:
        """The store of tokens that it is on: its own child, where no setting names another."""
        host, _, port = str(self.settings.get("redis_redisaddr", "")).rpartition(":")
        if host:
            return redis.Redis(host, int(port), db=int(str(self.settings["redis_redisdbname"])))
        return redis.Redis(unix_socket_path=str(self.data / "data" / "valkey" / "valkey.sock"))

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """End it in order; raises when the end or the log is not as it should be."""
        self.http.close()
        self.terminate()
        assert self.process.stdout is not None
        self.process.stdout.close()
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            raise
        log = self.log
        assert code == 0, log
        assert "Traceback" not in log and " ERROR " not in log and " CRITICAL " not in log, log
        for secret in UNLOGGED:
            assert secret not in log, f"the log holds {secret!r}"


@contextmanager
def running(data: Path | None = None, *, workers: int = 1, **settings: object) -> Iterator[Server]:
    """A server with settings given as `section_key`; without `data` on stores of its own."""
    with tempfile.TemporaryDirectory(prefix="tornado-im-") as folder:
        server = Server(data or Path(folder), settings, workers=workers)
        try:
            yield server
        finally:
            server.stop()
