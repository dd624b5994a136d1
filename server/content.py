"""What an uploaded file is, by its content and nothing else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

UNKNOWN = "application/octet-stream"


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
    thumb: Path | None = None  # WebP, longest side 320 px
    placeholder: str | None = None  # of an image: WebP of 20 px as base64
    waveform: tuple[int, ...] | None = None  # of a voice: 64 numbers, 0 to 100


class Contents:
    """Looks at files.

    Args:
        max_image_bytes, voice_seconds: 0 is no limit.
    """

    def __init__(self, *, max_image_bytes: int, voice_seconds: int) -> None:
        self._max_image_bytes = max_image_bytes
        self._voice_seconds = voice_seconds

    async def look(self, path: Path) -> Content:
        """Say what it is.

        What is made of it lies in the same folder, under names that begin with its own. All of
        them are the caller's, who deletes them.

        Raises TooLarge for an image of too many bytes or pixels, OSError of the disk.
        """
        return _file(path)


def _file(path: Path) -> Content:
    return Content("file", UNKNOWN, path, path.stat().st_size)
