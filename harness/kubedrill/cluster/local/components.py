"""What each component is told, and where it serves."""

from collections.abc import Callable
from pathlib import Path

from kubedrill.cluster.handle import FlagValue, flag
from kubedrill.cluster.kubeconfig import Server, holder, write_kubeconfig
from kubedrill.cluster.local import request_log
from kubedrill.cluster.local.certificates import AGGREGATOR, SERVICE_NETWORK
from kubedrill.cluster.local.flags import Kind
from kubedrill.cluster.local.layout import Layout
from kubedrill.cluster.local.programs import Program
from kubedrill.cluster.ports import (
    APISERVER_PORT,
    CONTROLLER_MANAGER_PORT,
    ETCD_METRICS_PORT,
    ETCD_PEER_PORT,
    ETCD_PORT,
    SCHEDULER_PORT,
)
from kubedrill.process.child import DIES_WITH_ITS_PARENT
from kubedrill.record.cluster import Component, Endpoint
from kubedrill.wire.pki import SERVER_NAME, Pair

Flags = dict[str, FlagValue]

_ISSUER = "https://kubernetes.default.svc.cluster.local"


def programs(layout: Layout) -> list[Program]:
    """Return what the supervisor runs."""
    balancer = (*DIES_WITH_ITS_PARENT, str(layout.binaries.haproxy), "-db", "-f", "haproxy.cfg")
    found = [Program("haproxy", balancer, nice=-5)]
    for kind, (binary, flags_of) in _kinds(layout).items():
        variables = layout.definition.environment.get(kind, {})
        environment = {name: str(value) for name, value in variables.items()}
        for zone in layout.zones:
            flags = {**flags_of(layout, zone), **layout.definition.flags.get(kind, {})}
            arguments = tuple(flag(name, value) for name, value in flags.items())
            command = (*DIES_WITH_ITS_PARENT, *layout.zoning.enter(zone), str(binary))
            found.append(Program(f"{kind}-{zone}", command, arguments, environment))
    return found


def components(layout: Layout) -> tuple[Component, ...]:
    """Return the components as `cluster.json` has them."""
    balancer = Component("haproxy", "haproxy", None, Endpoint("127.0.0.1", layout.port))
    ports = {
        "etcd": (ETCD_PORT, ETCD_METRICS_PORT),
        "kube-apiserver": (APISERVER_PORT, APISERVER_PORT),
        "kube-controller-manager": (CONTROLLER_MANAGER_PORT, CONTROLLER_MANAGER_PORT),
        "kube-scheduler": (SCHEDULER_PORT, SCHEDULER_PORT),
    }
    inside = [
        Component(
            name=f"{kind}-{zone}",
            kind=kind,
            zone=zone,
            serving=Endpoint(layout.zoning.address(zone), serving, layout.zoning.hub),
            metrics=Endpoint(layout.zoning.address(zone), metrics, layout.zoning.hub),
        )
        for kind, (serving, metrics) in ports.items()
        for zone in layout.zones
    ]
    return (*inside, balancer)


def write_kubeconfigs(layout: Layout) -> Path:
    """Write the kubeconfigs of the administrator and of the components; return the administrator's."""
    pki, trust = layout.folder / "pki", layout.certificates.servers
    for zone in layout.zones:
        own = layout.certificates.zones[zone]
        server = Server(layout.name, layout.at(zone, APISERVER_PORT), trust, SERVER_NAME)
        for kind, who in [
            ("controller-manager", own.controller_manager_client),
            ("scheduler", own.scheduler_client),
        ]:
            file = pki / f"{kind}-{zone}.kubeconfig"
            write_kubeconfig(file, server, holder(who.certificate, who.key))
    balancer = Server(layout.name, f"127.0.0.1:{layout.port}", trust, SERVER_NAME)
    admin = layout.certificates.clients["admin"]
    path = layout.folder / "admin.kubeconfig"
    return write_kubeconfig(path, balancer, holder(admin.certificate, admin.key))


def _kinds(layout: Layout) -> dict[Kind, tuple[Path, Callable[[Layout, str], Flags]]]:
    return {
        "etcd": (layout.binaries.etcd, _etcd),
        "kube-apiserver": (layout.binaries.kube_apiserver, _apiserver),
        "kube-controller-manager": (layout.binaries.kube_controller_manager, _controller_manager),
        "kube-scheduler": (layout.binaries.kube_scheduler, _scheduler),
    }


