"""Sticker packs: folders of pictures with a manifest, read once when the server starts.

    static/stickers/<pack>/manifest.json
                           <name>.webp

A message and a reaction name a sticker as `pack/name`. What becomes of those whose sticker is taken
out of its pack is for the page to say; a pack that is broken ends the start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypedDict

import msgspec
from msgspec import Meta

from conf.settings import ConfigError
from models.errors import InvalidField
from server.edition import version
from server.fields import STICKER_WORD
from server.text import LANGUAGES

MANIFEST: Final = "manifest.json"

_VERSION: Final = 16
"""Characters of a picture's hash that its address carries."""


class Sticker(TypedDict):
    """A picture to send or to react with, as `{pack}/{name}`."""

    name: Annotated[str, Meta(examples=["hello"])]
    url: Annotated[str, Meta(description="WebP, 256 px; another one when the picture changes.")]
    alt: Annotated[str, Meta(description="What it says, in the reader's language.")]


class Pack(TypedDict):
    """Stickers by one hand."""

    pack: Annotated[str, Meta(examples=["tornado"])]
    title: Annotated[str, Meta(description="In the reader's language.")]
    stickers: list[Sticker]


_Word = Annotated[str, Meta(pattern=f"^{STICKER_WORD}$")]
_Said = Annotated[str, Meta(min_length=1, max_length=64)]


class _Both(msgspec.Struct, forbid_unknown_fields=True):
    en: _Said
    zh: _Said


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    name: _Word
    alt: _Both


class _Manifest(msgspec.Struct, forbid_unknown_fields=True):
    title: _Both
    author: _Said
    licence: _Said
    stickers: Annotated[list[_Entry], Meta(min_length=1)]


class Stickers:
    """What there is to send, in each language."""

    def __init__(self, packs: Mapping[str, Sequence[Pack]]) -> None:
        self._packs = packs
        self._known = frozenset(
            f"{pack['pack']}/{sticker['name']}"
            for pack in packs[LANGUAGES[0]]
            for sticker in pack["stickers"]
        )

    def listed(self, language: str) -> list[Pack]:
        """The packs, in the order of their names."""
        return list(self._packs[language])

    def check(self, field: str, sticker: str) -> None:
        """Raises `InvalidField`, unknown_value: there is no such sticker."""
        if sticker not in self._known:
            raise InvalidField(field, "unknown_value")


def read(folder: Path) -> Stickers:
    """The packs in a folder; without the folder there are none.

    Raises:
        ConfigError: one of them is broken; the line names the file.
    """
    places = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    read_packs = [_read_pack(place) for place in places]
    return Stickers({language: [pack[language] for pack in read_packs] for language in LANGUAGES})


def _read_pack(place: Path) -> dict[str, Pack]:
    path = place / MANIFEST
    if not re.fullmatch(STICKER_WORD, place.name):
        raise ConfigError(f"{place}: a pack's folder is named by {STICKER_WORD}")
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    names = [entry.name for entry in manifest.stickers]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"{path}: named twice: {', '.join(sorted(twice))}")
    urls = {name: _url(place, name) for name in names}
    return {language: _in(language, place.name, manifest, urls) for language in LANGUAGES}


def _url(place: Path, name: str) -> str:
    """The address of a picture, with its version, so that a browser may keep it for good."""
    path = place / f"{name}.webp"
    try:
        named = version(path.read_bytes())[:_VERSION]
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}, and {place / MANIFEST} names it") from None
    return f"/static/stickers/{place.name}/{name}.webp?v={named}"


def _in(language: str, pack: str, manifest: _Manifest, urls: Mapping[str, str]) -> Pack:
    def said(both: _Both) -> Any:
        return getattr(both, language)

    return {
        "pack": pack,
        "title": said(manifest.title),
        "stickers": [
            {"name": entry.name, "url": urls[entry.name], "alt": said(entry.alt)}
            for entry in manifest.stickers
        ],
    }
