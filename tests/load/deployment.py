"""What checking who calls adds: tokens signed with RS384 and ES384, against authentication off."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.load import figures
from tests.load.client import Refused, request_of
from tests.load.comparison import cpu_ms
from tests.load.payload import SERVICE, build_call
from tests.load.servers import KINDS, Unavailable, running

_BASE_URL = "https://cds.example.org"
_ISSUER = "https://ehr.example.org"
_RESOURCES = 10
_LIFETIME_S = 1800
_MOST_PER_S = 1000  # tokens made beforehand for each second; where they run out, the round is shorter
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def measure(rounds: int, seconds: float, folder: Path, say: Callable[[str], None]) -> tuple[str, Any]:
    """Returns a table of the extra CPU milliseconds per call by signature, or why it cannot be measured yet."""
    keys: dict[str, Key] = {
        "RS384": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
    }
    body = build_call(_RESOURCES)
    settings = {"CRAMPS_AUTH": "auto", "CRAMPS_PUBLIC_BASE_URL": _BASE_URL}
    values: dict[str, list[float | None]] = {"off": [], **{name: [] for name in keys}}
    try:
        with ExitStack() as stack:
            open_to_all = stack.enter_context(running(KINDS["ours"], body, folder / "open.log"))
            settings["CRAMPS_CLIENTS_FILE"] = str(write_clients(folder, keys))
            first = _header(keys["RS384"], "RS384")
            checked = stack.enter_context(running(KINDS["ours"], body, folder / "auth.log", settings, first))
            for number in range(rounds):
                say(f"round {number + 1} of {rounds}: authentication off, RS384, ES384")
                values["off"].append(cpu_ms(open_to_all, repeat(request_of(body)), seconds))
                for name, key in keys.items():
                    requests = [request_of(body, _header(key, name)) for _ in range(int(seconds * _MOST_PER_S))]
                    values[name].append(cpu_ms(checked, iter(requests), seconds))
    except (Unavailable, Refused) as reason:
        return f"Not available yet: the server with a clients file {reason}.", {"missing": str(reason)}
    off = figures.middle(values["off"])
    rows = []
    for name, of in values.items():
        extra = figures.middle(
            one - other for one, other in zip(of, values["off"], strict=True) if one is not None and other is not None
        )
        rows.append([name, figures.shown(figures.middle(of)), figures.shown(extra) if name != "off" else "-"])
    text = figures.table(["tokens, metrics and logs on", "CPU ms", "more than off, ms"], rows)
    return text, {"cpu_ms": values, "off": off}


def write_clients(folder: Path, keys: dict[str, Key]) -> Path:
    """Writes a clients file with one client, and the key set that it names."""
    listed = []
    for name, key in keys.items():
        algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
        public: dict[str, Any] = json.loads(algorithm.to_jwk(key.public_key()))  # type: ignore[arg-type]
        public.pop("key_ops", None)
        listed.append(public | {"kid": name, "use": "sig", "alg": name})
    keys_file = folder / "jwks.json"
    keys_file.write_text(json.dumps({"keys": listed}))
    path = folder / "clients.yaml"
    path.write_text(f"clients:\n  - id: bench\n    issuer: {_ISSUER}\n    keys_file: {keys_file}\n")
    return path


def _header(key: Key, algorithm: str) -> str:
    """A new token each time: repeats may be refused."""
    now = int(time.time())
    claims = {
        "iss": _ISSUER,
        "aud": f"{_BASE_URL}/cds-services/{SERVICE}",
        "iat": now,
        "exp": now + _LIFETIME_S,
        "jti": str(uuid4()),
    }
    token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": algorithm, "typ": "JWT"})
    return f"Authorization: Bearer {token}\r\n"
