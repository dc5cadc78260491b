"""Brings a local cluster up: decide, write, start, wait, introduce, and say at last what is there."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from kubedrill.client.caller import Caller
from kubedrill.cluster.asking import ask
from kubedrill.cluster.daemon import start
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import HandleError, description
from kubedrill.cluster.local import components, groups, haproxy, ready, request_log
from kubedrill.cluster.local.binaries import PROGRAMS, Binaries, find_all
from kubedrill.cluster.local.certificates import issue
from kubedrill.cluster.local.definition import LocalDefinition
from kubedrill.cluster.local.handle import LocalHandle
from kubedrill.cluster.local.identities import identities, introduce
from kubedrill.cluster.local.layout import Layout
from kubedrill.cluster.local.programs import write_programs
from kubedrill.cluster.local.ready import Check, Wait
from kubedrill.cluster.local.zones import (
    HUB_ADDRESS,
    NetnsZones,
    choose,
    is_free,
    namespace_prefix,
)
from kubedrill.cluster.ports import APISERVER_PORT
from kubedrill.cluster.state import ClusterFailed, read_id
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord, Component, Endpoint
from kubedrill.record.files import write_whole
from kubedrill.record.labels import PROBED
from kubedrill.wire.errors import WireError
from kubedrill.wire.pki import SERVER_NAME, Pair
from kubedrill.wire.target import Target, client_tls, identity_target

_TIMEOUT_S = 90.0
"""Ten times what it takes on two idle cores."""


def check(definition: LocalDefinition, folder: Path) -> None:
    """Raise NotStarted if the cluster surely cannot come up."""
    _binaries(definition)
    _port(definition)
    choose(definition.zoning, folder, definition.zones)


def up(definition: LocalDefinition, folder: Path) -> ClusterRecord:
    """Bring the cluster up in `folder`, which exists; ClusterFailed if it does not come.

    What it made until then is the caller's to take away.
    """
    wait = Wait(folder, time.monotonic() + _TIMEOUT_S)
    layout = _prepare(definition, folder)
    with _in_words(folder):
        _start_supervisor(folder)
        record = _record(layout)
        _start(layout, record, wait)
    return record


def _prepare(definition: LocalDefinition, folder: Path) -> Layout:
    binaries, port = _binaries(definition), _port(definition)
    zoning = choose(definition.zoning, folder, definition.zones)
    for name in ("pki", "logs", "data"):
        (folder / name).mkdir(mode=0o700)
    certificates = issue(folder / "pki", zoning, definition.zones)
    layout = Layout(folder, definition, zoning, certificates, binaries, port)
    zoning.make()
    _make_groups(folder)
    components.write_kubeconfigs(layout)
    write_whole(folder / "haproxy.cfg", haproxy.configuration(layout))
    if layout.definition.request_log:
        request_log.prepare(folder)
    write_programs(folder, components.programs(layout))
    return layout


def _make_groups(folder: Path) -> None:
    if not groups.obstacle():
        made = groups.groups(namespace_prefix(folder), folder)
        made.write(Files(folder).groups)
        made.make()


def _start_supervisor(folder: Path) -> None:
    if said := start("kubedrill.cluster.local.daemon", folder):
        raise ClusterFailed(f"the supervisor did not start: {said}")


def _start(layout: Layout, record: ClusterRecord, wait: Wait) -> None:
    """Start everything, in the order that is soonest ready."""
    _release(record, "haproxy", "etcd", "kube-apiserver")
    with ExitStack() as stack:
        admin = _Caller(record, layout.certificates.clients["admin"], stack)
        etcd_admin = _Caller(record, layout.certificates.etcd_admin, stack)
        apiservers = admin.checks("kube-apiserver")
        first = record.component(wait.for_any(apiservers).component)
        # Controllers that start earlier exit, or wait two seconds before they try to lead again.
        _release(record, "kube-controller-manager", "kube-scheduler")
        api = admin.api(first)
        introduce(api, layout.folder, layout.definition.load_users)
        wait.for_all(
            [
                *apiservers,
                *etcd_admin.checks("etcd"),
                *admin.checks("kube-controller-manager"),
                *admin.checks("kube-scheduler"),
                ready.leads(record.of_kind("kube-controller-manager")[0], api),
                ready.leads(record.of_kind("kube-scheduler")[0], api),
                ready.balances(layout.folder, len(layout.zones)),
                *_guards(record, stack),
            ]
        )


def _guards(record: ClusterRecord, stack: ExitStack) -> Iterator[Check]:
    for apiserver in record.of_kind("kube-apiserver"):
        target, token = identity_target(record, "load-0", apiserver.serving)
        yield ready.guards(apiserver, stack.enter_context(closing(Caller(target, token))))


def _release(record: ClusterRecord, *kinds: str) -> None:
    names = [component.name for kind in kinds for component in record.of_kind(kind)]
    request = {"do": "release", "components": names, "by": "up"}
    ask(Files(Path(record.folder)).socket, request)


class _Caller:
    """Makes connections as one identity, which `stack` closes."""

    def __init__(self, record: ClusterRecord, who: Pair, stack: ExitStack) -> None:
        self._record = record
        self._tls = client_tls(record.ca_file, str(who.certificate), str(who.key))
        self._stack = stack

    def api(self, component: Component) -> Caller:
        target = Target(component.serving, self._record.server_name, self._tls)
        return self._stack.enter_context(closing(Caller(target)))

    def checks(self, kind: str) -> list[Check]:
        components = self._record.of_kind(kind)
        return [ready.answers(component, self.api(component)) for component in components]


def _record(layout: Layout) -> ClusterRecord:
    parts: tuple[Component, ...] = components.components(layout)
    folder = layout.folder
    handle = LocalHandle(folder, layout.zoning.kind, layout.zones)
    described = description(handle, layout.zones)
    return ClusterRecord(
        name=layout.name,
        provider="local",
        zoning=layout.zoning.kind,
        zones=layout.zones,
        folder=str(folder),
        balancer=Endpoint("127.0.0.1", layout.port),
        ca_file=str(layout.certificates.servers),
        server_name=SERVER_NAME,
        components=parts,
        identities=identities(
            folder,
            layout.certificates,
            folder / "admin.kubeconfig",
            layout.definition.load_users,
        ),
        capabilities=described.capabilities,
        lacks=dict(described.lacks),
        versions=dict(layout.binaries.versions),
        settings=layout.definition.model_dump(mode="json"),
        probe_objects=len(PROBED),
        entrances=_entrances(layout),
        id=read_id(folder) or "",
    )


def _entrances(layout: Layout) -> dict[str, Endpoint]:
    zoning = layout.zoning
    if not isinstance(zoning, NetnsZones):
        return {}
    return {
        zone: Endpoint(HUB_ADDRESS, APISERVER_PORT, zoning.namespace(zone)) for zone in layout.zones
    }


def _binaries(definition: LocalDefinition) -> Binaries:
    binaries = find_all()
    for release, wanted in definition.versions.model_dump(exclude_none=True).items():
        for name in PROGRAMS[release]:
            found = binaries.versions[name]
            if found != wanted.removeprefix("v"):
                raise NotStarted(
                    f"the cluster must have {release} {wanted}, and {name} {found} was found; point "
                    "KUBEBUILDER_ASSETS at the other binaries, or change `versions:`"
                )
    return binaries


def _port(definition: LocalDefinition) -> int:
    if definition.port is None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port
    if not is_free("127.0.0.1", definition.port):
        raise NotStarted(
            f"port {definition.port} of 127.0.0.1 is in use; free it, or leave out `port:` and "
            "a free one is found"
        )
    return definition.port


@contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except (HandleError, WireError, OSError) as error:
        raise ClusterFailed(f"cluster {folder.name} did not come up: {error}") from error
