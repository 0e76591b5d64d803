"""A certificate authority of a test's own, and a certificate that it signed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def write_certificates(folder: Path, host: str) -> tuple[Path, Path]:
    """The authority's certificate, and a file with key and certificate for one host."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    day = datetime.now(UTC)
    blank = x509.CertificateBuilder().issuer_name(name).not_valid_before(day - timedelta(days=1))
    blank = blank.not_valid_after(day + timedelta(days=1))
    authority = (
        blank.subject_name(name)
        .serial_number(1)
        .public_key(authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    signed = (
        blank.subject_name(x509.Name([]))
        .serial_number(2)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    trusted, served = folder / "authority.pem", folder / "server.pem"
    trusted.write_bytes(authority.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    served.write_bytes(secret + signed.public_bytes(Encoding.PEM))
    return trusted, served
