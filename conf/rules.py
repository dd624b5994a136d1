"""What a value may look like: each rule takes the text of a value and gives the value.

ValueError carries the rule that was broken, in words that follow the key's name.
"""

import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SECRET_BYTES = 32  # HS256 wants a key as long as its digest
ORIGIN_RULE = "must be origins such as https://chat.example.org, separated by commas"


def whole(low: int, high: int, *, or_zero: bool = False) -> Callable[[str], int]:
    rule = f"must be a whole number from {low} to {high}{', or 0' if or_zero else ''}"

    def parse(text: str) -> int:
        # int() alone would also take 1_000 and digits of other scripts.
        if not re.fullmatch(r"[0-9]{1,18}", text):
            raise ValueError(rule)
        number = int(text)
        if not (low <= number <= high or (or_zero and number == 0)):
            raise ValueError(rule)
        return number

    return parse


def decimal(low: float, high: float) -> Callable[[str], float]:
    rule = f"must be a number from {low:g} to {high:g}"

    def parse(text: str) -> float:
        if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", text):
            raise ValueError(rule)
        if not low <= float(text) <= high:
            raise ValueError(rule)
        return float(text)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return parse


def filled(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def free(text: str) -> str:
    return text


def optional(text: str) -> str | None:
    return text or None


def signing_secret(text: str) -> str:
    if (size := len(text.encode())) < SECRET_BYTES:
        raise ValueError(f"must have at least {SECRET_BYTES} bytes, has {size}")
    return text


def folder(text: str) -> Path:
    return Path(filled(text)).absolute()


def readable_file(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text).absolute()
    if not (path.is_file() and os.access(path, os.R_OK)):
        raise ValueError("must be a file that can be read")
    return path


def host_name(text: str) -> str:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        if re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?", text):
            return text.lower()
        raise ValueError("must be a host name or an address") from None


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        rule = "must be addresses or networks such as 10.0.0.0/8, separated by commas"
        raise ValueError(rule) from None
    if "/" in text and found.network_address != ipaddress.ip_address(text.partition("/")[0]):
        raise ValueError(f"must begin a network, as {found}")
    return found


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        return host_name(host), whole(1, 65535)(port)
    except ValueError:
        raise ValueError("must be host:port with a port from 1 to 65535") from None


def http_port(text: str) -> tuple[str | None, int]:
    host, _, port = text.rpartition(":")
    try:
        return host_name(host) if host else None, whole(0, 65535)(port)
    except ValueError:
        rule = "must be :port, port or host:port with a port from 0 to 65535"
        raise ValueError(rule) from None


def mongo_hosts(text: str) -> str:
    try:
        for member in list_of(free)(filled(text)):
            address(member if re.search(r":[0-9]+$", member) else f"{member}:27017")
    except ValueError:
        rule = "must be host:port with a port from 1 to 65535, several separated by commas"
        raise ValueError(rule) from None
    return text


def origin(text: str) -> str:
    """As a browser writes it in Origin: lower case, without a default port."""
    text = text.lower()
    try:
        parts = urlsplit(text)
        host_name(parts.hostname or "")
        port = parts.port  # the property itself refuses what is no port
    except ValueError:
        raise ValueError(ORIGIN_RULE) from None
    if parts.scheme not in ("http", "https") or text != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(ORIGIN_RULE)
    if parts.username is not None or parts.netloc.endswith(":"):
        raise ValueError("must be nothing but scheme, host and port")
    default_port = 443 if parts.scheme == "https" else 80
    return text.removesuffix(f":{default_port}" if port else "")


def endpoint(text: str) -> str | None:
    """Of a service over HTTP; it may have a path."""
    if not text:
        return None
    rule = "must be an address such as https://s3.example.org"
    try:
        parts = urlsplit(text)
        host_name(parts.hostname or "")
        _ = parts.port  # the property itself refuses what is no port
    except ValueError:
        raise ValueError(rule) from None
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise ValueError(rule)
    if parts.username is not None:
        raise ValueError(f"{rule}, without an account")
    return text


def bucket(text: str) -> str | None:
    if text and not re.fullmatch(r"[A-Za-z0-9._-]{3,63}", text):
        raise ValueError("must be the name of a bucket: 3 to 63 of A-Z a-z 0-9 . _ -")
    return text or None


def list_of(parse_member: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    def parse(text: str) -> tuple[Any, ...]:
        return tuple(parse_member(member.strip()) for member in text.split(",") if member.strip())

    return parse