def _etcd(layout: Layout, zone: str) -> Flags:
    certificates = layout.certificates
    own = certificates.zones[zone]
    client = f"https://{layout.at(zone, ETCD_PORT)}"
    peer = f"https://{layout.at(zone, ETCD_PEER_PORT)}"
    members = [
        f"etcd-{member}=https://{layout.at(member, ETCD_PEER_PORT)}" for member in layout.zones
    ]
    return {
        "name": f"etcd-{zone}",
        "data-dir": str(layout.folder / "data" / f"etcd-{zone}"),
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": ",".join(members),
        "initial-cluster-state": "new",
        "initial-cluster-token": layout.name,
        "listen-metrics-urls": f"https://{layout.at(zone, ETCD_METRICS_PORT)}",
        "client-cert-auth": True,
        "trusted-ca-file": str(certificates.etcd_clients),
        "cert-file": str(own.etcd.certificate),
        "key-file": str(own.etcd.key),
        "client-cert-file": str(certificates.etcd_gateway.certificate),
        "client-key-file": str(certificates.etcd_gateway.key),
        "peer-client-cert-auth": True,
        "peer-trusted-ca-file": str(certificates.etcd_peers),
        "peer-cert-file": str(own.etcd_peer.certificate),
        "peer-key-file": str(own.etcd_peer.key),
    }


def _apiserver(layout: Layout, zone: str) -> Flags:
    certificates = layout.certificates
    own = certificates.zones[zone]
    members = layout.zones if layout.definition.etcd == "all" else (zone,)
    return {
        "etcd-servers": ",".join(f"https://{layout.at(member, ETCD_PORT)}" for member in members),
        "etcd-cafile": str(certificates.servers),
        "etcd-certfile": str(own.apiserver_to_etcd.certificate),
        "etcd-keyfile": str(own.apiserver_to_etcd.key),
        "bind-address": layout.zoning.address(zone),
        "advertise-address": layout.zoning.address(zone),
        "secure-port": APISERVER_PORT,
        **_serving(own.apiserver),
        "client-ca-file": str(certificates.api_clients),
        "requestheader-client-ca-file": str(certificates.aggregator),
        "requestheader-allowed-names": AGGREGATOR,
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": str(own.apiserver_to_extensions.certificate),
        "proxy-client-key-file": str(own.apiserver_to_extensions.key),
        "service-account-key-file": str(certificates.signing.certificate),
        "service-account-signing-key-file": str(certificates.signing.key),
        "service-account-issuer": _ISSUER,
        "service-cluster-ip-range": SERVICE_NETWORK,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": True,
        # Endpoints cannot hold loopback addresses.
        "endpoint-reconciler-type": "lease" if layout.zoning.kind == "netns" else "none",
        **(request_log.flags(layout.folder, zone) if layout.definition.request_log else {}),
    }


def _controller_manager(layout: Layout, zone: str) -> Flags:
    certificates = layout.certificates
    return {
        **_controller(layout, zone, "controller-manager", CONTROLLER_MANAGER_PORT),
        **_serving(certificates.zones[zone].controller_manager),
        "root-ca-file": str(certificates.servers),
        "service-account-private-key-file": str(certificates.signing.key),
        "cluster-signing-kubelet-client-cert-file": str(certificates.nodes.certificate),
        "cluster-signing-kubelet-client-key-file": str(certificates.nodes.key),
        "use-service-account-credentials": True,
    }


def _scheduler(layout: Layout, zone: str) -> Flags:
    return {
        **_controller(layout, zone, "scheduler", SCHEDULER_PORT),
        **_serving(layout.certificates.zones[zone].scheduler),
    }


def _controller(layout: Layout, zone: str, kind: str, port: int) -> Flags:
    kubeconfig = str(layout.folder / "pki" / f"{kind}-{zone}.kubeconfig")
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        # It may start before the apiserver has the configuration that it looks up.
        "authentication-tolerate-lookup-failure": True,
        "client-ca-file": str(layout.certificates.api_clients),
        "bind-address": layout.zoning.address(zone),
        "secure-port": port,
        "leader-elect": True,
    }


def _serving(pair: Pair) -> Flags:
    return {"tls-cert-file": str(pair.certificate), "tls-private-key-file": str(pair.key)}
