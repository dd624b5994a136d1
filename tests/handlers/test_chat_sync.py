"""Frame 7 where much was missed: all of it, once, in answers that stay small."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict

from tests.client import MESSAGE, SENT_OFFLINE, SENT_ONLINE, Account, Chat

GROUPS = 200
MESSAGES = 25
"""In each of the groups: together 5,000."""

ANSWER_BYTES = 256 * 1024


async def fill(chat: Chat, convs: list[str], content: str) -> None:
    """Send the messages of one conversation after the other, some of them at once."""
    for conv in convs:
        ids = [f"{content}-{conv}-{n}" for n in range(MESSAGES)]
        for id in ids:
            await chat.send(type=1, id=id, conv=conv, content=f"{content} " + "x" * 200)
        for id in ids:
            assert (await chat.answer(id))["code"] in (SENT_ONLINE, SENT_OFFLINE)


async def test_5000_missed_messages_in_200_conversations(ann: Account, bo: Account) -> None:
    convs = []
    for n in range(GROUPS):
        made = await asyncio.to_thread(ann.post, "/api/groups", name=f"g{n}", members=[bo.uid])
        convs.append(made.data["conv"])
    async with ann.chat() as hers:
        async with bo.chat() as his:
            cursors = await sync(his, {}, defaultdict(list))
        assert cursors == dict.fromkeys(convs, 1)
        await fill(hers, convs, "missed")
        applied: dict[str, list[int]] = defaultdict(list)
        async with bo.chat() as his:
            # What comes meanwhile is pushed, perhaps before the sync comes to it.
            meanwhile = asyncio.create_task(fill(hers, convs[::10], "meanwhile"))
            cursors = await sync(his, cursors, applied)
            await meanwhile
            for frame in await his.rest_of(MESSAGE):
                applied[frame["conv"]].append(frame["seq"])
            await sync(his, cursors, applied)
    for n, conv in enumerate(convs):
        last = 1 + MESSAGES * (2 if n % 10 == 0 else 1)
        assert sorted(set(applied[conv])) == list(range(2, last + 1))


async def sync(
    chat: Chat, cursors: dict[str, int], applied: dict[str, list[int]]
) -> dict[str, int]:
    """Ask until there is no more; the new cursors. No answer gives anything twice."""
    cursors = dict(cursors)
    while True:
        answer = await chat.ask(7, cursors=cursors)
        # As the server writes it: all of it is ASCII.
        assert len(json.dumps(answer, separators=(",", ":"))) <= ANSWER_BYTES
        assert answer["conversations"] or not answer["more"]
        for row in answer["conversations"]:
            seqs = [message["seq"] for message in row["messages"]]
            after = cursors.get(row["conv"], 0)
            assert seqs == list(range(after + 1, after + 1 + len(seqs)))
            applied[row["conv"]] += seqs
            cursors[row["conv"]] = after + len(seqs)
        if not answer["more"] and not any(row["more"] for row in answer["conversations"]):
            return cursors
