"""Uploads that may break off and go on, by the protocol of tus.io."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Final

from msgspec import Meta

from handlers.base import UNBOUNDED
from handlers.call import plain
from handlers.large_body import LargeBody
from models.errors import (
    BadRequest,
    ChatError,
    Conflict,
    MethodNotAllowed,
    NotFound,
    RateLimited,
    TooLarge,
    UnsupportedMedia,
)
from models.upload import Resumable
from server.services import Services
from server.tus import Arrival

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,expiration,termination"
OCTETS: Final = "application/offset+octet-stream"

_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)

_BARE: Final = (BadRequest, NotFound, Conflict, UnsupportedMedia)
"""What tus itself refuses with: a status is all of the answer."""

_EXPOSED: Final = ", ".join(
    (
        "Location",
        "Tus-Extension",
        "Tus-Max-Size",
        "Tus-Resumable",
        "Tus-Version",
        "Upload-Expires",
        "Upload-Length",
        "Upload-Metadata",
        "Upload-Offset",
        "X-Media-Id",
    )
)

ResumableId = Annotated[str, Meta(description="An upload; once it is one, the medium.")]

_HEADERS: Final = {
    "Tus-Resumable": "`1.0.0`, else it is 412.",
    "X-HTTP-Method-Override": "The method that is meant, where a client can send but POST.",
}
_WHERE: Final = {"Upload-Offset": "Where the body goes on: how much has come so far."}
_GONE: Final = {404: "There is no such upload of mine.", 412: "Another version of tus."}


class TusHandler(LargeBody):
    """What all calls share: the version, the headers, and refusals without a body."""

    shared_headers = (
        f"{LargeBody.shared_headers}, Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset,"
        " X-HTTP-Method-Override, X-Requested-With"
    )

    def initialize(self, services: Services) -> None:
        override = self.request.headers.get("X-HTTP-Method-Override")
        if override and self.request.method == "POST":
            self.request.method = override.upper()
        super().initialize(services)

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.clear_header("Content-Type")
        self.set_header("Tus-Resumable", VERSION)

    @property
    def body_max(self) -> int:
        return self.services.tus.max_bytes or UNBOUNDED

    @property
    def _speaks_otherwise(self) -> bool:
        return self.request.headers.get("Tus-Resumable") != VERSION

    async def authorize(self) -> None:
        await super().authorize()
        if self._speaks_otherwise:
            raise BadRequest

    def _number(self, header: str) -> int:
        value = self.request.headers.get(header, "")
        if not _NUMBER.fullmatch(value):
            raise BadRequest
        return int(value)

    def _check_body(self, left: int) -> None:
        """Raises `UnsupportedMedia` and `TooLarge`: it is none of the upload, or more of it."""
        if self.request.headers.get("Content-Type") != OCTETS:
            raise UnsupportedMedia
        if self._declared > left:
            raise TooLarge

    def _await(self, arrival: Arrival) -> None:
        self._arrival = arrival
        self.await_body(lambda: self.services.tus.rescue(arrival))

    async def receive(self, chunk: bytes) -> None:
        await self._arrival.write(chunk)

    async def _end(self) -> Resumable:
        """Store what has come; with the last byte it becomes a medium."""
        self.all_has_come()
        one = await self._arrival.end()
        if one.complete:
            await self.services.tus.complete(one)
        return one

    def _answer(self, status: int, one: Resumable | None = None) -> None:
        self._share()
        self.set_status(status)
        if one is not None:
            self.set_header("Upload-Offset", str(one.offset))
            if one.complete:
                self.set_header("X-Media-Id", one.id)
            else:
                due = datetime.fromtimestamp(one.due // 1000, UTC)
                self.set_header("Upload-Expires", format_datetime(due, usegmt=True))
        self.finish()

    def answer_error(self, error: ChatError, data: object = None) -> None:
        if not isinstance(error, _BARE):
            super().answer_error(error, data)
            return
        self._share()
        self.set_status(error.status)
        if isinstance(error, BadRequest) and self._speaks_otherwise:
            self.set_status(412)
            self.set_header("Tus-Version", VERSION)
        self.set_header("Content-Length", "0")

    def _share(self) -> None:
        super()._share()
        if "Access-Control-Allow-Origin" in self._headers:
            self.set_header("Access-Control-Expose-Headers", _EXPOSED)

    def options(self, *_args: str) -> None:
        """What this server can do; for a page of another origin, what it may do."""
        origin = self.request.headers.get("Origin")
        if origin is not None and self._allowed_origin(origin):
            self._allow_preflight()
        elif origin is not None and not self._own_origin(origin):
            raise MethodNotAllowed
        self.set_header("Tus-Version", VERSION)
        self.set_header("Tus-Extension", EXTENSIONS)
        if self.services.tus.max_bytes:
            self.set_header("Tus-Max-Size", str(self.services.tus.max_bytes))
        self._answer(204)


class ResumablesHandler(TusHandler):
    async def authorize(self) -> None:
        await super().authorize()
        length = self._number("Upload-Length")
        if self._has_body:
            self._check_body(length)
        metadata = self.request.headers.get("Upload-Metadata", "")
        self._await(await self.services.tus.begin(self.who.uid, length, metadata))

    @plain(
        None,
        status=201,
        octets=OCTETS,
        # By another method that is meant.
        refuses=(RateLimited, MethodNotAllowed),
        also={
            400: "`Upload-Length` is missing, or a header is malformed.",
            412: "Another version of tus.",
            415: "A body of another type.",
        },
        headers=_HEADERS
        | {
            "Upload-Length": "Bytes of the file; it has to be known.",
            "Upload-Metadata": "`filename`, in base64.",
        },
    )
    async def post(self) -> None:
        """Begin an upload that may break off and go on (tus 1.0).

        `Location` says where it goes on. A body is the beginning of the file. Where that is all of
        it, `X-Media-Id` is the medium.
        """
        one = await self._end()
        self.set_header("Location", f"{self.request.path}/{one.id}")
        self._answer(201, one)


class ResumableHandler(TusHandler):
    async def authorize(self) -> None:
        await super().authorize()
        if self.request.method != "PATCH":
            return
        self._check_body(UNBOUNDED)
        offset = self._number("Upload-Offset")
        arrival = await self.services.tus.resume(self.who.uid, self.path_args[0], offset)
        self._check_body(arrival.upload.length - offset)
        self._await(arrival)

    @plain(None, also=_GONE, headers=_HEADERS)
    async def head(self, id: ResumableId) -> None:
        """How far an upload has come: `Upload-Offset` of `Upload-Length`.

        `Upload-Expires` is when it is forgotten unless it goes on. Of one that has come whole,
        `X-Media-Id` is the medium.
        """
        one = await self.services.tus.find(self.who.uid, id)
        if one.complete:
            await self.services.tus.complete(one)
        self.set_header("Upload-Length", str(one.length))
        if one.metadata:
            self.set_header("Upload-Metadata", one.metadata)
        self._answer(200, one)

    @plain(
        None,
        status=204,
        octets=OCTETS,
        also=_GONE
        | {
            400: "A header is malformed, or it has come in too many pieces.",
            409: "It is not there that it goes on, or a newer call has gone on: HEAD says how far.",
            415: "A body of another type.",
        },
        headers=_HEADERS | _WHERE,
    )
    async def patch(self, id: ResumableId) -> None:
        """Go on with an upload: the body is what comes at `Upload-Offset`.

        What has come of a body that breaks off is kept. The last one is answered with `X-Media-Id`,
        the medium, which is then used like any other.
        """
        self._answer(204, await self._end())

    @plain(None, status=204, also=_GONE, headers=_HEADERS)
    async def delete(self, id: ResumableId) -> None:
        """End an upload. What has come whole stays a medium."""
        await self.services.tus.drop(self.who.uid, id)
        self._answer(204)
