"""Texts of the page, packed for who takes them packed: each once, however often it is sent."""

from __future__ import annotations

import asyncio
import functools
import gzip
from collections.abc import Callable, Mapping
from typing import Final

import brotli

CODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    # As dense as they go: that takes 10 ms for a file, once.
    "br": functools.partial(brotli.compress, mode=brotli.MODE_TEXT),
    "gzip": functools.partial(gzip.compress, mtime=0),
}
"""The smallest first (RFC 9110, 8.4.1). Browsers take `br` over https and from this machine."""

LEAST: Final = 200
"""Bytes of a text that is worth it: with the header that says so, less would grow."""

KEPT: Final = 1024
"""Packed texts in memory; the pages have some 200, each in two codings at most."""


async def packed(content: bytes, accept: str) -> tuple[str, bytes]:
    """The coding that suits best, empty where it is sent as it is, and what is sent.

    Args:
        accept: the request's `Accept-Encoding`.
    """
    coding = _chosen(accept) if len(content) >= LEAST else ""
    return coding, await asyncio.to_thread(_packed, coding, content) if coding else content


@functools.lru_cache(KEPT)
def _packed(coding: str, content: bytes) -> bytes:
    return CODINGS[coding](content)


def _chosen(accept: str) -> str:
    taken = {}
    for part in accept.split(","):
        name, _, weight = part.partition(";")
        taken[name.strip().lower()] = weight.replace(" ", "").lower().rstrip("0.") != "q="
    return next((coding for coding in CODINGS if taken.get(coding)), "")
