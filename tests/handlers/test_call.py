"""A verb's signature is what the call takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

import pytest

from handlers.base import BaseHandler
from handlers.call import call, call_of, plain
from handlers.openapi import document, template
from models.errors import Conflict, NotFound, RateLimited
from server.fields import Integer, ruled

Number = Annotated[int, "which"]


@dataclass
class Body:
    seq: int = ruled(Integer(0))


@dataclass
class Query:
    limit: int = ruled(Integer(1, 9), default=3)


class Given(TypedDict):
    seq: int


class ThingHandler(BaseHandler):
    @call(status=201, refuses=(Conflict("user_exists"), RateLimited))
    async def post(self, name: str, number: Number, query: Query, body: Body) -> list[Given]:
        """Do it.

        And say more.
        """
        return [{"seq": body.seq}]

    @plain("text/plain", query=Query, also={304: "Same."})
    async def get(self, name: str, number: str, _rest: str = "", include_body: bool = True) -> None:
        """See it."""


class MuteHandler(BaseHandler):
    async def get(self) -> None:
        self.ok()


def test_a_signature_is_read() -> None:
    said = call_of(ThingHandler, "POST")
    assert said.text == "Do it.\n\nAnd say more."
    assert said.path == (("name", str), ("number", Number))
    assert (said.body, said.query, said.data) == (Body, Query, list[Given])
    assert said.status == 201


def test_a_plain_verb_says_its_query_and_runs_as_it_is() -> None:
    said = call_of(ThingHandler, "GET")
    assert said.path == (("name", str), ("number", str))
    assert (said.query, said.body, said.envelope, said.media) == (Query, None, False, "text/plain")
    assert call_of(ThingHandler, "HEAD") == said


def test_a_verb_that_says_nothing_is_named() -> None:
    with pytest.raises(TypeError, match=r"MuteHandler\.get does not say"):
        document([("/mute", MuteHandler)])


def test_a_route_and_its_verb_have_the_same_pieces() -> None:
    with pytest.raises(TypeError, match=r"has 1 pieces, its verb takes \['name', 'number'\]"):
        template(r"/things/([^/]+)", call_of(ThingHandler, "POST"))


def test_the_description_follows_from_it() -> None:
    described = document([(r"/things/([^/]+)/([^/]+)", ThingHandler)])
    assert template(r"/a\.b/([^/]+)/([^/]+)()", call_of(ThingHandler, "POST")) == (
        "/a.b/{name}/{number}"
    )
    post = described["paths"]["/things/{name}/{number}"]["post"]
    assert (post["summary"], post["description"]) == ("Do it", "And say more.")
    assert [(p["in"], p["name"], p["required"]) for p in post["parameters"]] == [
        ("path", "name", True),
        ("path", "number", True),
        ("query", "limit", False),
    ]
    assert post["security"] == []
    refused = {
        status: response["content"]["application/json"]["schema"]["properties"]["error"]["enum"]
        for status, response in post["responses"].items()
        if status >= "300"
    }
    assert refused == {
        "400": ["bad_request", "invalid_field"],
        "403": ["bad_origin"],
        "404": [NotFound.word],
        "409": ["user_exists"],
        "413": ["too_large"],
        "415": ["unsupported_media"],
        "429": ["rate_limited"],
        "500": ["internal"],
    }
    given = post["responses"]["201"]["content"]["application/json"]["schema"]["properties"]
    assert given["data"] == {"type": "array", "items": {"$ref": "#/components/schemas/Given"}}
    assert given["status"] == {"const": 201}


def test_one_name_for_two_bodies_is_refused() -> None:
    @dataclass
    class Twin:
        a: int = ruled(Integer())

    first = Twin

    @dataclass
    class Twin:  # type: ignore[no-redef]
        b: int = ruled(Integer())

    class OneHandler(BaseHandler):
        async def post(self, body: object) -> None: ...

    class OtherHandler(BaseHandler):
        async def post(self, body: object) -> None: ...

    for handler, kind in ((OneHandler, first), (OtherHandler, Twin)):
        handler.post.__annotations__ = {"body": kind, "return": None}
        handler.post = call()(handler.post)
    with pytest.raises(TypeError, match="two bodies are called Twin"):
        document([("/a", OneHandler), ("/b", OtherHandler)])
