"""A device of the contract: it applies pushes, acks and syncs, and keeps what it has applied."""

from __future__ import annotations

from typing import Any

from tests.client import MESSAGE, SENT_OFFLINE, SENT_ONLINE, Account, Chat
from tests.histories.model import Talk


class Device:
    """One socket of one person, which comes and goes; its cursors stay."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.uid = account.uid
        self.chat: Chat | None = None
        self.cursors: dict[str, int] = {}
        """Conversation -> the highest seq applied."""
        self.applied: dict[str, list[int]] = {}
        self._looked = 0

    async def connect(self) -> None:
        self.chat = Chat(self.account)
        self._looked = 0
        await self.chat.__aenter__()
        await self.sync()

    async def disconnect(self) -> None:
        if self.chat is not None:
            await self.settle()
            await self.chat.__aexit__(None, None, None)
            self.chat = None

    async def ask(self, type: int, **fields: Any) -> dict[str, Any]:
        assert self.chat is not None
        return await self.chat.ask(type, **fields)

    async def reach(self, conv: str, seq: int) -> None:
        """Wait until this socket has learnt of a message, by a push, an ack or a sync."""
        if self.chat is None or self.cursors.get(conv, 0) >= seq:
            return

        def is_it(frame: dict[str, Any]) -> bool:
            known = frame["code"] in (MESSAGE, SENT_ONLINE, SENT_OFFLINE)
            return known and frame["conv"] == conv and frame["seq"] == seq

        if not any(map(is_it, self.chat.seen)):
            await self.chat.take(is_it, f"message {seq} of {conv}")

    async def sync(self) -> None:
        """Frame 7 until nothing is left."""
        while True:
            answer = await self.ask(7, cursors=self.cursors)
            for row in answer["conversations"]:
                for message in row["messages"]:
                    self.apply(row["conv"], message["seq"])
            if not answer["more"] and not any(row["more"] for row in answer["conversations"]):
                return

    async def settle(self) -> None:
        """Apply all that has been pushed and acked up to now."""
        assert self.chat is not None
        await self.ask(9)
        for frame in self.chat.seen[self._looked :]:
            if frame["code"] in (MESSAGE, SENT_ONLINE, SENT_OFFLINE):
                self.apply(frame["conv"], frame["seq"])
        self._looked = len(self.chat.seen)

    def apply(self, conv: str, seq: int) -> None:
        if seq > self.cursors.get(conv, 0):
            self.cursors[conv] = seq
            self.applied.setdefault(conv, []).append(seq)

    def compare(self, mine: dict[str, Talk]) -> None:
        """Nothing that the person may read is missing behind the first one applied."""
        assert self.cursors.keys() == mine.keys()
        for conv, talk in mine.items():
            view = [m["seq"] for m in talk.view(self.uid)]
            applied = [seq for seq in self.applied[conv] if seq >= view[0]]
            assert applied == [seq for seq in view if seq >= applied[0]], (conv, applied, view)
            assert applied[-1] == view[-1]
