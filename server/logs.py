"""The log: one event a line, as text or as JSON; ids yes, contents and tokens never."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Final

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
_TEXT_OF_WORKER: Final = "%(asctime)s %(levelname)s worker {} %(name)s %(message)s"


class JsonFormatter(logging.Formatter):
    def __init__(self, worker: int | None = None) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if self._worker is not None:
            line["worker"] = self._worker
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(level: str, form: str, *, worker: int | None = None) -> None:
    """Log to standard error from `level` on, in the form "text" or "json".

    Args:
        worker: which of several this process is; each line tells.
    """
    handler = logging.StreamHandler(sys.stderr)
    text = _TEXT if worker is None else _TEXT_OF_WORKER.format(worker)
    handler.setFormatter(JsonFormatter(worker) if form == "json" else logging.Formatter(text))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # They tell of what our own log lines tell, or of nothing that an operator could act on.
    for name in ("pymongo", "tortoise", "aiosqlite", "asyncio", "redis", "botocore", "aiobotocore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)
    logging.getLogger("tornado.general").addFilter(_without_what_was_sent)


def _without_what_was_sent(record: logging.LogRecord) -> bool:
    """Tornado quotes the header that it cannot read, and a token may stand in it."""
    if str(record.msg).startswith("Malformed HTTP message from"):
        record.msg, record.args = "Malformed HTTP message", ()
    return True
