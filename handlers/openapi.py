"""The description of the API for other programs (OpenAPI 3.1), made from the table of routes.

Nothing is written here that the code says elsewhere: paths come from the table, what a verb takes
and gives from its signature (`handlers.call`), the rules of fields from `server.fields`, and the
refusals from `models.errors` and from what a call reads.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from handlers.auth import SingleTokenMixin
from handlers.base import BaseHandler
from handlers.call import Call, Refusal, call_of
from models.errors import (
    BadRequest,
    BrokenField,
    Forbidden,
    Internal,
    InvalidField,
    NotFound,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
    UserAgentRequired,
)
from server import __version__, schema, text
from server.fields import DEVICE_ID, Schema
from server.text import LANGUAGES

Table = Sequence[tuple[str, type[BaseHandler]]]

JSON: Final = "application/json"
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")

_ABOUT: Final = """\
Every answer of a call is `{status, msg, data, error}` with the HTTP status equal to `status`. \
`error` is empty on success, else a word for programs; `msg` is for people, in Chinese or English \
by `Accept-Language`.

A body is JSON or a form. Unknown fields are ignored. Lengths of text count code points after NFC; \
times are milliseconds since the epoch, UTC.

A token is valid on one device, which is the `User-Agent`, and `X-Device-Id` with it if there is \
one. A login on a device ends the token that it had before.

What is spoken on the WebSocket, and what is promised, stands in docs/protocol.md."""

_ALWAYS: Final[tuple[Refusal, ...]] = (Forbidden("bad_origin"), TooLarge, Internal)
_OF_DEVICE: Final[tuple[Refusal, ...]] = (UserAgentRequired, InvalidField)
_OF_TOKEN: Final[tuple[Refusal, ...]] = (
    *(Unauthorized(word) for word in ("token_missing", "token_invalid", "token_expired")),
    *(Forbidden(word) for word in ("token_superseded", "token_revoked", "device_mismatch")),
    Forbidden("banned"),
    Unavailable,
)
_OF_BODY: Final[tuple[Refusal, ...]] = (BadRequest, InvalidField, UnsupportedMedia)

_REFUSED: Final[Schema] = {
    "title": "Refused",
    "description": "A refusal. `data` is null where nothing more is said of it.",
    "type": "object",
    "properties": {
        "status": {"type": "integer"},
        "msg": {"type": "string"},
        "data": {"type": ["object", "null"]},
        "error": {"type": "string"},
    },
    "required": ["status", "msg", "data", "error"],
}

_COMPONENTS: Final[dict[str, Any]] = {
    "parameters": {
        "UserAgent": {
            "name": "User-Agent",
            "in": "header",
            "required": True,
            "description": "Which device this is.",
            "schema": {"type": "string", "minLength": 1},
        },
        "DeviceId": {
            "name": "X-Device-Id",
            "in": "header",
            "description": "Tells devices with one User-Agent apart; else the cookie `device`.",
            "schema": DEVICE_ID.schema(),
        },
    },
    "headers": {
        "RetryAfter": {
            "description": "Seconds until it goes again, where that is known.",
            "schema": {"type": "integer", "minimum": 1},
        },
    },
    "securitySchemes": {
        "token": {"type": "apiKey", "in": "header", "name": "token"},
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "token"},
    },
}


def document(table: Table) -> dict[str, Any]:
    """The description of every verb of the table.

    Raises:
        TypeError: a verb does not describe itself, or two types have one name.
    """
    calls = [
        (pattern, handler, method, call_of(handler, method))
        for pattern, handler in table
        for method in handler.methods()
    ]
    answers, schemas = schema.of_answers([BrokenField, *(said.data for *_, said in calls)])
    bodies = _bodies(said.body for *_, said in calls) | {"Refused": _REFUSED}
    if both := bodies.keys() & schemas.keys():
        raise TypeError(f"what is taken and what is given have one name: {', '.join(both)}")
    paths: dict[str, dict[str, Any]] = {}
    for (pattern, handler, method, said), data in zip(calls, answers[1:], strict=True):
        operation = _operation(handler, method, said, data)
        paths.setdefault(template(pattern, said), {})[method.lower()] = operation
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Tornado IM",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": tag, "description": first}
            for tag, first in {_tag(handler): _room(handler) for _, handler, *_ in calls}.items()
        ],
        "paths": paths,
        "components": _COMPONENTS | {"schemas": bodies | schemas},
    }


def template(pattern: str, said: Call) -> str:
    """The path of a route, with the verb's names in the place of its groups.

    Raises:
        TypeError: the verb takes more or fewer pieces than the route has.
    """
    groups = re.findall(r"\([^)]+\)", pattern)
    names = [name for name, _ in said.path]
    if len(groups) != len(names):
        raise TypeError(f"{pattern} has {len(groups)} pieces, its verb takes {names}")
    path = pattern.replace("()", "").replace("\\", "")
    for name, group in zip(names, groups, strict=True):
        path = path.replace(group.replace("\\", ""), f"{{{name}}}", 1)
    return path


def _bodies(kinds: Iterable[type[Any] | None]) -> dict[str, Schema]:
    named: dict[str, type[Any]] = {}
    for kind in kinds:
        if kind is not None and named.setdefault(kind.__name__, kind) is not kind:
            raise TypeError(f"two bodies are called {kind.__name__}")
    return {name: schema.of_body(kind) for name, kind in named.items()}


def _tag(handler: type[BaseHandler]) -> str:
    return handler.__module__.rpartition(".")[2]


def _room(handler: type[BaseHandler]) -> str:
    """What the handler's file says of itself."""
    return (sys.modules[handler.__module__].__doc__ or "").partition("\n\n")[0]


