"""The index of one data folder for search, in SQLite: derived from the log, and thrown away freely.

    convs    one row each conversation: up to which seq it is indexed, and the floor below which
             nothing is kept
    texts    one row each message that can be found, with its folded text
    grams    FTS5: which pieces of text stand in which message

A `place` is a message's time and a little more, so that the newest come first by their keys alone,
and so that indexes of several processes agree on it.

Pieces: at each position of a text a gram begins. It has two characters where the first is a CJK
character, else three; a text is padded, so that its last characters begin one too. Any part of a
text long enough to hold a gram is found by the grams in it, and a shorter one by the beginning of
grams. Grams find candidates; that a text holds what is asked for is decided on the text.
"""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

FORMAT: Final = 2
"""Of the file; one of another format is built anew."""

SLOT_BITS: Final = 16
PLACE_MAX: Final = 2**63 - 1

GRAMS_MAX: Final = 16
"""Grams of a query that are asked for; the text decides about the rest."""

FEW: Final = 2000
"""Messages that are looked through without grams, when somebody has no more: about 10 ms."""

NEWEST: Final = 5000
"""Newest messages looked through for two characters, before all grams that begin with them are
merged: that takes up to 145 ms for a pair that is in every tenth message, and 5 for a rare one."""

QUERY_SECONDS: Final = 2.0
"""When a query is given up. Half of 200,000 messages take 20 ms."""

LOCKED_SECONDS: Final = 2.0
_STEPS: Final = 10_000
"""Instructions of SQLite's machine between two looks at the clock."""

# FTS5's tokenizer takes what is not ASCII as it is, and ASCII only where it is alphanumeric.
_PRINTABLE: Final = {c: 0xE000 + c for c in range(128) if not chr(c).isalnum()}
_PAD: Final = "\ue0ff"

_SCHEMA: Final = (
    "CREATE TABLE convs(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " seq INTEGER NOT NULL, floor INTEGER NOT NULL)",
    "CREATE TABLE texts(place INTEGER PRIMARY KEY, conv INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " sender INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL)",
    "CREATE UNIQUE INDEX texts_by_seq ON texts(conv, seq)",
    # No positions and no sizes: grams name candidates only. Prefixes of one character, so that a
    # lone CJK character is one look-up.
    "CREATE VIRTUAL TABLE grams USING fts5(pieces, content='', detail=none, columnsize=0,"
    " tokenize='ascii', prefix='1')",
    # 16 is the most: merging less often takes a sixth of the time to index, and a query no more.
    "INSERT INTO grams(grams, rank) VALUES('automerge', 16)",
    f"PRAGMA user_version = {FORMAT}",
)

_PRAGMAS: Final = (
    # A message that was recalled leaves no text behind in a free page.
    "PRAGMA secure_delete = ON",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16384",
    "PRAGMA journal_size_limit = 16777216",
)

# Read in the order that is written: candidates, their texts, whether they are mine. What they are
# made of stands here alone.
_WHAT: Final = "SELECT t.place, c.name, t.seq, t.sender, t.kind, t.id FROM"
_MINE: Final = (
    "CROSS JOIN mine m ON m.conv = t.conv AND t.seq BETWEEN m.first AND m.last"
    " CROSS JOIN convs c ON c.id = t.conv"
)
_TESTS: Final = (
    "t.place < :before AND instr(t.text, :text)"
    " AND (:kind IS NULL OR t.kind = :kind) AND (:sender IS NULL OR t.sender = :sender)"
)
_BY_GRAMS: Final = " ".join(
    (
        _WHAT,
        "grams g CROSS JOIN texts t ON t.place = g.rowid",
        _MINE,
        "WHERE grams MATCH :grams AND g.rowid < :before AND",
        _TESTS,
        "ORDER BY g.rowid DESC LIMIT :limit",
    )
)
_AMONG_NEWEST: Final = " ".join(
    (
        _WHAT,
        "(SELECT * FROM texts WHERE place < :before ORDER BY place DESC LIMIT :newest) t",
        _MINE,
        "WHERE",
        _TESTS,
        "ORDER BY t.place DESC LIMIT :limit",
    )
)
_AMONG_FEW: Final = " ".join(
    (
        _WHAT,
        "mine m CROSS JOIN texts t ON t.conv = m.conv AND t.seq BETWEEN m.first AND m.last",
        "CROSS JOIN convs c ON c.id = t.conv WHERE",
        _TESTS,
        "ORDER BY t.place DESC LIMIT :limit",
    )
)


