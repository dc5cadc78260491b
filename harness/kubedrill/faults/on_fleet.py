"""Faults: what nodes of a fleet are ordered to suffer, and whether anybody plays them."""

from pathlib import Path

from kubedrill.clock import now
from kubedrill.cluster.handle import LONGEST_HOLD
from kubedrill.faults.fault import Scene
from kubedrill.process.child import is_running
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet_lines import (
    AS_QUICK_AS_EVER,
    NodeOrder,
    Player,
    Plight,
    Repaired,
    Slowness,
    orders,
    players,
    repairs,
)
from kubedrill.record.lines import read_sound_lines, write_typed


def is_played(record: ClusterRecord) -> bool:
    """Whether a process is there that plays nodes of the cluster."""
    folder = players(Path(record.folder))
    told = (player for file in folder.glob("*.jsonl") for player in read_sound_lines(file, Player))
    return any(is_running(player.pid, player.started) for player in told)


def order(
    scene: Scene,
    plight: Plight,
    nodes: tuple[str, ...] = (),
    zones: tuple[str, ...] = (),
    slowness: Slowness = AS_QUICK_AS_EVER,
) -> None:
    """Order these nodes, or all of these zones, to suffer it as long as the fault lasts."""
    until = scene.lease or now() + LONGEST_HOLD
    how = slowness._asdict()
    ordered = NodeOrder(plight=plight, nodes=nodes, zones=zones, until=until, **how)
    write_typed(order_file(scene), ordered)


def take_back(scene: Scene) -> None:
    """Take the fault's order away, if it is there yet."""
    order_file(scene).unlink(missing_ok=True)


def repaired(scene: Scene) -> set[str]:
    """Return which targets the fleet's self-healing has restarted since: these suffer nothing any more."""
    files = repairs(Path(scene.record.folder)).glob("*.jsonl")
    lines = (line for file in files for line in read_sound_lines(file, Repaired))
    names = {line.node for line in lines if line.time >= scene.facts.get("since", 0)}
    return {target.name for target in scene.hit if target.called in names}


def order_file(scene: Scene) -> Path:
    """Return where the fault's order stands."""
    return orders(Path(scene.record.folder)) / f"{scene.owner}.json"
