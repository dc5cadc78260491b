"""Faults: which others hit the same components just now, which are not well before all are undone."""

from collections.abc import Iterable

from kubedrill.cluster.provider import handle_of
from kubedrill.faults.fault import Scene
from kubedrill.record.ledger import Ledger
from kubedrill.record.target import Target, targets_of


def beside(scene: Scene, ledger: Ledger) -> list[str]:
    """Return the names of the other faults of a ledger that are in force on what the scene's fault hits.

    Of two that are undone at once, neither is in force any more: then both must show that all is well.
    """
    mine = _touched(scene.hit)
    return [
        entry.name
        for entry in ledger.open_entries()
        if entry.what == "fault"
        and entry.id != scene.owner
        and mine & _touched(targets_of(entry.facts))
        and handle_of(scene.record, entry.id).in_force()
    ]


def _touched(targets: Iterable[Target]) -> set[str]:
    """Return what targets are, have in them, and keep from being reached."""
    return {
        name for target in targets for name in (target.name, *target.components, *target.behind)
    }
