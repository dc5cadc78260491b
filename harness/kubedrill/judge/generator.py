"""Judge: why a generator did not keep up, from its samples and what its processes said of themselves."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kubedrill.clock import SECOND
from kubedrill.figures.traces import completed
from kubedrill.judge.loads import Load
from kubedrill.judge.requests import never_sent
from kubedrill.record.sample import LATE, Outcome, Records
from kubedrill.record.schedule import Phase
from kubedrill.record.vitals import GeneratorVitals

FULL_CORE = 0.9
"""Share of a core from which a process, which has only one, is taken for busy."""

CONNECTIONS = "every connection that it might use was in use: raise connections, or lower the rate"
_EXHAUSTED = {
    Outcome.NO_CONNECTION: CONNECTIONS,
    Outcome.NO_DESCRIPTOR: "its file descriptors were used up: raise the hard limit (ulimit -Hn)",
    Outcome.NO_PORT: "no local port was left: keep connections, or widen net.ipv4.ip_local_port_range",
    Outcome.NO_MEMORY: "its machine had no memory left for connections: lower the rate",
}


def ran_out(load: Load, records: Records) -> str:
    """Return what had run out, so that most of the requests were not sent, in words; "" if all were sent."""
    outcomes, counts = np.unique(records["outcome"][never_sent(records)], return_counts=True)
    if not len(outcomes):
        return ""
    outcome = Outcome(int(outcomes[counts.argmax()]))
    most = load.scheduled.parameters.get("max_in_flight", 1000)
    in_flight = f"more than {most:,} were in flight: raise max_in_flight, or lower the rate"
    return _EXHAUSTED.get(outcome, in_flight)


def cause(load: Load, phase: Phase, arrivals: Records) -> str:
    """Return why arrivals of a phase started late or never, and what would help, in words."""
    exhausted = ran_out(load, arrivals)
    if exhausted:
        return exhausted
    if _held_back(load, phase, arrivals):
        return CONNECTIONS
    busy = max((_cores(lines, phase) for lines in load.vitals.values()), default=0.0)
    if busy >= FULL_CORE:
        return f"its process used {busy:.0%} of a core: raise processes, or lower the rate"
    lag = (load.lag_p99_s(phase) or 0.0) * 1000
    return f"its event loop was up to {lag:.0f} ms late (p99): the machine is too busy"


def _held_back(load: Load, phase: Phase, arrivals: Records) -> bool:
    """Whether most of the late ones have waited for a connection, which is counted when they end."""
    late = arrivals[arrivals["wait_us"] > LATE // 1000]
    ended = int(completed(late).max(initial=phase.end))
    return 2 * load.held_back(replace(phase, end=ended + SECOND)) >= len(late)


def _cores(lines: Sequence[GeneratorVitals], phase: Phase) -> float:
    """Return the cores that one process used between its first and its last line in a phase."""
    own = [line for line in lines if phase.holds(line.time)]
    seconds = (own[-1].time - own[0].time) / SECOND if own else 0.0
    return (own[-1].cpu_s - own[0].cpu_s) / seconds if seconds > 0 else 0.0
