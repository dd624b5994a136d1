"""Texts of the page, packed for who takes them packed."""

from __future__ import annotations

import gzip

import brotli
import pytest

from server import packing
from server.packing import LEAST, packed

TEXT = b"the same words again, " * 40


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP;q=0.5, BR;q=0.1", "br"),
        ("br;q=0, gzip;q=1.0", "gzip"),
        ("br; q=0.000, gzip; q=0", ""),
        ("identity", ""),
        ("", ""),
        ("*", ""),
    ],
)
async def test_the_smallest_that_is_taken(accept: str, coding: str) -> None:
    unpacked = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}
    found, body = await packed(TEXT, accept)
    assert found == coding
    assert unpacked[coding](body) == TEXT
    assert (len(body) < len(TEXT) / 4) == bool(coding)


async def test_what_would_not_become_smaller_is_sent_as_it_is() -> None:
    short = TEXT[: LEAST - 1]
    assert await packed(short, "br") == ("", short)
    assert (await packed(TEXT[:LEAST], "br"))[0] == "br"


async def test_each_text_is_packed_once() -> None:
    text = b"not packed by any other test " * 40
    before = packing._packed.cache_info()
    assert await packed(text, "br") == await packed(bytes(bytearray(text)), "br")
    after = packing._packed.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 1)
