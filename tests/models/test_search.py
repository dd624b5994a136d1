"""What an index finds is what holds the text, newest first; it forgets, and says when broken."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from models import search
from models.search import (
    FEW,
    PLACE_MAX,
    Broken,
    Change,
    Entry,
    Index,
    Unable,
    Wanted,
    place_of,
)

CONV = "1:2"
EVERYTHING = (1, 2**62)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with closing(Index(tmp_path / "index.sqlite3", create=True)) as one:
        yield one


def entry(seq: int, text: str, *, time: int = 0, sender: int = 1, kind: str = "text") -> Entry:
    return Entry(seq, time or 1000 + seq, sender, kind, str(seq), text)


def write(index: Index, *texts: str, conv: str = CONV) -> None:
    entries = [entry(seq, text) for seq, text in enumerate(texts, 1)]
    index.write({conv: Change(len(entries), 0, entries)})


def seqs(
    index: Index,
    text: str,
    *,
    mine: dict[str, tuple[int, int]] | None = None,
    before: int = PLACE_MAX,
    limit: int = 100,
    **wanted: object,
) -> list[int]:
    bounds = mine or {CONV: EVERYTHING}
    found = index.find(Wanted(text, **wanted), bounds, before, limit)  # type: ignore[arg-type]
    return [one.seq for one in found]


@pytest.fixture(params=["few", "many"])
def plan(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which a text is looked for."""
    monkeypatch.setattr(search, "FEW", FEW if request.param == "few" else -1)


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("好", [4, 1]),
        ("你好", [4, 1]),
        ("好世", [1]),
        ("世界和", []),
        ("hello", [3, 2]),
        ("ell", [3, 2]),
        ("lo", [3, 2]),
        ("o w", [2]),
        ("w", [2]),
        ("d", [5, 2]),
        ("👋", [4]),
        ('"', [3]),
        ("a*b", [5]),
        ("*", [5]),
        ("好👋", [4]),
        ("x好", []),
        ("zz", []),
        ("hello world, hello", []),
    ],
)
def test_a_text_is_found_wherever_it_stands(index: Index, text: str, found: list[int]) -> None:
    write(index, "你好世界", "hello world", 'say "hello"', "你好👋", "a*b and not")
    assert seqs(index, text) == found


@pytest.mark.usefixtures("plan")
def test_found_is_exactly_what_contains_the_text(index: Index) -> None:
    chance = random.Random(7)
    letters = 'ab c"好的是*'
    texts = ["".join(chance.choices(letters, k=chance.randint(1, 12))) for _ in range(300)]
    write(index, *texts)
    for size in (1, 2, 3, 4, 6):
        for _ in range(40):
            text = "".join(chance.choices(letters, k=size))
            wanted = [seq for seq, one in enumerate(texts, 1) if text in one]
            assert seqs(index, text, limit=1000) == wanted[::-1], text


@pytest.mark.usefixtures("plan")
def test_the_newest_come_first_whatever_was_indexed_first(index: Index) -> None:
    index.write({"1:3": Change(2, 0, [entry(1, "tea", time=50), entry(2, "tea", time=20)])})
    index.write({CONV: Change(2, 0, [entry(1, "tea", time=30), entry(2, "tea", time=50)])})
    mine = {CONV: EVERYTHING, "1:3": EVERYTHING}
    first = index.find(Wanted("tea"), mine, PLACE_MAX, 3)
    assert {(one.conv, one.seq) for one in first[:2]} == {("1:3", 1), (CONV, 2)}
    assert (first[2].conv, first[2].seq) == (CONV, 1)
    rest = index.find(Wanted("tea"), mine, first[2].place, 3)
    assert [(one.conv, one.seq) for one in rest] == [("1:3", 2)]


