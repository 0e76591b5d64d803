"""Who is calling: from the Authorization header to a caller of the clients file, or to a refusal without a reason."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from service.clients import Caller, Client, read_clients
from service.errors import Code, Refusal
from service.keys import FetchedKeys, FileKeys, KeysUnusable
from service.observe import Metrics, note
from service.replay import Replay
from service.settings import Settings
from service.tokens import Outcome, Rejected, Token, key_wanted, read_token, verify

_STRANGER, _ANONYMOUS = "unknown", "anonymous"  # no client has these ids: clients.py


@dataclass(frozen=True, slots=True)
class _Known:
    client: Client
    keys: FileKeys | FetchedKeys

    def serves(self, tenant: str | None) -> bool:
        """Whether a tenant is on the client's list."""
        return self.client.tenants is None or tenant in self.client.tenants


@dataclass(frozen=True, slots=True)
class _Found:
    """name: of the client that the token claims to be of. caller: none if that is not proven."""

    outcome: Outcome
    name: str = _STRANGER
    caller: Caller | None = None
    tenant: str | None = None


class Trust:
    """Says who is calling, as the clients file has it. Raises ClientsInvalid."""

    def __init__(self, file: Path, settings: Settings, metrics: Metrics) -> None:
        self._base_url = settings.base_url
        self._metrics = metrics
        self._used = Replay()
        self.clients = clients = read_clients(file, anybody_may_call=settings.anybody_may_call)
        self._anonymous = clients.anonymous
        self.is_open = clients.anonymous is not None
        self._known: dict[str, list[_Known]] = {}
        for client in clients.clients:
            self._known.setdefault(client.issuer, []).append(_Known(client, _keys(client)))

    async def caller(self, request: Request, service: str, *paths: str) -> Caller:
        """Returns who is calling.

        service: an id of discovery, or EVALUATE. paths: of the endpoint, as the routes are written; the token must be
        made for one of them below the public base URL. Raises Refusal: not-authenticated, the same for every cause, or
        not-enabled where a known caller may not use the service or comes for a tenant that is not on its list.
        """
        found = await self._find(request.headers.getlist("authorization"), paths)
        outcome, caller = found.outcome, found.caller
        if caller is not None and outcome is not Outcome.TENANT:
            if caller.services is not None and service not in caller.services:
                outcome = Outcome.SERVICE
            if isinstance(caller, Client) and caller.tenants is not None and found.tenant is not None:
                note(request.scope, tenant=found.tenant)
        note(request.scope, client=found.name, authentication=outcome.value)
        self._metrics.count_caller(found.name, outcome.value)
        if caller is None:
            raise Refusal(Code.NOT_AUTHENTICATED)
        if outcome in {Outcome.TENANT, Outcome.SERVICE}:
            raise Refusal(Code.NOT_ENABLED)
        return caller

    async def close(self) -> None:
        """End what is open towards key-set servers."""
        for known in self._known.values():
            for one in known:
                await one.keys.close()

    async def _find(self, headers: list[str], paths: tuple[str, ...]) -> _Found:
        if len(headers) > 1:
            return _Found(Outcome.MALFORMED)  # which of them the proxy before us looked at cannot be known
        if not headers:
            return self._without(Outcome.MISSING, Outcome.ANONYMOUS)
        try:
            token = read_token(headers[0])
        except Rejected as rejected:
            return self._without(rejected.outcome, Outcome.IGNORED)
        known = self._known.get(token.issuer)
        if known is None:
            return self._without(Outcome.ISSUER, Outcome.IGNORED)
        meant = next((one for one in known if one.serves(token.tenant)), known[0])
        try:
            outcome = await self._prove(token, meant, [f"{self._base_url}{path}" for path in paths])
        except Rejected as rejected:
            return _Found(rejected.outcome, meant.client.id)
        except KeysUnusable:
            return _Found(Outcome.KEYS_UNUSABLE, meant.client.id)
        if not meant.serves(token.tenant):
            outcome = Outcome.TENANT
        return _Found(outcome, meant.client.id, meant.client, token.tenant)

    def _without(self, refused: Outcome, taken: Outcome) -> _Found:
        """A caller of whom nothing is known: the anonymous one where the file has it."""
        if self._anonymous is None:
            return _Found(refused)
        return _Found(taken, _ANONYMOUS, self._anonymous)

    async def _prove(self, token: Token, meant: _Known, endpoints: list[str]) -> Outcome:
        """Returns that the token holds. Raises Rejected, KeysUnusable."""
        client = meant.client
        kid, algorithm = key_wanted(token, client)
        key = await meant.keys.find(kid, algorithm)
        if key is None:
            raise Rejected(Outcome.KEY)
        jti, expiry_s = verify(token, client, key, algorithm, [*endpoints, *client.audiences])
        if self._used.is_first_use(client.issuer, jti, expiry_s + client.leeway_s, time.time()):
            return Outcome.ACCEPTED
        if client.replay == "refuse":
            raise Rejected(Outcome.REPLAYED)
        return Outcome.USED_AGAIN


def _keys(client: Client) -> FileKeys | FetchedKeys:
    """The keys of a client; each key-set server has a connection of its own, so that a slow one delays no other."""
    return FetchedKeys(client.keys_url, client.id) if client.keys_url else FileKeys(client.keys_file or Path())
