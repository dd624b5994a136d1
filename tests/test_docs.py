"""docs/protocol.md says what the code does, and the code does nothing that it does not say."""

import json
import re
from pathlib import Path

from handlers.routes import document
from models import errors
from server import protocol, text

DOCS = Path(__file__).parent.parent / "docs" / "protocol.md"


def table(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    section = DOCS.read_text(encoding="utf-8").split(f"### {heading}\n", 1)[1]
    rows = re.findall(r"^\|(.+)\|$", section.split("\n#", 1)[0], re.MULTILINE)
    return [[cell.strip().replace("\\|", "|") for cell in row.split("|")] for row in rows[2:]]


def all_errors() -> list[type[errors.ChatError]]:
    found, left = [], [errors.ChatError]
    while left:
        kind = left.pop()
        found.append(kind)
        left += kind.__subclasses__()
    return found


def tree() -> dict[str, int]:
    """Word -> status, as the tree at the top of models/errors.py prints it."""
    found: dict[str, int] = {}
    status = 0
    for line in (errors.__doc__ or "").split("\n\n")[1].splitlines():
        numbers = re.search(r"\s(\d{3})\s", line)
        status = int(numbers[1]) if numbers else status
        words = re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", re.sub(r"\(.*\)", "", line))
        found |= {word: status for word in words}
    return found


def test_error_words_of_the_page_the_tree_and_the_locales_are_the_same() -> None:
    documented = {row[0].strip("`"): int(row[1]) for row in table("Error words")}
    assert documented == tree()
    for language in text.LANGUAGES:
        assert documented.keys() <= set(texts(language))


def texts(language: str) -> dict[str, str]:
    path = Path(text.__file__).parent.parent / "conf" / "locale" / f"{language}.json"
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_every_error_class_has_the_status_that_the_page_gives_its_word() -> None:
    documented = {row[0].strip("`"): int(row[1]) for row in table("Error words")}
    for kind in all_errors():
        assert documented[kind.word] == kind.status, kind


def test_rules_have_a_text_in_both_languages() -> None:
    section = DOCS.read_text(encoding="utf-8").split("`rule` is one of ", 1)[1].split(".", 1)[0]
    rules = {f"rule.{rule}" for rule in re.findall(r"`(\w+)`", section)}
    for language in text.LANGUAGES:
        assert {key for key in texts(language) if key.startswith("rule.")} == rules
    assert texts("en").keys() == texts("zh").keys()


def test_routes_and_methods() -> None:
    documented = {(row[0].strip("`"), frozenset(row[1].split(", "))) for row in table("Routes")}
    described = {
        (path, frozenset(method.upper() for method in methods))
        for path, methods in document()["paths"].items()
    }
    assert documented == described


def test_public_routes_are_those_without_a_token() -> None:
    documented = {row[0].strip("`") for row in table("Routes") if row[2] == "no"}
    public = {
        path
        for path, methods in document()["paths"].items()
        if not any(said["security"] for said in methods.values())
    }
    assert documented == public


def test_frames() -> None:
    documented = {(int(row[0]), row[1]) for row in table("Frames from the client")}
    assert documented == {
        (number, kind.__name__.lower()) for number, kind in protocol.FRAMES.items()
    }


def constants(low: int, high: int, prefix: str = "") -> set[tuple[int, str]]:
    return {
        (value, name.removeprefix(prefix))
        for name, value in vars(protocol).items()
        if name.startswith(prefix) and type(value) is int and low <= value <= high
    }


def test_codes_and_close_codes() -> None:
    documented = {(int(row[0]), row[1]) for row in table("Codes")}
    assert documented == constants(40000, 50999)
    documented = {(int(row[0]), row[1]) for row in table("Close codes")}
    assert documented == constants(1000, 4999, "CLOSE_")
