"""`openapi`: write the OpenAPI document, or check that the committed one is current."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import msgspec

from service.app import build_app
from service.settings import read_settings

_COMMITTED = Path(__file__).resolve().parents[2] / "openapi" / "openapi.json"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is not current")


def run(arguments: Namespace) -> int:
    """Write the document, or compare; 1 when they differ."""
    # The document does not depend on the environment of whoever writes it.
    app = build_app(read_settings(public_base_url=None, clients_file=None))
    document = msgspec.json.format(msgspec.json.encode(app.openapi()), indent=2) + b"\n"
    if not arguments.check:
        _COMMITTED.parent.mkdir(exist_ok=True)
        _COMMITTED.write_bytes(document)
        return 0
    if _COMMITTED.is_file() and _COMMITTED.read_bytes() == document:
        return 0
    print(f"{_COMMITTED.name} is not what the routes say: run `make openapi` and commit the file", file=sys.stderr)
    return 1
