"""The log: a line for each event, as text or as JSON, from the level on that was asked for."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator

import pytest

from server.logs import JsonFormatter, configure

QUIETED = ("pymongo", "tortoise", "aiosqlite", "asyncio", "redis", "tornado.access")


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger of ours; all that `configure` changes is put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIETED}
    # `configure` closes the handlers that it finds, and those that are here are pytest's.
    root.handlers.clear()
    yield logging.getLogger("tornado_im.tests")
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def record(message: str, *arguments: object, error: BaseException | None = None) -> str:
    made = logging.LogRecord(
        "tornado_im.tests",
        logging.WARNING,
        __file__,
        1,
        message,
        arguments,
        (type(error), error, error.__traceback__) if error else None,
    )
    made.created, made.msecs = 1_700_000_000.25, 250.0
    return JsonFormatter().format(made)


@pytest.fixture
def in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_shanghai")
def test_an_event_in_json_is_one_object_in_utc_with_milliseconds() -> None:
    line = record("%s came %d times", "Añil 🦊\nsaid", 2)
    assert "\n" not in line and "🦊" in line
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "WARNING",
        "logger": "tornado_im.tests",
        "message": "Añil 🦊\nsaid came 2 times",
    }


def test_an_error_in_json_stays_in_its_line_with_its_trace() -> None:
    try:
        raise ValueError("no such thing")
    except ValueError as error:
        line = record("it failed", error=error)
    assert "\n" not in line
    trace = json.loads(line)["exception"]
    assert trace.startswith("Traceback") and trace.endswith("ValueError: no such thing")


@pytest.mark.parametrize("form", ["text", "json"])
def test_lines_go_to_standard_error_from_the_level_on(
    log: logging.Logger, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    configure("INFO", form)
    log.debug("too low")
    log.info("event %d", 7)
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    if form == "json":
        assert json.loads(line)["message"] == "event 7"
    else:
        assert line.endswith(" INFO tornado_im.tests event 7")


@pytest.mark.parametrize("form", ["text", "json"])
def test_each_line_of_a_worker_says_which(
    log: logging.Logger, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    configure("INFO", form, worker=2)
    log.info("event")
    line = capsys.readouterr().err.strip()
    if form == "json":
        assert json.loads(line)["worker"] == 2
    else:
        assert line.endswith(" INFO worker 2 tornado_im.tests event")


def test_to_configure_again_replaces_what_was(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("DEBUG", "text")
    configure("ERROR", "json")
    log.warning("no longer")
    log.error("once")
    assert [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()] == [
        "once"
    ]


def test_what_drivers_say_below_a_warning_is_left_out_whatever_the_level(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("DEBUG", "text")
    for name in QUIETED:
        logging.getLogger(f"{name}.deeper").info("about a connection")
    logging.getLogger("tornado.access").error("GET /api/user/me?token=eyJ")
    assert capsys.readouterr().err == ""
    logging.getLogger("pymongo").warning("a warning")
    assert "a warning" in capsys.readouterr().err
    assert sys.stderr is not sys.stdout
