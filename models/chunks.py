"""A long list, some of it at a time: for questions and writes that may hold only so much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items, in their order; the last one may have fewer."""
    whole = list(items)
    for start in range(0, len(whole), size):
        yield whole[start : start + size]
