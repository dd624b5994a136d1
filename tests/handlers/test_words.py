"""Refused words over the wire: the administrators' list, texts by socket and REST, names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.client import SENSITIVE, Account, is_refusal, new_name, page, register, url
from tests.grouped import Group, invalid, refused
from tests.running import Server

PATH = "/api/admin/words"
UGLY = "uglyword"
"""On the list of the server that all tests share: nobody else says it."""


def put(admin: Account, *words: str) -> list[str]:
    answer = admin.post(PATH, words=list(words))
    assert answer.status == 200, answer
    found: list[str] = answer.data["words"]
    return found


def test_the_list_is_changed_by_administrators(admin: Account) -> None:
    assert "kept word" in put(admin, "kept word", "gone word", "GONE WORD")
    assert "gone word" in admin.get(PATH).data["words"]
    left = admin.call("DELETE", PATH, json={"words": ["Gone Word", "never there"]})
    assert "gone word" not in left.data["words"] and "kept word" in left.data["words"]
    assert left.data["file"] > 0
    acts = [entry["act"] for entry in admin.get("/api/admin/audit").data["entries"]]
    assert acts[:2] == ["words_remove", "words_add"]


def test_what_is_no_word_is_refused(admin: Account) -> None:
    invalid(admin.post(PATH, words=["c++"]), "words", "pattern")
    invalid(admin.post(PATH, words=["x" * 65]), "words", "length")
    invalid(admin.post(PATH, words=[]), "words", "length")
    invalid(admin.post(PATH), "words", "required")


async def test_a_text_with_such_a_word_is_refused_and_nothing_stored(
    admin: Account, ann: Account, bo: Account
) -> None:
    put(admin, UGLY)
    async with ann.chat() as chat:
        await chat.say(bo, "first")
        answer = await chat.ask(1, to=bo.uid, content="So U-g-l-y-w-o-r-d!", id="again")
        is_refusal(answer, SENSITIVE, "sensitive_content")
        sent = ann.post(url(ann, bo, "/messages"), content=UGLY, id="again")
        refused(sent, 422, "sensitive_content")
        # What was refused has left no trace: its id is free.
        assert await chat.say(bo, "fine", id="again") == 2
        edit = await chat.ask(10, conv=url(ann, bo).split("/")[-1], seq=1, content=UGLY)
        is_refusal(edit, SENSITIVE, "sensitive_content")
        refused(
            ann.call("PATCH", url(ann, bo, "/messages/1"), json={"content": UGLY}),
            422,
            "sensitive_content",
        )
    contents = [message["content"] for message in page(ann, bo).data["messages"]]
    assert contents == ["first", "fine"]


def test_no_name_has_such_a_word(admin: Account, server: Server, ann: Account) -> None:
    put(admin, UGLY)
    refused(register(server, user_name=f"{UGLY}-{new_name()}"), 422, "sensitive_content")
    refused(register(server, nickname=f"the {UGLY}"), 422, "sensitive_content")
    refused(ann.call("PATCH", "/api/user/me", json={"nickname": UGLY}), 422, "sensitive_content")
    assert ann.get("/api/user/me").data["nickname"] == ann.name
    made = ann.post("/api/groups", name=UGLY.upper(), members=[])
    refused(made, 422, "sensitive_content")


def test_no_group_says_such_a_word(admin: Account, ann: Account, bo: Account) -> None:
    put(admin, UGLY)
    group = Group.of(ann, bo)
    refused(group.change(ann, name=f"a {UGLY}"), 422, "sensitive_content")
    refused(group.change(ann, announcement=f"Read: {UGLY}"), 422, "sensitive_content")
    # Who may not change it learns nothing of the list.
    refused(group.change(bo, name=f"a {UGLY}"), 403, "forbidden")
    shape = group.get(ann).data
    assert (shape["name"], shape["announcement"]) == ("Lunch", "")


async def test_masked_words_are_stored_as_stars(
    servers: Callable[..., Server], tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text(f"{UGLY}\n", encoding="utf-8")
    options = {"chat_wordsaction": "mask", "chat_strangerlimit": 0}
    server = servers(chat_wordsfile=tmp_path / "words.txt", **options)
    ann, bo = Account.new(server), Account.new(server)
    async with ann.chat() as chat, bo.chat() as other:
        ack = await chat.ask(1, to=bo.uid, content=f"So {UGLY} 👋", id="one")
        assert ack["masked"] is True
        assert (await other.push(50001))["content"] == "So ******** 👋"
        assert (await chat.ask(1, to=bo.uid, content=UGLY, id="one"))["masked"] is True
        sent = ann.post(url(ann, bo, "/messages"), content=f"{UGLY}!")
        assert sent.status == 201 and sent.data["masked"] is True
        plain = await chat.ask(1, to=bo.uid, content="plain")
        assert "masked" not in plain
        edit = await chat.ask(10, conv=ack["conv"], seq=plain["seq"], content=UGLY)
        assert edit["masked"] is True
        again = ann.call("PATCH", url(ann, bo, "/messages/2"), json={"content": "nice"})
        assert again.status == 200 and "masked" not in again.data
    shown = [(m["content"], m.get("masked")) for m in page(bo, ann).data["messages"][:3]]
    assert shown == [("So ******** 👋", True), ("nice", None), ("********", True)]
    # A name is refused all the same.
    refused(register(server, nickname=UGLY), 422, "sensitive_content")
