"""Tokens of clients (cds-hooks.md 1.9): what one claims, and whether that holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

import jwt

from service.clients import Client
from service.keys import Key

_LONGEST = 8 * 1024
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([\w-]+\.[\w-]+\.[\w-]+={0,2})", re.ASCII)
_REQUIRED = ["iss", "aud", "exp", "iat", "jti"]
# Members by which a token brings its own key, or asks for processing that is not done here.
_REFUSED_MEMBERS = frozenset(("jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"))


class Outcome(Enum):
    """How an authentication ended: for log and metrics alone, never for the caller."""

    ACCEPTED = "accepted"
    ANONYMOUS = "anonymous"  # without a token, where that is allowed
    IGNORED = "ignored"  # a token of a stranger, where callers need none
    MISSING = "missing"  # no token at all
    MALFORMED = "malformed"  # not one bearer token of ordinary length
    HEADER = "header"  # typ, or a member that brings a key
    JKU = "jku"  # not the address that is configured
    ISSUER = "issuer"  # not in the clients file
    ALGORITHM = "algorithm"  # not one of the client's
    KEY = "key"  # no key of that kid for that algorithm
    KEYS_UNUSABLE = "keys-unusable"  # the key set cannot be fetched
    SIGNATURE = "signature"
    CLAIMS = "claims"  # one is missing or has the wrong type
    AUDIENCE = "audience"
    TIME = "time"  # expired, or not valid yet
    LIFETIME = "lifetime"  # longer than the client's limit
    REPLAYED = "replayed"  # used before
    USED_AGAIN = "used-again"  # the same, taken nevertheless: this client's replay is log
    TENANT = "tenant"  # 403: not on the client's list
    SERVICE = "service"  # 403: not one of the client's services


class Rejected(Exception):
    """A token that proves nothing."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it came: nothing of it is proven."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]

    @property
    def issuer(self) -> str:
        """The issuer that it claims; empty if it claims none."""
        issuer = self.claims.get("iss")
        return issuer if isinstance(issuer, str) else ""

    @property
    def tenant(self) -> str | None:
        """The tenant that it claims; none if it claims none or no text."""
        tenant = self.claims.get("tenant")
        return tenant if isinstance(tenant, str) else None


def read_token(authorization: str) -> Token:
    """Returns the token of an Authorization header. Raises Rejected as malformed."""
    if len(authorization) > _LONGEST:
        raise Rejected(Outcome.MALFORMED)
    match = _BEARER.fullmatch(authorization.strip(" \t"))
    if match is None:
        raise Rejected(Outcome.MALFORMED)
    try:
        read = jwt.decode_complete(match[1], options={"verify_signature": False})
    except jwt.PyJWTError:
        raise Rejected(Outcome.MALFORMED) from None
    return Token(match[1], read["header"], read["payload"])


def key_wanted(token: Token, client: Client) -> tuple[str, str]:
    """Returns kid and algorithm of a token whose header this client may send. Raises Rejected.

    typ must be JWT in any case. A jku is compared with the client's address, and never fetched.
    """
    header = token.header
    kind, kid, algorithm = header.get("typ"), header.get("kid"), header.get("alg")
    if not isinstance(kind, str) or kind.upper() != "JWT" or _REFUSED_MEMBERS & set(header):
        raise Rejected(Outcome.HEADER)
    if "jku" in header and header["jku"] != client.key_address:
        raise Rejected(Outcome.JKU)
    if not isinstance(algorithm, str) or algorithm not in client.algorithms:
        raise Rejected(Outcome.ALGORITHM)
    if not isinstance(kid, str) or not kid:
        raise Rejected(Outcome.KEY)
    return kid, algorithm


def verify(token: Token, client: Client, key: Key, algorithm: str, audiences: list[str]) -> tuple[str, float]:
    """Returns jti and expiry, in seconds since 1970, of a token that this client signed for one of the audiences now.

    key: one that fits the algorithm, which is one of the client's. Raises Rejected.
    """
    try:
        claims = jwt.decode(
            token.text,
            key.public,
            algorithms=[algorithm],
            audience=audiences,
            issuer=client.issuer,
            leeway=client.leeway_s,
            options={"require": _REQUIRED, "verify_sub": False},
        )
    except jwt.PyJWTError as fault:
        raise Rejected(_outcome(fault)) from None
    expiry, issued = claims["exp"], claims["iat"]
    if not (_is_number(expiry) and _is_number(issued) and _is_number(claims.get("nbf", 0)) and claims["jti"]):
        raise Rejected(Outcome.CLAIMS)
    if expiry - issued > client.max_lifetime_s:
        raise Rejected(Outcome.LIFETIME)
    return str(claims["jti"]), float(expiry)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _outcome(fault: jwt.PyJWTError) -> Outcome:
    kinds: tuple[tuple[Outcome, tuple[type[jwt.PyJWTError], ...]], ...] = (
        (Outcome.SIGNATURE, (jwt.InvalidSignatureError,)),
        (Outcome.TIME, (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError)),
        (Outcome.AUDIENCE, (jwt.InvalidAudienceError,)),
    )
    return next((outcome for outcome, types in kinds if isinstance(fault, types)), Outcome.CLAIMS)
