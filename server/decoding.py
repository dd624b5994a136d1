"""The program that decodes one file and says what it is: what strangers send kills only it.

It is told the file, the most bytes of an image and the most seconds of a voice (0: no limit), says
a `Verdict` as JSON in one line, and is gone as soon as its standard input ends: it does not outlive
who started it.
"""

import errno
import json
import os
import resource
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import filetype

from models.errors import TooLarge
from server import pictures, voices
from server.verdict import UNKNOWN, Verdict

MEMORY_BYTES = 5 << 28  # of addresses; 40 megapixels of WebP with alpha want 1.1 GiB
CPU_SECONDS = 20  # who waits for us is gone sooner, unless he is frozen
WRITTEN_BYTES = 64 << 20  # of one file, or twice what came if that is more


def main(path: Path, *, max_image_bytes: int, voice_seconds: int) -> None:
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()
    warnings.simplefilter("ignore")  # nobody reads them
    try:
        limit(path.stat().st_size)
        said = judge(path, max_image_bytes=max_image_bytes, voice_seconds=voice_seconds)
    except TooLarge:
        said = Verdict("too_large")
    except OSError as error:
        said = Verdict("disk", errno=error.errno)
    print(json.dumps(asdict(said)), flush=True)


def limit(size: int) -> None:
    """Take from this process what a file of `size` bytes does not need."""
    if sys.platform == "linux":  # macOS refuses it
        _lower(resource.RLIMIT_AS, MEMORY_BYTES)
    _lower(resource.RLIMIT_CPU, CPU_SECONDS)
    _lower(resource.RLIMIT_FSIZE, max(WRITTEN_BYTES, 2 * size))
    _lower(resource.RLIMIT_CORE, 0)


def judge(path: Path, *, max_image_bytes: int, voice_seconds: int) -> Verdict:
    """Raises TooLarge, and OSError of the disk."""
    return (
        _tried(lambda: pictures.look(path, max_bytes=max_image_bytes))
        or _tried(lambda: voices.look(path, seconds=voice_seconds))
        or Verdict("file", filetype.guess_mime(path) or UNKNOWN)
    )


def _tried(look: Callable[[], Verdict | None]) -> Verdict | None:
    try:
        return look()
    except TooLarge:
        raise
    except OSError as error:
        # Decoders raise theirs without a number. EFBIG is our own limit.
        if error.errno in (None, errno.EFBIG):
            return None
        raise
    except Exception:
        return None  # what decoders raise on nonsense is anything at all, MemoryError included


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), max_image_bytes=int(sys.argv[2]), voice_seconds=int(sys.argv[3]))
