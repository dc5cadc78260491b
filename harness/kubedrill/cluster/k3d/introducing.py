"""Who one is to a cluster of k3d's, and where it is: our identities are made, by its own authorities."""

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from kubedrill.cluster.adopted.access import Access
from kubedrill.cluster.adopted.giving import Granted
from kubedrill.cluster.adopted.introducing import introduce
from kubedrill.cluster.arriving import READY_S, record_of, wait, wait_ready
from kubedrill.cluster.containers import ContainerLayout, start_daemon
from kubedrill.cluster.holders import SCRAPER, issue_clients
from kubedrill.cluster.k3d.definition import K3dDefinition
from kubedrill.cluster.k3d.handle import DAEMON, description_of, handle
from kubedrill.cluster.k3d.layout import SERVER
from kubedrill.cluster.k3d.tool import kubeconfig
from kubedrill.cluster.objects import Introduced
from kubedrill.cluster.ports import APISERVER_PORT
from kubedrill.cluster.state import read_id
from kubedrill.record.cluster import NODE_AUTHORITY, ClusterRecord, Component, Endpoint
from kubedrill.wire.pki import SERVER_NAME, Issuer, Pair, write_secret

TLS = "/var/lib/rancher/k3s/server/tls"
"""In a server: the cluster's authorities, the same in each."""


def bring_in(definition: K3dDefinition, layout: ContainerLayout, folder: Path) -> ClusterRecord:
    """Make our identities, and return the record once all is ready; ClusterFailed."""
    pki = folder / "pki"
    clients = _read_authorities(layout, pki)
    cluster, until = read_id(folder) or "", time.monotonic() + READY_S
    with closing(administrator(folder)) as access:
        wait(lambda: access.call("GET", "/readyz").status == 200, "its API is not ready", until)
        introduced = Introduced(definition.load_users)
        tokens = introduce(access, introduced, Granted(frozenset()), cluster, pki)
        start_daemon(folder, DAEMON)
        found = record_of(
            layout,
            folder,
            access,
            description_of(handle(folder), layout.zones, foreign=not layout.ours),
            provider=definition.provider,
            components=_components(layout),
            server_name=SERVER_NAME,
            trusts=pki / "server-ca.crt",
            pairs=_issue(clients, nodes=layout.ours),
            kubeconfig=kubeconfig(folder),
            load_users=definition.load_users,
            settings={**definition.model_dump(mode="json"), "etcd": "embedded"},
        )
    if not layout.ours:  # it is somebody else's, and has signed what there is to sign
        clients.key.unlink()
    record = replace(found, expires=tokens.expire)
    wait_ready(record, handle(folder), until)
    return record


def administrator(folder: Path) -> Access:
    """Return access as k3s's own administrator."""
    return Access(str(kubeconfig(folder)), f"k3d-{ContainerLayout.read(folder).cluster}")


def _read_authorities(layout: ContainerLayout, pki: Path) -> Pair:
    """Write the authority of servers, and that of clients with its key, to a folder; return the second."""
    for file in ("server-ca.crt", "client-ca.crt", "client-ca.key"):
        said = layout.at.execute(layout.nodes[0].id, "cat", f"{TLS}/{file}")
        write_secret(pki / file, said.encode("ascii"))
    return Pair(pki / "client-ca.crt", pki / "client-ca.key")


def _issue(authority: Pair, *, nodes: bool) -> dict[str, Pair]:
    """Issue our certificates, by identity; `nodes`: whoever makes those of a fleet, too."""
    clients = Issuer.read(authority)
    return {
        **issue_clients(clients),
        "scraper": clients.client("scraper", SCRAPER),
        **({NODE_AUTHORITY: authority} if nodes else {}),
    }


def _components(layout: ContainerLayout) -> list[Component]:
    at = {node.zone: Endpoint(node.address, APISERVER_PORT) for node in layout.nodes}
    return [
        Component(f"{SERVER}-{zone}", SERVER, zone, endpoint, endpoint)
        for zone, endpoint in at.items()
    ]
