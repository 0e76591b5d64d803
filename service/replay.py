"""Which tokens were used already: a token is good for one call."""

from __future__ import annotations

import hashlib
import heapq

_MOST_TOKENS = 100_000  # of one issuer: what 27 calls a second leave behind in an hour


class Replay:
    """The tokens used in this process, each until it expires. Holds digests, and of one issuer a bounded number.

    Beyond the bound the token that expires soonest is forgotten; an issuer never displaces the tokens of another.
    """

    def __init__(self, most: int = _MOST_TOKENS) -> None:
        self._most = most
        self._used: dict[str, tuple[set[bytes], list[tuple[float, bytes]]]] = {}

    def is_first_use(self, issuer: str, jti: str, until_s: float, now_s: float) -> bool:
        """Whether this issuer's token was not used before; from now on, until it expires, it is."""
        used, expiring = self._used.setdefault(issuer, (set(), []))
        while expiring and expiring[0][0] <= now_s:
            used.discard(heapq.heappop(expiring)[1])
        name = hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest()
        if name in used:
            return False
        if len(used) >= self._most:
            used.discard(heapq.heappop(expiring)[1])
        used.add(name)
        heapq.heappush(expiring, (until_s, name))
        return True
