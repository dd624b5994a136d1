"""Every answer that a test gets is held to what `/api/openapi.json` says of its call.

`Site.call` asks here, so that no test has to: an answer with a field, a status or a word that the
description does not have fails the test that got it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

from handlers.call import call_of
from handlers.openapi import template
from handlers.routes import API, PAGES, document

ENVELOPE = "application/json"


def _closed(schema: Any) -> Any:
    """The same, but an object has no more fields than are named: those would be undescribed."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        closed["unevaluatedProperties"] = False
    return closed


DOCUMENT = document()
_COMPONENTS = _closed(DOCUMENT["components"])
_PATHS = [
    (re.compile(pattern), handler, {m: template(pattern, call_of(handler, m)) for m in methods})
    for pattern, handler in (*API, *PAGES)
    if (methods := handler.methods())
]


def operation(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """The path, with names for its pieces, and what is said of this call; None for none of ours."""
    for pattern, _, templates in _PATHS:
        if pattern.fullmatch(urlsplit(path).path):
            if method not in templates:
                return None
            found = templates[method]
            return found, DOCUMENT["paths"][found][method.lower()]
    return None


@cache
def _validator(method: str, path: str, status: int) -> Draft202012Validator:
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert str(status) in responses, f"{method} {path} does not say that it answers {status}"
    schema = responses[str(status)]["content"][ENVELOPE]["schema"]
    return Draft202012Validator(_closed(schema) | {"components": _COMPONENTS})


def check(method: str, path: str, status: int, envelope: Any) -> None:
    """Fails where an answer with the envelope is not as described."""
    found = operation(method, path)
    if found is None:
        return
    for error in _validator(method, found[0], status).iter_errors(envelope):
        raise AssertionError(
            f"{method} {found[0]} answered {status} otherwise than described:"
            f" {error.json_path}: {error.message}"
        )
