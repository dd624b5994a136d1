"""What docs/protocol.md says of conversations, in a few plain lists: no store, no server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Said = dict[str, Any]
"""A message as far as the model knows it: seq, from, kind, content, event, target, silent."""


@dataclass
class Talk:
    """A conversation: all that was ever stored, and who may read from where to where."""

    log: list[Said] = field(default_factory=list)
    spans: dict[int, list[int]] = field(default_factory=dict)
    """Person -> the first seq, and the last or 0."""
    two: bool = False
    """It is of two people, not of a group."""
    reads: dict[int, int] = field(default_factory=dict)
    hidden: dict[int, int] = field(default_factory=dict)

    def say(self, from_: int, kind: str, **more: Any) -> Said:
        said = {"seq": len(self.log) + 1, "from": from_, "kind": kind, "silent": False, **more}
        self.log.append(said)
        if kind == "text":
            self.reads[from_] = said["seq"]
        return said

    def event(self, by: int, event: str, *uids: int, **more: Any) -> Said:
        said = self.say(by, "system", event=event, content=None, **more)
        for uid in uids:
            if event in ("created", "joined"):
                self.spans[uid] = [said["seq"], 0]
            elif event in ("left", "kicked", "dissolved"):
                self.spans[uid][1] = said["seq"]
        return said

    def waits(self, uid: int) -> bool:
        """Whether he has to wait for an answer: between two people, after three messages."""
        said = [m["from"] for m in self.log if m["kind"] != "system"]
        others = [other for other in self.spans if other != uid]
        alone = self.two and others and not any(other in said for other in others)
        return bool(alone) and said.count(uid) >= 3

    def members(self) -> list[int]:
        return [uid for uid, (_, last) in self.spans.items() if not last]

    def view(self, uid: int) -> list[Said]:
        """All that somebody may read, in its present state."""
        first, last = self.spans[uid]
        return self.log[first - 1 : last or None]

    def read_seq(self, uid: int) -> int:
        return self.reads.get(uid, 0)

    def unread(self, uid: int) -> list[Said]:
        read = self.read_seq(uid)
        return [m for m in self.view(uid) if m["seq"] > read and m["kind"] != "system"]

    def shown(self, uid: int) -> Said | None:
        loud = [m for m in self.view(uid) if not m["silent"]]
        return loud[-1] if loud else None

    def listed(self, uid: int) -> bool:
        shown = self.shown(uid)
        return shown is not None and shown["seq"] > self.hidden.get(uid, 0)

    def mention(self, uid: int) -> int:
        found = [
            m["seq"]
            for m in self.unread(uid)
            if m["from"] != uid and (m.get("mentions") == "all" or uid in (m.get("mentions") or ()))
        ]
        return max(found, default=0)


class Model:
    """Conversations by name."""

    def __init__(self) -> None:
        self.talks: dict[str, Talk] = {}

    def pair(self, one: int, other: int) -> tuple[str, Talk]:
        conv = f"{min(one, other)}:{max(one, other)}"
        talk = self.talks.get(conv)
        if talk is None:
            talk = self.talks[conv] = Talk(two=True)
            talk.spans = {one: [1, 0], other: [1, 0]}
        return conv, talk

    def of(self, uid: int) -> dict[str, Talk]:
        """The conversations somebody is or was in, that are not empty."""
        return {conv: t for conv, t in self.talks.items() if uid in t.spans and t.log}
