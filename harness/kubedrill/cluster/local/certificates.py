"""Every certificate of one cluster, by who holds it."""

from dataclasses import dataclass
from pathlib import Path

from kubedrill.cluster.local.pki import Authority, Pair, bundle, signing_key
from kubedrill.cluster.local.zones import HUB_ADDRESS, Zoning

SERVICE_NETWORK = "10.96.0.0/16"
_SERVICE_ADDRESS = "10.96.0.1"
_SERVICE_NAMES = ("kubernetes.default", "kubernetes.default.svc", "localhost")


@dataclass(frozen=True, slots=True)
class ZoneCertificates:
    """Those of the components in one zone."""

    etcd: Pair
    etcd_peer: Pair
    apiserver: Pair
    apiserver_to_etcd: Pair
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
    """Authorities that the API's servers trust: clients and observers."""
    etcd_clients: Path
    """Authorities that etcd trusts: its clients and observers."""
    etcd_peers: Path
    signing: Pair
    etcd_gateway: Pair
    """With it etcd's JSON gateway talks to its own member."""
    admin: Pair
    prober: Pair
    scraper: Pair
    etcd_admin: Pair
    zones: dict[str, ZoneCertificates]


def issue(folder: Path, zoning: Zoning, zones: tuple[str, ...]) -> Certificates:
    """Write all certificates and keys into `folder`."""
    servers = Authority(folder, "servers")
    clients = Authority(folder, "clients")
    etcd_clients = Authority(folder, "etcd-clients")
    etcd_peers = Authority(folder, "etcd-peers")
    observers = Authority(folder, "observers")
    return Certificates(
        servers=servers.file,
        api_clients=bundle(folder / "api-trusts.crt", (clients, observers)),
        etcd_clients=bundle(folder / "etcd-trusts.crt", (etcd_clients, observers)),
        etcd_peers=etcd_peers.file,
        signing=signing_key(folder),
        etcd_gateway=etcd_clients.client("etcd-gateway", "etcd-gateway"),
        admin=clients.client("admin", "kubedrill-admin", "system:masters"),
        prober=clients.client("prober", "kubedrill-prober"),
        scraper=observers.client("scraper", "kubedrill-scraper"),
        etcd_admin=etcd_clients.client("etcd-admin", "etcd-admin"),
        zones={
            zone: _of_zone(zone, zoning.address(zone), servers, clients, etcd_clients, etcd_peers)
            for zone in zones
        },
    )


def _of_zone(
    zone: str,
    address: str,
    servers: Authority,
    clients: Authority,
    etcd_clients: Authority,
    etcd_peers: Authority,
) -> ZoneCertificates:
    own = (address, "127.0.0.1")
    return ZoneCertificates(
        etcd=servers.server(f"etcd-{zone}", own),
        etcd_peer=etcd_peers.peer(f"etcd-peer-{zone}", own),
        apiserver=servers.server(
            f"apiserver-{zone}", (*own, HUB_ADDRESS, _SERVICE_ADDRESS), _SERVICE_NAMES
        ),
        apiserver_to_etcd=etcd_clients.client(f"apiserver-to-etcd-{zone}", f"apiserver-{zone}"),
        controller_manager=servers.server(f"controller-manager-{zone}", own),
        controller_manager_client=clients.client(
            f"controller-manager-client-{zone}", "system:kube-controller-manager"
        ),
        scheduler=servers.server(f"scheduler-{zone}", own),
        scheduler_client=clients.client(f"scheduler-client-{zone}", "system:kube-scheduler"),
    )
