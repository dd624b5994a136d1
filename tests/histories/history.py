"""Random histories of five people on several devices, compared with a model of the contract.

What each of them is shown in the list, counts as unread, reads back as history and gets by sync
must be what the model says, and no device may miss anything, get it twice or out of order.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.client import READ, Account
from tests.histories.device import Device
from tests.histories.model import Model, Said, Talk
from tests.running import Server

PEOPLE = 5
STEPS = 120
LOOK_EVERY = 30


class History:
    """One random history: each step is done on the server and in the model."""

    def __init__(self, chance: Random, servers: Sequence[Server]) -> None:
        self.chance = chance
        self.people = [Account.new(servers[0]) for _ in range(PEOPLE)]
        self.model = Model()
        # One of somebody's devices is on each server.
        self.devices = [
            Device(one.on(f"device/{n}", servers[n % len(servers)]))
            for one in self.people
            for n in range(2)
        ]
        self.groups: dict[str, int] = {}
        self.done: list[str] = []

    async def run(self, steps: int) -> None:
        for device in self.devices:
            await device.connect()
        acts = [
            *[self.send] * 8, self.read, self.read, self.unread, self.recall, self.edit,
            self.react, self.react, self.group, self.invite, self.invite, self.kick, self.leave,
            self.hide, self.away, self.away, self.mention,
        ]  # fmt: skip
        for step in range(1, steps + 1):
            act = self.chance.choice(acts)
            self.done.append(act.__name__)
            await act()
            await self.spread()
            if step % LOOK_EVERY == 0:
                await self.look()

    async def spread(self) -> None:
        """Wait until all who are connected have learnt of all they may read."""
        for device in self.devices:
            for conv, talk in self.model.of(device.uid).items():
                await device.reach(conv, talk.view(device.uid)[-1]["seq"])

    # Acts

    def device(self, uid: int) -> Device:
        """A device of somebody that is connected."""
        return self.chance.choice([d for d in self.devices if d.uid == uid and d.chat])

    def someone(self) -> int:
        return self.chance.choice(self.people).uid

    def talk_of(self, uid: int, *, group: bool = False) -> tuple[str, Talk] | None:
        """A conversation in which somebody is."""
        found = [
            (conv, talk)
            for conv, talk in self.model.of(uid).items()
            if uid in talk.members() and (conv in self.groups or not group)
        ]
        return self.chance.choice(found) if found else None

    async def send(self, **more: object) -> None:
        uid = self.someone()
        found = self.talk_of(uid)
        if found is None or self.chance.random() < 0.2:
            other = self.someone()
            found = self.model.pair(uid, other)
        conv, talk = found
        if await self.is_refused(uid, talk, 1, conv=conv, content="too much"):
            return
        said = talk.say(uid, "text", content=f"{len(talk.log)} of {uid}", **more)
        ack = await self.device(uid).ask(1, conv=conv, content=said["content"], **more)
        assert ack.get("seq") == said["seq"], (ack, said, self.done)

    async def is_refused(self, uid: int, talk: Talk, type: int, **fields: object) -> bool:
        """Whether it is to be refused, and then it is."""
        if talk.waits(uid):
            assert (await self.device(uid).ask(type, **fields))["error"] == "await_reply"
        return talk.waits(uid)

    async def mention(self) -> None:
        await self.send(mentions=[self.someone()]) if self.groups else None

    async def read(self) -> None:
        uid = self.someone()
        if (found := self.talk_of(uid)) is None:
            return
        conv, talk = found
        seq = self.chance.randint(0, len(talk.log))
        first = talk.view(uid)[0]["seq"]
        before = talk.read_seq(uid)
        if seq >= first:
            talk.reads[uid] = max(before, seq)
        device = self.device(uid)
        answer = await device.ask(4, conv=conv, seq=seq)
        assert answer["seq"] == talk.read_seq(uid), (answer, seq, self.done)
        await self.told(device, before, READ, conv=conv, uid=uid, seq=talk.read_seq(uid))

    async def unread(self) -> None:
        uid = self.someone()
        if (found := self.talk_of(uid)) is None:
            return
        conv, talk = found
        expected = talk.unread(uid)
        before, device = talk.read_seq(uid), self.device(uid)
        answer = await device.ask(3, conv=conv)
        (row,) = answer["conversations"]
        assert [m["seq"] for m in row["messages"]] == [m["seq"] for m in expected]
        assert row["unread"] == len(expected)
        if expected:
            talk.reads[uid] = expected[-1]["seq"]
            await self.told(device, before, READ, conv=conv, uid=uid, seq=talk.read_seq(uid))

    async def told(self, by: Device, before: int, code: int, **fields: object) -> None:
        """Wait until the person's other devices have been told of what moved."""
        if fields.get("seq", -1) != before:
            for device in self.devices:
                if device.uid == by.uid and device.chat and device is not by:
                    await device.chat.push(code, **fields)

    def message_of(self, uid: int, *, mine: bool) -> tuple[str, Talk, Said] | None:
        if (found := self.talk_of(uid)) is None:
            return None
        conv, talk = found
        texts = [
            m for m in talk.view(uid) if m["kind"] == "text" and (m["from"] == uid or not mine)
        ]
        return (conv, talk, self.chance.choice(texts)) if texts else None

    async def recall(self) -> None:
        uid = self.someone()
        if (found := self.message_of(uid, mine=True)) is None:
            return
        conv, talk, said = found
        said.update(kind="recalled", content="")
        for name in ("mentions", "edited", "reactions"):
            said.pop(name, None)
        event = talk.event(uid, "recalled", silent=True, target=said["seq"])
        answer = await self.device(uid).ask(6, conv=conv, seq=said["seq"])
        assert answer["event_seq"] == event["seq"], answer

    async def edit(self) -> None:
        uid = self.someone()
        if (found := self.message_of(uid, mine=True)) is None:
            return
        conv, talk, said = found
        if await self.is_refused(uid, talk, 10, conv=conv, seq=said["seq"], content="too much"):
            return
        said.update(content=f"edited at {len(talk.log)}", edited=True)
        said.pop("mentions", None)
        event = talk.event(uid, "edited", silent=True, target=said["seq"])
        answer = await self.device(uid).ask(10, conv=conv, seq=said["seq"], content=said["content"])
        assert answer["event_seq"] == event["seq"], answer

    async def react(self) -> None:
        uid = self.someone()
        if (found := self.message_of(uid, mine=False)) is None:
            return
        conv, talk, said = found
        emoji = self.chance.choice("👍🎉")
        if await self.is_refused(uid, talk, 11, conv=conv, seq=said["seq"], emoji="🥇", on=True):
            return
        uids = said.setdefault("reactions", {}).setdefault(emoji, [])
        on = uid not in uids
        uids.append(uid) if on else uids.remove(uid)
        event = talk.event(uid, "reacted", silent=True, target=said["seq"])
        answer = await self.device(uid).ask(11, conv=conv, seq=said["seq"], emoji=emoji, on=on)
        assert answer["event_seq"] == event["seq"], answer

    # Groups

    def rest(self, uid: int) -> Account:
        """Somebody as a REST client, of one of his devices."""
        return self.chance.choice([d.account for d in self.devices if d.uid == uid])

    async def group(self) -> None:
        if len(self.groups) >= 3:
            return
        uid = self.someone()
        others = [u for u in self.uids() if u != uid and self.chance.random() < 0.5]
        made = self.rest(uid).post("/api/groups", name="g", members=others)
        conv, talk = made.data["conv"], Talk()
        self.groups[conv] = made.data["gid"]
        self.model.talks[conv] = talk
        talk.event(uid, "created", uid, *others)

    def uids(self) -> list[int]:
        return [one.uid for one in self.people]

    async def invite(self) -> None:
        uid = self.someone()
        if (found := self.talk_of(uid, group=True)) is None:
            return
        conv, talk = found
        wanted = self.chance.sample(self.uids(), 2)
        new = [u for u in wanted if u not in talk.members()]
        made = self.rest(uid).post(f"/api/groups/{self.groups[conv]}/members", uids=wanted)
        assert made.status == 200, made
        if new:
            talk.event(uid, "joined", *new)

    async def kick(self) -> None:
        uid = self.someone()
        if (found := self.talk_of(uid, group=True)) is None:
            return
        conv, talk = found
        target = self.someone()
        path = f"/api/groups/{self.groups[conv]}/members/{target}"
        if target == uid:
            return
        answer = self.rest(uid).call("DELETE", path)
        if answer.status == 200:
            talk.event(uid, "kicked", target)

    async def leave(self) -> None:
        uid = self.someone()
        if (found := self.talk_of(uid, group=True)) is None:
            return
        conv, talk = found
        owner = self.rest(uid).get(f"/api/groups/{self.groups[conv]}").data["owner"]
        path = f"/api/groups/{self.groups[conv]}/members/{uid}"
        assert self.rest(uid).call("DELETE", path).status == 200
        if owner == uid and talk.members() == [uid]:
            talk.event(uid, "dissolved", uid)
            return
        if owner == uid:
            talk.event(uid, "role")
        talk.event(uid, "left", uid)

    async def hide(self) -> None:
        uid = self.someone()
        found = list(self.model.of(uid).items())
        if not found:
            return
        conv, talk = self.chance.choice(found)
        answer = self.rest(uid).call("PATCH", f"/api/conversations/{conv}", json={"hidden": True})
        assert answer.status == 200, answer
        talk.hidden[uid] = talk.view(uid)[-1]["seq"]

    async def away(self) -> None:
        """One of somebody's two devices loses its line, or gets it back."""
        device = self.chance.choice(self.devices)
        if device.chat is None:
            await device.connect()
        elif any(d.chat for d in self.devices if d.uid == device.uid and d is not device):
            await device.disconnect()

    # Looking

    async def look(self) -> None:
        """Compare what everyone sees with the model."""
        for device in self.devices:
            if device.chat is None:
                await device.connect()
        for device in self.devices:
            await device.settle()
            device.compare(self.model.of(device.uid))
        for one in self.people:
            self.compare_list(one)
            for conv, talk in self.model.of(one.uid).items():
                self.compare_history(one, conv, talk)

    def compare_list(self, one: Account) -> None:
        rows = {
            row["conv"]: row
            for row in one.get("/api/conversations", limit=100).data["conversations"]
        }
        mine = self.model.of(one.uid)
        assert rows.keys() == {conv for conv, talk in mine.items() if talk.listed(one.uid)}
        for conv, row in rows.items():
            talk = mine[conv]
            view, shown = talk.view(one.uid), talk.shown(one.uid)
            assert shown is not None
            expected = {
                "last_seq": view[-1]["seq"],
                "first_seq": view[0]["seq"],
                "read_seq": talk.read_seq(one.uid),
                "unread": len(talk.unread(one.uid)),
                "mention_seq": talk.mention(one.uid),
            }
            assert {name: row[name] for name in expected} == expected, (conv, one.uid, self.done)
            assert row["last_message"]["seq"] == shown["seq"]
        times = [row["updated_at"] for row in rows.values()]
        assert times == sorted(times, reverse=True)

    def compare_history(self, one: Account, conv: str, talk: Talk) -> None:
        view, found = talk.view(one.uid), []
        page = one.get(f"/api/conversations/{conv}/messages", after=0, limit=7).data
        found += page["messages"]
        while not page["end"]:
            after = found[-1]["seq"]
            page = one.get(f"/api/conversations/{conv}/messages", after=after, limit=50).data
            found += page["messages"]
        compare(found, view)


def compare(found: list[Said], view: list[Said], *, first: int | None = None) -> None:
    """Messages as they were got, and as the model has them.

    Args:
        first: the first that the reader may read, where `view` does not begin with it.
    """
    assert [m["seq"] for m in found] == [m["seq"] for m in view]
    if first is None:
        first = view[0]["seq"] if view else 0
    for message, said in zip(found, view, strict=True):
        assert (message["from"], message["kind"]) == (said["from"], said["kind"]), message
        assert message.get("event") == said.get("event")
        if said["content"] is not None:
            assert message["content"] == said["content"]
        assert message.get("silent", False) == said["silent"]
        assert ("edited" in message) == ("edited" in said)
        reactions = {r["emoji"]: r["uids"] for r in message.get("reactions", ())}
        assert reactions == {e: u for e, u in said.get("reactions", {}).items() if u}
        if said["silent"]:
            assert (message["message"] is None) == (said["target"] < first), message


async def play(chance: Random, *servers: Server) -> None:
    """Play one history, the people's devices spread over `servers`."""
    history = History(chance, servers)
    try:
        await history.run(STEPS)
    finally:
        for device in history.devices:
            await device.disconnect()
