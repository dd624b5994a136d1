"""Groups of the contract: made, entered, left and read, over REST."""

from __future__ import annotations

import time
from typing import Any

from tests.client import Account, Frame
from tests.running import Reply

MINUTE_MS = 60_000


def now_ms() -> int:
    return int(time.time() * 1000)


class Group:
    """A group that somebody has made."""

    def __init__(self, shape: dict[str, Any]) -> None:
        self.shape = shape
        self.gid: int = shape["gid"]
        self.conv: str = shape["conv"]

    @classmethod
    def of(cls, owner: Account, *members: Account, name: str = "Lunch") -> Group:
        made = owner.post("/api/groups", name=name, members=[one.uid for one in members])
        assert made.status == 201, made
        return cls(made.data)

    @property
    def path(self) -> str:
        return f"/api/groups/{self.gid}"

    def get(self, reader: Account) -> Reply:
        return reader.get(self.path)

    def change(self, by: Account, **fields: Any) -> Reply:
        return by.call("PATCH", self.path, json=fields)

    def dissolve(self, by: Account) -> Reply:
        return by.call("DELETE", self.path)

    def invite(self, by: Account, *people: Account) -> Reply:
        return by.post(f"{self.path}/members", uids=[one.uid for one in people])

    def remove(self, by: Account, who: Account) -> Reply:
        return by.call("DELETE", f"{self.path}/members/{who.uid}")

    def leave(self, who: Account) -> Reply:
        return self.remove(who, who)

    def put(self, by: Account, who: Account, **fields: Any) -> Reply:
        return by.call("PUT", f"{self.path}/members/{who.uid}", json=fields)

    def link(self, by: Account, **fields: Any) -> str:
        made = by.post(f"{self.path}/links", **fields)
        assert made.status == 201, made
        code: str = made.data["code"]
        return code

    def say(self, who: Account, content: str = "hello", **fields: Any) -> Reply:
        return who.post(f"/api/conversations/{self.conv}/messages", content=content, **fields)

    def said(self, who: Account, content: str = "hello", **fields: Any) -> int:
        """Send a message that is taken; returns its seq."""
        sent = self.say(who, content, **fields)
        assert sent.status == 201, sent
        seq: int = sent.data["seq"]
        return seq

    def at(self, who: Account, rest: str, **query: Any) -> Reply:
        """A call on the group's conversation."""
        return who.get(f"/api/conversations/{self.conv}{rest}", **query)

    def log(self, reader: Account) -> list[Frame]:
        """All that he may read, up to a hundred messages."""
        page = self.at(reader, "/messages", limit=100)
        assert page.status == 200, page
        messages: list[Frame] = page.data["messages"]
        return messages

    def seqs(self, reader: Account) -> list[int]:
        return [message["seq"] for message in self.log(reader)]

    def events(self, reader: Account) -> list[tuple[str, dict[str, Any]]]:
        """What has happened, as a reader finds it in the log."""
        return [(m["event"], m["data"]) for m in self.log(reader) if m["kind"] == "system"]

    def roles(self, reader: Account) -> dict[int, str]:
        """Who is what, in the order in which the members are given."""
        shape = self.get(reader)
        assert shape.status == 200, shape
        return {one["uid"]: one["role"] for one in shape.data["members"]}

    def row(self, reader: Account) -> dict[str, Any]:
        """The group in his list."""
        listed = reader.get("/api/conversations", limit=100).data["conversations"]
        (row,) = [row for row in listed if row["conv"] == self.conv]
        found: dict[str, Any] = row
        return found


def ok(reply: Reply) -> Reply:
    """What was done, or the test ends here."""
    assert reply.status == 200, reply
    return reply


def refused(reply: Reply, status: int, error: str) -> None:
    assert (reply.status, reply.error) == (status, error), reply


def invalid(reply: Reply, field: str, rule: str) -> None:
    refused(reply, 400, "invalid_field")
    assert reply.data == {"field": field, "rule": rule}
