"""Connections to servers that others name: to the very address that was looked at, and to no other."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address

import httpcore2
import httpx2

from service.address import IPAddress, may_be_called

_MOST_ADDRESSES = 4
_MOST_CONNECTIONS = 200
_MOST_IDLE = 50
_RESOLVERS = 8


class AddressRefused(httpcore2.ConnectError):
    """The name of a server leads to an address that may not be called."""


class Pinned(httpcore2.AsyncNetworkBackend):
    """Resolves a name once, looks at every address, and connects to one of them; TLS name and Host stay the name's.

    A name of which one address may not be called is refused whole.
    """

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._plain = httpcore2.AnyIOBackend()
        # Threads of its own: a name server that hangs takes none from those that work on records.
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolve")
        self._lookups: dict[tuple[str, int], asyncio.Task[list[IPAddress]]] = {}

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as in httpcore2
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to one of the addresses of a name. Raises AddressRefused, httpcore2.ConnectError."""
        addresses = await self._resolve(host, port)
        if not all(may_be_called(address, private=self._private) for address in addresses):
            raise AddressRefused
        share = None if timeout is None else timeout / len(addresses)
        for number, address in enumerate(addresses, 1):
            try:
                return await self._plain.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise httpcore2.ConnectError

    async def sleep(self, seconds: float) -> None:
        """Pause."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """Give the threads back."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _resolve(self, host: str, port: int) -> list[IPAddress]:
        """The addresses of a name; calls that begin together share one look-up, nothing is kept."""
        key = (host, port)
        lookup = self._lookups.get(key)
        if lookup is None:
            lookup = self._lookups[key] = asyncio.create_task(self._look_up(host, port))
            lookup.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(lookup)

    def _forget(self, key: tuple[str, int], lookup: asyncio.Task[list[IPAddress]]) -> None:
        del self._lookups[key]
        if not lookup.cancelled():
            lookup.exception()  # all who waited may have given up; the loop would complain that nobody looked

    async def _look_up(self, host: str, port: int) -> list[IPAddress]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError from None
        addresses = list(dict.fromkeys(ip_address(str(place[0])) for *_, place in found))[:_MOST_ADDRESSES]
        if not addresses:
            raise httpcore2.ConnectError
        return addresses


class _Transport(httpx2.AsyncHTTPTransport):
    """The transport of httpx2 over a pool that connects through a backend of ours."""

    def __init__(self, backend: Pinned) -> None:
        self._backend = backend
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=_MOST_CONNECTIONS,
            max_keepalive_connections=_MOST_IDLE,
            keepalive_expiry=5.0,
            network_backend=backend,
        )

    async def aclose(self) -> None:
        await super().aclose()
        self._backend.close()


def open_client(*, private: bool) -> httpx2.AsyncClient:
    """Returns a client that follows no redirect, obeys no proxy of the environment, keeps no cookie.

    private: names may lead to addresses that are not public.
    """
    return httpx2.AsyncClient(
        transport=_Transport(Pinned(private=private)),
        trust_env=False,
        follow_redirects=False,
        # A cookie of one patient's answer would travel with the next patient's request.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={
            "Accept": "application/fhir+json",
            "Accept-Encoding": "identity",
            "User-Agent": "nocturnal-leg-cramps",
        },
    )
