"""Packs as they are read from their folders, and the start that a broken one ends."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from conf.settings import ConfigError
from models.errors import InvalidField
from server.stickers import read

SIDE_BY_SIDE = {"en": "One", "zh": "一"}


def manifest(**instead: Any) -> dict[str, Any]:
    return {
        "title": {"en": "Numbers", "zh": "数字"},
        "author": "somebody",
        "licence": "MIT",
        "stickers": [{"name": "one", "alt": SIDE_BY_SIDE}],
    } | instead


def pack(folder: Path, said: Any, *, name: str = "numbers", pictures: str = "one") -> Path:
    place = folder / name
    place.mkdir()
    text = said if isinstance(said, str) else json.dumps(said)
    (place / "manifest.json").write_text(text, encoding="utf-8")
    for picture in pictures.split():
        (place / f"{picture}.webp").write_bytes(picture.encode())
    return place


def test_packs_are_listed_in_each_language(tmp_path: Path) -> None:
    pack(tmp_path, manifest())
    pack(tmp_path, manifest(title={"en": "A", "zh": "甲"}), name="a-1")
    (tmp_path / "README.md").touch()
    stickers = read(tmp_path)
    version = hashlib.sha256(b"one").hexdigest()[:16]
    for language, titles, alt in (("en", ["A", "Numbers"], "One"), ("zh", ["甲", "数字"], "一")):
        listed = stickers.listed(language)
        assert [one["title"] for one in listed] == titles
        assert listed[1] == {
            "pack": "numbers",
            "title": titles[1],
            "stickers": [
                {"name": "one", "url": f"/static/stickers/numbers/one.webp?v={version}", "alt": alt}
            ],
        }


def test_a_sticker_is_known_by_pack_and_name(tmp_path: Path) -> None:
    pack(tmp_path, manifest())
    stickers = read(tmp_path)
    stickers.check("content", "numbers/one")
    for unknown in (
        "one",
        "numbers/two",
        "numbers",
        "Numbers/one",
        "numbers/one ",
        "a/numbers/one",
    ):
        with pytest.raises(InvalidField) as refused:
            stickers.check("content", unknown)
        assert (refused.value.field, refused.value.rule) == ("content", "unknown_value")


def test_without_the_folder_there_are_none(tmp_path: Path) -> None:
    assert read(tmp_path / "nothing").listed("en") == []


TWICE = [{"name": "one", "alt": SIDE_BY_SIDE}] * 2


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{", "truncated"),
        (manifest(title="Numbers"), "title"),
        (manifest(title={"en": "Numbers"}), "zh"),
        (manifest(more=1), "more"),
        (manifest(stickers=[]), "stickers"),
        (manifest(stickers=[{"name": "../one", "alt": SIDE_BY_SIDE}]), "stickers[0].name"),
        (manifest(stickers=TWICE), "twice: one"),
        (manifest(stickers=[{"name": "two", "alt": SIDE_BY_SIDE}]), "two.webp"),
    ],
)
def test_a_broken_manifest_ends_the_start_in_one_line(tmp_path: Path, said: Any, why: str) -> None:
    place = pack(tmp_path, said)
    with pytest.raises(ConfigError) as refused:
        read(tmp_path)
    line = str(refused.value)
    assert str(place / "manifest.json") in line and why in line
    assert "\n" not in line


def test_so_does_a_folder_without_one_or_with_a_name_that_nobody_could_send(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"empty/manifest\.json: No such file"):
        read(tmp_path)
    (tmp_path / "empty").rmdir()
    pack(tmp_path, manifest(), name="My Pack")
    with pytest.raises(ConfigError, match="My Pack: "):
        read(tmp_path)
