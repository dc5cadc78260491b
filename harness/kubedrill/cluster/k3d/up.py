"""Brings a cluster of k3d's up, or into reach: it is made, or looked at, and given our identities."""

from contextlib import closing
from pathlib import Path

from kubedrill.cluster.adopted.introducing import withdraw
from kubedrill.cluster.arriving import coming, end_daemon, found_layout, named
from kubedrill.cluster.containers import LAYOUT, ContainerLayout, leave
from kubedrill.cluster.engine import EngineContainer, EngineFailed, found_engine, of_role
from kubedrill.cluster.k3d.definition import K3dDefinition
from kubedrill.cluster.k3d.introducing import administrator, bring_in
from kubedrill.cluster.k3d.layout import LABELS, STATIC
from kubedrill.cluster.k3d.tool import K3dTool, program
from kubedrill.cluster.objects import Introduced
from kubedrill.cluster.state import read_id
from kubedrill.cluster.tools import check_name
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord


def check(definition: K3dDefinition, folder: Path) -> None:
    """Raise NotStarted if the cluster surely cannot come up."""
    known = _tool(definition, folder).clusters()
    check_name(named(folder), definition.existing, known, "k3d", "k3d cluster delete")


def up(definition: K3dDefinition, folder: Path) -> ClusterRecord:
    """Bring the cluster up, or into reach, in `folder`, which exists; ClusterFailed if it does not come."""
    with coming(folder):
        return bring_in(definition, _made(definition, _tool(definition, folder), folder), folder)


def down(folder: Path) -> None:
    """Delete what we have made; take what is ours out of what was there. NotStarted if that fails."""
    if not (folder / LAYOUT).exists():
        return
    layout = ContainerLayout.read(folder)
    leave(folder)
    end_daemon(folder)
    k3d = K3dTool(program()[0], layout.at, folder)
    try:
        is_known = layout.cluster in k3d.clusters()
        if is_known and layout.ours:
            k3d.delete(layout.cluster)
        elif is_known and layout.nodes:
            with closing(administrator(folder)) as access:
                withdraw(access, Introduced(1), read_id(folder) or "")
    except EngineFailed as error:
        raise NotStarted(f"cluster {folder.name}: {error}") from None


def _tool(definition: K3dDefinition, folder: Path) -> K3dTool:
    return K3dTool(program()[0], found_engine(definition.engine, "k3d"), folder)


def _made(definition: K3dDefinition, k3d: K3dTool, folder: Path) -> ContainerLayout:
    """Return what there is, once it is made; it is written down before, so that `down` finds it."""
    name, engine = definition.existing or named(folder), k3d.engine
    ours = not definition.existing
    empty = ContainerLayout(engine.name, engine.host, name, ours=ours, nodes=(), balancer="")
    empty.write(folder)
    if ours:
        k3d.create(definition, name)
    k3d.export_kubeconfig(name)
    layout = _looked(empty, definition, engine.containers(LABELS, name))
    layout.write(folder)
    return layout


def _looked(
    empty: ContainerLayout, definition: K3dDefinition, found: list[EngineContainer]
) -> ContainerLayout:
    servers, balancers = of_role(found, "server"), of_role(found, "loadbalancer")
    layout = found_layout(empty, definition.zones, servers, balancers, key="servers", tool="k3d")
    if moving := [server.name for server in servers if not server.labels.get(STATIC)]:
        raise NotStarted(
            f"{' and '.join(moving)} of k3d's cluster {empty.cluster} may get another address when it is "
            "started anew, by which etcd's other members would not know it; make the cluster with "
            "`k3d cluster create --subnet auto`"
        )
    return layout
