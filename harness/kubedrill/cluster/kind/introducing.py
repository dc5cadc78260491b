"""Who one is to a cluster of kind's, and where it is: its nodes are prepared, our identities made."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from kubedrill.client import well
from kubedrill.client.caller import Caller
from kubedrill.cluster.adopted.access import Access
from kubedrill.cluster.adopted.giving import Granted
from kubedrill.cluster.adopted.introducing import introduce
from kubedrill.cluster.handle import description
from kubedrill.cluster.holders import SCRAPER, bearers, holders, issue_clients
from kubedrill.cluster.kind import preparing
from kubedrill.cluster.kind.definition import KindDefinition
from kubedrill.cluster.kind.handle import handle, start_daemon
from kubedrill.cluster.kind.layout import BALANCER, PORTS, KindLayout
from kubedrill.cluster.kind.tool import kubeconfig
from kubedrill.cluster.objects import Introduced
from kubedrill.cluster.state import ClusterFailed, read_id
from kubedrill.record.cluster import (
    AT_ETCD,
    ETCD_ADMIN,
    NODE_AUTHORITY,
    ClusterRecord,
    Component,
    Endpoint,
)
from kubedrill.record.labels import PROBED
from kubedrill.record.metric import APISERVER
from kubedrill.wire.pki import Issuer, Pair
from kubedrill.wire.target import identity_target

READY_S = 240.0
"""kubelet starts controllers anew within some seconds; a machine that is short of CPU takes a minute."""
LOOK_S = 0.3
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
        _wait(lambda: access.call("GET", "/readyz").status == 200, "its API is not ready", until)
        # First, since it says whose the cluster is: nothing is changed in that of another drill.
        introduced = Introduced(definition.load_users)
        tokens = introduce(access, introduced, Granted(frozenset()), cluster, authorities.folder)
        authority = authorities.issuer("ca")
        for node in layout.nodes:
            preparing.prepare(layout, node, authority, cluster)
        start_daemon(folder)
        pairs = authorities.issue(nodes=layout.ours)
        found = _record(definition, layout, folder, pairs, access)
    if not layout.ours:
        authorities.forget()
    record = replace(found, expires=tokens.expire)
    _wait_ready(record, until)
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
    foreign, balancer = not layout.ours, access.server.endpoint
    told = description(handle(folder), layout.zones, foreign=foreign)
    found = (*holders(pairs, kubeconfig(folder)), *bearers(folder, definition.load_users))
    kubernetes = json.loads(access.call("GET", "/version").body)["gitVersion"]
    return ClusterRecord(
        name=folder.name,
        provider=definition.provider,
        zoning="containers",
        zones=layout.zones,
        folder=str(folder),
        balancer=balancer,
        ca_file=str(KindAuthorities(folder / "pki").trusts),
        server_name=SERVER_NAME,
        components=tuple(_components(layout, balancer)),
        identities={identity.name: identity for identity in found},
        capabilities=told.capabilities,
        lacks=dict(told.lacks),
        versions={APISERVER: kubernetes},
        settings={**definition.model_dump(mode="json"), "etcd": "stacked"},
        probe_objects=len(PROBED),
        hosts={node.zone: node.name for node in layout.nodes},
        foreign=foreign,
        id=read_id(folder) or "",
    )


def _components(layout: KindLayout, balancer: Endpoint) -> Iterator[Component]:
    for kind, port in PORTS.items():
        for node in layout.nodes:
            at = Endpoint(node.address, port)
            yield Component(f"{kind}-{node.zone}", kind, node.zone, at, at)
    if layout.balancer:
        yield Component(BALANCER, BALANCER, None, balancer)


def _wait_ready(record: ClusterRecord, until: float) -> None:
    """Wait until all that runs says that it is well, and is seen."""
    asked = [component for component in record.components if component.kind in well.PAGES]
    with ExitStack() as stack:
        for component in asked:
            target, token = identity_target(record, "scraper", component.serving)
            api = stack.enter_context(closing(Caller(target, token)))
            _wait(_is_well(api, component.kind), f"{component.name} is not well", until)
    states = handle(Path(record.folder)).components
    _wait(
        lambda: {state.state for state in states().values()} == {"running"},
        "not all of it runs",
        until,
    )


def _is_well(api: Caller, kind: str) -> Callable[[], bool]:
    return lambda: well.ask(api, well.PAGES[kind]).well


def _wait(holds: Callable[[], bool], what: str, until: float) -> None:
    while not holds():
        if time.monotonic() > until:
            raise ClusterFailed(f"{what} within {READY_S:g} s")
        time.sleep(LOOK_S)
