"""The page, its files, and the state of the server."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, cast

from tornado import http1connection, httputil, web

from handlers.auth import DEVICE_COOKIE, SingleTokenMixin
from handlers.base import BaseHandler
from handlers.call import call, plain
from models.errors import BadRange, InvalidField, NotFound, Unavailable
from models.stores import States
from server.edition import Edition, version
from server.fields import DEVICE_ID
from server.packing import packed
from server.services import Services

STATIC: Final = Path(__file__).resolve().parent.parent / "static"

DEVICE_COOKIE_DAYS: Final = 3650

VERSION_MIN: Final = 16
"""Characters of a hash by which an address names its content."""

DOCUMENTS: Final = frozenset({"image/svg+xml", "text/html"})
PARTS: Final = frozenset(
    {"text/css", "text/javascript", "application/javascript", "application/json"}
)
"""Types of the texts among the files: those that a browser shows by themselves, and the others."""

OF_DOCUMENTS: Final = (
    "Content-Security-Policy",
    "Referrer-Policy",
    "X-Frame-Options",
    "X-Request-Id",
)
"""Headers that say nothing of what is a part of a document."""

KEPT: Final = "max-age=31536000, immutable"

_EDITION: Final = Edition(STATIC, besides="stickers")

_UNCHANGED: Final = {304: "It is what `If-None-Match` says."}

PAGE_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)

PAGE_PERMISSIONS: Final = ", ".join(
    (
        "microphone=(self)",
        "camera=()",
        "display-capture=()",
        "geolocation=()",
        "midi=()",
        "payment=()",
        "usb=()",
    )
)
"""What the page may ask a browser for: the microphone, for voice messages."""


class Site(web.Application):
    """The application, which also takes a request's target in absolute form (RFC 9112, 3.2.2), and
    does nothing more for who has gone.
    """

    def start_request(
        self, server_conn: object, request_conn: httputil.HTTPConnection
    ) -> httputil.HTTPMessageDelegate:
        connection = cast(http1connection.HTTP1Connection, request_conn)
        if connection.stream.closed():
            # Tornado would go on through all that it has read: a thousand requests in 64 KiB.
            connection.read_response = _nothing  # type: ignore[assignment, method-assign]
        return super().start_request(server_conn, request_conn)

    def find_handler(self, request: httputil.HTTPServerRequest, **kwargs: Any) -> Any:
        if request.path.startswith(("http://", "https://")):
            request.path = "/" + request.path.partition("//")[2].partition("/")[2]
        return super().find_handler(request, **kwargs)


async def _nothing(_delegate: httputil.HTTPMessageDelegate) -> bool:
    """In place of reading a request: there is none, and none will come."""
    return False


class TextHandler(BaseHandler):
    """What is the same for everyone, so that it may be packed; what holds a token never is."""

    async def deliver(self, content: bytes) -> None:
        """The answer, or that it is what the reader has already."""
        self.set_header("Etag", etag_of(content))
        if self.check_etag_header():
            self.set_status(304)
            return
        coding, body = await packed(content, self.request.headers.get("Accept-Encoding", ""))
        self.add_header("Vary", "Accept-Encoding")
        if coding:
            self.set_header("Content-Encoding", coding)
        self.write(body)


def etag_of(content: bytes) -> str:
    return f'"{version(content)}"'


class StaticHandler(TextHandler, web.StaticFileHandler):
    """The page's files, checked by their ETag at each use, but for those whose address names their
    content: by `?v=` and the beginning of the ETag, or by `@` and the edition before the path.
    """

    _edition = ""
    """That was asked for; another one than there is now gets the file that is."""
    _needs_etag = True

    def initialize(self, services: Services, path: str) -> None:  # type: ignore[override]
        BaseHandler.initialize(self, services)
        web.StaticFileHandler.initialize(self, path)

    def parse_url_path(self, url_path: str) -> str:
        if "\0" in url_path:
            raise NotFound
        if url_path.startswith("@"):
            self._edition, _, url_path = url_path[1:].partition("/")
        return super().parse_url_path(url_path)

    def get_cache_time(self, path: str, modified: object, mime_type: str) -> int:
        return 0  # Tornado's own idea of `v` would not look at the content

    def set_extra_headers(self, path: str) -> None:
        wanted = self.get_query_argument("v", "")
        named = self._edition == _EDITION.name or (
            len(wanted) >= VERSION_MIN and self._headers["Etag"][1:].startswith(wanted)
        )
        self.set_header("Cache-Control", KEPT if named else "no-cache")

    def compute_etag(self) -> str | None:  # type: ignore[override]
        if not self._needs_etag:
            return None
        return etag_of(b"".join(self.get_content(str(self.absolute_path))))

    @plain(
        "*/*",
        refuses=(NotFound, BadRange),
        also=_UNCHANGED | {206: "What `Range` asks for."},
        headers={"If-None-Match": "The `ETag` that one has.", "Range": "A part of the file."},
    )
    async def get(self, path: str, include_body: bool = True) -> None:
        """A file of the pages."""
        self.path = self.parse_url_path(path)
        place = self.get_absolute_path(self.root, self.path)
        self.absolute_path = self.validate_absolute_path(self.root, place)
        kind = self.get_content_type()
        if kind in DOCUMENTS | PARTS and "Range" not in self.request.headers:
            await self._get_text(kind)
            return
        await super().get(path, include_body)
        if self.get_status() == BadRange.status:
            self.answer_error(BadRange())

    async def _get_text(self, kind: str) -> None:
        """All of it. The page is some hundred of them, so that what their heads say counts too."""
        content = b"".join(self.get_content(str(self.absolute_path)))
        self.set_header("Content-Type", kind)
        await self.deliver(content)
        self.set_extra_headers(self.path)
        for name in OF_DOCUMENTS if kind in PARTS else ():
            self.clear_header(name)
        if self._headers["Cache-Control"] == KEPT:
            self._needs_etag = False  # it is never asked for again
            self.clear_header("Etag")

    def write_error(self, status_code: int, **kwargs: object) -> None:
        self.clear_header("Cache-Control")
        super().write_error(status_code, **kwargs)


class PageHandler(TextHandler):
    file: ClassVar[str] = "index.html"

    async def deliver_page(self) -> None:
        """Answer with the page, which asks for its files by their edition."""
        page = (STATIC / self.file).read_bytes()
        files = f'"/static/@{_EDITION.name}/'.encode()
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        await self.deliver(page.replace(b'"/static/', files))

    @plain("text/html", also=_UNCHANGED)
    async def get(self, _path: str) -> None:
        """The chat page, and the cookie that tells this browser from others of its make."""
        try:
            DEVICE_ID.check(DEVICE_COOKIE, self.get_cookie(DEVICE_COOKIE))
        except InvalidField:
            self.set_cookie(
                DEVICE_COOKIE,
                secrets.token_urlsafe(18),
                max_age=DEVICE_COOKIE_DAYS * 24 * 3600,
                httponly=True,
                samesite="Strict",
                secure=self.secure,
            )
        self.set_header("Permissions-Policy", PAGE_PERMISSIONS)
        await self.deliver_page()

    async def head(self, path: str) -> None:
        await self.get(path)


class JoinPageHandler(PageHandler):
    @plain("text/html", also=_UNCHANGED)
    async def get(self, code: str) -> None:
        """The chat page on a link into a group: it asks whether to join."""
        await super().get(code)


class AdminPageHandler(PageHandler):
    file = "admin/index.html"

    @plain("text/html", also=_UNCHANGED)
    async def get(self, _path: str) -> None:
        """The page of administrators; what it shows needs one."""
        await super().get(_path)


class DocsHandler(PageHandler):
    file = "docs/index.html"

    @plain("text/html", also=_UNCHANGED)
    async def get(self, _path: str) -> None:
        """The page that shows this description."""
        await self.deliver_page()


class DocumentHandler(TextHandler, SingleTokenMixin):
    public = True

    def initialize(  # type: ignore[override]
        self, services: Services, documents: Mapping[str, bytes]
    ) -> None:
        super().initialize(services)
        self._documents = documents

    @plain("application/json", also=_UNCHANGED)
    async def get(self) -> None:
        """This description."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self._share()
        self.add_header("Vary", "Accept-Language")
        await self.deliver(self._documents[self.language])


class HealthHandler(SingleTokenMixin):
    public = True

    @call()
    async def get(self) -> None:
        """Alive: the loop turns."""

    head = get


class ReadyHandler(SingleTokenMixin):
    public = True

    @call(refuses=(Unavailable,))
    async def get(self) -> States:
        """Ready: every store answers, and the server is not on its way down."""
        states = await self.services.stores.probe()
        if self.services.sockets.stopping or "down" in states.values():
            self.answer_error(Unavailable("store"), states)
            self.finish()
        return states

    head = get
