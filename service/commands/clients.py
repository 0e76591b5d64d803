"""`clients`: check a clients file, and show what each client may do."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from service.clients import Caller, Client, Clients, ClientsInvalid, check, read_clients
from service.engine import load_program
from service.keys import read_key_file
from service.settings import read_settings


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="the clients file (docs/clients.md)")


def run(arguments: Namespace) -> int:
    """Show the clients; 1 when the file has a fault."""
    try:
        clients = read_clients(arguments.file)
        if faults := check(clients, load_program(read_settings().rules_dir)):
            raise ClientsInvalid(faults)
    except ClientsInvalid as invalid:
        print(*invalid.faults, sep="\n", file=sys.stderr)
        return 1
    print("\n\n".join("\n".join(lines) for lines in _blocks(clients)))
    return 0


def _blocks(clients: Clients) -> Iterator[list[str]]:
    for client in clients.clients:
        yield [client.id, *_lines(client)]
    if clients.anonymous is not None:
        yield ["anonymous (no token; on loopback or with CRAMPS_AUTH=open)", *_lines(clients.anonymous)]


def _lines(caller: Caller) -> Iterator[str]:
    for name, value in _facts(caller):
        yield f"  {name:<13}{value}"


def _facts(caller: Caller) -> Iterator[tuple[str, str]]:
    rendering = caller.rendering
    if isinstance(caller, Client):
        yield "issuer", caller.issuer
        yield "tenants", _listed(caller.tenants, "all")
        yield "keys", _keys(caller)
        yield "signs with", ", ".join(caller.algorithms)
        yield "audiences", f"the address called{''.join(f', {audience}' for audience in caller.audiences)}"
        yield "tokens", f"live {caller.max_lifetime_s} s at most, leeway {caller.leeway_s} s"
        yield "second use", "refused" if caller.replay == "refuse" else "logged only"
    yield "services", _listed(caller.services, "all")
    yield "FHIR servers", _listed([server.url for server in caller.fhir_servers], "none")
    one_action = ", one action per suggestion" if rendering.one_action else ""
    yield "cards", f"CDS Hooks {rendering.cds_hooks}, {rendering.selection_behavior}{one_action}"
    if caller.prefetch_keys:
        yield "prefetch", ", ".join(f"{theirs} is {ours}" for theirs, ours in caller.prefetch_keys.items())
    if caller.order_codes:
        yield "order codes", ", ".join(caller.order_codes)


def _keys(client: Client) -> str:
    if client.keys_file is None:
        return f"fetched from {client.keys_url}"
    keys = read_key_file(client.keys_file)
    named = ", ".join(f"{key.kid} ({' '.join(filter(None, (key.kty, key.crv)))})" for key in keys)
    return f"{client.keys_file}: {named}"


def _listed(values: list[str] | None, otherwise: str) -> str:
    return ", ".join(values) if values else otherwise
