"""The links of a cluster that are cut or shaped, and until when: kept by its supervisor."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from kubedrill.clock import now
from kubedrill.cluster import wires
from kubedrill.cluster.handle import Shape
from kubedrill.cluster.holds import AGAIN, asks_about, is_over, takes_back
from kubedrill.cluster.wires import Device, LinkRefused, Wire


@dataclass(slots=True)
class Links:
    """All links of a cluster that are cut or shaped now, for whom, and until when.

    A wire says for whom, so that each owner's is a wire of its own: the first that is mended mends no other.
    """

    _lacks: Callable[[], Mapping[str, str]] = wires.shaping_obstacles
    """Returns what of a shape no link of the cluster can have, and why."""
    _until: dict[tuple[Wire, bool], int | None] = field(default_factory=dict)
    _shapes: dict[Wire, Shape] = field(default_factory=dict)

    DOES: ClassVar = frozenset(("cut", "mend", "shape", "straighten"))
    """What it may be asked."""

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request of the handle asks, and return the answer; LinkRefused."""
        wire = Wire.read(request["wire"])
        match request["do"]:
            case "cut":
                self.cut(wire, request["until"])
            case "mend":
                for known in self._meant(wire, is_shaped=False):
                    self.mend(known)
            case "shape":
                self.shape(wire, Shape(**request["shape"]), request["until"])
            case "straighten":
                for known in self._meant(wire, is_shaped=True):
                    self.straighten(known)
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
        """Shape a link until then; LinkRefused also if it is as bad already."""
        wires.check(wire, worse, self._lacks())
        if (wire, True) in self._until or not self._is_worse(wire, worse):
            raise LinkRefused("the link is as slow as that already")
        self._shapes[wire], self._until[wire, True] = worse, until
        try:
            self._slow(wire)
            if worse.loss:
                wires.lose(wire, worse.loss)
            if worse.bits_per_s and not wire.is_whole:
                wires.limit(wire, worse.bits_per_s)
        except LinkRefused:
            self.straighten(wire)
            raise

    def straighten(self, wire: Wire) -> None:
        """Straighten it, as far as nobody else has it shaped."""
        before = self._shapes.pop(wire, None)
        try:
            wires.let_through(wire)
            self._slow(wire)
        except LinkRefused:
            if before:
                self._shapes[wire] = before
            raise
        self._until.pop((wire, True), None)

    def in_force(self, owner: str) -> Iterator[str]:
        """Yield in words what is done for an owner."""
        for wire, is_shaped in self._until:
            if asks_about(owner, wire.owner):
                yield f"a link of {wire.place} is {'slow' if is_shaped else 'cut'}"

    def due(self) -> Iterator[int]:
        """Yield when one ends by itself, monotonic ns."""
        return (until for until in self._until.values() if until is not None)

    def end_due(self) -> None:
        """End what has come to its end, or what of it could not be ended before."""
        for (wire, is_shaped), until in [*self._until.items()]:
            if not is_over(until):
                continue
            try:
                self.straighten(wire) if is_shaped else self.mend(wire)
            except LinkRefused:
                self._until[wire, is_shaped] = now() + AGAIN

    def _meant(self, wire: Wire, *, is_shaped: bool) -> list[Wire]:
        """Return the wire, and those of others that its owner takes back with it."""
        others = [
            known
            for known, shaped in self._until
            if shaped is is_shaped
            and replace(known, owner=wire.owner) == wire
            and takes_back(wire.owner, known.owner)
        ]
        return [*dict.fromkeys((wire, *others))]

    def _is_worse(self, wire: Wire, worse: Shape) -> bool:
        """Whether all that is asked of a link is worse than what others have made it."""
        for before in (self._least(device, but=wire) for device in wire.devices()):
            if before.bits_per_s and worse.bits_per_s and worse.bits_per_s >= before.bits_per_s:
                return False
            if before.delay_s and worse.delay_s and worse.delay_s <= before.delay_s:
                return False
        return True

    def _slow(self, wire: Wire) -> None:
        """Let what sends over a link be as slow as all owners together want it."""
        for device in wire.devices():
            wires.slow(device, self._least(device))

    def _least(self, device: Device, but: Wire | None = None) -> Shape:
        """Return how badly a device sends, for all owners together, or all but one."""
        shapes = [
            shape
            for wire, shape in self._shapes.items()
            if wire != but and device in wire.devices()
        ]
        rates = [shape.bits_per_s for shape in shapes if shape.bits_per_s]
        delays = [shape.delay_s for shape in shapes if shape.delay_s]
        return Shape(min(rates, default=None), None, max(delays, default=None))
