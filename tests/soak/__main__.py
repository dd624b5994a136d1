"""Have people do everything for half an hour; what the server keeps is what it kept before."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from random import Random

from tests.soak.phases import Soak

WARM_MINUTES = 2.0
EVERY_SECONDS = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tornado-im-") as name:
        soak = Soak(Path(name), Random())
        try:
            warm = min(WARM_MINUTES, arguments.minutes) * 60
            running = soak.run(
                warm, arguments.minutes * 60, every_seconds=EVERY_SECONDS, linger=True
            )
            grown = asyncio.run(running)
        finally:
            soak.server.end()
        said = soak.server.said()
    print(said, end="")
    if grown or "Traceback" in said:
        sys.exit("grown: " + ("; ".join(grown) or "nothing, but something failed"))


if __name__ == "__main__":
    main()
