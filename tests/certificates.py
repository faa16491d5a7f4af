"""Certificates for tests of TLS: an authority, a server on loopback and a client, made anew each time."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple


class Certificates(NamedTuple):
    """Paths of PEM files."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


def make(folder):
    """Writes an authority and what it has signed into ``folder``. Good for a day from an hour ago."""
    from cryptography.hazmat.primitives.asymmetric import ec

    made = Certificates(*(Path(folder) / f"{name.replace('_', '-')}.pem" for name in Certificates._fields))
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    made.ca.write_bytes(_signed("authority", keys[0], "authority", keys[0], authority=True))
    for name, key, path, key_path in (
        ("localhost", keys[1], made.server, made.server_key),
        ("client", keys[2], made.client, made.client_key),
    ):
        path.write_bytes(_signed(name, key, "authority", keys[0]))
        key_path.write_bytes(_pem(key))
    return made


def _pem(key):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _signed(name, key, issuer, issuer_key, authority=False):
    """A certificate that strict verification (the default since Python 3.13) takes."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
    for extension, critical in _extensions(key, issuer_key, authority):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _named(name):
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _extensions(key, issuer_key, authority):
    from cryptography import x509

    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    here = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    return [
        (x509.BasicConstraints(ca=authority, path_length=None), True),
        (x509.KeyUsage(digital_signature=True, key_cert_sign=authority, crl_sign=authority, **usage), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (issuer, False),
        *([] if authority else [(x509.SubjectAlternativeName(here), False)]),
    ]
