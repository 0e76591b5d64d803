"""Clients' keys and the tokens that they sign; also tokens that no honest client would send."""

import base64
import json
import time
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

_CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
LEFT_OUT: Any = object()  # as the value of a claim or header


@dataclass(frozen=True)
class Signer:
    """A key pair. kind: a curve, Ed25519, or the bits of an RSA key."""

    kid: str
    kind: str

    @cached_property
    def private(self) -> Any:
        if self.kind == "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        if self.kind in _CURVES:
            return ec.generate_private_key(_CURVES[self.kind])
        return rsa.generate_private_key(65537, int(self.kind))

    @property
    def algorithm(self) -> str:
        return {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}.get(self.kind, "RS384")

    def jwk(self, **members: Any) -> dict[str, Any]:
        """The public key as a client publishes it."""
        return _jwk(self.private.public_key()) | {"kid": self.kid} | members

    def private_jwk(self) -> dict[str, Any]:
        return _jwk(self.private) | {"kid": self.kid}


def _jwk(key: Any) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return RSAAlgorithm.to_jwk(key, as_dict=True)
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        return ECAlgorithm.to_jwk(key, as_dict=True)
    return OKPAlgorithm.to_jwk(key, as_dict=True)


def claims(issuer: str, audience: Any, **others: Any) -> dict[str, Any]:
    """The claims of an honest token, five minutes long, with others added, replaced or left out."""
    now = int(time.time())
    honest = {"iss": issuer, "aud": audience, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
    return {name: value for name, value in (honest | others).items() if value is not LEFT_OUT}


def sign(signer: Signer, payload: dict[str, Any], algorithm: str | None = None, **header: Any) -> str:
    """A token with typ and kid, signed; a header that is LEFT_OUT is not sent."""
    algorithm = algorithm or signer.algorithm
    head = {"alg": algorithm, "typ": "JWT", "kid": signer.kid} | header
    head = {name: value for name, value in head.items() if value is not LEFT_OUT}
    return sealed(head, payload, signer.private, algorithm)


def sealed(head: dict[str, Any], payload: dict[str, Any], key: Any, algorithm: str) -> str:
    """Any header over any claims, signed by any key: what PyJWT's encode would refuse or correct."""
    text = f"{coded(head)}.{coded(payload)}"
    method = jwt.get_algorithm_by_name(algorithm)
    return f"{text}.{coded_bytes(method.sign(text.encode(), key))}"


def coded(tree: Any) -> str:
    """A part of a token."""
    return coded_bytes(json.dumps(tree).encode())


def coded_bytes(content: bytes) -> str:
    """Bytes as a token has them."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
