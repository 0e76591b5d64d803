"""`serve`: answer requests until told to stop."""

import gc
import logging
import sys
from argparse import ArgumentParser, Namespace

import uvicorn

from service import answer
from service.app import build_app
from service.clients import ClientsInvalid
from service.log import log
from service.observe import start_logging
from service.settings import read_settings, unknown_settings

_SWITCH_S = 0.001  # a fifth of the default: so long a small request waits for a thread that works on a large one


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options; each overrules its environment variable."""
    parser.add_argument("--host", help="address to listen on (CRAMPS_HOST, default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (CRAMPS_PORT, default 8000)")


def run(arguments: Namespace) -> int:
    """Serve; 2 when the clients file is refused."""
    given = {name: value for name in ("host", "port") if (value := getattr(arguments, name)) is not None}
    settings = read_settings(listens=True, **given)
    gc.disable()  # what is made from here on stays: until app.py has frozen it, nothing is garbage
    try:
        app = build_app(settings, answer.load(settings))
    except ClientsInvalid as invalid:
        print("CRAMPS_CLIENTS_FILE:", *invalid.faults, sep="\n", file=sys.stderr)
        return 2
    start_logging(settings)
    for name in unknown_settings():
        log(logging.WARNING, "no-such-setting", message=f"{name} is ignored")
    sys.setswitchinterval(_SWITCH_S)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"Documentation: {settings.public_base_url or f'http://{host}:{settings.port}'}/docs", file=sys.stderr)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        ws="none",
        log_config=None,
        access_log=False,  # envelope.py writes one line for each request, without its address
        server_header=False,
        proxy_headers=False,  # nothing here depends on who the proxy says is calling
        timeout_graceful_shutdown=10,
    )
    return 0
