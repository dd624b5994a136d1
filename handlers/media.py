"""Uploads and what was uploaded."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import quote

from msgspec import Meta
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from tornado import iostream

from handlers.auth import SingleTokenMixin
from handlers.base import UNBOUNDED
from handlers.call import call, plain
from handlers.large_body import IDLE_SECONDS, LargeBody
from models.errors import (
    BadRange,
    BadRequest,
    Forbidden,
    InvalidField,
    NotFound,
    RateLimited,
    Unavailable,
    UnsupportedMedia,
)
from models.media import Blob, Medium
from server.fields import OneOf, ruled
from server.media import MediumShape
from server.uploads import Upload

FORM_BYTES: Final = 64 * 1024
"""What a form may have around its file."""

POLICY: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""Should a browser open one all the same, it is a page without scripts, of no origin."""

_BOUNDARY_MAX: Final = 70
"""Characters (RFC 2046, 5.1.1)."""

_RANGE: Final = re.compile(r"bytes=\s*(?=[0-9]|-[0-9])([0-9]{0,18})-([0-9]{0,18})\s*", re.ASCII)
_RANGES: Final = re.compile(r"bytes=\s*([0-9]*-[0-9]*\s*,\s*)+[0-9]*-[0-9]*\s*", re.ASCII)

SHOWN: Final = ("image", "voice")
"""Kinds that a page may show; anything else is only ever saved."""

MediumId = Annotated[str, Meta(description="A medium.")]


class UploadHandler(LargeBody):
    """A form that is read as it comes: into a file, never into memory."""

    _upload: Upload
    _form: FormReader

    @property
    def body_max(self) -> int:
        largest = self.services.uploads.max_bytes
        return largest + FORM_BYTES if largest else UNBOUNDED

    async def authorize(self) -> None:
        await super().authorize()
        self._form = FormReader(self.request.headers.get("Content-Type", ""))
        await self.services.media.admit(self.who.uid)
        self._upload = self.services.uploads.begin()
        self.await_body(self._upload.discard)

    async def receive(self, chunk: bytes) -> None:
        for piece in self._form.read(chunk):
            await self._upload.write(piece)

    @call(status=201, file="file", refuses=(RateLimited,))
    async def post(self) -> MediumShape:
        """Upload a file: multipart, in the field `file`.

        What it is, is found in its content. Pictures are made anew, without what cameras write into
        them.
        """
        self.all_has_come()
        name = self._form.name
        await self._upload.end()
        return await self.services.media.accept(self.who.uid, self._upload, name)