def test_two_characters_that_many_messages_hold_are_found_as_others_are(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", -1)
    monkeypatch.setattr(search, "NEWEST", 2)
    write(index, "tea", "rest", "tears", "tea", "other")
    assert seqs(index, "te", limit=1) == [4]
    assert seqs(index, "te", limit=2) == [4, 3]
    assert seqs(index, "te") == [4, 3, 1]


@pytest.mark.usefixtures("plan")
def test_only_what_is_mine_of_that_kind_and_that_sender(index: Index) -> None:
    log = [entry(1, "tea", sender=1), entry(2, "tea", sender=2), entry(3, "tea", kind="system")]
    index.write({CONV: Change(3, 0, log), "3:4": Change(1, 0, [entry(1, "tea")])})
    assert seqs(index, "tea") == [3, 2, 1]
    assert seqs(index, "tea", mine={CONV: (2, 2)}) == [2]
    assert seqs(index, "tea", mine={"8:9": EVERYTHING}) == []
    assert seqs(index, "tea", sender=2) == [2]
    assert seqs(index, "tea", kind="system") == [3]
    assert seqs(index, "tea", kind="text", sender=1) == [1]


@pytest.mark.usefixtures("plan")
def test_what_was_edited_is_found_by_its_new_text_alone(index: Index) -> None:
    write(index, "old text", "other")
    index.write({CONV: Change(3, 0, [entry(1, "new text")])})
    assert seqs(index, "old") == [] and seqs(index, "new") == [1] and seqs(index, "text") == [1]
    # Stored and edited within one write.
    index.write({CONV: Change(5, 0, [entry(4, "draft"), entry(4, "final")])})
    assert seqs(index, "draft") == [] and seqs(index, "final") == [4]


@pytest.mark.usefixtures("plan")
def test_what_was_recalled_or_has_expired_leaves_nothing_behind(
    index: Index, tmp_path: Path
) -> None:
    write(index, "first secret", "second secret", "third secret")
    index.write({CONV: Change(4, 0, [entry(2, "")])})
    assert seqs(index, "secret") == [3, 1]
    index.write({CONV: Change(0, 1)})
    assert seqs(index, "secret") == [3]
    index.write({CONV: Change(4, 4, [entry(4, "late secret")])})
    assert seqs(index, "secret") == []
    index.finish()
    assert b"secret" not in (tmp_path / "index.sqlite3").read_bytes()


def test_a_write_done_again_changes_nothing(index: Index) -> None:
    for _ in range(2):
        write(index, "one tea", "two tea")
    assert seqs(index, "tea") == [2, 1]
    index.write({CONV: Change(1)})
    assert index.reached() == {CONV: Change(2, 0)}


def test_all_of_a_write_or_nothing(index: Index) -> None:
    bad = Entry(2, 1, 1, "text", None, "tea")  # type: ignore[arg-type]
    with pytest.raises(Broken):
        index.write({CONV: Change(2, 0, [entry(1, "tea"), bad])})
    assert seqs(index, "tea") == [] and index.reached() == {}


def test_places_are_those_of_every_process_and_of_one_ms_in_their_order() -> None:
    assert place_of(CONV, 1, 5) == place_of(CONV, 1, 5)
    assert place_of(CONV, 1, 5) < place_of(CONV, 2, 5) < place_of(CONV, 1, 6) < PLACE_MAX


def test_two_messages_of_one_place_are_both_found(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SLOT_BITS", 0)
    log = [entry(seq, "tea", time=7) for seq in (1, 2, 3)]
    index.write({CONV: Change(3, 0, log)})
    assert seqs(index, "tea") == [3, 2, 1]


def test_a_reader_beside_the_writer(index: Index, tmp_path: Path) -> None:
    with closing(Index(tmp_path / "index.sqlite3")) as reader:
        assert seqs(reader, "tea") == []
        write(index, "tea")
        assert seqs(reader, "tea") == [1]


def test_a_file_that_is_missing_or_no_index_or_of_another_format(tmp_path: Path) -> None:
    with pytest.raises(Broken):
        Index(tmp_path / "none.sqlite3")
    assert not (tmp_path / "none.sqlite3").exists()
    (tmp_path / "text.sqlite3").write_text("no database at all " * 100)
    with pytest.raises(Broken):
        Index(tmp_path / "text.sqlite3")
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(Broken, match="99"):
        Index(tmp_path / "other.sqlite3")


def test_a_file_that_was_overwritten(index: Index, tmp_path: Path) -> None:
    write(index, *(f"tea {number}" for number in range(2000)))
    index.finish()
    path = tmp_path / "index.sqlite3"
    path.write_bytes(b"\x5a" * path.stat().st_size)
    with pytest.raises(Broken), closing(Index(path)) as reader:
        seqs(reader, "tea")


def test_a_query_that_takes_too_long_is_given_up(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(index, *("tea" for _ in range(2000)))
    monkeypatch.setattr(search, "QUERY_SECONDS", 0.0)
    with pytest.raises(Unable):
        seqs(index, "tea")
    monkeypatch.setattr(search, "QUERY_SECONDS", 60.0)
    assert len(seqs(index, "tea")) == 100


def test_an_index_that_somebody_holds_is_not_broken(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOCKED_SECONDS", 0.01)
    with closing(Index(tmp_path / "index.sqlite3")) as other:
        holder = sqlite3.connect(tmp_path / "index.sqlite3", isolation_level=None)
        with closing(holder):
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unable):
                write(other, "tea")
            holder.execute("ROLLBACK")
        write(other, "tea")
        assert seqs(index, "tea") == [1]


def test_an_index_that_may_not_be_written_is_not_broken(index: Index) -> None:
    index._db.execute("PRAGMA query_only = ON")
    with pytest.raises(Unable):
        write(index, "tea")
    index._db.execute("PRAGMA query_only = OFF")
    write(index, "tea")
    assert seqs(index, "tea") == [1]
