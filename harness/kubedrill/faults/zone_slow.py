"""Bad links of zones: little bandwidth, packets that are lost, a delay."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from kubedrill.cluster.handle import Link, Shape, present
from kubedrill.faults.actions import actions
from kubedrill.faults.attempting import each
from kubedrill.faults.fault import Fault, Lapse, Scene, Seen, Whom, missing, proof
from kubedrill.faults.on_zones import ZONE, Direction, OnTraffic
from kubedrill.faults.toll import Toll
from kubedrill.record.catalogue import ClusterDescription, Need

AS_IF_CUT = 0.5
"""With so much lost a zone counts as cut off: of packets and their acknowledgements one pair in four comes
through at the first try, and a connection is not begun by fewer than two."""


class ZoneSlow(OnTraffic):
    """Make a zone's link bad: little bandwidth, packets that are lost, or a delay."""

    name: ClassVar = "zone.slow"
    functions: ClassVar = ("slow", "straighten")
    verb: ClassVar = "slow"
    done: ClassVar = "slowed"
    needs: ClassVar = (Need("shaping", "loss"),)
    parameter_needs: ClassVar = {
        "bandwidth_mbit": Need("shaping", "bandwidth"),
        "loss": Need("shaping", "loss"),
        "delay_s": Need("shaping", "delay"),
    }
    blast_radius: ClassVar = "what zone {zone} and others send each other ({of})"
    effect_s: ClassVar = 30.0
    """Of 1,000 packets a second that members send each other, one is lost in time at a loss of 0.1 ‰."""

    zone: Whom = ZONE
    bandwidth_mbit: float | None = Field(
        None, gt=0, le=100_000, description="Mbit a second each way"
    )
    loss: float | None = Field(None, gt=0, lt=1, description="the share of packets that is lost")
    delay_s: float | None = Field(
        None, gt=0, le=10, description="seconds that each packet takes longer, each way"
    )
    direction: Direction = Field("both", description="only what comes in, or goes out")
    allow_quorum_loss: bool = Field(
        False, description="even where so much is lost that the zones that are left have no quorum"
    )

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self._asks():
            raise ValueError(
                "says neither bandwidth_mbit nor loss nor delay_s: nothing would be slow"
            )
        if self.of == "nodes" and self.delay_s:
            raise ValueError("delay_s: only of a whole link; leave it out, or leave of: nodes out")
        return self

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the links; and what stands in the zones, where hardly anything comes through."""
        link = replace(self.toll("link", True), counts=False)
        if self.of == "nodes" or (self.loss or 0) < AS_IF_CUT:
            return (link,)
        return link, *(self.toll(kind, self.allow_quorum_loss) for kind in ("member", "apiserver"))

    def is_hidden_by(self, other: Fault) -> bool:
        """Whether another one makes the same link as slow already."""
        if not isinstance(other, ZoneSlow):
            return False
        if self.of != other.of:
            return False
        if "both" not in (self.direction, other.direction) and self.direction != other.direction:
            return False
        less = (other.bandwidth_mbit, self.bandwidth_mbit), (self.delay_s, other.delay_s)
        return any(lower and higher and lower <= higher for lower, higher in less)

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Slow them."""
        self.needs_nodes(scene)
        bits = round(self.bandwidth_mbit * 1e6) if self.bandwidth_mbit else None
        shape = Shape(bits, self.loss, self.delay_s)
        for target in scene.targets:
            present(scene.handle.shaping).shape(self._link(scene, target), shape, until=scene.lease)
        return {}

    def did(self, scene: Scene) -> str:
        """Say whose links were slowed, and how."""
        how = {"bandwidth": f"{self.bandwidth_mbit} Mbit/s", "loss": f"{self.loss} lost"}
        how["delay"] = f"{self.delay_s} s later"
        words = ", ".join(how[what] for what in self._asks())
        return f"slowed the link of {' and '.join(scene.targets)}: {words}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether packets went through what makes it slow, and some were lost if that is asked for."""
        words = []
        for target in scene.targets:
            shaped = present(scene.handle.shaping).shaped(self._link(scene, target))
            if shaped is None:
                return missing(f"the link of {target} is as before", target)
            if self._is_slower() and not shaped.passed:
                return missing(f"nothing was sent over the link of {target}", target)
            if self.loss and not shaped.dropped:
                return missing(f"nothing was lost on the link of {target}", target)
            words.append(f"{target}: {shaped.passed} packets slowed, {shaped.dropped} dropped")
        return proof("; ".join(words))

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return which link is not slow any more."""
        for target in scene.targets:
            shaped = present(scene.handle.shaping).shaped(self._link(scene, target))
            if gone := {*self._asks()} - {*(shaped.of if shaped else ())}:
                return Lapse(f"the {' and '.join(sorted(gone))} of {target} was as before again")
        return None

    def undo(self, scene: Scene) -> None:
        """Straighten them."""
        shaping = present(scene.handle.shaping)
        each(scene.targets, lambda target: shaping.straighten(self._link(scene, target)))

    def undone(self, scene: Scene) -> Seen:
        """Look whether they are as before, and all that runs in the zones is well."""
        for target in scene.targets:
            if present(scene.handle.shaping).shaped(self._link(scene, target)) is not None:
                return missing(f"the link of {target} is slow", target)
        return super().undone(scene)

    def _asks(self) -> list[str]:
        asked = {"bandwidth": self.bandwidth_mbit, "loss": self.loss, "delay": self.delay_s}
        return [what for what, value in asked.items() if value]

    def _is_slower(self) -> bool:
        return bool(self.bandwidth_mbit or self.delay_s)

    def _link(self, scene: Scene, target: str) -> Link:
        return Link(scene.called(target), direction=self.direction, of=self.of)


slow, straighten = actions(ZoneSlow)
