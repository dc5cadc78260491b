"""Fleet: who a node is to the API: a certificate of its own, at the least cost."""

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kubedrill.client.identity import ClientIdentity
from kubedrill.record.cluster import NODE_AUTHORITY, ClusterRecord
from kubedrill.wire.pki import Issuer, Pair
from kubedrill.wire.target import Target, client_tls, identity_target

GROUP = "system:nodes"
USER_AGENT = "kubedrill-node"


@dataclass(frozen=True, slots=True)
class NodeTls:
    """The TLS of one node's connections. All nodes of a process share one context.

    A context of its own costs each 25 KB and 1.9 ms, nearly all of it for the authorities that it trusts.
    OpenSSL copies what certificate a context has just then into each connection that is made of it.
    """

    context: ssl.SSLContext
    pem: bytes = field(repr=False)
    """Certificate and key."""

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *, server_hostname: str
    ) -> ssl.SSLObject:
        """Return the TLS of one connection, as SSLContext.wrap_bio."""
        descriptor = os.memfd_create("node", os.MFD_CLOEXEC)  # ssl reads files only
        try:
            os.write(descriptor, self.pem)
            self.context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
        return self.context.wrap_bio(incoming, outgoing, server_hostname=server_hostname)


def user_of(node: str) -> str:
    """Return the name of a node's user."""
    return f"system:node:{node}"


class Gate(Protocol):
    """How the nodes of one zone get to the API, each as itself."""

    def identity(self, node: str) -> ClientIdentity:
        """Return who a node is, and where the API is for it."""
        ...


class OwnGate:
    """By certificates of an authority that the cluster gave us: of those that kubedrill makes."""

    def __init__(self, record: ClusterRecord, zone: str) -> None:
        who = record.identity(NODE_AUTHORITY)
        assert who.certificate is not None
        assert who.key is not None
        self._issuer = Issuer.read(Pair(Path(who.certificate), Path(who.key)))
        self._context = client_tls(record.ca_file, http="2")
        self._endpoint = record.entrance(zone)
        self._server_name = record.server_name

    def identity(self, node: str) -> ClientIdentity:
        """Return who a node is, and where the API is for it; its certificate is made anew."""
        name = user_of(node)
        tls = NodeTls(self._context, self._issuer.client_pem(name, GROUP))
        target = Target(self._endpoint, self._server_name, tls)
        return ClientIdentity(name, target, None, self._server_name, USER_AGENT, http="2")


def identity(record: ClusterRecord, who: str) -> ClientIdentity:
    """Return one of the cluster's identities, through the balancer."""
    target, token = identity_target(record, who, http="2")
    return ClientIdentity(who, target, token, record.server_name, "kubedrill-fleet", http="2")
