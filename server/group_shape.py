"""Groups as clients are told of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

from msgspec import Meta

from models.conv import group_conv
from models.group import Group, Role, Speak
from models.units import Conv, Gid, Millis, Uid
from models.user import Person


class Member(TypedDict):
    """Somebody in a group."""

    uid: Uid
    user_name: str
    nickname: str
    avatar: Annotated[str | None, Meta(description="The id of a picture.")]
    role: Role
    muted_until: Annotated[Millis, Meta(description="0 for who is not muted.")]


class Shape(TypedDict):
    """A group as its members see it."""

    gid: Gid
    conv: Conv
    name: str
    announcement: str
    avatar: Annotated[str | None, Meta(description="The id of a picture.")]
    owner: Uid
    speak: Speak
    members: Annotated[list[Member], Meta(description="In the order in which they came.")]


class Mine(TypedDict):
    """A group, for who is in it."""

    gid: Gid
    name: str
    role: Role


class Behind(TypedDict):
    """The group that a link leads into."""

    name: str
    avatar: Annotated[str | None, Meta(description="The id of a picture.")]
    members: Annotated[int, Meta(description="How many.")]


def shape(group: Group, people: Mapping[int, Person]) -> Shape:
    """A group with those of its members who are among `people`."""
    return {
        "gid": group.gid,
        "conv": group_conv(group.gid),
        "name": group.name,
        "announcement": group.announcement,
        "avatar": group.avatar,
        "owner": group.owner,
        "speak": group.speak,
        "members": [
            {
                "uid": uid,
                "user_name": people[uid].user_name,
                "nickname": people[uid].nickname,
                "avatar": people[uid].avatar,
                "role": membership.role,
                "muted_until": membership.muted_until,
            }
            for uid, membership in group.members.items()
            if uid in people
        ],
    }
