"""The clients that may call: how each is known, what it may reach, and how it wants its cards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from service.address import is_loopback_name, is_public_name, read_base
from service.engine.program import Program
from service.knowledge import strict_yaml
from service.knowledge.schema import FhirCode, Model, Once, Slug, Text
from service.knowledge.strict_yaml import Fault
from service.prefetch import templates
from service.services import SERVICES

EVALUATE = "evaluate"  # stands among a caller's services for POST /evaluate
_TAKEN = frozenset(("anonymous", "unknown"))  # what log and metrics call those who are no client

Algorithm = Literal["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"]
ProfileName = Literal["standard", "cds-hooks-1.0", "epic"]
CardGroup = Literal["urgent", "workup", "medicines", "self-care"]


def _protected(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("this is no address") from None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or "#" in value:
        raise ValueError("an absolute https address without user and fragment is needed")
    if parts.scheme == "http" and not is_loopback_name(host):
        raise ValueError("https is needed; http is taken on loopback alone")
    return value


def _base(value: str) -> str:
    if "?" in value:
        raise ValueError("an address without query is needed")
    return _protected(value).rstrip("/")


Address = Annotated[str, AfterValidator(_base)]
KeyAddress = Annotated[str, AfterValidator(_protected)]  # kept to the letter, since a jku must be equal to it


class Profile(Model):
    """How a client wants its cards.

    cds_hooks: 1.0 knows no card uuid, override reasons, topic and recommended suggestions. selection_behavior: a 1.0
    client takes at-most-one alone, Epic any alone. one_action: a suggestion holds one order and never several.
    """

    cds_hooks: Literal["1.0", "2.0"] = "2.0"
    selection_behavior: Literal["any", "at-most-one"] = "any"
    one_action: bool = False


# Not validated, as ANYBODY: validators are built for those who have a clients file.
PROFILES: dict[ProfileName, Profile] = {
    "standard": Profile.model_construct(),
    "cds-hooks-1.0": Profile.model_construct(cds_hooks="1.0", selection_behavior="at-most-one"),
    "epic": Profile.model_construct(one_action=True),
}


class FhirServer(Model):
    """A FHIR server that may be called for a client.

    without_token: also when no usable token came (open test servers). private: its name may resolve to a loopback or
    private address. http is taken on loopback alone.
    """

    url: Address
    without_token: bool = False
    private: bool = False

    @model_validator(mode="after")
    def _check_url(self) -> FhirServer:
        base = read_base(self.url)
        if base is None:
            raise ValueError("url: write it without user, query, fragment, escapes and dots between slashes")
        if base.scheme == "http" and not is_loopback_name(base.host):
            raise ValueError("url: https is needed; http is taken on loopback alone")
        if not self.private and not is_public_name(base.host):
            raise ValueError("this address is not public: add `private: true` if it is meant")
        return self


class SiteCode(Model):
    """The site's own code of an order, put before LOINC's."""

    system: Text
    code: FhirCode
    display: Text | None = None


class Caller(Model):
    """What holds for a client, whether it is known by a token or not.

    services: ids of discovery, and `evaluate` for /evaluate; all where none are named. prefetch_keys: the client's key
    → ours. order_codes: key of an order or panel of orders.yaml → the site's codes. topic_codes: card group → code.
    """

    profile: ProfileName = "standard"
    cds_hooks: Literal["1.0", "2.0"] | None = None
    selection_behavior: Literal["any", "at-most-one"] | None = None
    one_action: bool | None = None
    services: list[Slug] | None = None
    fhir_servers: list[FhirServer] = Field(default_factory=list)
    prefetch_keys: dict[Text, Text] = Field(default_factory=dict)
    order_codes: dict[Slug, list[SiteCode]] = Field(default_factory=dict)
    topic_codes: dict[CardGroup, Text] = Field(default_factory=dict)

    @cached_property
    def rendering(self) -> Profile:
        """The profile, with what this client overrides."""
        own = {name: value for name in Profile.model_fields if (value := getattr(self, name)) is not None}
        return PROFILES[self.profile].model_copy(update=own)


class Client(Caller):
    """A client that is known by its token.

    issuer: the `iss`; clients that share one are told apart by `tenants`. keys_file: a JWK set, its path relative to
    the clients file; keys_url: the address from which it is fetched. A token's `jku` must be keys_url or, beside a
    keys_file, the address in `jku`, which is never fetched. algorithms: those that this client may sign with.
    audiences: taken as `aud` besides the address that was called. tenants: those allowed; all where none are named.
    subject: the id under which the FHIR server knows this service; another one's token is not used. replay: a second
    use of a token is refused, or only logged. max_lifetime_s: from `iat` to `exp`. leeway_s: how far clocks may differ.
    """

    id: Slug
    issuer: Text
    keys_file: Path | None = None
    keys_url: KeyAddress | None = None
    jku: KeyAddress | None = None
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("ES384", "RS384")
    audiences: list[Text] = Field(default_factory=list)
    tenants: Annotated[list[Text], Field(min_length=1)] | None = None
    subject: Text | None = None
    replay: Literal["refuse", "log"] = "refuse"
    max_lifetime_s: Annotated[int, Field(ge=60, le=86_400)] = 3_600
    leeway_s: Annotated[int, Field(ge=0, le=60)] = 60

    @model_validator(mode="after")
    def _check_keys(self) -> Client:
        if (self.keys_file is None) == (self.keys_url is None):
            raise ValueError("give either keys_file or keys_url")
        if self.keys_url is not None and self.jku is not None:
            raise ValueError("jku goes with keys_file; keys_url says it already")
        if self.id in _TAKEN:
            raise ValueError(f"a client cannot be called {self.id}: log and metrics use the word")
        return self

    @property
    def key_address(self) -> str | None:
        """What a `jku` must be; none if the client's tokens carry none."""
        return self.keys_url or self.jku


