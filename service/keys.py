"""Public keys of clients: JWK sets from files and configured addresses, never from one that a token names."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from service.log import log

CURVES = {"ES256": ("P-256",), "ES384": ("P-384",), "ES512": ("P-521",), "EdDSA": ("Ed25519", "Ed448")}
_TYPES = {"ES": "EC", "Ed": "OKP", "RS": "RSA", "PS": "RSA"}  # by the first two letters of an algorithm
_SECRET_MEMBERS = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
_LEAST_RSA_BITS = 2048  # RFC 7518, 3.3

_LARGEST_SET_BYTES = 256 * 1024
_FETCH_S = 3.0
_FRESH_S = 600.0  # then the set is fetched anew
_USABLE_S = 3_600.0  # and for as long as this its keys are used when that fails
_UNKNOWN_EVERY_S = 30.0  # an unknown key id makes us ask again, but not more often
_RETRY_S = 10.0  # after a fetch that failed


class KeysUnusable(Exception):
    """A JWK set that cannot be used; the reason holds nothing of its content."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key that verifies. algorithm: the only one that it may be used with, where it says so."""

    kid: str
    kty: str
    crv: str | None
    algorithm: str | None
    public: Any

    def fits(self, algorithm: str) -> bool:
        """Whether a signature of this algorithm can be this key's."""
        if self.algorithm not in (None, algorithm) or _TYPES.get(algorithm[:2]) != self.kty:
            return False
        return self.crv in CURVES.get(algorithm, (None,))


def read_key_set(content: bytes, *, strict: bool) -> tuple[Key, ...]:
    """Returns the keys of a JWK set, or of a bare list of JWKs, that are public, named and meant for signatures.

    strict: private, symmetric, weak and doubled keys are a fault of the whole set, instead of being left out (a doubled
    key with its twin). Raises KeysUnusable; also where there are keys and none is usable.
    """
    try:
        tree = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise KeysUnusable("is not JSON") from None
    listed = tree.get("keys") if isinstance(tree, dict) else tree
    if not isinstance(listed, list):
        raise KeysUnusable("is no JWK set")
    if not listed and not strict:
        return ()  # whoever publishes an empty set has withdrawn the keys
    read: dict[tuple[str, str], Key | None] = {}
    for number, entry in enumerate(listed):
        try:
            key = _read_key(entry)
            if key is not None and (key.kid, key.kty) in read:
                read[key.kid, key.kty] = None  # which of the two is meant cannot be known
                raise KeysUnusable("has a kid that another key has")
        except KeysUnusable as fault:
            if strict:
                raise KeysUnusable(f"key {number} {fault}") from None
        else:
            if key is not None:
                read[key.kid, key.kty] = key
    keys = tuple(key for key in read.values() if key is not None)
    if not keys:
        raise KeysUnusable("holds no key with a kid that verifies signatures")
    return keys


def read_key_file(path: Path) -> tuple[Key, ...]:
    """Returns the keys of a JWK set in a file. Raises KeysUnusable."""
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise KeysUnusable(f"cannot be read: {fault.strerror}") from None
    return read_key_set(content, strict=True)


def _read_key(entry: Any) -> Key | None:
    """The key; none if it is meant for something else or has no name. Raises KeysUnusable."""
    if not isinstance(entry, dict):
        raise KeysUnusable("is no JSON object")
    kid, kty, crv, algorithm = (entry.get(name) for name in ("kid", "kty", "crv", "alg"))
    if kty == "oct" or _SECRET_MEMBERS & set(entry):
        raise KeysUnusable("is private: give the public key alone, and replace this one, it is no secret any more")
    operations = entry.get("key_ops")
    if entry.get("use", "sig") != "sig" or not (operations is None or _verifies(operations)):
        return None
    if not isinstance(kid, str) or not kid or not isinstance(kty, str) or kty not in _TYPES.values():
        return None
    if not isinstance(crv, str | None) or not isinstance(algorithm, str | None):
        raise KeysUnusable("has a crv or alg that is no text")
    fitting = {"RSA": "RS256", "OKP": "EdDSA"}.get(kty) or next((a for a, c in CURVES.items() if crv in c), None)
    if fitting is None:
        return None
    try:
        public = jwt.PyJWK(entry, fitting).key
    except (jwt.PyJWTError, ValueError, TypeError):
        raise KeysUnusable("is not a key that can be read") from None
    if isinstance(public, RSAPublicKey) and public.key_size < _LEAST_RSA_BITS:
        raise KeysUnusable(f"is weak: RSA needs {_LEAST_RSA_BITS} bits")
    return Key(kid, kty, crv if kty != "RSA" else None, algorithm, public)


