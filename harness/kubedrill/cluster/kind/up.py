"""Brings a cluster of kind's up, or into reach: it is made, or looked at, and given our identities."""

from contextlib import closing
from pathlib import Path

from kubedrill.cluster.adopted.introducing import withdraw
from kubedrill.cluster.arriving import coming, end_daemon, found_layout, named
from kubedrill.cluster.containers import LAYOUT, leave
from kubedrill.cluster.engine import (
    ContainerEngine,
    EngineContainer,
    EngineFailed,
    found_engine,
    of_role,
)
from kubedrill.cluster.kind import preparing
from kubedrill.cluster.kind.definition import KindDefinition
from kubedrill.cluster.kind.introducing import administrator, bring_in
from kubedrill.cluster.kind.layout import LABELS, KindLayout
from kubedrill.cluster.kind.tool import KindTool, check_kubernetes, make_network, program
from kubedrill.cluster.objects import Introduced
from kubedrill.cluster.state import read_id
from kubedrill.cluster.tools import check_name
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord


def check(definition: KindDefinition, folder: Path) -> None:
    """Raise NotStarted if the cluster surely cannot come up."""
    kind = _kind(definition)
    delete = "kind delete cluster --name"
    check_name(named(folder), definition.existing, kind.clusters(), "kind", delete)


def up(definition: KindDefinition, folder: Path) -> ClusterRecord:
    """Bring the cluster up, or into reach, in `folder`, which exists; ClusterFailed if it does not come."""
    with coming(folder):
        return bring_in(definition, _made(definition, _kind(definition), folder), folder)


def down(folder: Path) -> None:
    """Delete what we have made; put back what we have changed in what was there. NotStarted if that fails."""
    if not (folder / LAYOUT).exists():
        return
    layout = KindLayout.read(folder)
    leave(folder)
    end_daemon(folder)
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
    engine, (found, version) = found_engine(definition.engine, "kind"), program()
    check_kubernetes(version, definition.image)
    return KindTool(found, engine)


def _made(definition: KindDefinition, kind: KindTool, folder: Path) -> KindLayout:
    """Return what there is, once it is made; it is written down before, so that `down` finds it."""
    name, engine = definition.existing or named(folder), kind.engine
    network = "" if definition.existing else name
    ours = not definition.existing
    empty = KindLayout(
        engine.name, engine.host, name, ours=ours, nodes=(), balancer="", network=network
    )
    empty.write(folder)
    if ours:
        make_network(engine, network)
        kind.create(definition, name, folder, network)
    else:
        kind.export_kubeconfig(name, folder)
    layout = _looked(empty, definition, engine.containers(LABELS, name))
    layout.write(folder)
    return layout


def _looked(
    empty: KindLayout, definition: KindDefinition, found: list[EngineContainer]
) -> KindLayout:
    planes = of_role(found, "control-plane")
    balancers = of_role(found, "external-load-balancer")
    return found_layout(
        empty, definition.zones, planes, balancers, key="control_planes", tool="kind"
    )


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