def _operation(handler: type[BaseHandler], method: str, said: Call, data: Schema) -> dict[str, Any]:
    summary, _, more = said.text.partition("\n\n")
    asks_token = issubclass(handler, SingleTokenMixin) and not handler.public
    operation: dict[str, Any] = {
        "operationId": method.lower() + handler.__name__.removesuffix("Handler"),
        "tags": [_tag(handler)],
        "summary": " ".join(summary.removesuffix(".").split()),
        "description": "\n\n".join(" ".join(part.split()) for part in more.split("\n\n")),
        "security": [{"token": []}, {"bearer": []}, {"cookie": []}] if asks_token else [],
        "parameters": _parameters(said, of_device=asks_token or _of_device(handler)),
    }
    if said.body is not None:
        kinds: dict[str, Any] = {
            kind: {"schema": schema.reference(said.body.__name__)} for kind in (JSON, *FORMS)
        }
        for form in FORMS:
            kinds[form]["encoding"] = _lists(said.body)
        operation["requestBody"] = {"required": True, "content": kinds}
    if said.file is not None:
        operation["requestBody"] = {"required": True, "content": _file_form(said.file)}
    if said.octets is not None:
        operation["requestBody"] = {"content": {said.octets: {}}}
    answers = _success(said, data, empty=method == "HEAD") | _refusals(
        [
            *_refused(said, asks_token=asks_token, of_device=_of_device(handler)),
            *(handler.refuses if issubclass(handler, SingleTokenMixin) else ()),
        ],
        method == "HEAD",
    )
    for status, about in said.also.items():
        answers[str(status)] = _also(answers.get(str(status)), about)
    operation["responses"] = dict(sorted(answers.items()))
    return operation


def _of_device(handler: type[BaseHandler]) -> bool:
    return issubclass(handler, SingleTokenMixin) and handler.of_device


def _parameters(said: Call, *, of_device: bool) -> list[Schema]:
    pieces, _ = schema.of_answers([kind for _, kind in said.path])
    found: list[Schema] = []
    for (name, _), piece in zip(said.path, pieces, strict=True):
        # What is no number above 0 is not found.
        low = {"minimum": 1} if piece["type"] == "integer" else {}
        about = {"description": piece.pop("description")} if "description" in piece else {}
        found.append({"name": name, "in": "path", "required": True} | about)
        found[-1]["schema"] = piece | low
    for field in schema.fields(said.query) if said.query is not None else ():
        of_field = dict(field.schema)
        parameter = {"name": field.name, "in": "query", "required": field.required}
        if "description" in of_field:
            parameter["description"] = of_field.pop("description")
        if of_field.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
        found.append(parameter | {"schema": of_field})
    for name, about_header in said.headers.items():
        found.append({"name": name, "in": "header", "description": about_header})
        found[-1]["schema"] = {"type": "string"}
    if of_device:
        found += [{"$ref": f"#/components/parameters/{name}"} for name in ("UserAgent", "DeviceId")]
    return found


