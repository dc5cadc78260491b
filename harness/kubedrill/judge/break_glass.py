"""Judge: whether the break-glass identity got into the cluster by any way, and for how long by none."""

import numpy as np

from kubedrill.clock import SECOND
from kubedrill.figures.traces import outages, succeeded
from kubedrill.judge.probes import Probes, longest_s
from kubedrill.judge.requests import due_in
from kubedrill.record.schedule import Phase
from kubedrill.record.series import EXEMPT
from kubedrill.record.verdict import BreakGlass


def break_glass(probes: Probes, phase: Phase) -> BreakGlass:
    """Return in which share of the phase's seconds it got in, and the longest stretch in which it did not.

    Each way is tried by itself; one that leads in is enough. None where nobody tried.
    """
    tried = probes.of(level=EXEMPT)
    within = due_in(tried, phase)
    if not len(within):
        return BreakGlass(phase=phase.name, availability=None, locked_out_s=None)
    second = (within["intended"].astype(np.int64) - phase.start) // SECOND
    good = len(np.unique(second[succeeded(within)]))
    return BreakGlass(
        phase=phase.name,
        availability=good / len(np.unique(second)),
        locked_out_s=longest_s(outages(tried), phase),
    )
