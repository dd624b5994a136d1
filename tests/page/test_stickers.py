"""The packs of this project are whole: each sticker has its source, its picture and its words."""

import json

import pytest

from tests.page.stickers import DRAWN, SIZE_PX, SOURCES, sources

PACKS = sorted(path.name for path in SOURCES.iterdir())

PICTURE_BYTES_MAX = 20_000


def size(webp: bytes) -> tuple[int, int]:
    """Width and height as the extended header of a WebP says, which one with transparency has."""
    assert (webp[:4], webp[8:16]) == (b"RIFF", b"WEBPVP8X")
    return int.from_bytes(webp[24:27], "little") + 1, int.from_bytes(webp[27:30], "little") + 1


@pytest.mark.parametrize("pack", PACKS)
def test_each_sticker_has_its_source_its_picture_and_its_words(pack: str) -> None:
    said = json.loads((DRAWN / pack / "manifest.json").read_text(encoding="utf-8"))
    names = {sticker["name"] for sticker in said["stickers"]}
    assert len(names) >= 16
    assert names == {path.stem for path in sources(SOURCES / pack)}
    assert {path.name for path in (DRAWN / pack).iterdir()} == {
        "manifest.json",
        *(f"{name}.webp" for name in names),
    }
    for language in ("en", "zh"):
        assert len({sticker["alt"][language] for sticker in said["stickers"]}) == len(names)


def test_pictures_are_small_and_square() -> None:
    for path in DRAWN.rglob("*.webp"):
        webp = path.read_bytes()
        assert len(webp) <= PICTURE_BYTES_MAX, path
        assert size(webp) == (SIZE_PX, SIZE_PX), path
