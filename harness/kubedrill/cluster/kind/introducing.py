"""Who one is to a cluster of kind's, and where it is: its nodes are prepared, our identities made."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from kubedrill.cluster.adopted.access import Access
from kubedrill.cluster.adopted.giving import Granted
from kubedrill.cluster.adopted.introducing import introduce
from kubedrill.cluster.arriving import READY_S, record_of, wait, wait_ready
from kubedrill.cluster.containers import start_daemon
from kubedrill.cluster.handle import description
from kubedrill.cluster.holders import SCRAPER, issue_clients
from kubedrill.cluster.kind import preparing
from kubedrill.cluster.kind.definition import KindDefinition
from kubedrill.cluster.kind.handle import DAEMON, handle
from kubedrill.cluster.kind.layout import KUBELET_PORT, PORTS, KindLayout
from kubedrill.cluster.kind.tool import kubeconfig
from kubedrill.cluster.objects import Introduced
from kubedrill.cluster.state import read_id
from kubedrill.record.cluster import (
    AT_ETCD,
    ETCD_ADMIN,
    NODE_AUTHORITY,
    ClusterRecord,
    Component,
    Endpoint,
)
from kubedrill.record.components import KUBELET, MACHINE
from kubedrill.wire.pki import Issuer, Pair

SERVER_NAME = "localhost"
"""What every serving certificate of kind's has, that of etcd as well."""


@dataclass(frozen=True, slots=True)
class KindAuthorities:
    """Those that kubeadm has made, with their keys."""

    folder: Path

    @property
    def trusts(self) -> Path:
        """Those that serving certificates are proven by."""
        return self.folder / "trusts.crt"

    def issue(self, *, nodes: bool) -> dict[str, Pair]:
        """Issue our certificates, by identity; `nodes`: whoever makes those of a fleet, too."""
        clients, etcd = self.issuer("ca"), self.issuer("etcd-ca")
        return {
            **issue_clients(clients),
            "scraper": clients.client("scraper", SCRAPER),
            f"scraper{AT_ETCD}": etcd.client("scraper-etcd", SCRAPER),
            ETCD_ADMIN: etcd.client(ETCD_ADMIN, ETCD_ADMIN),
            **({NODE_AUTHORITY: self._pair("ca")} if nodes else {}),
        }

    def issuer(self, name: str) -> Issuer:
        """Return one of them."""
        return Issuer.read(self._pair(name))

    def bundle(self) -> None:
        """Write those that are trusted into one file."""
        found = (self._pair(name).certificate for name in ("ca", "etcd-ca"))
        self.trusts.write_bytes(b"".join(file.read_bytes() for file in found))

    def forget(self) -> None:
        """Remove their keys: they are somebody else's, and have signed what there is to sign."""
        for name in ("ca", "etcd-ca"):
            self._pair(name).key.unlink()

    def _pair(self, name: str) -> Pair:
        return Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")


def bring_in(definition: KindDefinition, layout: KindLayout, folder: Path) -> ClusterRecord:
    """Prepare the nodes, make our identities, and return the record once all is ready; ClusterFailed."""
    authorities = KindAuthorities(folder / "pki")
    preparing.read_authorities(layout.at, layout.nodes[0], authorities.folder)
    authorities.bundle()
    cluster, until = read_id(folder) or "", time.monotonic() + READY_S
    with closing(administrator(folder)) as access:
        wait(lambda: access.call("GET", "/readyz").status == 200, "its API is not ready", until)
        # First, since it says whose the cluster is: nothing is changed in that of another drill.
        introduced = Introduced(definition.load_users)
        tokens = introduce(access, introduced, Granted(frozenset()), cluster, authorities.folder)
        authority = authorities.issuer("ca")
        for node in layout.nodes:
            preparing.prepare(layout, node, authority, cluster)
        start_daemon(folder, DAEMON)
        pairs = authorities.issue(nodes=layout.ours)
        found = _record(definition, layout, folder, pairs, access)
    if not layout.ours:
        authorities.forget()
    record = replace(found, expires=tokens.expire)
    wait_ready(record, handle(folder), until)
    return record


def administrator(folder: Path) -> Access:
    """Return access as kind's own administrator."""
    return Access(str(kubeconfig(folder)), f"kind-{KindLayout.read(folder).cluster}")


def _record(
    definition: KindDefinition,
    layout: KindLayout,
    folder: Path,
    pairs: Mapping[str, Pair],
    access: Access,
) -> ClusterRecord:
    told = description(handle(folder), layout.zones, foreign=not layout.ours)
    return record_of(
        layout,
        folder,
        access,
        told,
        provider=definition.provider,
        components=_components(layout),
        server_name=SERVER_NAME,
        trusts=KindAuthorities(folder / "pki").trusts,
        pairs=pairs,
        kubeconfig=kubeconfig(folder),
        load_users=definition.load_users,
        settings={**definition.model_dump(mode="json"), "etcd": "stacked"},
    )


def _components(layout: KindLayout) -> Iterator[Component]:
    for kind, port in PORTS.items():
        for node in layout.nodes:
            at = Endpoint(node.address, port)
            yield Component(f"{kind}-{node.zone}", kind, node.zone, at, at)
    for node in layout.nodes:
        at = Endpoint(node.address, KUBELET_PORT)
        for kind in (KUBELET, MACHINE):
            yield Component(f"{kind}-{node.zone}", kind, node.zone, at)
