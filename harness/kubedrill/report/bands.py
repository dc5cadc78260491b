"""Report: how phases and faults are marked on the timeline; the legend says it with the same colours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Band:
    """How a band looks in the panel of the drill."""

    color: str
    alpha: float


PHASE_BAND = Band("#7b8088", 0.22)
FAULT_BAND = Band("#d55e00", 0.35)
