"""Faults: which others hit the same components just now, which are not well before all are undone."""

from kubedrill.cluster.provider import handle_of
from kubedrill.faults.fault import Scene
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.ledger import Ledger

_THROUGH = {"apiservers": "kube-apiserver"}
"""What the load balancer calls those behind it."""


def beside(scene: Scene, ledger: Ledger) -> list[str]:
    """Return the names of the other faults of a ledger that are in force on what the scene's fault hits.

    Of two that are undone at once, neither is in force any more: then both must show that all is well.
    """
    mine = _components(scene.record, scene.targets)
    return [
        entry.name
        for entry in ledger.open_entries()
        if entry.what == "fault"
        and entry.id != scene.owner
        and mine & _components(scene.record, entry.facts.get("targets", ()))
        and handle_of(scene.record, entry.id).in_force()
    ]


def _components(record: ClusterRecord, targets: "list[str] | tuple[str, ...]") -> set[str]:
    """Return the components that targets are, or have in them."""
    found: set[str] = set()
    for target in targets:
        kind, _, zone = target.partition("/")
        within = {part.name for part in record.components if target == f"zone-{part.zone}"}
        found |= within or {f"{_THROUGH[kind]}-{zone}" if kind in _THROUGH else target}
    return found