class Broken(Exception):
    """The file is missing, of another format, or no longer what it was: it is to be built anew."""


class Unable(Exception):
    """Not now: the disk takes nothing, somebody has the lock, or it takes over QUERY_SECONDS."""


_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
"""Codes of SQLite that say nothing against the file."""


@contextmanager
def _border() -> Iterator[None]:
    """Turns SQLite's errors into ours."""
    try:
        yield
    except sqlite3.Error as error:
        # Python's own errors about a connection have no code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        # Of a file that is gone SQLite says that it is read-only.
        passing = code & 0xFF in _PASSING and code != sqlite3.SQLITE_READONLY_DBMOVED
        raise (Unable if passing else Broken)(str(error)) from error
    except OSError as error:
        raise Broken(str(error)) from error


@dataclass(frozen=True, slots=True)
class Entry:
    """What is indexed of one message; an empty `text` takes it out of the index."""

    seq: int
    time: int
    sender: int
    kind: str
    id: str
    text: str
    """Folded."""


@dataclass(slots=True)
class Change:
    """What one write does to one conversation."""

    seq: int = 0
    """Up to here it is indexed afterwards."""
    floor: int = 0
    """At or below it nothing is kept."""
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for."""

    text: str
    """Folded."""
    kind: str | None = None
    sender: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that held the text when it was indexed."""

    place: int
    conv: str
    seq: int
    sender: int
    kind: str
    id: str


