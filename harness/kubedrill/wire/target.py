"""Wire: whom to talk to, and as whom."""

import _socket
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from kubedrill.record.cluster import ClusterRecord, Endpoint

Http = Literal["1.1", "2"]
"""Versions of HTTP."""

Address = tuple[int, tuple[str, int] | tuple[str, int, int, int]]
"""Address family, and the address as connect() takes it."""


class Tls(Protocol):
    """What makes the TLS of each connection: an ssl.SSLContext, or what chooses a certificate before."""

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *, server_hostname: str
    ) -> ssl.SSLObject:
        """Return the TLS of one connection, as SSLContext.wrap_bio."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A server's address and how to speak TLS with it. Made once, shared by its connections."""

    endpoint: Endpoint
    server_name: str
    """For SNI and for the check of the certificate, whatever address is dialled."""
    tls: Tls

    def address(self) -> Address:
        """Return where to connect; OSError if the name cannot be resolved."""
        host, port = self.endpoint.host, self.endpoint.port
        if _is_ipv4(host):
            return _socket.AF_INET, (host, port)
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return family, address  # type: ignore[return-value] # str first in both families


def client_tls(
    ca_file: str | None,
    certificate: str | None = None,
    key: str | None = None,
    http: Http = "1.1",
) -> ssl.SSLContext:
    """Return a context for TLS 1.2 and later that verifies the server; OSError if a file is bad.

    Without `ca_file` the system's authorities are trusted.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(ca_file)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    if http == "2":
        context.set_alpn_protocols(["h2"])
    return context


def identity_target(
    record: ClusterRecord, identity: str, endpoint: Endpoint | None = None, http: Http = "1.1"
) -> tuple[Target, str | None]:
    """Return the target (default: the balancer) for one identity, and its bearer token or None.

    KeyError for an unknown identity, OSError if a file is missing.
    """
    who = record.identity_at(identity, endpoint)
    tls = client_tls(record.ca_file, who.certificate, who.key, http)
    token = Path(who.token_file).read_text(encoding="ascii").strip() if who.token_file else None
    return Target(endpoint or record.balancer, record.server_name, tls), token


def _is_ipv4(host: str) -> bool:
    try:
        _socket.inet_pton(_socket.AF_INET, host)
    except OSError:
        return False
    return True
