"""What every request shares: who may ask from where, how a body is read, how an answer looks.

Every handler streams its body (`stream_request_body`), because Tornado would otherwise read up to
100 MB from anyone before a line of ours runs, and answer what is too large with a bare text. A
refusal goes out at once and in the envelope; what still comes of the body is drained, up to 1 MiB,
so that the client reads the answer in place of a reset connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import secrets
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, ClassVar, Final, TypeVar

import msgspec
from tornado import httputil, iostream, web

from models.errors import (
    BadRequest,
    ChatError,
    Forbidden,
    Internal,
    InvalidField,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    UnsupportedMedia,
)
from server import protocol, text
from server.addresses import is_address, within
from server.fields import INT_MAX, parse
from server.services import Services

logger = logging.getLogger("tornado_im.http")

BODY_MAX: Final = 64 * 1024
"""Bytes of a body from anyone."""

DRAIN_MAX: Final = 1024 * 1024
"""Bytes of a refused body that are read and thrown away before the connection is closed."""

DRAIN_SECONDS: Final = 5.0

UNBOUNDED: Final = 1 << 62
"""For Tornado's own limit, which would answer without the envelope: ours is met first."""

SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
_REFUSED: Final = "REFUSED"
_DIGITS_MAX: Final = 20
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(:[0-9]{1,5})?")

_TORNADO_ERRORS: Final = {
    400: BadRequest(),
    # A static path out of its folder: to the reader there is nothing there.
    403: NotFound(),
    404: NotFound(),
    405: MethodNotAllowed(),
}

T = TypeVar("T")