class Index:
    """One connection to an index; every call blocks, and is made in one thread at a time.

    Raises:
        Broken, Unable: by every method.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the file at `path`, or make it; then there must be none."""
        self.path = path
        with _border(), ExitStack() as failing:
            if create:
                path.touch(mode=0o600, exist_ok=False)
            # `rw` makes no file: an empty one would look like an index that found nothing.
            self._db = sqlite3.connect(
                f"file:{quote(str(path))}?mode=rw",
                uri=True,
                timeout=LOCKED_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            failing.callback(self._db.close)
            self._prepare(create)
            failing.pop_all()

    def _prepare(self, create: bool) -> None:
        if create:
            self._db.execute("PRAGMA journal_mode = WAL")
        for pragma in _PRAGMAS:
            self._db.execute(pragma)
        if create:
            with self._transaction():
                for statement in _SCHEMA:
                    self._db.execute(statement)
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found != FORMAT:
            raise Broken(f"format {found}")
        self._db.execute(
            "CREATE TEMP TABLE mine(conv INTEGER PRIMARY KEY,"
            " first INTEGER NOT NULL, last INTEGER NOT NULL)"
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def close(self) -> None:
        self._db.close()

    # Writing

    def reached(self) -> dict[str, Change]:
        """How far each conversation is indexed."""
        with _border():
            rows = self._db.execute("SELECT name, seq, floor FROM convs").fetchall()
        return {name: Change(seq, floor) for name, seq, floor in rows}

    def write(self, changes: Mapping[str, Change]) -> None:
        """Carry out changes, all or none; what was carried out before changes nothing."""
        with _border(), self._transaction():
            for name, change in changes.items():
                self._change(name, change)

    def _change(self, name: str, change: Change) -> None:
        known = self._db.execute("SELECT seq FROM convs WHERE name = ?", (name,)).fetchone()
        (conv,) = self._db.execute(
            "INSERT INTO convs(name, seq, floor) VALUES(?, ?, ?) ON CONFLICT(name) DO UPDATE"
            " SET seq = max(seq, excluded.seq), floor = max(floor, excluded.floor) RETURNING id",
            (name, change.seq, change.floor),
        ).fetchone()
        if change.floor:
            below = self._db.execute(
                "SELECT place, text FROM texts WHERE conv = ? AND seq <= ?", (conv, change.floor)
            ).fetchall()
            self._forget(below)
        newest = known[0] if known is not None else 0
        for entry in change.entries:
            if entry.seq > change.floor:
                # What is new to the index, as nearly everything is, has nothing to replace.
                (self._add if entry.seq > newest else self._replace)(conv, name, entry)
                newest = max(newest, entry.seq)

    def _replace(self, conv: int, name: str, entry: Entry) -> None:
        older = self._db.execute(
            "SELECT place, text FROM texts WHERE conv = ? AND seq = ?", (conv, entry.seq)
        ).fetchall()
        if not older or older[0][1] != entry.text:
            self._forget(older)
            self._add(conv, name, entry)

    def _add(self, conv: int, name: str, entry: Entry) -> None:
        if not entry.text:
            return
        place = place_of(name, entry.seq, entry.time)
        values = (conv, entry.seq, entry.sender, entry.kind, entry.id, entry.text)
        insert = "INSERT INTO texts VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(place) DO NOTHING"
        while not self._db.execute(insert, (place, *values)).rowcount:
            place += 1
        self._db.execute(
            "INSERT INTO grams(rowid, pieces) VALUES(?, ?)", (place, _grams_of(entry.text))
        )

    def _forget(self, rows: Sequence[tuple[int, str]]) -> None:
        for place, text in rows:
            # FTS5 keeps no text of its own, so it has to be told what it took in.
            self._db.execute(
                "INSERT INTO grams(grams, rowid, pieces) VALUES('delete', ?, ?)",
                (place, _grams_of(text)),
            )
            self._db.execute("DELETE FROM texts WHERE place = ?", (place,))

    def finish(self) -> None:
        """Write what the journal holds into the file, so that the file alone is the index."""
        with _border():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # Reading

    def find(
        self, wanted: Wanted, mine: Mapping[str, tuple[int, int]], before: int, limit: int
    ) -> list[Candidate]:
        """The newest messages that held the text, with places below `before`.

        Args:
            mine: conversation -> the first and the last seq that may be found there.
        """
        values = {
            "text": wanted.text,
            "kind": wanted.kind,
            "sender": wanted.sender,
            "before": before,
            "limit": limit,
        }
        deadline = time.monotonic() + QUERY_SECONDS
        with _border():
            self._db.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
            with self._transaction():
                rows = self._rows(wanted.text, mine, values)
        return [Candidate(*row) for row in rows]

    def _rows(
        self, text: str, mine: Mapping[str, tuple[int, int]], values: dict[str, str | int | None]
    ) -> list[tuple[int, str, int, int, str, str]]:
        self._db.execute("DELETE FROM mine")
        self._db.executemany(
            "INSERT INTO mine SELECT id, ?, ? FROM convs WHERE name = ?",
            ((first, last, name) for name, (first, last) in mine.items()),
        )
        (held,) = self._db.execute(
            "SELECT total(c.seq - c.floor) FROM mine m JOIN convs c ON c.id = m.conv"
        ).fetchone()
        if held <= FEW:
            return self._db.execute(_AMONG_FEW, values).fetchall()
        grams, whole = _grams_in(text)
        if not whole and len(text) > 1:
            newest = self._db.execute(_AMONG_NEWEST, values | {"newest": NEWEST}).fetchall()
            if len(newest) == values["limit"]:
                return newest
        return self._db.execute(_BY_GRAMS, values | {"grams": grams}).fetchall()


def place_of(conv: str, seq: int, time: int) -> int:
    """Where a message sent at `time` (ms) stands among all; within a ms in the order of `seq`."""
    slot = (zlib.crc32(conv.encode()) + seq) & ((1 << SLOT_BITS) - 1)
    return (time << SLOT_BITS) | slot


def _width(character: str) -> int:
    """Characters of the gram that begins with this one."""
    return 2 if "\u2e80" <= character < "\ue000" else 3


def _grams_of(text: str) -> str:
    """The grams of a text that is indexed, as FTS5 takes them."""
    padded = text.translate(_PRINTABLE) + _PAD * 2
    pieces = zip(padded, padded[1:], padded[2:], strict=False)
    return " ".join({a + b if "\u2e80" <= a < "\ue000" else a + b + c for a, b, c in pieces})


def _grams_in(text: str) -> tuple[str, bool]:
    """The grams that every text with `text` in it has, and whether they are whole ones."""
    plain = text.translate(_PRINTABLE)
    pieces = (plain[at : at + _width(one)] for at, one in enumerate(plain))
    whole = list(dict.fromkeys(piece for piece in pieces if len(piece) == _width(piece[0])))
    if whole:
        return " AND ".join(f'"{gram}"' for gram in whole[:GRAMS_MAX]), True
    return f'"{plain}" *', False
