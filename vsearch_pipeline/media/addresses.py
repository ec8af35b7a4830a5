"""Which hosts a link may lead to: a server that fetches links must not reach its own network."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from vsearch_pipeline.errors import DownloadError

# RFC 6052: IPv4 addresses behind a translator.
_NAT64 = ip_network("64:ff9b::/96")
# What `is_global` of this Python takes for public and is not: private networks of old (RFC 3879), addresses of
# protocols and of relays that are gone (RFC 6890, RFC 7526), documentation (RFC 9637).
_NOT_PUBLIC = tuple(map(ip_network, ("fec0::/10", "192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))

SocketAddress = tuple[socket.AddressFamily, socket.SocketKind, int, Any]


def is_public(address: str) -> bool:
    """Whether an IP address is reachable on the internet at large, whatever it is wrapped in."""
    ip: IPv4Address | IPv6Address | None = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if inner is not None:
            return is_public(str(inner))
    if ip is None or any(ip in network for network in _NOT_PUBLIC):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def resolve(host: str, port: int, *, allow_private: bool) -> list[SocketAddress]:
    """The addresses of a host, ready to connect to.

    Raises:
        DownloadError: the name is unknown, or one of its addresses is not public and `allow_private` is off.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DownloadError(f"the host {host} cannot be found") from error
    if not allow_private:
        for *_, address in found:
            if not is_public(str(address[0])):
                raise DownloadError(f"the link leads to {host}, an address inside a private network")
    return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]


def check_link(url: str, *, allow_private: bool) -> None:
    """Refuse what is not an http or https link to an allowed host.

    Raises:
        DownloadError: with the reason.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise DownloadError("it is not a link") from error
    if parts.scheme not in {"http", "https"}:
        raise DownloadError(f"only http and https links can be downloaded, not {parts.scheme or 'plain text'}")
    if not parts.hostname:
        raise DownloadError("the link names no host")
    resolve(parts.hostname, port, allow_private=allow_private)
