"""What may be done to the links between a cluster's zones: they are cut, made slow, made lossy.

How long it lasts, and for whom it is done, is as for all operations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from kubedrill.cluster.operations import Operation

Traffic = Literal["all", "nodes"]
"""What goes over a link: all of it, or what a zone's nodes and the control plane send each other."""


@dataclass(frozen=True, slots=True)
class Link:
    """What goes between a zone and others."""

    zone: str
    other: str | None = None
    """The zone at its other end; None for all that is outside of the zone."""
    direction: Literal["both", "in", "out"] = "both"
    """As seen from `zone`."""
    ports: tuple[int, ...] = ()
    """Only connections to these, both ways of them; all if there are none."""
    of: Traffic = "all"
    """`nodes`: only connections that nodes in the zone have to the load balancer."""


class Cutting(Operation, Protocol):
    """Cuts links."""

    def cut(self, link: Link, *, until: int | None = None) -> None:
        """Drop whatever is sent over a link."""
        ...

    def mend(self, link: Link) -> None:
        """Let it through again; may be called again."""
        ...

    def dropped(self, link: Link) -> int | None:
        """Return how many packets were dropped since the link is cut; None if it is not."""
        ...


@dataclass(frozen=True, slots=True)
class Shape:
    """How badly a link works; None where it works as before."""

    bits_per_s: int | None = None
    loss: float | None = None
    """The share of packets that is lost."""
    delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class Shaped:
    """What a link's shape is, and what came of it so far, in packets."""

    of: tuple[str, ...]
    """What of it is worse than before: of `bandwidth`, `loss`, `delay`."""
    passed: int
    """That went through what makes it slow."""
    delayed: int
    """Of these, those that had to wait."""
    dropped: int


class Shaping(Operation, Protocol):
    """Makes links slow or lossy; `of` are `bandwidth`, `loss`, `delay`, whichever there is."""

    @property
    def lacks(self) -> Mapping[str, str]:
        """What of it there is not, and why."""
        ...

    def shape(self, link: Link, shape: Shape, *, until: int | None = None) -> None:
        """Let a link work no better than that. HandleError says what cannot be done: then nothing was.

        Nor can it be where it is as slow already.
        """
        ...

    def straighten(self, link: Link) -> None:
        """Let it work as before; may be called again."""
        ...

    def shaped(self, link: Link) -> Shaped | None:
        """Return what became of its shape so far; None if it has none."""
        ...
