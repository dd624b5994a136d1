"""The command line: every mistake ends the start with one line and the right exit code."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT, Server

SECONDS = 20

THREE_STORES = """
[mysql]
MysqlName = chat
[redis]
RedisAddr = 127.0.0.1:6379
[mongo]
MangoDBName = chat
"""


def run(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    environ = {name: text for name, text in os.environ.items() if "TORNADO_IM_" not in name}
    environ |= {f"TORNADO_IM_{name}".upper(): str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def line(result: subprocess.CompletedProcess[str]) -> str:
    """The one line of a start that failed."""
    assert result.returncode == 1, result
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_a_busy_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = line(run(service_httpport=f":{port}", service_datadir=tmp_path / "data"))
    assert "[service] HttpPort" in said and str(port) in said and "in use" in said


def test_an_address_that_this_machine_does_not_have(tmp_path: Path) -> None:
    # 192.0.2.0/24 is kept for documentation, so nobody has it.
    said = line(run(service_httpport="192.0.2.1:0", service_datadir=tmp_path / "data"))
    assert said == "[service] Host: 192.0.2.1 is no address of this machine"


def test_a_data_folder_in_use_names_the_other_process(server: Server) -> None:
    said = line(run(service_httpport=":0", service_datadir=server.data / "data"))
    assert "[service] DataDir" in said
    assert re.search(rf"\bpid {server.process.pid}\b", said)


def test_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = line(run(service_httpport=":0", service_datadir=tmp_path / "file" / "data"))
    assert "[service] DataDir" in said and "cannot be written" in said


def test_a_short_secret_is_not_told(tmp_path: Path) -> None:
    said = line(run(service_secretkey="too short a key", service_datadir=tmp_path / "data"))
    assert "[service] SecretKey" in said and "32" in said
    assert "too short a key" not in said


@pytest.mark.parametrize("port", ["eighty", "65536", "-1", ""])
def test_a_bad_port(tmp_path: Path, port: str) -> None:
    said = line(run(service_httpport=port, service_datadir=tmp_path / "data"))
    assert "[service] HttpPort" in said


def test_an_unknown_key_of_the_file(tmp_path: Path) -> None:
    config = tmp_path / "config.ini"
    config.write_text("[service]\nHttpPrt = :8080\n")
    said = line(run("--config", str(config)))
    assert str(config) in said and "[service] HttpPrt" in said and "HttpPort" in said


def test_an_unknown_key_of_the_environment() -> None:
    said = line(run(service_httpprt=":0"))
    assert "TORNADO_IM_SERVICE_HTTPPRT" in said


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    said = line(run("--config", str(tmp_path / "none.ini")))
    assert "none.ini" in said


def test_three_configured_stores_need_a_key(tmp_path: Path) -> None:
    config = tmp_path / "config.ini"
    config.write_text(THREE_STORES)
    assert "[service] SecretKey" in line(run("--config", str(config)))


@pytest.mark.parametrize(
    ("section", "key"), [("mysql", "MysqlHost"), ("redis", "RedisAddr"), ("mongo", "MangoHosts")]
)
def test_a_store_that_is_not_there(tmp_path: Path, section: str, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    where = {
        "mysql": {"mysql_mysqlport": port},
        "redis": {"redis_redisaddr": f"127.0.0.1:{port}"},
        "mongo": {"mongo_mangohosts": f"127.0.0.1:{port}"},
    }
    data = tmp_path / "data"
    said = line(run(service_httpport=":0", service_datadir=data, **where[section]))
    assert said == f"[{section}] {key}: 127.0.0.1:{port} cannot be reached: Connection refused"


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--config"], ["extra"]])
def test_wrong_usage(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == "" and "usage" in result.stderr


@pytest.mark.parametrize("count", ["0", "-1", "x", "1000", ""])
def test_a_number_of_workers_that_cannot_be(count: str) -> None:
    result = run("--workers", count)
    assert result.returncode == 2 and result.stdout == ""
    rule = "must be a whole number from 1 to 64"
    assert result.stderr == f"--workers: {rule}, not {count!r}\n"


def test_a_start_that_fails_in_a_worker(tmp_path: Path) -> None:
    (tmp_path / "data" / "users.sqlite3").mkdir(parents=True)
    said = line(run("--workers", "3", service_httpport=":0", service_datadir=tmp_path / "data"))
    assert said.endswith("users.sqlite3: cannot be opened: unable to open database file")


def test_check_prints_what_is_in_force_without_the_secrets(tmp_path: Path) -> None:
    secret = "a secret of at least thirty-two bytes"
    result = run("--check", service_secretkey=secret, service_datadir=tmp_path / "data")
    assert result.returncode == 0 and result.stderr == ""
    assert f"DataDir = {tmp_path / 'data'}\n" in result.stdout
    assert result.stdout.endswith("# All is well.\n")
    assert secret not in result.stdout
    assert not (tmp_path / "data").exists()
