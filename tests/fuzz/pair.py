"""What docs/protocol.md says of two people who talk: each act's answer, and who is told what."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.client import (
    EDITED,
    FORBIDDEN,
    LIMITED,
    MESSAGE,
    NOT_FOUND,
    REACTED,
    READ,
    RECALLED,
    SENT_OFFLINE,
    SENT_ONLINE,
    STATE,
    TYPING,
    Frame,
)
from tests.histories.model import Said, Talk

Pushes = dict[int, list[Frame]]
"""Person -> the fields of what his socket is told, in this order."""


@dataclass
class Pair:
    """Two people with a socket each, which comes and goes."""

    one: int
    two: int
    talk: Talk = field(default_factory=lambda: Talk(two=True))
    online: set[int] = field(default_factory=set)
    blocking: set[int] = field(default_factory=set)
    acks: dict[tuple[int, str], Frame] = field(default_factory=dict)
    """What was answered first to a sender's id."""
    recalls: dict[int, int] = field(default_factory=dict)
    """A recalled message -> the event that told of it."""

    def __post_init__(self) -> None:
        self.talk.spans = {self.one: [1, 0], self.two: [1, 0]}
        self.conv = f"{min(self.one, self.two)}:{max(self.one, self.two)}"

    def other(self, uid: int) -> int:
        return self.two if uid == self.one else self.one

    @property
    def last(self) -> int:
        return len(self.talk.log)

    def _pushes(self, pushes: Pushes) -> Pushes:
        return {uid: told for uid, told in pushes.items() if uid in self.online}

    def _blocked(self, uid: int) -> Frame | None:
        if self.other(uid) in self.blocking:
            return {"code": FORBIDDEN, "error": "blocked"}
        return None

    def _waits(self, uid: int) -> Frame | None:
        return {"code": LIMITED, "error": "await_reply"} if self.talk.waits(uid) else None

    def _event(self, uid: int, event: str, seq: int) -> tuple[int, Pushes]:
        said = self.talk.event(uid, event, silent=True, target=seq)
        told = {
            "code": MESSAGE, "conv": self.conv, "seq": said["seq"], "from": uid, "kind": "system",
            "event": event, "silent": True, "data": {"target": seq, "by": uid},
        }  # fmt: skip
        return said["seq"], self._pushes({self.one: [told], self.two: [told]})

    def _target(self, uid: int, seq: int, *, own: bool) -> Said | Frame:
        """The text, or what is answered in its place."""
        if not 1 <= seq <= self.last:
            return {"code": NOT_FOUND}
        said = self.talk.log[seq - 1]
        if said["kind"] != "text" or (own and said["from"] != uid):
            return {"code": FORBIDDEN, "error": "forbidden"}
        return said

    def send(self, uid: int, id: str, content: str) -> tuple[Frame, Pushes]:
        if (uid, id) in self.acks:
            return {**self.acks[uid, id], "duplicate": True}, {}
        if refusal := self._blocked(uid) or self._waits(uid):
            return refusal, {}
        said = self.talk.say(uid, "text", content=content)
        place = {"conv": self.conv, "seq": said["seq"]}
        self.acks[uid, id] = place
        other = self.other(uid)
        told = {"from": uid, "kind": "text", "content": content, "id": id}
        answer = {**place, "code": SENT_ONLINE if other in self.online else SENT_OFFLINE}
        return answer, self._pushes({other: [{**place, **told, "code": MESSAGE}]})

    def read(self, uid: int, seq: int) -> tuple[Frame, Pushes]:
        before = self.talk.read_seq(uid)
        now = max(before, min(seq, self.last))
        self.talk.reads[uid] = now
        said = {"code": READ, "conv": self.conv, "uid": uid, "seq": now}
        return said, self._pushes({self.other(uid): [said]} if now > before else {})

    def recall(self, uid: int, seq: int) -> tuple[Frame, Pushes]:
        answer = {"code": RECALLED, "conv": self.conv, "seq": seq}
        if seq in self.recalls and self.talk.log[seq - 1]["from"] == uid:
            return {**answer, "event_seq": self.recalls[seq]}, {}
        target = self._target(uid, seq, own=True)
        if "code" in target:
            return target, {}
        target.update(kind="recalled", content="")
        for name in ("edited", "reactions"):
            target.pop(name, None)
        self.recalls[seq], pushes = self._event(uid, "recalled", seq)
        return {**answer, "event_seq": self.recalls[seq]}, pushes

    def edit(self, uid: int, seq: int, content: str) -> tuple[Frame, Pushes]:
        target = self._blocked(uid) or self._target(uid, seq, own=True)
        if refusal := target if "code" in target else self._waits(uid):
            return refusal, {}
        target.update(content=content, edited=True)
        event_seq, pushes = self._event(uid, "edited", seq)
        return {"code": EDITED, "conv": self.conv, "seq": seq, "event_seq": event_seq}, pushes

    def react(self, uid: int, seq: int, emoji: str, on: bool) -> tuple[Frame, Pushes]:
        target = self._blocked(uid) or self._target(uid, seq, own=False)
        if "code" in target:
            return target, {}
        answer = {"code": REACTED, "conv": self.conv, "seq": seq, "emoji": emoji, "on": on}
        uids = target.setdefault("reactions", {}).setdefault(emoji, [])
        if (uid in uids) == on:
            return answer, {}
        if refusal := self._waits(uid):
            return refusal, {}
        uids.append(uid) if on else uids.remove(uid)
        event_seq, pushes = self._event(uid, "reacted", seq)
        return {**answer, "event_seq": event_seq}, pushes

    def typing(self, uid: int) -> tuple[Frame, Pushes]:
        """The push may be left out: it goes out once a second."""
        told: Pushes = {}
        if not self.blocking:
            told = {self.other(uid): [{"code": TYPING, "conv": self.conv, "uid": uid}]}
        return {"code": TYPING, "conv": self.conv}, self._pushes(told)

    def block(self, uid: int, on: bool) -> Pushes:
        if on == (uid in self.blocking):
            return {}
        self.blocking ^= {uid}
        told = {"code": STATE, "what": "block", "uid": self.other(uid), "blocked": on}
        return self._pushes({uid: [told]})
