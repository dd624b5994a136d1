"""Everything of mine as a zip, and nothing of anybody else's."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import httpx

from tests.client import Account, pair, url
from tests.grouped import Group, ok, refused
from tests.media import PDF, png, uploaded
from tests.running import Server

MIB = 1024 * 1024
PATH = "/api/user/export"


def export(who: Account) -> tuple[zipfile.ZipFile, httpx.Response]:
    answer = who.server.http.get(PATH, headers=who.headers)
    assert answer.status_code == 200, answer.text
    file = zipfile.ZipFile(io.BytesIO(answer.content))
    assert file.testzip() is None
    return file, answer


def read(file: zipfile.ZipFile, name: str) -> Any:
    return json.loads(file.read(name))


def test_everything_of_mine_and_nothing_of_others(ann: Account, bo: Account, cy: Account) -> None:
    ann.say(bo, "to bo")
    bo.say(ann, "from bo")
    ann.say(bo, "secret")
    ok(ann.call("DELETE", url(ann, bo, "/messages/3")))
    ok(ann.call("PATCH", url(ann, bo, "/messages/1"), json={"content": "to bo, better"}))
    picture = uploaded(ann, png(), "cat.png")
    paper = uploaded(ann, PDF, "../a paper.pdf")
    ann.say(bo, paper["id"], kind="file")
    left = Group.of(bo, ann, cy)
    left.said(ann, "before I left")
    left.leave(ann)
    left.said(bo, "after")
    mine = Group.of(ann, bo, name="Mine")
    ok(ann.call("PUT", f"/api/user/{cy.uid}/block"))
    ok(ann.call("PATCH", url(ann, bo), json={"pinned": True}))
    file, answer = export(ann)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment")

    messages = read(file, "messages.json")
    texts = {(m["conv"], m["content"]) for m in messages if m["kind"] != "system"}
    assert texts == {
        (pair(ann, bo), "to bo, better"),
        (pair(ann, bo), ""),
        (pair(ann, bo), paper["id"]),
        (left.conv, "before I left"),
    }
    assert {m["from"] for m in messages} == {ann.uid}
    assert all("message" not in m for m in messages)
    assert {m["event"] for m in messages if m["conv"] == mine.conv} == {"created"}

    profile = read(file, "profile.json")
    assert profile["profile"]["uid"] == ann.uid and profile["profile"]["created_at"] > 0
    assert profile["blocks"] == [cy.uid]
    assert [group["gid"] for group in profile["groups"]] == [mine.gid]
    assert [session["device"] for session in profile["sessions"]] == [ann.device]
    reads = {chat["conv"]: chat["read_seq"] for chat in profile["conversations"]}
    for row in ann.get("/api/conversations").data["conversations"]:
        assert reads[row["conv"]] == row["read_seq"]
    assert max(reads.values()) > 0
    assert {chat["conv"]: chat["pinned"] for chat in profile["conversations"]} == {
        pair(ann, bo): True,
        left.conv: False,
        mine.conv: False,
    }
    assert {one["id"] for one in profile["uploads"]} == {picture["id"], paper["id"]}

    assert file.read(f"media/{paper['id']}/a paper.pdf") == PDF
    assert len(file.read(f"media/{picture['id']}/cat.png")) == picture["size"]
    assert not any(".." in name or name.startswith("/") for name in file.namelist())
    assert b"from bo" not in answer.content and ann.token not in file.read("profile.json").decode()


def test_many_messages_are_all_there(ann: Account) -> None:
    for number in range(3):
        for _ in range(70):
            ann.say(ann, f"note {number} " + "x" * 1000)
    file, _ = export(ann)
    assert [m["seq"] for m in read(file, "messages.json")] == list(range(1, 211))


def test_who_has_nothing_gets_that(server: Server) -> None:
    file, _ = export(Account.new(server))
    assert read(file, "messages.json") == []
    assert file.namelist() == ["profile.json", "messages.json"]


def test_one_at_a_time(ann: Account, bo: Account) -> None:
    # More than what the kernel holds of what nobody takes.
    uploaded(ann, bytes(16 * MIB))
    with ann.server.http.stream("GET", PATH, headers=ann.headers) as answer:
        assert answer.status_code == 200
        refused(ann.get(PATH), 429, "rate_limited")
        # Of somebody else's nothing is known here.
        assert export(bo)
        assert sum(len(piece) for piece in answer.iter_bytes()) > 16 * MIB
    assert export(ann)


def test_it_wants_a_token(server: Server) -> None:
    refused(server.call("GET", PATH), 401, "token_missing")
