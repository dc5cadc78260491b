"""Wire: certificates and keys of one cluster.

The authorities' own keys are never written down, but for that of the nodes, which come later: the API trusts
it as it trusts that of clients.

There is an authority for each thing that a certificate can open, so that what opens one opens no other:
servers (who is genuine), clients of the API, clients of etcd, etcd's peers, the API's aggregator, and
observers, who may ask the API and etcd for metrics.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER_NAME = "kubernetes"
"""In every serving certificate, beside the addresses."""

_LIFETIME = timedelta(days=365)
_SERVER = ExtendedKeyUsageOID.SERVER_AUTH
_CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, as files."""

    certificate: Path
    key: Path


Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
"""The keys of authorities: ours, and kubeadm's."""


class Issuer:
    """Who signs certificates: a name, and the key that belongs to it. Files go to one folder."""

    def __init__(
        self, subject: x509.Name, key: Key, own: x509.SubjectKeyIdentifier, folder: Path
    ) -> None:
        self._subject = subject
        self._key = key
        self._own = own
        self._folder = folder

    @classmethod
    def read(cls, pair: Pair) -> "Issuer":
        """Return the authority that is written down; OSError, ValueError if it is none."""
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
        if not isinstance(key, Key):
            raise ValueError(f"{pair.key}: no key of an authority")  # noqa: TRY004 - what a file says
        own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return cls(certificate.subject, key, own, pair.certificate.parent)

    def client_pem(self, common_name: str, group: str | None = None) -> bytes:
        """Return a client's certificate and its key, PEM: the API takes its name for the user."""
        certificate, key = self._sign(_subject(common_name, group), (_CLIENT,))
        return certificate + key

    def client(self, file: str, common_name: str, group: str | None = None) -> Pair:
        """Issue a certificate for a client; the API takes its name for the user, `group` for the group."""
        return self._issue(file, _subject(common_name, group), (_CLIENT,))

    def server(self, file: str, addresses: tuple[str, ...], names: tuple[str, ...] = ()) -> Pair:
        """Issue a certificate, named like its file, for a server with these addresses and names."""
        return self._issue(file, _subject(file), (_SERVER,), _alternatives(addresses, names))

    def peer(self, file: str, addresses: tuple[str, ...]) -> Pair:
        """Issue a certificate for one that is both server and client."""
        usages = (_SERVER, _CLIENT)
        return self._issue(file, _subject(SERVER_NAME), usages, _alternatives(addresses))

    def _issue(
        self,
        file: str,
        subject: x509.Name,
        usages: tuple[x509.ObjectIdentifier, ...],
        alternatives: tuple[x509.GeneralName, ...] = (),
    ) -> Pair:
        certificate, key = self._sign(subject, usages, alternatives)
        pair = Pair(self._folder / f"{file}.crt", self._folder / f"{file}.key")
        pair.certificate.write_bytes(certificate)
        write_secret(pair.key, key)
        return pair

    def _sign(
        self,
        subject: x509.Name,
        usages: tuple[x509.ObjectIdentifier, ...],
        alternatives: tuple[x509.GeneralName, ...] = (),
    ) -> tuple[bytes, bytes]:
        """Return a certificate and its private key, PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        builder = builder.add_extension(_usage(sign=False), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._own)
        builder = builder.add_extension(issuer, False)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        return _pem(builder.sign(self._key, hashes.SHA256())), _private_pem(key)


class Authority(Issuer):
    """Signs certificates into one folder; its certificate is `NAME-ca.crt` there."""

    def __init__(self, folder: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        super().__init__(_subject(f"kubedrill {name}"), key, own, folder)
        self.file = folder / f"{name}-ca.crt"
        builder = _builder(self._subject, self._subject, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_usage(sign=True), True)
        builder = builder.add_extension(own, False)
        self.pem = _pem(builder.sign(self._key, hashes.SHA256()))
        self.file.write_bytes(self.pem)

    def keep(self) -> Pair:
        """Write its own key down, beside its certificate: `Issuer.read` goes on with it."""
        pair = Pair(self.file, self.file.with_suffix(".key"))
        write_secret(pair.key, _private_pem(self._key))
        return pair


def signing_request(common_name: str, group: str) -> tuple[bytes, bytes]:
    """Return a request for a client's certificate, and the key that belongs to it, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    asked = x509.CertificateSigningRequestBuilder().subject_name(_subject(common_name, group))
    request = asked.sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM), _private_pem(key)


def signing_key(folder: Path) -> Pair:
    """Make the key with which ServiceAccount tokens are signed; the `certificate` is its public half."""
    key = ec.generate_private_key(ec.SECP256R1())
    pair = Pair(folder / "service-accounts.pub", folder / "service-accounts.key")
    write_secret(pair.key, _private_pem(key))
    pair.certificate.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return pair


def bundle(path: Path, authorities: tuple[Authority, ...]) -> Path:
    """Write one file of several authorities' certificates."""
    path.write_bytes(b"".join(authority.pem for authority in authorities))
    return path


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _subject(common_name: str, group: str | None = None) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternatives(
    addresses: tuple[str, ...], names: tuple[str, ...] = ()
) -> tuple[x509.GeneralName, ...]:
    by_name = (x509.DNSName(name) for name in (SERVER_NAME, *names))
    return (*by_name, *(x509.IPAddress(ip_address(address)) for address in addresses))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
    )


def _usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign,
        crl_sign=sign,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
