"""Addresses of callers: the network of a trusted proxy as settings name it, and what counts as one peer."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError("each entry is an IP network, like 10.0.0.0/8, or an address") from None


ProxyNetwork = Annotated[str, AfterValidator(_network)]


def peer_of(host: str) -> str:
    """The address itself; of IPv6 the /64 network, in which one peer has as many addresses as it likes."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return host
