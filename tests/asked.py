"""By what filters a real collection is asked: some make the embedded store read everything."""

from __future__ import annotations

from typing import Any


class Asked:
    """A collection, and by what filters it was asked."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self.filters: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        ask = getattr(self._collection, name)

        def asked(filter: Any, *more: Any, **options: Any) -> Any:
            self.filters.append(filter)
            return ask(filter, *more, **options)

        return asked
