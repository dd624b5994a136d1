"""How conversations are named: a pair's and a person's own by uids, a group's by its gid."""

from __future__ import annotations


def is_group(conv: str) -> bool:
    """Whether it is a group's (`g{gid}`); the others are of two people, or one and himself."""
    return conv.startswith("g")


def group_conv(gid: int) -> str:
    """The conversation of a group."""
    return f"g{gid}"


def group_gid(conv: str) -> int:
    """The group of a group's conversation."""
    return int(conv.removeprefix("g"))


def pair(one: int, other: int) -> str:
    """The conversation of two people, or of one and himself."""
    return f"{min(one, other)}:{max(one, other)}"


def pair_members(conv: str) -> tuple[int, ...]:
    """The people of a conversation of two, or of one and himself."""
    low, high = conv.split(":")
    return (int(low),) if low == high else (int(low), int(high))
