"""What a verb takes and gives, said by its own signature.

    @call(status=201, refuses=(Conflict("user_exists"), RateLimited))
    async def post(self, uid: Uid, body: RegisterBody) -> Registered:
        \"\"\"Open an account.\"\"\"

`body` and `query` are read by their rules before the verb runs, every other parameter is a piece of
the path, and what is returned is the `data` of the envelope. The same signature is what
`handlers.openapi` describes, with the docstring as its text, so that nothing is said twice: mypy
holds the answer to its type, and the tests hold every answer that they get to the description.
A verb that says nothing ends the start of the server.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_type_hints

from handlers.base import BaseHandler
from models.errors import ChatError

Refusal = ChatError | type[ChatError]
"""A class stands for its own word, a value for the word that it was made with."""

Verb = Callable[..., Awaitable[None]]
V = TypeVar("V", bound=Callable[..., Any])

_SAID: Final = "_said"


@dataclass(frozen=True, slots=True)
class Call:
    """One verb of a handler, as it says itself."""

    text: str
    """For people: one sentence, and more after a blank line."""
    path: tuple[tuple[str, Any], ...]
    """The pieces of the path by name, each with its type: a number, or text as it stands."""
    body: type[Any] | None
    query: type[Any] | None
    data: Any
    """The type of `data` in the envelope."""
    status: int = 200
    file: str | None = None
    """The field of a form that is a file, which the verb reads by itself."""
    octets: str | None = None
    """The type of a body that the verb reads by itself."""
    refuses: tuple[Refusal, ...] = ()
    """Besides those that follow from taking a token, a body, a query or a path."""
    media: str | None = "application/json"
    """The type of the answer's body, None where there is none."""
    envelope: bool = True
    also: Mapping[int, str] = field(default_factory=dict)
    """Other statuses without the envelope, and when."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that the call looks at, and what for."""


def call(
    *, status: int = 200, refuses: tuple[Refusal, ...] = (), file: str | None = None
) -> Callable[[Callable[..., Awaitable[Any]]], Verb]:
    """For a verb whose return is the `data` of the answer.

    Args:
        file: the field of a form that is a file, where that is what the call takes.

    One that has answered already, with a `msg` or `data` of its own, returns after that.
    """

    def described(verb: Callable[..., Awaitable[Any]]) -> Verb:
        said = dataclasses.replace(_read_signature(verb), status=status, refuses=refuses, file=file)
        numbers = [kind is int for kind in _pieces(verb, get_type_hints(verb)).values()]

        @functools.wraps(verb)
        async def answer(self: BaseHandler, *path: str) -> None:
            taken: dict[str, Any] = {}
            pieces = [
                self.path_int(piece) if number else piece
                for piece, number in zip(path, numbers, strict=True)
            ]
            if said.body is not None:
                taken["body"] = self.read(said.body)
            if said.query is not None:
                taken["query"] = self.query(said.query)
            data = await verb(self, *pieces, **taken)
            if not self._finished:
                self.ok(data, status=said.status)

        setattr(answer, _SAID, said)
        return answer

    return described


def plain(
    media: str | None,
    *,
    status: int = 200,
    query: type[Any] | None = None,
    octets: str | None = None,
    refuses: tuple[Refusal, ...] = (),
    also: Mapping[int, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Callable[[V], V]:
    """For a verb that writes its answer itself, without the envelope; it runs as it is."""

    def described(verb: V) -> V:
        said = dataclasses.replace(
            _read_signature(verb),
            status=status,
            refuses=refuses,
            query=query,
            octets=octets,
            media=media,
            envelope=False,
            also=also or {},
            headers=headers or {},
        )
        setattr(verb, _SAID, said)
        return verb

    return described


def call_of(handler: type[BaseHandler], method: str) -> Call:
    """What a verb said; HEAD says what GET does, where it says nothing itself.

    Raises:
        TypeError: it has said nothing.
    """
    for name in (method, "GET") if method == "HEAD" else (method,):
        said: Call | None = getattr(getattr(handler, name.lower()), _SAID, None)
        if said is not None:
            return said
    raise TypeError(
        f"{handler.__name__}.{method.lower()} does not say what it takes and gives:"
        " put @call or @plain over it, see handlers/call.py"
    )


def _read_signature(verb: Callable[..., Any]) -> Call:
    hints = get_type_hints(verb, include_extras=True)
    return Call(
        text=inspect.getdoc(verb) or "",
        path=tuple(_pieces(verb, hints).items()),
        body=hints.get("body"),
        query=hints.get("query"),
        data=hints.get("return"),
    )


def _pieces(verb: Callable[..., Any], hints: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that come from the path: neither of ours, nor with a default or a `_`."""
    parameters = list(inspect.signature(verb).parameters.values())[1:]
    return {
        parameter.name: hints[parameter.name]
        for parameter in parameters
        if parameter.name not in ("body", "query")
        and parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        and not parameter.name.startswith("_")
    }
