"""Addresses that the service may call: written without tricks, compared part by part, public unless said otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# No user, no percent sign, no backslash, no fragment: what two parsers could read in two ways is not read at all.
_BASE = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[\w~!$'()*+,:=.-]*)*)",
    re.ASCII | re.IGNORECASE,
)
_QUERY = re.compile(r"[!$-;=?-Z\[\]_a-z|~@^`{}]*", re.ASCII)
_PORTS = {"http": 80, "https": 443}
_TRANSLATED = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_PROTOCOLS = IPv4Network("192.0.0.0/24")  # RFC 6890; clouds have metadata there, which Python calls global in part

IPAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Base:
    """The base URL of a server. host is in lower case, without brackets; path has no slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def read_base(url: str) -> Base | None:
    """Returns the parts of a base URL, None where it is not written plainly: no user, query, fragment or escapes."""
    match = _BASE.fullmatch(url)
    if match is None:
        return None
    scheme, host = match["scheme"].lower(), match["host"].lower().strip("[]")
    port = int(match["port"] or _PORTS[scheme])
    path = match["path"].removesuffix("/")
    if not 0 < port < 65536 or ("[" in match["host"] and _literal(host) is None):
        return None
    if any(step in ("", ".", "..") for step in path.split("/")[1:]):
        return None
    return Base(scheme, host, port, path)


def page_under(base: Base, link: str) -> str | None:
    """Returns the address of a further page, None unless it lies under the base: same origin, same path.

    link: absolute, or relative to the base.
    """
    address, has_query, query = link.partition("?")
    if not re.match(r"[a-z][a-z0-9+.-]*:", link, re.IGNORECASE):
        if not link or address.startswith("/"):
            return None
        address = f"{base}/{address}" if address else str(base)
    page = read_base(address)
    if page is None or _QUERY.fullmatch(query) is None:
        return None
    if (page.scheme, page.host, page.port) != (base.scheme, base.host, base.port):
        return None
    if page.path != base.path and not page.path.startswith(f"{base.path}/"):
        return None
    return f"{page}?{query}" if has_query else str(page)


def is_loopback_name(host: str) -> bool:
    """Whether a host, as it is written, is this machine."""
    literal = _literal(host)
    return host == "localhost" if literal is None else literal.is_loopback


def is_public_name(host: str) -> bool:
    """Whether a host may be public as far as its writing tells; a name may, until it is resolved."""
    literal = _literal(host)
    return host != "localhost" if literal is None else may_be_called(literal, private=False)


def may_be_called(address: IPAddress, *, private: bool) -> bool:
    """Whether a connection may go to an address.

    Link-local (metadata services live there), multicast, unspecified and reserved ones never are called; loopback and
    private ones only where `private`. An IPv4 address inside an IPv6 one counts as itself, and needs `private` too
    where it is mapped, which no public name has a reason for.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return private and may_be_called(address.ipv4_mapped, private=private)
        if address.sixtofour is not None or address.teredo is not None:
            return False
        if address in _TRANSLATED:
            return may_be_called(IPv4Address(int(address) & 0xFFFF_FFFF), private=private)
        if address.is_site_local:
            return private
    if address.is_loopback:  # IPv6 has it in a reserved range
        return private
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return False
    return private or (address.is_global and address not in _PROTOCOLS)


def _literal(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