class FormReader:
    """The one file of a multipart form; other fields are read over.

    Raises:
        UnsupportedMedia: it is no such form, by its Content-Type.
    """

    def __init__(self, content_type: str) -> None:
        essence, options = parse_options_header(content_type)
        if essence != b"multipart/form-data":
            raise UnsupportedMedia
        if not 0 < len(options.get(b"boundary", b"")) <= _BOUNDARY_MAX:
            raise BadRequest
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin,
                "on_header_field": self._add_to_header,
                "on_header_value": self._add_to_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._add_data,
                "on_end": self._end,
            },
        )
        self._header = self._value = self._disposition = b""
        self._name: str | None = None
        self._in_file = self._ended = False
        self._pieces: list[bytes] = []

    def read(self, chunk: bytes) -> list[bytes]:
        """What this piece of the form has of the file. Raises `BadRequest`: it is no such form."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise BadRequest from None
        pieces, self._pieces = self._pieces, []
        return pieces

    @property
    def name(self) -> str:
        """The file's name as it was sent, once all is read.

        Raises:
            BadRequest: the form has no end.
            InvalidField: `file`, required: it has no file.
        """
        if not self._ended:
            raise BadRequest
        if self._name is None:
            raise InvalidField("file", "required")
        return self._name

    def _begin(self) -> None:
        self._disposition, self._in_file = b"", False

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") != b"file":
            return
        if self._name is not None:
            raise BadRequest
        self._in_file = True
        # As browsers write what may not stand between the quotes (HTML, multipart/form-data).
        name = options.get(b"filename", b"").decode("utf-8", "replace")
        self._name = name.replace("%22", '"').replace("%0D", " ").replace("%0A", " ")

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._pieces.append(data[start:end])

    def _end(self) -> None:
        self._ended = True


@dataclass(frozen=True, slots=True)
class MediumQuery:
    thumb: str = ruled(OneOf(("0", "1")), default="0", says="1 for the small picture.")


class MediumHandler(SingleTokenMixin):
    """What was uploaded, for who may see it now: each use of it asks again."""

    @plain(
        "*/*",
        query=MediumQuery,
        refuses=(NotFound, Forbidden, BadRange),
        also={304: "It is what `If-None-Match` says.", 206: "What `Range` asks for."},
        headers={"If-None-Match": "The `ETag` that one has.", "Range": "A part of it."},
    )
    async def get(self, id: MediumId) -> None:
        """The bytes of a medium.

        For who uploaded it, who may read a message that carries it, and everyone while it is a
        picture of somebody or of a group.
        """
        wanted = self.query(MediumQuery)
        medium = await self.services.media.find(self.who.uid, id)
        blob = medium.thumb if wanted.thumb == "1" else medium.blob
        if blob is None:
            # A picture that is small itself has no smaller one.
            if medium.kind != "image":
                raise NotFound
            blob = medium.blob
        self._describe(medium, blob)
        if self.check_etag_header():
            self.set_status(304)
            self.clear_header("Content-Length")
            await self.finish()
            return
        part = self._part(blob.size)
        if part is None:
            self.set_header("Content-Range", f"bytes */{blob.size}")
            self.answer_error(BadRange())
            await self.finish()
            return
        start, stop = part
        self.set_header("Content-Length", str(stop - start))
        if self.verb != "HEAD":
            await self._send(blob, start, stop)
        await self.finish()

    head = get

    def _describe(self, medium: Medium, blob: Blob) -> None:
        shown = medium.kind in SHOWN
        self.set_header("Content-Type", blob.mime)
        self.set_header("Content-Disposition", disposition(medium.meta.name, shown=shown))
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cache-Control", "private, no-cache")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("ETag", f'"{blob.digest}"')
        self._share()

    def _part(self, size: int) -> tuple[int, int] | None:
        """Where the bytes that are asked for start and end; None: there are no such ones."""
        asked = self.request.headers.get("Range")
        condition = self.request.headers.get("If-Range")
        if asked is None or (condition is not None and condition != self._headers["ETag"]):
            return 0, size
        if _RANGES.fullmatch(asked):
            return 0, size  # A server may answer several with the whole (RFC 9110, 14.2).
        part = byte_range(asked, size)
        if part is not None:
            start, stop = part
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        return part

    async def _send(self, blob: Blob, start: int, stop: int) -> None:
        """Write it as it is taken; who takes nothing for a while is cut off."""
        try:
            async for piece in self.services.media.read(blob, start, stop):
                self.write(piece)
                async with asyncio.timeout(IDLE_SECONDS):
                    await self.flush()
        except (Unavailable, NotFound, TimeoutError, iostream.StreamClosedError):
            if not self._headers_written:
                raise
            # The length is told already: a line that breaks says that this was not all.
            self._cut()

    def compute_etag(self) -> str | None:  # type: ignore[override]
        return self._headers.get("ETag")


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Where the one range that is asked for starts and ends; None if there is no such one."""
    match = _RANGE.fullmatch(header)
    if match is None:
        return None
    first, last = match[1], match[2]
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    return (start, stop) if start < stop else None


def disposition(name: str, *, shown: bool) -> str:
    """How a browser treats it, and under which name it saves it (RFC 6266)."""
    plain_name = re.sub(r"[^ !#-\[\]-~]", "_", name)
    kind = "inline" if shown else "attachment"
    return f"{kind}; filename=\"{plain_name}\"; filename*=UTF-8''{quote(name, safe='')}"
