"""A certificate authority of the rehearsal's own, and the server's certificate from it."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rehearsal.home import Home

_HOSTS = ("localhost", "*.vault.localhost")  # ARM and all the rest; each key vault
_LIFE = timedelta(days=825)  # the most that TLS clients commonly accept


def ensure(home: Home) -> None:
    """Make authority, server certificate and trust bundle, unless they are there."""
    wanted = (home.ca, home.ca_key, home.certificate, home.key, home.trust)
    if all(path.exists() for path in wanted) and _lasts(home.certificate):
        return
    authority_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Image factory rehearsal")])
    authority = _authority(name, authority_key)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _server(name, authority_key, key)
    # The certificate comes last: its presence says that all of them are there.
    _write(home.ca_key, _private(authority_key), mode=0o600)
    _write(home.key, _private(key), mode=0o600)
    authority_text = authority.public_bytes(serialization.Encoding.PEM)
    _write(home.ca, authority_text)
    _write(home.trust, Path(certifi.where()).read_bytes() + b"\n" + authority_text)
    _write(home.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _lasts(path: Path) -> bool:
    found = x509.load_pem_x509_certificate(path.read_bytes())
    if found.not_valid_after_utc < datetime.now(UTC) + timedelta(days=1):
        return False
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    # A certificate of an earlier version of the rehearsal lacks the hosts added since.
    return set(_HOSTS) <= set(names.get_values_for_type(x509.DNSName))


def _authority(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _dated(x509.CertificateBuilder())
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    names = x509.SubjectAlternativeName(
        [
            *map(x509.DNSName, _HOSTS),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
    )
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        _dated(x509.CertificateBuilder())
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issued_by, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _dated(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        builder.serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    part = path.with_suffix(path.suffix + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    part.replace(path)
