"""Every refusal that a client can meet, as one tree.

ChatError
    BadRequest          400 bad_request         40000 (a frame: bad_frame)
    InvalidField        400 invalid_field       40001
    UserAgentRequired   400 user_agent_required
    Unauthorized        401 token_missing, token_invalid, token_expired, bad_credentials
    Forbidden           403 forbidden, blocked, muted, banned, too_late, bad_origin,
                            token_superseded, token_revoked, device_mismatch
                                                40003
    NotFound            404 not_found           40004
    MethodNotAllowed    405 method_not_allowed
    Conflict            409 conflict, user_exists
    TooLarge            413 too_large
    UnsupportedMedia    415 unsupported_media
    BadRange            416 bad_range
    Sensitive           422 sensitive_content   40022
    RateLimited         429 rate_limited        50006
    AwaitReply          429 await_reply         50006
    Internal            500 internal            50000
    Unavailable         503 unavailable         50300

A class carries its HTTP status and WebSocket code; the word says which of its cases it is.
The words, statuses and codes are those of docs/protocol.md, and a test holds both together.
Text for people is made where an error is rendered (`server.text`), in the reader's language.
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypedDict

BrokenRule = Literal[
    "required",
    "type",
    "length",
    "range",
    "pattern",
    "control_characters",
    "surrogate",
    "unknown_value",
    "not_self",
    "conflict",
    "too_many",
    "common",
]


class BrokenField(TypedDict):
    """What a client is told of an `invalid_field`."""

    field: str
    rule: BrokenRule


class ChatError(Exception):
    """A refusal with a word for programs.

    Attributes:
        word: the `error` word of the envelope and of the frame.
        fields: what the refusal says besides, such as `field` and `rule`.
        retry_after: seconds until the same call may succeed, None where no time is known.
    """

    status: ClassVar[int] = 500
    code: ClassVar[int] = 50000
    word: str = "internal"
    retry_after: float | None = None

    def __init__(self, word: str | None = None, **fields: str | int) -> None:
        if word is not None:
            self.word = word
        self.fields = fields
        super().__init__(self.word, fields)


class BadRequest(ChatError):
    status, code, word = 400, 40000, "bad_request"


class InvalidField(ChatError):
    """One field breaks one rule; both are named."""

    status, code, word = 400, 40001, "invalid_field"

    def __init__(self, field: str, rule: BrokenRule) -> None:
        super().__init__(field=field, rule=rule)
        self.field = field
        self.rule = rule


class UserAgentRequired(ChatError):
    status, code, word = 400, 40001, "user_agent_required"


class Unauthorized(ChatError):
    status, code, word = 401, 40003, "token_invalid"


class Forbidden(ChatError):
    status, code, word = 403, 40003, "forbidden"


class NotFound(ChatError):
    status, code, word = 404, 40004, "not_found"


class MethodNotAllowed(ChatError):
    status, word = 405, "method_not_allowed"


class Conflict(ChatError):
    status, word = 409, "conflict"


class TooLarge(ChatError):
    status, word = 413, "too_large"


class UnsupportedMedia(ChatError):
    status, word = 415, "unsupported_media"


class BadRange(ChatError):
    status, word = 416, "bad_range"


class Sensitive(ChatError):
    """A text has a word on the list."""

    status, code, word = 422, 40022, "sensitive_content"


class RateLimited(ChatError):
    """Too often, or too many; `retry_after` seconds later the same call is let through."""

    status, code, word = 429, 50006, "rate_limited"

    def __init__(self, retry_after: float | None) -> None:
        super().__init__()
        self.retry_after = retry_after


class AwaitReply(ChatError):
    status, code, word = 429, 50006, "await_reply"


class Internal(ChatError):
    """A fault of ours; `request_id` finds it in the log."""

    def __init__(self, request_id: str) -> None:
        super().__init__(request_id=request_id)


class Unavailable(ChatError):
    """A store did not answer in time: nothing was stored, or it is not known whether.

    Attributes:
        store: `sql`, `mongo`, `redis` or `bus`; for the log, never for the client.
    """

    status, code, word = 503, 50300, "unavailable"

    def __init__(self, store: str) -> None:
        super().__init__()
        self.store = store
