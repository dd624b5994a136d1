"""The command line of Tornado IM."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from conf.report import report
from conf.settings import ConfigError, load


def main() -> int:
    """Returns the exit code: 0, or 1 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="run.py", description="Serve Tornado IM.")
    parser.add_argument("--config", type=Path, metavar="PATH", help="an INI file of settings")
    parser.add_argument(
        "--check", action="store_true", help="print the configuration as it is in force, and exit"
    )
    arguments = parser.parse_args()
    try:
        if arguments.check:
            print(report(arguments.config, os.environ))
            return 0
        settings = load(arguments.config, os.environ)
        # Imported late: a mistake in the configuration is told before half a second of imports.
        from server.app import serve

        asyncio.run(serve(settings))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
