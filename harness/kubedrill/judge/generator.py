"""Judge: why a generator did not keep up, from what its processes said of themselves."""

from typing import Any

from kubedrill.judge.loads import Load
from kubedrill.record.clock import SECOND
from kubedrill.record.sample import Outcome
from kubedrill.record.schedule import Phase

FULL_CORE = 0.9
"""Share of a core from which a process, which has only one, is taken for busy."""
FULL_DESCRIPTORS = 0.95


def cause(load: Load, phase: Phase) -> str:
    """Return why arrivals of a phase started late or never, and what would help, in words."""
    lines = [one for one in load.workers if phase.holds(one["time"])]
    scarce = max((_descriptors(one) for one in lines), default=0.0)
    if scarce >= FULL_DESCRIPTORS:
        return f"its file descriptors were used up ({scarce:.0%}): raise the limit (ulimit -n)"
    most = load.scheduled.parameters.get("max_in_flight", 1000)
    records = load.transactions()
    within = (records["intended"] >= phase.start) & (records["intended"] < phase.end)
    if (records["outcome"][within] == Outcome.DROPPED).any():
        return f"more than {most:,} were in flight: raise max_in_flight, or lower the rate"
    busy = max((_cores(lines, pid) for pid in {one["pid"] for one in lines}), default=0.0)
    if busy >= FULL_CORE:
        return f"its process used {busy:.0%} of a core: raise processes, or lower the rate"
    lag = load.lag_p99_s(phase) * 1000
    return f"its event loop was up to {lag:.0f} ms late (p99): the machine is too busy"


def _descriptors(line: dict[str, Any]) -> float:
    limit = line.get("descriptors_limit", 0)
    return line["descriptors"] / limit if limit else 0.0


def _cores(lines: list[dict[str, Any]], pid: int) -> float:
    """Return the cores that one process used between its first and its last line."""
    own = [one for one in lines if one["pid"] == pid]
    seconds = (own[-1]["time"] - own[0]["time"]) / SECOND
    return (own[-1]["cpu_s"] - own[0]["cpu_s"]) / seconds if seconds > 0 else 0.0
