"""What an uploaded file is, by its content and nothing else.

A child process looks (`server/decoding.py`), since what decodes pictures and sound is large and
meets what strangers send: a file that it cannot bear is a file and no more. Nothing of it passes
through this process.
"""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from models.errors import TooLarge
from server.verdict import UNKNOWN, Verdict, kept_beside, thumb_beside

logger = logging.getLogger("tornado_im.content")

CHILDREN = 2  # at once; each takes a core, and 1 GiB at the worst
CHILD_SECONDS = 10.0  # from its start; 12 megapixels take less than one
SAID_BYTES = 16 << 10

PROGRAM = ("-m", "server.decoding")
CHECKOUT = Path(__file__).parent.parent  # where that is found


@dataclass(frozen=True, slots=True)
class Content:
    """What is kept of an uploaded file, and what is known of it."""

    kind: Literal["image", "voice", "file"]
    mime: str  # by content; UNKNOWN also for HTML, SVG, XML and scripts
    path: Path  # what is to be kept: the file itself, or what was made of it
    size: int  # bytes of `path`
    width: int | None = None  # of an image, as it is seen
    height: int | None = None
    duration: int | None = None  # ms, of a voice
    thumb: Path | None = None  # WebP, longest side 320 px; none where the image serves as well
    placeholder: str | None = None  # of an image: WebP of 20 px as base64
    waveform: tuple[int, ...] | None = None  # of a voice: 64 numbers, 0 to 100


class Contents:
    """Looks at files.

    Args:
        max_image_bytes, voice_seconds: 0 is no limit.
    """

    def __init__(self, *, max_image_bytes: int, voice_seconds: int) -> None:
        self._limits = (str(max_image_bytes), str(voice_seconds))
        self._turns = asyncio.Semaphore(CHILDREN)

    async def look(self, path: Path) -> Content:
        """Say what it is.

        What is made of it lies in the same folder, under names that begin with its own. All of
        them are the caller's, who deletes them; of a look that fails none are left.

        Raises TooLarge for an image of too many bytes or pixels, OSError of the disk.
        """
        try:
            async with self._turns:
                verdict = await _verdict(_command(path, self._limits))
            return _content(path, verdict)
        except BaseException:
            _remove(kept_beside(path), thumb_beside(path))
            raise


def _command(path: Path, limits: Sequence[str]) -> tuple[str, ...]:
    return (sys.executable, *PROGRAM, str(path.absolute()), *limits)


async def _verdict(command: Sequence[str]) -> Verdict | None:
    """What the child says; None where it does not come to that."""
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,  # ends with us, and the child with it
        stdout=PIPE,
        stderr=DEVNULL,
        limit=SAID_BYTES,
        cwd=CHECKOUT,
        start_new_session=True,  # a Ctrl-C is ours to hear
    )
    try:
        async with asyncio.timeout(CHILD_SECONDS):
            said = await child.stdout.readline() if child.stdout else b""
            if await child.wait() == 0:
                return msgspec.json.decode(said, type=Verdict)
            logger.warning("a file could not be decoded: exit code %s", child.returncode)
    except TimeoutError:
        logger.warning("a file could not be decoded within %g s", CHILD_SECONDS)
    except (ValueError, msgspec.DecodeError):
        logger.warning("a file could not be decoded: its verdict is none")
    finally:
        await _end(child)
    return None


async def _end(child: Process) -> None:
    """Until it is gone, however often that is cancelled: what it makes is deleted only then."""
    cancelled: asyncio.CancelledError | None = None
    while child.returncode is None:
        child.kill()
        try:
            await child.communicate()  # not `wait`, which waits for ever for what nobody reads
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _content(path: Path, verdict: Verdict | None) -> Content:
    """Raises what the verdict says."""
    kept, thumb = kept_beside(path), thumb_beside(path)
    if verdict is None or verdict.kind == "file":
        _remove(kept, thumb)
        mime = UNKNOWN if verdict is None else verdict.mime
        return Content("file", mime, path, path.stat().st_size)
    if verdict.kind == "too_large":
        raise TooLarge
    if verdict.kind == "disk":
        number = verdict.errno or 0
        raise OSError(number, os.strerror(number), str(path))
    return Content(
        verdict.kind,
        verdict.mime,
        kept,
        kept.stat().st_size,
        width=verdict.width,
        height=verdict.height,
        duration=verdict.duration,
        thumb=thumb if verdict.thumb else None,
        placeholder=verdict.placeholder,
        waveform=verdict.waveform,
    )


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
