"""When a cluster of containers has come: its record, and that all of it is well."""

import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from kubedrill.client import well
from kubedrill.client.caller import Caller
from kubedrill.cluster import teardown
from kubedrill.cluster.adopted.access import Access
from kubedrill.cluster.asking import ask
from kubedrill.cluster.containers import (
    BALANCER,
    ContainerCluster,
    ContainerLayout,
    Layout,
    NodeContainer,
)
from kubedrill.cluster.engine import EngineContainer, EngineFailed
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.holders import bearers, holders
from kubedrill.cluster.ports import APISERVER_PORT
from kubedrill.cluster.state import ClusterFailed, read_id
from kubedrill.errors import NotStarted
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord, Component, Endpoint
from kubedrill.record.labels import PROBED
from kubedrill.record.lines import Json
from kubedrill.record.metric import APISERVER
from kubedrill.wire.errors import WireError
from kubedrill.wire.pki import Pair
from kubedrill.wire.target import identity_target

READY_S = 240.0
"""kubelet starts controllers anew within some seconds; a machine that is short of CPU takes a minute."""
LOOK_S = 0.3
REACH_S = 3.0


def found_layout(
    empty: Layout,
    zones: tuple[str, ...],
    planes: list[EngineContainer],
    balancers: list[EngineContainer],
    *,
    key: str,
    tool: str,
) -> Layout:
    """Return a layout with its nodes, a zone each; NotStarted if they are others, or not to be reached.

    `key` of the cluster's file says how many nodes it has.
    """
    what = f"{tool}'s cluster {empty.cluster}"
    if len(planes) != len(zones):
        raise NotStarted(
            f"{what} has {len(planes)} {key}, not {len(zones)}: say `{key}: {len(planes)}`"
        )
    if not_up := [node.name for node in planes if node.state != "running"]:
        raise NotStarted(f"{' and '.join(not_up)} of {what} does not run")
    nodes = tuple(
        NodeContainer(zone, node.name, node.id, node.address)
        for zone, node in zip(zones, planes, strict=True)
    )
    for node in nodes:
        _check_reach(node)
    return replace(empty, nodes=nodes, balancer=balancers[0].id if balancers else "")


def _check_reach(node: NodeContainer) -> None:
    try:
        socket.create_connection((node.address, APISERVER_PORT), REACH_S).close()
    except OSError as error:
        raise NotStarted(
            f"{node.name} cannot be reached at {node.address}:{APISERVER_PORT} ({error}): kubedrill must run "
            "on the machine whose kernel runs the nodes, and the engine with rights that give them a network "
            "(not rootless, not in a virtual machine of its own)"
        ) from None


@contextmanager
def coming(folder: Path) -> Iterator[None]:
    """Make what a cluster needs in its folder, and say (ClusterFailed) why it does not come in this block."""
    for name in ("pki", "logs"):
        (folder / name).mkdir(mode=0o700)
    try:
        yield
    except (EngineFailed, HandleError, WireError, OSError) as error:
        raise ClusterFailed(f"cluster {folder.name} did not come up: {error}") from error


def named(folder: Path) -> str:
    """Return what the cluster of a folder is called by its tool: in another state folder it is another."""
    # With what tools add it is a hostname, which has at most 64 letters; k3d takes 32.
    return f"kubedrill-{folder.name[:14].rstrip('-')}-{(read_id(folder) or 'new')[:6]}"


def end_daemon(folder: Path) -> None:
    """End what keeps the cluster, which gives back what it has taken, and all else of it on this machine."""
    with suppress(HandleError):
        ask(Files(folder).socket, {"do": "leave"})
    teardown.kill_all(folder)


def record_of(
    layout: ContainerLayout,
    folder: Path,
    access: Access,
    told: ClusterDescription,
    *,
    provider: str,
    components: Iterable[Component],
    server_name: str,
    trusts: Path,
    pairs: Mapping[str, Pair],
    kubeconfig: Path,
    load_users: int,
    settings: Mapping[str, Json],
) -> ClusterRecord:
    """Return the record of a cluster that is up; `access` is the administrator's, by its balancer."""
    balancer = access.server.endpoint
    found = (*holders(pairs, kubeconfig), *bearers(folder, load_users))
    return ClusterRecord(
        name=folder.name,
        provider=provider,
        zoning="containers",
        zones=layout.zones,
        folder=str(folder),
        balancer=balancer,
        ca_file=str(trusts),
        server_name=server_name,
        components=(*components, *_balancing(layout, balancer)),
        identities={identity.name: identity for identity in found},
        capabilities=told.capabilities,
        lacks=dict(told.lacks),
        versions={APISERVER: json.loads(access.call("GET", "/version").body)["gitVersion"]},
        settings=dict(settings),
        probe_objects=len(PROBED),
        hosts={node.zone: node.name for node in layout.nodes},
        foreign=told.foreign,
        id=read_id(folder) or "",
    )


def _balancing(layout: ContainerLayout, at: Endpoint) -> tuple[Component, ...]:
    return (Component(BALANCER, BALANCER, None, at),) if layout.balancer else ()


def wait_ready(record: ClusterRecord, handle: ContainerCluster[Any], until: float) -> None:
    """Wait until all that runs says that it is well, and is seen; ClusterFailed."""
    asked = [component for component in record.components if component.kind in well.PAGES]
    with ExitStack() as stack:
        for component in asked:
            target, token = identity_target(record, "scraper", component.serving)
            api = stack.enter_context(closing(Caller(target, token)))
            wait(_is_well(api, component.kind), f"{component.name} is not well", until)
    wait(
        lambda: {state.state for state in handle.components().values()} == {"running"},
        "not all of it runs",
        until,
    )


def _is_well(api: Caller, kind: str) -> Callable[[], bool]:
    return lambda: well.ask(api, well.PAGES[kind]).well


def wait(holds: Callable[[], bool], what: str, until: float) -> None:
    """Wait until something holds; ClusterFailed says what does not, once it is late (monotonic seconds)."""
    while not holds():
        if time.monotonic() > until:
            raise ClusterFailed(f"{what} within {READY_S:g} s")
        time.sleep(LOOK_S)
