"""What --check prints: the configuration in force, in a form that can be read again."""

import dataclasses
from pathlib import Path

import pytest

from conf import settings
from conf.keys import KEYS
from conf.report import report
from conf.settings import load


@pytest.fixture(autouse=True)
def _no_default_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A checkout may have its own conf/config.ini; these tests must not see it."""
    monkeypatch.setattr(settings, "DEFAULT_FILE", tmp_path / "config.ini")


def test_without_a_file_it_says_so_and_names_what_is_embedded(tmp_path: Path) -> None:
    lines = report(None, {"TORNADO_IM_SERVICE_DATADIR": str(tmp_path)}).splitlines()
    assert lines[0].startswith("# No file was read")
    assert lines[1] == "# From the environment: TORNADO_IM_SERVICE_DATADIR"
    for section, program in [("mysql", "SQLite"), ("redis", "Valkey"), ("mongo", "SecantusDB")]:
        assert f"# [{section}] is not configured: embedded {program} in {tmp_path}" in lines
        assert f"[{section}]" not in lines
    assert lines[-1] == "# All is well."


def test_the_values_in_force_stand_under_the_keys_of_the_file(tmp_path: Path) -> None:
    ini = tmp_path / "chat.ini"
    ini.write_text("[service]\nHttpPort = 0.0.0.0:81\n[chat]\nGroupMax = 7\n[redis]\n")
    lines = report(ini, {"TORNADO_IM_CHAT_GROUPMAX": "9"}).splitlines()
    assert lines[0] == f"# Read: {ini}"
    for line in ("Host = 0.0.0.0", "HttpPort = :81", "GroupMax = 9", "RedisAddr = 127.0.0.1:6379"):
        assert line in lines
    assert f"DataDir = {Path('data').absolute()}" in lines
    redis = lines.index("[redis]")
    assert lines[redis - 1].startswith("# [redis] is configured")
    assert lines.index("[chat]") > redis > lines.index("[service]")


def test_it_can_be_read_again_and_is_the_same(tmp_path: Path) -> None:
    given = {key.env: key.default or "" for key in KEYS if key.name != "SecretKey"}
    given |= {"TORNADO_IM_SERVICE_SECRETKEY": "s" * 32, "TORNADO_IM_SERVICE_HOST": "::1"}
    given |= {"TORNADO_IM_SERVICE_LOGLEVEL": "debug", "TORNADO_IM_MYSQL_MYSQLUSER": ";a #b=%(c)s"}
    ini = tmp_path / "again.ini"
    ini.write_text(report(None, given), encoding="utf-8")
    again = load(ini, {"TORNADO_IM_SERVICE_SECRETKEY": "s" * 32})
    assert dataclasses.asdict(again) == dataclasses.asdict(load(None, given))


def test_secrets_are_hidden_and_their_absence_is_seen() -> None:
    hidden = {key.env: f"hush{number:032}" for number, key in enumerate(KEYS) if key.secret}
    shown = report(None, hidden)
    assert "hush" not in shown
    assert shown.count("is given, and hidden.") == len(hidden)
    assert "# SecretKey is not given." in report(None, {})
    assert "MetricsToken =\n" in report(None, {})
