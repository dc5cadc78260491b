"""Brings a cluster of kind's up, or into reach: it is made, or looked at, and given our identities."""

import socket
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from kubedrill.cluster import teardown
from kubedrill.cluster.adopted.introducing import withdraw
from kubedrill.cluster.asking import ask
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.kind import preparing
from kubedrill.cluster.kind.definition import KindDefinition
from kubedrill.cluster.kind.engine import (
    ContainerEngine,
    EngineContainer,
    EngineFailed,
    found_engine,
    names,
)
from kubedrill.cluster.kind.introducing import administrator, bring_in
from kubedrill.cluster.kind.layout import LAYOUT, KindLayout, KindNode, leave
from kubedrill.cluster.kind.tool import (
    KindTool,
    check_kubernetes,
    make_network,
    program,
)
from kubedrill.cluster.objects import Introduced
from kubedrill.cluster.ports import APISERVER_PORT
from kubedrill.cluster.state import ClusterFailed, read_id
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.errors import WireError

REACH_S = 3.0


def check(definition: KindDefinition, folder: Path) -> None:
    """Raise NotStarted if the cluster surely cannot come up."""
    kind = _kind(definition)
    known, wanted = kind.clusters(), definition.existing
    if wanted and wanted not in known:
        there = f"there are {', '.join(known)}" if known else "there is none"
        raise NotStarted(f'kind knows no cluster "{wanted}"; {there}')
    if not wanted and (name := _name(folder)) in known:
        raise NotStarted(
            f"kind has a cluster {name} already, which nobody here knows of; "
            f"to delete it: kind delete cluster --name {name}"
        )


def up(definition: KindDefinition, folder: Path) -> ClusterRecord:
    """Bring the cluster up, or into reach, in `folder`, which exists; ClusterFailed if it does not come."""
    for name in ("pki", "logs"):
        (folder / name).mkdir(mode=0o700)
    kind = _kind(definition)
    try:
        layout = _made(definition, kind, folder)
        return bring_in(definition, layout, folder)
    except (EngineFailed, HandleError, WireError, OSError) as error:
        raise ClusterFailed(f"cluster {folder.name} did not come up: {error}") from error


def down(folder: Path) -> None:
    """Delete what we have made; put back what we have changed in what was there. NotStarted if that fails."""
    if not (folder / LAYOUT).exists():
        return
    layout = KindLayout.read(folder)
    leave(folder)
    _end_daemon(folder)
    kind = KindTool(program()[0], layout.at)
    try:
        if layout.ours:
            kind.delete(layout.cluster, folder)
            if layout.network:
                _remove_network(layout.at, layout.network)
        elif layout.cluster in kind.clusters():
            _leave(layout, folder)
    except EngineFailed as error:
        raise NotStarted(f"cluster {folder.name}: {error}") from None


def _kind(definition: KindDefinition) -> KindTool:
    engine, (found, version) = found_engine(definition), program()
    check_kubernetes(version, definition.image)
    return KindTool(found, engine)


def _name(folder: Path) -> str:
    """Return what kind calls the cluster of a folder: the same name in another state folder is another."""
    # With what kind adds it is a hostname, which has at most 64 letters.
    return f"kubedrill-{folder.name[:20].rstrip('-')}-{(read_id(folder) or 'new')[:6]}"


def _made(definition: KindDefinition, kind: KindTool, folder: Path) -> KindLayout:
    """Return what there is, once it is made; it is written down before, so that `down` finds it."""
    name, engine = definition.existing or _name(folder), kind.engine
    network = "" if definition.existing else name
    ours = not definition.existing
    empty = KindLayout(
        engine.name, engine.host, name, ours=ours, network=network, nodes=(), balancer=""
    )
    empty.write(folder)
    if ours:
        make_network(engine, network)
        kind.create(definition, name, folder, network)
    else:
        kind.export_kubeconfig(name, folder)
    layout = _looked(empty, definition, engine.containers(name))
    layout.write(folder)
    return layout


def _looked(
    empty: KindLayout, definition: KindDefinition, found: list[EngineContainer]
) -> KindLayout:
    planes = names(found, "control-plane")
    if len(planes) != len(definition.zones):
        raise NotStarted(
            f"kind's cluster {empty.cluster} has {len(planes)} control planes, not "
            f"{definition.control_planes}: say `control_planes: {len(planes)}`"
        )
    if not_up := [node.name for node in planes if node.state != "running"]:
        raise NotStarted(f"{' and '.join(not_up)} of kind's cluster {empty.cluster} does not run")
    nodes = tuple(
        KindNode(zone, node.name, node.id, node.address)
        for zone, node in zip(definition.zones, planes, strict=True)
    )
    for node in nodes:
        _check_reach(node)
    balancers = names(found, "external-load-balancer")
    return replace(empty, nodes=nodes, balancer=balancers[0].id if balancers else "")


def _check_reach(node: KindNode) -> None:
    try:
        socket.create_connection((node.address, APISERVER_PORT), REACH_S).close()
    except OSError as error:
        raise NotStarted(
            f"{node.name} cannot be reached at {node.address}:{APISERVER_PORT} ({error}): kubedrill must run "
            "on the machine whose kernel runs the nodes, and the engine with rights that give them a network "
            "(not rootless, not in a virtual machine of its own)"
        ) from None


def _end_daemon(folder: Path) -> None:
    """End what keeps the cluster, which gives back what it has taken, and all else of it on this machine."""
    with suppress(HandleError):
        ask(Files(folder).socket, {"do": "leave"})
    teardown.kill_all(folder)


def _leave(layout: KindLayout, folder: Path) -> None:
    """Put back what was changed in a cluster that was there before, and take what is ours out of it."""
    if not layout.nodes:
        return  # nothing was done to it yet
    cluster, failed = read_id(folder) or "", []
    for node in layout.nodes:
        try:
            preparing.put_back(layout.at, node, cluster)
        except EngineFailed as error:
            failed.append(f"{node.name} was not put back as it was: {error}")
    if failed:
        raise EngineFailed("; ".join(failed))
    with closing(administrator(folder)) as access:
        withdraw(access, Introduced(1), cluster)


def _remove_network(engine: ContainerEngine, network: str) -> None:
    known = engine.ask("network", "ls", "--format", "{{.Name}}").split()
    if network in known:
        engine.ask("network", "rm", network)
