"""Everything of mine as an archive, written as it is taken."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from tornado import iostream

from handlers.auth import SingleTokenMixin
from handlers.call import plain
from handlers.large_body import IDLE_SECONDS
from models.errors import NotFound, RateLimited, Unavailable


class ExportHandler(SingleTokenMixin):
    @plain("application/zip", refuses=(RateLimited,))
    async def get(self) -> None:
        """Everything of mine as a zip: `profile.json`, `messages.json` and `media/`.

        It is written while it is read, so its length is not told; a line that breaks says that it
        was not all. One at a time.
        """
        try:
            async with aclosing(self.services.export.archive(self.who.uid)) as pieces:
                async for piece in pieces:
                    self._describe()
                    self.write(piece)
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self.flush()
                    # A flush that is done at once gives nobody else a turn.
                    await asyncio.sleep(0)
        except (Unavailable, NotFound, TimeoutError, iostream.StreamClosedError):
            if not self._headers_written:
                raise
            self._cut()
            return
        await self.finish()

    def _describe(self) -> None:
        if not self._headers_written:
            self.set_header("Content-Type", "application/zip")
            name = f"tornado-im-{self.who.uid}.zip"
            self.set_header("Content-Disposition", f'attachment; filename="{name}"')
            self._share()
