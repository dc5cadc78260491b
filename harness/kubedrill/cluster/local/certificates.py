"""Every certificate of one cluster, by who holds it."""

from dataclasses import dataclass
from pathlib import Path

from kubedrill.cluster.holders import SCRAPER, issue_clients
from kubedrill.cluster.local.zones import HUB_ADDRESS, Zoning
from kubedrill.wire.pki import Authority, Pair, bundle, signing_key

SERVICE_NETWORK = "10.96.0.0/16"
AGGREGATOR = "kubedrill-aggregator"
_SERVICE_ADDRESS = "10.96.0.1"
_SERVICE_NAMES = ("kubernetes.default", "kubernetes.default.svc", "localhost")


@dataclass(frozen=True, slots=True)
class ZoneCertificates:
    """Those of the components in one zone."""

    etcd: Pair
    etcd_peer: Pair
    apiserver: Pair
    apiserver_to_etcd: Pair
    apiserver_to_extensions: Pair
    controller_manager: Pair
    controller_manager_client: Pair
    scheduler: Pair
    scheduler_client: Pair


@dataclass(frozen=True, slots=True)
class Certificates:
    """Those of the cluster."""

    servers: Path
    """Authority that clients trust."""
    api_clients: Path
    """Authorities that the API's servers trust: clients, observers and nodes."""
    etcd_clients: Path
    """Authorities that etcd trusts: its clients and observers."""
    etcd_peers: Path
    aggregator: Path
    """Authority of who may speak in another's name: the API's own aggregator, nobody else."""
    signing: Pair
    etcd_gateway: Pair
    """With it etcd's JSON gateway talks to its own member."""
    clients: dict[str, Pair]
    """By identity, who talks to the API."""
    scraper: Pair
    etcd_admin: Pair
    nodes: Pair
    """The authority of nodes: whoever has it makes certificates of nodes that are not there yet."""
    zones: dict[str, ZoneCertificates]


class _Authorities:
    """One for each thing that a certificate opens."""

    def __init__(self, folder: Path) -> None:
        self.servers = Authority(folder, "servers")
        self.clients = Authority(folder, "clients")
        self.observers = Authority(folder, "observers")
        self.nodes = Authority(folder, "nodes")
        self.aggregator = Authority(folder, "aggregator")
        self.etcd_clients = Authority(folder, "etcd-clients")
        self.etcd_peers = Authority(folder, "etcd-peers")


def issue(folder: Path, zoning: Zoning, zones: tuple[str, ...]) -> Certificates:
    """Write all certificates and keys into `folder`."""
    by = _Authorities(folder)
    return Certificates(
        servers=by.servers.file,
        api_clients=bundle(folder / "api-trusts.crt", (by.clients, by.observers, by.nodes)),
        etcd_clients=bundle(folder / "etcd-trusts.crt", (by.etcd_clients, by.observers)),
        etcd_peers=by.etcd_peers.file,
        aggregator=by.aggregator.file,
        signing=signing_key(folder),
        etcd_gateway=by.etcd_clients.client("etcd-gateway", "etcd-gateway"),
        clients=issue_clients(by.clients),
        scraper=by.observers.client("scraper", SCRAPER),
        etcd_admin=by.etcd_clients.client("etcd-admin", "etcd-admin"),
        nodes=by.nodes.keep(),
        zones={zone: _of_zone(by, zone, zoning.address(zone)) for zone in zones},
    )


def _of_zone(by: _Authorities, zone: str, address: str) -> ZoneCertificates:
    own = (address, "127.0.0.1")
    api = (*own, HUB_ADDRESS, _SERVICE_ADDRESS)
    return ZoneCertificates(
        etcd=by.servers.server(f"etcd-{zone}", own),
        etcd_peer=by.etcd_peers.peer(f"etcd-peer-{zone}", own),
        apiserver=by.servers.server(f"apiserver-{zone}", api, _SERVICE_NAMES),
        apiserver_to_etcd=by.etcd_clients.client(f"apiserver-to-etcd-{zone}", f"apiserver-{zone}"),
        apiserver_to_extensions=by.aggregator.client(f"aggregator-{zone}", AGGREGATOR),
        controller_manager=by.servers.server(f"controller-manager-{zone}", own),
        controller_manager_client=by.clients.client(
            f"controller-manager-client-{zone}", "system:kube-controller-manager"
        ),
        scheduler=by.servers.server(f"scheduler-{zone}", own),
        scheduler_client=by.clients.client(f"scheduler-client-{zone}", "system:kube-scheduler"),
    )
