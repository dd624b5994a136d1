"""The server, with somebody who can be asked what its process keeps: `under` of a test's server.

On SIGUSR1 it writes that as JSON to the file that SOAK_TELLS names. The server knows nothing of it.
"""

import asyncio
import ctypes
import gc
import json
import os
import runpy
import signal
import sys
from collections import Counter
from pathlib import Path


def _tell(_number: int, _frame: object) -> None:
    # Between two steps of the loop, in its thread.
    gc.collect()
    with open("/proc/self/maps") as maps:
        if "libc.so.6" in maps.read():
            # What glibc keeps for later is no leak.
            ctypes.CDLL("libc.so.6").malloc_trim(0)
    tasks = Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())  # type: ignore[union-attr]
    told = {"tasks": tasks, "objects": len(gc.get_objects())}
    file = Path(os.environ["SOAK_TELLS"])
    part = file.with_suffix(".part")
    part.write_text(json.dumps(told), encoding="utf-8")
    part.replace(file)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _tell)
    # Behind our own name: Python and the program, as they would be called without us.
    sys.argv = sys.argv[2:]
    sys.path.insert(0, str(Path(sys.argv[0]).parent))
    runpy.run_path(sys.argv[0], run_name="__main__")
