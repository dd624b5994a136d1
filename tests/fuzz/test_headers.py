"""Whatever stands in the head of a request, it is answered, and never as a fault of the server.

The description of the calls, which `test_openapi.py` goes by, says nothing of most headers.
"""

from __future__ import annotations

import http.client
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import Account
from tests.fuzz.heads import BODIES, METHODS, PATHS, headers
from tests.fuzz.steady import steady
from tests.media import PDF, upload
from tests.running import ANSWER_SECONDS, Server


@pytest.mark.timeout(600)
def test_any_head_is_answered(server: Server, more: int) -> None:
    ann = Account.new(server)
    medium = upload(ann, PDF).data["id"]

    @settings(max_examples=300 * more, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(METHODS), st.sampled_from(PATHS), headers, st.sampled_from(BODIES))
    def answered(method: str, path: str, other: dict[str, str], body: bytes) -> None:
        usual = {"Host": f"127.0.0.1:{server.port}", **ann.headers}
        if body:
            usual["Content-Length"] = str(len(body))
        lines = [f"{method} {path.replace('MEDIUM', medium)} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in {**usual, **other}.items()]
        assert ask(server, "\r\n".join(lines).encode() + b"\r\n\r\n" + body) < 500

    with steady(server):
        answered()


def ask(server: Server, request: bytes) -> int:
    """The status of the answer; 0 where the connection ends without one."""
    with socket.create_connection(("127.0.0.1", server.port), ANSWER_SECONDS) as connection:
        try:
            connection.sendall(request)
            # There is no more to wait for.
            connection.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(connection)
            response.begin()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            return 0
        return response.status
