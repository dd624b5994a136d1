"""Pages of history over REST, and how far it was read."""

from __future__ import annotations

import pytest

from tests.client import READ, Account, page, pair, seqs, url
from tests.running import Server


@pytest.fixture(scope="module")
def thirty(server: Server) -> tuple[Account, Account]:
    """Two people with thirty messages, "1" to "30", in their conversation."""
    one, other = Account.new(server), Account.new(server)
    other.say(one, "1")
    for number in range(2, 31):
        one.say(other, str(number))
    return one, other


def test_my_own_pair_without_a_message_is_empty(ann: Account, bo: Account) -> None:
    assert page(ann, bo).data == {"messages": [], "end": True}
    assert page(ann, ann).data == {"messages": [], "end": True}
    assert ann.get(url(ann, bo, "/reads")).data == {str(ann.uid): 0, str(bo.uid): 0}
    assert ann.get(url(ann, ann, "/reads")).data == {str(ann.uid): 0}
    assert ann.post(url(ann, bo, "/read"), seq=5).data["seq"] == 0
    assert ann.get("/api/conversations").data == {"conversations": [], "next": None}


# Pages


@pytest.mark.parametrize(
    ("query", "first", "last", "end"),
    [
        ({}, 11, 30, False),
        ({"limit": 30}, 1, 30, True),
        ({"limit": 29}, 2, 30, False),
        ({"limit": 100}, 1, 30, True),
        ({"limit": 1}, 30, 30, False),
        ({"before": 11}, 1, 10, True),
        ({"before": 11, "limit": 10}, 1, 10, True),
        ({"before": 11, "limit": 9}, 2, 10, False),
        ({"before": 31, "limit": 1}, 30, 30, False),
        ({"before": 1000, "limit": 2}, 29, 30, False),
        ({"after": 0}, 1, 20, False),
        ({"after": 10}, 11, 30, True),
        ({"after": 10, "limit": 20}, 11, 30, True),
        ({"after": 10, "limit": 19}, 11, 29, False),
        ({"after": 29}, 30, 30, True),
        ({"after": 5, "before": 9}, 6, 8, True),
        ({"after": 5, "before": 9, "limit": 2}, 6, 7, False),
        ({"after": 5, "before": 9, "limit": 3}, 6, 8, True),
        ({"after": 28, "before": 99}, 29, 30, True),
        ({"around": 15, "limit": 5}, 13, 17, False),
        ({"around": 15, "limit": 4}, 13, 16, False),
        ({"around": 15, "limit": 1}, 15, 15, False),
        ({"around": 1, "limit": 5}, 1, 5, False),
        ({"around": 30, "limit": 5}, 26, 30, True),
        ({"around": 29, "limit": 5}, 26, 30, True),
        ({"around": 28, "limit": 5}, 26, 30, True),
        ({"around": 27, "limit": 5}, 25, 29, False),
        ({"around": 15}, 5, 24, False),
        ({"around": 15, "limit": 100}, 1, 30, True),
    ],
)
def test_pages_are_exact(
    thirty: tuple[Account, Account], query: dict[str, int], first: int, last: int, end: bool
) -> None:
    answer = page(*thirty, **query)
    assert answer.status == 200
    assert seqs(answer.data["messages"]) == list(range(first, last + 1))
    assert [m["content"] for m in answer.data["messages"]] == [
        str(seq) for seq in range(first, last + 1)
    ]
    assert answer.data["end"] is end


@pytest.mark.parametrize(
    "query", [{"before": 1}, {"after": 30}, {"after": 99}, {"after": 9, "before": 10}]
)
def test_a_page_with_nothing_in_it_is_the_end(
    thirty: tuple[Account, Account], query: dict[str, int]
) -> None:
    assert page(*thirty, **query).data == {"messages": [], "end": True}


@pytest.mark.parametrize(
    ("query", "broken"),
    [
        ({"limit": 0}, ("limit", "range")),
        ({"limit": 101}, ("limit", "range")),
        ({"limit": -1}, ("limit", "range")),
        ({"limit": "x"}, ("limit", "type")),
        ({"limit": ""}, ("limit", "type")),
        ({"limit": "1.0"}, ("limit", "type")),
        ({"before": "x"}, ("before", "type")),
        ({"before": -1}, ("before", "range")),
        ({"before": 2**63}, ("before", "range")),
        ({"after": -1}, ("after", "range")),
        ({"around": "x"}, ("around", "type")),
        ({"around": 5, "before": 9}, ("around", "conflict")),
        ({"around": 5, "after": 1}, ("around", "conflict")),
    ],
)
def test_numbers_out_of_their_range_are_refused_and_not_clamped(
    thirty: tuple[Account, Account], query: dict[str, object], broken: tuple[str, str]
) -> None:
    assert page(*thirty, **query).broken == broken


def test_a_page_is_cut_at_256_kib_and_never_to_nothing(ann: Account) -> None:
    for _ in range(20):
        ann.say(ann, "😀" * 4000)
    read: list[int] = []
    end = False
    while not end:
        answer = ann.server.http.get(
            url(ann, ann, "/messages"),
            params={"after": read[-1] if read else 0, "limit": 100},
            headers=ann.headers,
        )
        assert len(answer.content) <= 256 * 1024
        data = answer.json()["data"]
        assert data["messages"]
        read += seqs(data["messages"])
        end = data["end"]
    assert read == list(range(1, 21))
    # Backwards it is the older end that is cut.
    latest = ann.get(url(ann, ann, "/messages"), limit=100).data
    assert latest["end"] is False
    assert seqs(latest["messages"])[-1] == 20 and 1 < len(latest["messages"]) < 20


# Reading


async def test_read_moves_forward_alone_and_tells_when_it_moved(ann: Account, bo: Account) -> None:
    for _ in range(3):
        ann.say(bo)
    async with ann.chat() as hers, bo.chat() as his:
        read = bo.post(url(ann, bo, "/read"), seq=2)
        assert read.data == {"code": READ, "conv": pair(ann, bo), "uid": bo.uid, "seq": 2}
        for chat in (hers, his):
            assert (await chat.push(50009))["seq"] == 2
        assert bo.post(url(ann, bo, "/read"), seq=1).data["seq"] == 2
        assert bo.post(url(ann, bo, "/read"), seq=99).data["seq"] == 3
        assert (await hers.push(50009))["seq"] == 3
        assert await hers.rest_of(50009) == []
    assert ann.get(url(ann, bo, "/reads")).data == {str(ann.uid): 3, str(bo.uid): 3}


@pytest.mark.parametrize(
    ("fields", "rule"), [({}, "required"), ({"seq": "1"}, "type"), ({"seq": -1}, "range")]
)
def test_read_takes_a_seq(eve: Account, fields: dict[str, object], rule: str) -> None:
    assert eve.post(url(eve, eve, "/read"), **fields).broken == ("seq", rule)


def test_around_keeps_what_was_asked_for_when_the_page_is_cut(ann: Account, bo: Account) -> None:
    bo.say(ann)
    for _ in range(40):
        ann.say(bo, "\U0001f600" * 4000)
    path = f"/api/conversations/{pair(ann, bo)}/messages"
    for seq in (1, 18, 30, 41):
        page = bo.get(path, around=seq, limit=40)
        seqs = [message["seq"] for message in page.data["messages"]]
        assert seq in seqs and seqs == list(range(seqs[0], seqs[-1] + 1))
        assert page.data["end"] == (seqs[-1] == 41)
        assert 12 <= len(seqs) <= 16
