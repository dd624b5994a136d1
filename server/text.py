"""Text for people, in Chinese and in English: what a word says, in the reader's language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from models.errors import ChatError, InvalidField

LANGUAGES: Final = ("en", "zh")
"""The first is for readers who ask for neither."""

_LOCALES: Final = Path(__file__).resolve().parent.parent / "conf" / "locale"
_TEXTS: Final[dict[str, dict[str, str]]] = {
    language: json.loads((_LOCALES / f"{language}.json").read_text(encoding="utf-8"))
    for language in LANGUAGES
}
_SENTENCES: Final[dict[str, dict[str, str]]] = {
    language: json.loads((_LOCALES / f"api.{language}.json").read_text(encoding="utf-8"))
    for language in LANGUAGES[1:]
}
"""Of each sentence that the API is described by, what it is in another language."""


def language(accept: str) -> str:
    """The language of an `Accept-Language` header that we speak and the reader likes best."""
    best, best_quality = LANGUAGES[0], 0.0
    for part in accept.split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary not in LANGUAGES:
            continue
        try:
            quality = float(parameters.partition("q=")[2] or 1)
        except ValueError:
            quality = 0.0
        if quality > best_quality:
            best, best_quality = primary, quality
    return best


def say(language: str, word: str, **values: str | int) -> str:
    """The text of a word of the catalogue."""
    return _TEXTS[language][word].format(**values)


def say_both(word: str, **values: str | int) -> str:
    """The text of a word in both languages, for what is stored once and read by everyone."""
    return " ".join(say(language, word, **values) for language in LANGUAGES)


def about(language: str, word: str) -> str:
    """The text of a refusal's word for who reads of it in advance: the values are left open."""
    return _TEXTS[language][word]


def described(language: str, sentence: str) -> str:
    """A sentence of the API's description, which is written in the first of the languages.

    One without a translation stays as it is.
    """
    return _SENTENCES.get(language, {}).get(sentence, sentence)


def say_error(language: str, error: ChatError) -> str:
    """The text of a refusal."""
    values = dict(error.fields)
    if isinstance(error, InvalidField):
        values["rule"] = _TEXTS[language][f"rule.{error.rule}"]
    return say(language, error.word, **values)
