"""The name of an uploaded file, made fit to be shown and to be saved under."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from typing import Final

NAME_MAX: Final = 120
"""Code points of a name: in UTF-8, with four bytes each, more than most file systems take."""

_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9]{1,10}\Z")

_REPLACED: Final = {"image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif")}
"""Where a picture was made anew, perhaps in another format: the endings that say it rightly."""


def file_name(raw: str, mime: str) -> str:
    """The last part of a path, without what cannot be seen or turns the direction of text.

    A name that is too long loses its middle, never its ending. Where nothing is left it is `file`.
    """
    last = re.split(r"[/\\]", raw)[-1]
    seen = "".join(one for one in last if unicodedata.category(one)[0] != "C")
    stem, ending = _split(" ".join(seen.split()))
    stem = stem.strip(" .")
    if mime in _REPLACED and ending.lower() not in _REPLACED[mime]:
        ending = _REPLACED[mime][0]
    if not stem:
        stem, ending = "file", ending or mimetypes.guess_extension(mime) or ""
    return stem[: NAME_MAX - len(ending)] + ending


def _split(name: str) -> tuple[str, str]:
    found = _EXTENSION.search(name)
    return (name[: found.start()], found[0]) if found else (name, "")
