"""Search in the messages of my conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from handlers.auth import SingleTokenMixin
from handlers.call import call
from models.errors import Forbidden, NotFound
from models.message import Kind
from server.fields import Integer, OneOf, Opaque, Text, ruled
from server.search import Found, Query


@dataclass(frozen=True, slots=True)
class SearchQuery:
    q: str = ruled(Text(1, 100), says="Neither case nor width counts.")
    conv: str | None = ruled(Opaque(0, 1024), default=None, says="Only in this conversation.")
    from_: int | None = ruled(Integer(1), default=None, name="from", says="Only by this user.")
    kind: str | None = ruled(OneOf(get_args(Kind)), default=None)
    cursor: str | None = ruled(Opaque(0, 512), default=None, says="`next` of the page before.")
    limit: int = ruled(Integer(1, 100), default=20)


class MessageSearchHandler(SingleTokenMixin):
    @call(refuses=(Forbidden, NotFound))
    async def get(self, query: SearchQuery) -> Found:
        """Messages of my conversations that contain a text, newest first.

        The text is found as it is written, with the blanks in it; one Chinese character is enough.
        """
        asked = Query(query.q, query.conv, query.from_, query.kind)
        return await self.services.search.page(self.who.uid, asked, query.cursor, query.limit)