@web.stream_request_body
class BaseHandler(web.RequestHandler):
    """One request. Subclasses read, call one service and answer."""

    shared_headers: ClassVar[str] = "Authorization, Content-Type, token, X-Device-Id"
    """What a page of an allowed origin may send."""

    def initialize(self, services: Services) -> None:
        self.services = services
        self.verb = self.request.method
        """As it was asked; the request's own changes when it is refused before its body."""
        self._chunks: list[bytes] = []
        self._received = 0
        self._refusal: ChatError | None = None
        self._prepared = False

    def path_int(self, value: str) -> int:
        """A uid or a seq in a path. Raises `NotFound`: it is none."""
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else 0
        if not 0 < number <= INT_MAX:
            raise NotFound
        return number

    def set_default_headers(self) -> None:
        # Called by Tornado before `initialize`, and again whenever an error clears the headers.
        self.request_id = getattr(self, "request_id", None) or secrets.token_hex(8)
        self.clear_header("Server")
        self.set_header("X-Request-Id", self.request_id)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")

    # Before the body

    @property
    def body_max(self) -> int:
        """Bytes that a body may have."""
        return BODY_MAX

    async def prepare(self) -> None:
        self.services.requests.begun()
        connection: Any = self.request.connection
        connection.set_max_body_size(UNBOUNDED)
        try:
            if self._declared > self.body_max:
                raise TooLarge
            self._check_host()
            self._check_origin()
            self._check_method()
            if self.request.method != "OPTIONS":
                # A browser asks with OPTIONS before it may send a token.
                await self.authorize()
        except ChatError as error:
            await self._refuse_body(error)
        self._prepared = True

    @classmethod
    def methods(cls) -> list[str]:
        """The methods that this handler has, besides OPTIONS."""
        return [
            method
            for method in cls.SUPPORTED_METHODS
            if method != "OPTIONS"
            and getattr(cls, method.lower()) is not getattr(web.RequestHandler, method.lower())
        ]

    def _check_method(self) -> None:
        if self.request.method not in (*self.methods(), "OPTIONS"):
            raise MethodNotAllowed

    async def authorize(self) -> None:
        """Decide whether this request may go on; `handlers.auth` does for those with a token."""

    @property
    def _declared(self) -> int:
        length = self.request.headers.get("Content-Length", "0")
        # Python reads no number of thousands of digits; so many say enough.
        return int(length[:_DIGITS_MAX]) if length.isdigit() else 0

    @property
    def _has_body(self) -> bool:
        return self._declared > 0 or "Transfer-Encoding" in self.request.headers

    async def _refuse_body(self, error: ChatError) -> None:
        """Answer now, then let the body run out into nothing."""
        if not self._has_body:
            # Not before Tornado has seen that there is none: it would close the connection.
            self._refusal = error
            self.request.method = _REFUSED
            return
        self.answer_error(error)
        self.set_header("Connection", "close")
        if self.request.headers.get("Expect"):
            self.finish()
            return
        with contextlib.suppress(iostream.StreamClosedError):
            await self.flush()
        # Tornado calls the verb once the body is read; this one only ends the request.
        self.request.method = _REFUSED
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._cut)

    async def refused(self, *_args: str) -> None:
        """The verb of a request that was refused before its body was read."""
        self.request.method = self.verb
        if self._refusal is not None:
            raise self._refusal
        with contextlib.suppress(iostream.StreamClosedError):
            await self.finish()
        self._cut()

    def _cut(self) -> None:
        connection: Any = self.request.connection
        connection.stream.close()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self._received += len(chunk)
        if self.request.method == _REFUSED:
            if self._received > DRAIN_MAX:
                self._cut()
            return None
        if self._received > self.body_max:
            self._chunks.clear()
            return self._refuse_body(TooLarge())
        return self.take(chunk)

    def take(self, chunk: bytes) -> Awaitable[None] | None:
        """A piece of a body that nothing speaks against so far."""
        self._chunks.append(chunk)
        return None

    # Host and origin

    @property
    def _from_proxy(self) -> bool:
        trusted = self.services.settings.service.trusted_proxies
        return within(self.request.remote_ip or "", trusted)

    @property
    def address(self) -> str:
        """Where the request comes from; a proxy's word counts only if it is a trusted one."""
        address = self.request.remote_ip or ""
        trusted = self.services.settings.service.trusted_proxies
        hops = self.request.headers.get("X-Forwarded-For", "").split(",")
        while hops and within(address, trusted):
            hop = hops.pop().strip()
            if not is_address(hop):
                break
            address = hop
        return address

    @property
    def secure(self) -> bool:
        """Whether the reader's browser speaks https."""
        if self._from_proxy:
            return self.request.headers.get("X-Forwarded-Proto", "").lower() == "https"
        return self.request.protocol == "https"

    def _check_host(self) -> None:
        allowed = self.services.allowed_hosts
        if not allowed:
            return
        host = _HOST.fullmatch(self.request.host)
        if host is None or host[1].strip("[]").lower() not in allowed:
            raise Forbidden("bad_origin")

    def _check_origin(self) -> None:
        origin = self.request.headers.get("Origin")
        handshake = self.request.headers.get("Upgrade", "").lower() == "websocket"
        changes = handshake or self.request.method not in SAFE_METHODS
        if origin is not None:
            if changes and not self._allowed_origin(origin) and not self._own_origin(origin):
                raise Forbidden("bad_origin")
        elif changes and self.request.headers.get("Sec-Fetch-Site") != "same-origin":
            # Another site's form or socket without an Origin would carry the cookie by itself.
            if self.by_cookie:
                raise Forbidden("bad_origin")

    @property
    def by_cookie(self) -> bool:
        """Whether it is the cookie that authenticates."""
        return False

    def _own_origin(self, origin: str) -> bool:
        host = self.request.host.lower()
        return origin.lower() in (f"http://{host}", f"https://{host}")

    def _allowed_origin(self, origin: str) -> bool:
        return origin.lower() in self.services.settings.service.allowed_origins

    def _share(self) -> None:
        """Let the page of an allowed origin read the answer, a refusal too."""
        origin = self.request.headers.get("Origin", "")
        if self._allowed_origin(origin):
            self.set_header("Access-Control-Allow-Origin", origin)
            self.set_header("Access-Control-Allow-Credentials", "true")
            self.set_header("Vary", "Origin")

    def options(self, *_args: str) -> None:
        """CORS for the origins that are allowed; nobody else has a use for it."""
        origin = self.request.headers.get("Origin", "")
        if not self._allowed_origin(origin):
            raise MethodNotAllowed
        self._allow_preflight()
        self.ok()

    def _allow_preflight(self) -> None:
        self.set_header("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
        self.set_header("Access-Control-Allow-Headers", self.shared_headers)
        self.set_header("Access-Control-Max-Age", "600")

    # Reading

    def read(self, kind: type[T]) -> T:
        """The body as a value.

        Raises:
            BadRequest: it cannot be read.
            UnsupportedMedia: neither JSON nor a form.
            InvalidField: one of its fields breaks a rule.
        """
        content_type = self.request.headers.get("Content-Type", "")
        essence = content_type.partition(";")[0].strip().lower()
        body = b"".join(self._chunks)
        if essence in ("", "application/json"):
            try:
                return parse(kind, protocol.load_object(body.decode("utf-8")))
            except UnicodeDecodeError:
                raise BadRequest from None
        if essence in ("application/x-www-form-urlencoded", "multipart/form-data"):
            if not body:
                raise BadRequest
            return parse(kind, _form(content_type, body), text=True)
        raise UnsupportedMedia

    def query(self, kind: type[T]) -> T:
        """The query as a value. Raises `InvalidField`."""
        # What is no UTF-8 becomes surrogates, which every rule of a text refuses.
        found = {
            name: values[-1].decode("utf-8", "surrogateescape")
            for name, values in self.request.query_arguments.items()
        }
        return parse(kind, found, text=True)

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise NotFound from None

    # Answering

    @property
    def language(self) -> str:
        return text.language(self.request.headers.get("Accept-Language", ""))

    def ok(self, data: Any = None, *, status: int = 200, msg: str | None = None) -> None:
        """The envelope of success."""
        self._envelope(status, msg or text.say(self.language, "ok"), data, "")
        self.finish()

    def _envelope(self, status: int, msg: str, data: Any, error: str) -> None:
        body = msgspec.json.encode({"status": status, "msg": msg, "data": data, "error": error})
        self._share()
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Content-Length", str(len(body)))
        self.write(body)

    def flush(self, include_footers: bool = False) -> asyncio.Future[None]:
        handshake = self.get_status() == HTTPStatus.SWITCHING_PROTOCOLS  # has its own `Connection`
        if not handshake and self.services.sockets.stopping:
            # So that the client's next request finds another process, or nobody, and is not cut.
            self.set_header("Connection", "close")
        return super().flush(include_footers)

    def answer_error(self, error: ChatError, data: Any = None) -> None:
        """The envelope of a refusal, without ending the request."""
        what = f"{self.verb} {type(self).__name__.removesuffix('Handler')}"
        self.services.refusals.note(error, what, self.address)
        if isinstance(error, InvalidField):
            data = {"field": error.field, "rule": error.rule}
        if isinstance(error, MethodNotAllowed):
            self.set_header("Allow", ", ".join(self.methods()))
        if error.retry_after is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after + 0.5))))
        self._envelope(error.status, text.say_error(self.language, error), data, error.word)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """The one place where a refused request is rendered."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, ChatError):
            error = _TORNADO_ERRORS.get(status_code) or Internal(self.request_id)
        self.answer_error(error)
        if not self._prepared:
            # Tornado closes after an answer that came before it looked for a body.
            self.set_header("Connection", "close")
        self.finish()

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        super().send_error(error.status if isinstance(error, ChatError) else status_code, **kwargs)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        # A refusal is an answer, not an event, and who has gone needs none; the rest is our fault.
        if not isinstance(value, ChatError | web.HTTPError | iostream.StreamClosedError):
            logger.error("request %s failed", self.request_id, exc_info=(typ, value, tb))

    def compute_etag(self) -> None:
        return None


class UnknownHandler(BaseHandler):
    """Every path that is none of ours."""

    def _check_method(self) -> None:
        raise NotFound


def _form(content_type: str, body: bytes) -> dict[str, str]:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[httputil.HTTPFile]] = {}
    try:
        httputil.parse_body_arguments(content_type, body, arguments, files)
        if any(len(values) > 1 for values in arguments.values()):
            raise BadRequest
        return {name: values[0].decode("utf-8") for name, values in arguments.items()}
    except (httputil.HTTPInputError, UnicodeDecodeError):
        raise BadRequest from None