def _verifies(operations: Any) -> bool:
    return isinstance(operations, list) and "verify" in operations


def _choose(keys: tuple[Key, ...], kid: str, algorithm: str) -> Key | None:
    return next((key for key in keys if key.kid == kid and key.fits(algorithm)), None)


class FileKeys:
    """The keys of a file, as they were at the start."""

    def __init__(self, path: Path) -> None:
        self._keys = read_key_file(path)

    async def find(self, kid: str, algorithm: str) -> Key | None:
        """Returns the key of that name for that algorithm, or none."""
        return _choose(self._keys, kid, algorithm)

    async def close(self) -> None:
        """Nothing is open."""


class FetchedKeys:
    """The keys behind one configured address.

    Fetched when first needed, in the background once they are ten minutes old, and, at most every 30 s, for a kid that
    is not among them. While the address does not answer they are used for an hour. However many calls need them, they
    are fetched once at a time. owner: in the log. clock: seconds that only grow.
    """

    def __init__(self, url: str, owner: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._owner = owner
        self._client = httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=_FETCH_S)
        self._clock = clock
        self._keys: tuple[Key, ...] = ()
        self._fetched_s: float | None = None
        self._unknown_from_s = self._retry_from_s = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str, algorithm: str) -> Key | None:
        """Returns the key of that name for that algorithm, or none. Raises KeysUnusable when there are no keys."""
        age_s = float("inf") if self._fetched_s is None else self._clock() - self._fetched_s
        if age_s < _USABLE_S and any(key.kid == kid for key in self._keys):
            if age_s >= _FRESH_S:
                self._start()
            return _choose(self._keys, kid, algorithm)
        if age_s < _FRESH_S:
            now_s = self._clock()
            if now_s < self._unknown_from_s and self._fetching is None:
                return None
            self._unknown_from_s = now_s + _UNKNOWN_EVERY_S
        if (fetching := self._start()) is not None:
            await asyncio.shield(fetching)  # others may wait for it, even if this caller is gone
        if self._fetched_s is None or self._clock() - self._fetched_s >= _USABLE_S:
            raise KeysUnusable("cannot be fetched")
        return _choose(self._keys, kid, algorithm)

    async def close(self) -> None:
        """End a fetch that is under way, and the connection."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
        await self._client.aclose()

    def _start(self) -> asyncio.Task[None] | None:
        """The fetch that is under way, or a new one unless the last one failed just now."""
        if self._fetching is None and self._clock() >= self._retry_from_s:
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(_FETCH_S):
                keys = read_key_set(await self._download(), strict=False)
        except (httpx2.HTTPError, httpx2.InvalidURL, KeysUnusable, TimeoutError) as fault:
            words = str(fault) if isinstance(fault, KeysUnusable) else "no answer"
            log(logging.WARNING, "keys-not-fetched", client=self._owner, exception=type(fault).__name__, message=words)
            self._retry_from_s = self._clock() + _RETRY_S
        else:
            self._keys, self._fetched_s = keys, self._clock()
        finally:
            self._fetching = None

    async def _download(self) -> bytes:
        headers = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}
        async with self._client.stream("GET", self._url, headers=headers) as answer:
            if answer.status_code != 200 or "content-encoding" in answer.headers:
                raise KeysUnusable("is not answered by 200 and plain bytes")
            content = bytearray()
            async for chunk in answer.aiter_raw():
                content += chunk
                if len(content) > _LARGEST_SET_BYTES:
                    raise KeysUnusable("is too large")
            return bytes(content)
