"""IP addresses as headers and settings write them."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from conf.settings import Network


def is_address(text: str) -> bool:
    """Whether it is one, of either family."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def within(address: str, networks: Collection[Network]) -> bool:
    """Whether it is an address of one of the networks."""
    if not networks or not is_address(address):
        return False
    return any(ipaddress.ip_address(address) in network for network in networks)
