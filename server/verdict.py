"""What the child program finds a file to be, how it says so, and where it puts things."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of an image or a voice, what is to be kept lies at `kept_beside`."""

    kind: Literal["image", "voice", "file", "too_large", "disk"]
    mime: str = UNKNOWN
    width: int | None = None
    height: int | None = None
    duration: int | None = None  # ms
    thumb: bool = False  # whether there is one at `thumb_beside`
    placeholder: str | None = None
    waveform: tuple[int, ...] | None = None
    errno: int | None = None  # why the disk refused


def kept_beside(path: Path) -> Path:
    """Where what is to be kept of a file is made."""
    return path.with_name(f"{path.name}.kept")


def thumb_beside(path: Path) -> Path:
    """Where its thumbnail is made."""
    return path.with_name(f"{path.name}.thumb")
