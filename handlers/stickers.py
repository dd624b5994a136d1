"""The stickers that may be sent."""

from __future__ import annotations

from handlers.auth import SingleTokenMixin
from handlers.call import call
from server.stickers import Pack


class StickersHandler(SingleTokenMixin):
    @call()
    async def get(self) -> list[Pack]:
        """The stickers that may be sent, by pack, with their words in the reader's language."""
        return self.services.stickers.listed(self.language)
