"""JSON schemas (draft 2020-12) of what the server takes and gives.

What it takes are dataclasses whose fields have rules (`server.fields`); what it gives are typed
values whose schemas msgspec makes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args, get_type_hints, is_typeddict

import msgspec

from server.fields import Schema

_REFERENCE: Final = "#/components/schemas/{name}"


def reference(name: str) -> Schema:
    return {"$ref": _REFERENCE.format(name=name)}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body or a query."""

    name: str
    required: bool
    schema: Schema


def fields(kind: type[Any]) -> list[Field]:
    """The fields of a ruled dataclass, in its order."""
    return [
        Field(
            field.metadata["name"] or field.name,
            field.default is dataclasses.MISSING,
            _of_field(field),
        )
        for field in dataclasses.fields(kind)
        if "rule" in field.metadata
    ]


def _of_field(field: dataclasses.Field[Any]) -> Schema:
    schema: Schema = field.metadata["rule"].schema()
    texts = [field.metadata["says"], schema.pop("description", "")]
    if any(texts):
        schema["description"] = " ".join(filter(None, texts))
    if field.default not in (dataclasses.MISSING, msgspec.UNSET, None):
        schema["default"] = field.default
    return schema


def of_body(kind: type[Any]) -> Schema:
    """The object that a ruled dataclass is made from. Null stands for absent where it may be."""
    found = fields(kind)
    return {
        "title": kind.__name__,
        "type": "object",
        "properties": {
            field.name: field.schema if field.required else _or_null(field.schema)
            for field in found
        },
        "required": [field.name for field in found if field.required],
    }


def _or_null(schema: Schema) -> Schema:
    if "type" not in schema:
        return schema | {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    nullable = schema | {"type": [schema["type"], "null"]}
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    return nullable


def of_answers(kinds: Sequence[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """The schema of each type, and the named ones that these refer to."""
    schemas, named = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    for kind in _typed_dicts(kinds):
        # msgspec sorts them by name; a reader wants them as they were written.
        properties = named[kind.__name__]["properties"]
        named[kind.__name__]["properties"] = {
            name: properties[name] for name in get_type_hints(kind)
        }
    return list(schemas), named


def _typed_dicts(kinds: Iterable[Any]) -> set[Any]:
    found: set[Any] = set()
    left = list(kinds)
    while left:
        kind = left.pop()
        if is_typeddict(kind) and kind not in found:
            found.add(kind)
            left.extend(get_type_hints(kind).values())
        left.extend(get_args(kind))
    return found
