"""The events of groups as sentences for people, in both languages, as they are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from server import text

NAMES_MAX: Final = 10
"""Names that an event says; of more it says how many."""


def about(event: str, by: str, who: str) -> str:
    """What `by` did to `who`: `kicked`, `muted` or `unmuted`."""
    return text.say_both(f"event.{event}", by=by, who=who)


def alone(event: str, by: str) -> str:
    """What `by` did: `left` or `dissolved`. Who has no name any more may have no account."""
    return text.say_both(f"event.{event}" if by else f"event.{event}.deleted", by=by)


def joined(by: str, names: Sequence[str]) -> str:
    """Whom `by` let in."""
    return " ".join(
        text.say(language, "event.joined", by=by, who=_list(language, names))
        for language in text.LANGUAGES
    )


def changed(by: str, values: Mapping[str, str | None]) -> str:
    """What `by` changed of the group: one sentence for each field."""
    words = [f"event.changed.{values['speak'] if field == 'speak' else field}" for field in values]
    name = values.get("name") or ""
    return " ".join(
        text.say(language, word, by=by, name=name) for language in text.LANGUAGES for word in words
    )


def _list(language: str, names: Sequence[str]) -> str:
    shown = text.say(language, "names.between").join(names[:NAMES_MAX])
    more = len(names) - NAMES_MAX
    return text.say(language, "names.more", names=shown, count=more) if more > 0 else shown
