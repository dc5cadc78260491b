"""The links of a cluster that are cut or shaped, and until when: kept by its supervisor."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import Shape
from kubedrill.cluster.local import wires
from kubedrill.cluster.local.wires import LinkRefused, Wire

AGAIN = 1 * SECOND
"""After this what could not be ended in time is tried again: the machine was too busy for nft or tc."""


@dataclass(slots=True)
class Links:
    """All links of a cluster that are cut or shaped now, and until when: kept by its supervisor."""

    _until: dict[tuple[Wire, bool], int | None] = field(default_factory=dict)

    DOES: ClassVar = frozenset(("cut", "mend", "shape", "straighten"))
    """What it may be asked."""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request of the handle asks, and return the answer; LinkRefused."""
        raw = request["wire"]
        wire = Wire(**{**raw, "ports": tuple(raw["ports"])})
        match request["do"]:
            case "cut":
                self.cut(wire, request["until"])
            case "mend":
                self.mend(wire)
            case "shape":
                self.shape(wire, Shape(**request["shape"]), request["until"])
            case "straighten":
                self.straighten(wire)
        return {}

    def cut(self, wire: Wire, until: int | None) -> None:
        """Cut a link until then, monotonic ns; LinkRefused."""
        wires.cut(wire)
        self._until[wire, False] = until

    def mend(self, wire: Wire) -> None:
        """Mend it."""
        wires.mend(wire)
        self._until.pop((wire, False), None)

    def shape(self, wire: Wire, worse: Shape, until: int | None) -> None:
        """Shape a link until then; LinkRefused also if it is shaped already."""
        if (wire, True) in self._until:
            raise LinkRefused("the link is slow already")
        wires.shape(wire, worse)
        self._until[wire, True] = until

    def straighten(self, wire: Wire) -> None:
        """Straighten it."""
        wires.straighten(wire)
        self._until.pop((wire, True), None)

    def due(self) -> Iterator[int]:
        """Yield when one ends by itself, monotonic ns."""
        return (until for until in self._until.values() if until is not None)

    def end_due(self) -> None:
        """End what has come to its end, or what of it could not be ended before."""
        for (wire, is_shaped), until in [*self._until.items()]:
            if until is None or until > now():
                continue
            try:
                self.straighten(wire) if is_shaped else self.mend(wire)
            except LinkRefused:
                self._until[wire, is_shaped] = now() + AGAIN