class Clients(Model):
    """The clients file. anonymous: callers without a token, taken only where anybody may call."""

    clients: Annotated[list[Client], Once] = Field(default_factory=list)
    anonymous: Caller | None = None

    @property
    def name_servers(self) -> bool:
        """Whether a FHIR server may be called for anybody."""
        callers = (*self.clients, *((self.anonymous,) if self.anonymous else ()))
        return any(caller.fhir_servers for caller in callers)


ANYBODY = Caller.model_construct()


def read_clients(path: Path, *, anybody_may_call: bool = True) -> Clients:
    """Returns the clients of a file, with paths as they are from here. Raises ClientsInvalid: all faults with lines.

    anybody_may_call: only then may the file hold `anonymous`.
    """
    read = strict_yaml.read_file(path, Clients)
    if isinstance(read, list):
        raise ClientsInvalid(read)
    written, document, _ = read
    located = [
        client.model_copy(update={"keys_file": path.parent / client.keys_file}) if client.keys_file else client
        for client in written.clients
    ]
    clients = written.model_copy(update={"clients": located})
    faults = [*_amiss(clients), *(() if anybody_may_call else _anonymous(clients))]
    if faults:
        raise ClientsInvalid([document.fault(str(path), where, said) for where, said in faults])
    return clients


def _anonymous(clients: Clients) -> Iterator[tuple[strict_yaml.Path, str]]:
    if clients.anonymous is not None:
        yield (
            ("anonymous",),
            "others can reach this address: callers without a token need loopback, or CRAMPS_AUTH=open",
        )


def _amiss(clients: Clients) -> Iterator[tuple[strict_yaml.Path, str]]:
    """Yields what a single member does not show, with its place."""
    tenants: dict[str, list[tuple[str, list[str] | None]]] = {}
    callers: list[tuple[strict_yaml.Path, Caller]] = [(("clients", n), c) for n, c in enumerate(clients.clients)]
    if clients.anonymous:
        callers.append((("anonymous",), clients.anonymous))
    if not callers:
        yield (), "nobody may call: give clients"
    for place, caller in callers:
        for number, service in enumerate(caller.services or ()):
            if service not in SERVICES and service != EVALUATE:
                yield (*place, "services", number), f"there is no service {service}: {', '.join(SERVICES)}, {EVALUATE}"
        if not isinstance(caller, Client):
            continue
        for other, listed in tenants.setdefault(caller.issuer, []):
            if caller.tenants is None or listed is None or set(caller.tenants) & set(listed):
                yield (*place, "issuer"), f"{other} has this issuer too: give both tenants, none of them to both"
        tenants[caller.issuer].append((caller.id, caller.tenants))
        if caller.keys_file is not None:
            from service.keys import KeysUnusable, read_key_file  # noqa: PLC0415  # see app.py

            try:
                read_key_file(caller.keys_file)
            except KeysUnusable as fault:
                yield (*place, "keys_file"), str(fault)


def check(clients: Clients, program: Program) -> list[str]:
    """Returns a fault for each prefetch key and order that a client names and that the rule set does not have."""
    orders = {order.key for order in program.rules.orders.orders} | {panel.key for panel in program.rules.orders.panels}
    keys = {template.key for template in templates(program)}
    callers: list[tuple[str, Caller]] = [(client.id, client) for client in clients.clients]
    if clients.anonymous is not None:
        callers.append(("anonymous", clients.anonymous))
    faults: list[str] = []
    for name, caller in callers:
        named = (
            ("prefetch_keys", "prefetch key", caller.prefetch_keys.values(), keys),
            ("order_codes", "order", caller.order_codes, orders),
        )
        faults += [
            f"{name}: {member}: there is no {kind} {item}"
            for member, kind, items, known in named
            for item in items
            if item not in known
        ]
    return faults


class ClientsInvalid(Exception):
    """A clients file with faults; nothing of it is used."""

    def __init__(self, faults: Sequence[Fault | str]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
