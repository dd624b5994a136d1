"""Registering: names, nicknames, passwords, and who may."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest

from tests.client import new_name, register
from tests.running import PASSWORD, Server


def test_register_answers_201_with_the_new_person(server: Server) -> None:
    name = new_name()
    made = register(server, user_name=name, nickname="小明 🎈")
    assert made.status == 201
    assert set(made.data) >= {"uid", "user_name", "nickname"}
    assert type(made.data["uid"]) is int and made.data["uid"] > 0
    assert (made.data["user_name"], made.data["nickname"]) == (name, "小明 🎈")


def test_the_nickname_is_the_name_where_none_is_given(server: Server) -> None:
    name = new_name()
    assert register(server, user_name=name).data["nickname"] == name


@pytest.mark.parametrize(
    "name", ["李雷", "Ωμέγα", "नमस्ते", "a_b-c.d", "Ünïcode7", "مرحبا", "x" * 32, "ab"]
)
def test_names_are_letters_marks_and_digits_of_any_script(server: Server, name: str) -> None:
    made = register(server, user_name=name)
    assert made.status == 201 and made.data["user_name"] == name


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("a", "length"),
        ("x" * 33, "length"),
        ("", "length"),
        ("a b", "pattern"),
        ("a@b", "pattern"),
        ("a/b", "pattern"),
        ("ab!", "pattern"),
        ("smile😀", "pattern"),
        ("a\tb", "control_characters"),
        ("a\x00b", "control_characters"),
        ("ab\u202e", "control_characters"),
        ("ab\ud800", "surrogate"),
        (7, "type"),
        (None, "type"),
        (["ab"], "type"),
    ],
)
def test_a_name_that_breaks_a_rule_is_refused_with_the_rule(
    server: Server, name: object, rule: str
) -> None:
    assert register(server, user_name=name).broken == ("user_name", rule)


def test_the_length_of_a_name_counts_after_nfc(server: Server) -> None:
    name = unicodedata.normalize("NFD", "é" * 31) + "x"
    made = register(server, user_name=name, nickname=unicodedata.normalize("NFD", "\u1f82" * 32))
    assert made.status == 201
    assert made.data["user_name"] == name and len(made.data["nickname"]) == 128


def test_a_nickname_that_compatibility_makes_long_is_kept_as_it_is(server: Server) -> None:
    ligatures = "\ufdfa" * 32  # each of them is 18 characters after NFKC
    made = register(server, nickname=ligatures)
    assert made.status == 201 and made.data["nickname"] == ligatures
    # A name has to be compared whole, so this one is too long to be one.
    assert register(server, user_name=ligatures).broken == ("user_name", "length")


@pytest.mark.parametrize(
    ("first", "second"),
    [("Straße", "STRASSE"), ("Ａｄａ", "ada"), ("ﬁnn", "Finn"), ("É", "e\u0301"), ("ПЁТР", "пётр")],
)
def test_names_are_compared_after_nfkc_and_case_folding(
    server: Server, first: str, second: str
) -> None:
    stem = new_name("n").replace("user", "")
    assert register(server, user_name=first + stem).status == 201
    taken = register(server, user_name=second + stem)
    assert taken.refusal == (409, "user_exists")
    login = {"user_name": second + stem, "password": PASSWORD}
    answer = server.call("POST", "/api/user/login", json=login)
    assert answer.status == 200 and answer.data["user_name"] == first + stem


def test_names_that_only_look_alike_are_two(server: Server) -> None:
    stem = new_name("n")
    for look in ("aé", "ae", "aê", "аe"):  # the last with a Cyrillic letter
        assert register(server, user_name=look + stem).status == 201


@pytest.mark.parametrize(
    ("password", "rule"),
    [("seven77", "length"), ("x" * 129, "length"), (12345678, "type"), ("\ud800" * 9, "surrogate")],
)
def test_a_password_has_8_to_128_characters(server: Server, password: object, rule: str) -> None:
    assert register(server, password=password).broken == ("password", rule)


@pytest.mark.parametrize("password", ["password1", "QWERTYUIOP", "Sunshine1"])
def test_a_common_password_is_refused_in_whichever_case(server: Server, password: str) -> None:
    assert register(server, password=password).broken == ("password", "common")


@pytest.mark.parametrize("password", ["密码" * 64, "🔑" * 8, "  spaces  at both ends  "])
def test_no_password_is_cut_or_changed(server: Server, password: str) -> None:
    name = new_name()
    assert register(server, user_name=name, password=password).status == 201

    def login(tried: str) -> int:
        body = {"user_name": name, "password": tried}
        return server.call("POST", "/api/user/login", json=body).status

    assert login(password) == 200
    assert login(password[:-1] + "x") == 401
    assert login(password[:-1]) == 401
    assert login(password.strip() + "x") == 401


@pytest.mark.parametrize(
    ("nickname", "rule"),
    [
        ("", "length"),
        ("x" * 33, "length"),
        ("a\nb", "control_characters"),
        ("a\x07b", "control_characters"),
        ("evil\u202etxt", "control_characters"),
        ("a\u2067b", "control_characters"),
        ("\udfff", "surrogate"),
        (3, "type"),
    ],
)
def test_a_nickname_that_breaks_a_rule_is_refused(
    server: Server, nickname: object, rule: str
) -> None:
    assert register(server, nickname=nickname).broken == ("nickname", rule)


@pytest.mark.parametrize("missing", ["user_name", "password"])
def test_a_missing_field_is_required(server: Server, missing: str) -> None:
    body = {"user_name": new_name(), "password": PASSWORD}
    del body[missing]
    assert server.call("POST", "/api/user/register", json=body).broken == (missing, "required")
    body = {"user_name": new_name(), "password": PASSWORD}
    del body[missing]
    assert server.call("POST", "/api/user/login", json=body).broken == (missing, "required")


def test_registration_can_be_closed(servers: Callable[..., Server]) -> None:
    closed = servers(service_register="closed", service_host="0.0.0.0")
    assert register(closed).refusal == (403, "forbidden")
    # Where it listens on every address and nothing is named, it answers by any name.
    assert closed.call("GET", "/healthz", headers={"Host": "anything.example"}).status == 200