def _file_form(name: str) -> dict[str, Any]:
    file = {"type": "string", "format": "binary"}
    form = {"type": "object", "properties": {name: file}, "required": [name]}
    return {"multipart/form-data": {"schema": form}}


def _lists(body: type[Any]) -> dict[str, Any]:
    """A list in a form is one field, with commas."""
    return {
        field.name: {"style": "form", "explode": False}
        for field in schema.fields(body)
        if field.schema.get("type") == "array" or "anyOf" in field.schema
    }


def _success(said: Call, data: Schema, *, empty: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done."}
    if said.envelope:
        envelope = {
            "type": "object",
            "properties": {
                "status": {"const": said.status},
                "msg": {"type": "string"},
                "data": data,
                "error": {"const": ""},
            },
            "required": ["status", "msg", "data", "error"],
        }
        answer["content"] = {JSON: {"schema": envelope}}
    elif said.media is not None:
        answer["content"] = {said.media: {}}
    if empty:
        answer.pop("content", None)
    return {str(said.status): answer}


def _also(refusal: dict[str, Any] | None, about: str) -> dict[str, Any]:
    """An answer without the envelope, and a refusal that has it and the same status, if any."""
    if refusal is None:
        return {"description": about}
    return refusal | {"description": f"{refusal['description']}\n- without a body: {about}"}


def _refused(said: Call, *, asks_token: bool, of_device: bool) -> Iterable[Refusal]:
    yield from _ALWAYS
    if asks_token or of_device:
        yield from _OF_DEVICE
    if asks_token:
        yield from _OF_TOKEN
    if said.body is not None or said.file is not None:
        yield from _OF_BODY
    if said.query is not None:
        yield InvalidField
    if said.path and NotFound.status not in said.also:
        yield NotFound
    yield from said.refuses


def _refusals(refused: Iterable[Refusal], empty: bool) -> dict[str, Any]:
    """The responses by status, each with its words."""
    words: dict[int, dict[str, Refusal]] = {}
    for refusal in refused:
        words.setdefault(refusal.status, {}).setdefault(refusal.word, refusal)
    return {str(status): _refusal(status, list(words[status]), empty) for status in sorted(words)}


def _refusal(status: int, words: list[str], empty: bool) -> dict[str, Any]:
    said = schema.reference("Refused") | {
        "properties": {"status": {"const": status}, "error": {"enum": words}}
    }
    if InvalidField.word in words:
        said["properties"]["data"] = {"anyOf": [schema.reference("BrokenField"), {"type": "null"}]}
    response: dict[str, Any] = {
        "description": "\n".join(_line(LANGUAGES[0], word) for word in words)
    }
    if status == 429:
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    if not empty:
        response["content"] = {JSON: {"schema": said}}
    return response


def _line(language: str, word: str) -> str:
    return f"- `{word}`: {text.about(language, word)}"


def translated(part: Any, language: str) -> Any:
    """The document, or a part of it, with its texts in this language."""
    if isinstance(part, list):
        return [translated(one, language) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _say(language, value)
        if name in ("summary", "description") and isinstance(value, str)
        else translated(value, language)
        for name, value in part.items()
    }


def _say(language: str, said: str) -> str:
    if not said.startswith("- "):
        return text.described(language, said)
    lines = []
    for line in said.splitlines():
        of, _, about = line.removeprefix("- ").partition(": ")
        lines.append(
            _line(language, of.strip("`"))
            if of.startswith("`")
            else f"- {text.described(language, of)}: {text.described(language, about)}"
        )
    return "\n".join(lines)
