"""The edition of the page's files: the same for the same content, another when a file changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server import edition
from server.edition import LENGTH, Edition


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "js").mkdir()
    (tmp_path / "packs").mkdir()
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "js" / "main.js").write_text("main")
    return tmp_path


def name(folder: Path) -> str:
    return Edition(folder, besides="packs").name


def test_it_is_the_content_that_counts_and_neither_the_time_nor_the_place(folder: Path) -> None:
    first = name(folder)
    assert len(first) == LENGTH and set(first) <= set("0123456789abcdef")
    os.utime(folder / "index.html", (0, 0))
    (folder / "packs" / "fox.webp").write_text("has a name of its own")
    assert name(folder) == first
    (folder / "js" / "main.js").write_text("mail")
    assert name(folder) not in ("", first)


def test_the_same_text_in_another_file_is_another_edition(folder: Path) -> None:
    first = name(folder)
    (folder / "js" / "main.js").rename(folder / "js" / "other.js")
    assert name(folder) != first


def test_a_change_is_seen_at_the_next_look(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Edition(folder, besides="packs")
    first = one.name
    (folder / "js" / "main.js").write_text("changed")
    assert one.name == first
    monkeypatch.setattr(edition, "LOOK_SECONDS", 0.0)
    changed = one.name
    assert changed != first
    (folder / "js" / "main.js").write_text("main")
    assert one.name == first
