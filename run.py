"""The command line of Tornado IM."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from conf.report import report
from conf.rules import whole
from conf.settings import ConfigError, Settings, load

WORKERS = whole(1, 64)


def main() -> int:
    """Returns the exit code: 0; 1 after one line that says what is wrong; 2 for wrong usage."""
    arguments = _parser().parse_args()
    if arguments.worker is not None:
        return work(arguments.worker)
    try:
        workers = WORKERS(arguments.workers)
    except ValueError as error:
        print(f"--workers: {error}, not {arguments.workers!r}", file=sys.stderr)
        return 2
    try:
        if arguments.check:
            print(report(arguments.config, os.environ))
            return 0
        settings = load(arguments.config, os.environ)
        if arguments.reindex:
            from server.reindex import reindex

            asyncio.run(reindex(settings))
            print("The search index was built anew.")
        elif arguments.grant_admin is not None:
            from server.operator import grant_admin

            asyncio.run(grant_admin(settings, arguments.grant_admin))
            print(f"{arguments.grant_admin} is an administrator.")
        elif arguments.reset_password is not None:
            from server.operator import reset_password, typed_password

            asyncio.run(reset_password(settings, arguments.reset_password, typed_password()))
            print(f"{arguments.reset_password} has another password, and is signed in nowhere.")
        else:
            asyncio.run(serve(settings, workers))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py", description="Serve Tornado IM.")
    parser.add_argument("--config", type=Path, metavar="PATH", help="an INI file of settings")
    parser.add_argument(
        "--check", action="store_true", help="print the configuration as it is in force, and exit"
    )
    parser.add_argument(
        "--workers", default="1", metavar="N", help="processes that serve together (default: 1)"
    )
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)  # of such a parent
    parser.add_argument(
        "--reindex", action="store_true", help="build the search index anew, and exit"
    )
    parser.add_argument(
        "--grant-admin", metavar="NAME", help="make somebody an administrator, and exit"
    )
    parser.add_argument(
        "--reset-password",
        metavar="NAME",
        help="give somebody the password that is typed, sign him out everywhere, and exit",
    )
    return parser


async def serve(settings: Settings, workers: int) -> None:
    # Imported late: a mistake in the configuration is told before half a second of imports, and the
    # parent of workers has no use for most of them.
    if workers > 1:
        from server import workers as parent

        await parent.serve(settings, workers)
    else:
        from server import app

        await app.serve(settings)


def work(descriptor: int) -> int:
    """Serve as a worker; what is wrong is told to the parent, at the other end of `descriptor`."""
    from server import app
    from server.inheritance import Parent

    parent = Parent(descriptor)
    try:
        asyncio.run(app.work(parent))
    except ConfigError as error:
        parent.failed(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
