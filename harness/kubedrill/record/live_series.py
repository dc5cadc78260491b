"""What is known of a drill at any moment while it runs, by the names that objectives have for it."""

from collections.abc import Iterable

from kubedrill.record.metric import METRICS
from kubedrill.record.objective import Objective, ObjectiveError, check

AVAILABILITY = ("availability", "availability.reads", "availability.writes")
HEALTHY = "etcd.healthy_members"
OF_LOADS = ("p99", "error_rate")
"""What is known of each load while it presses: of its arrivals in the last five seconds that are settled."""
RSS = {name: metric.component for name, metric in METRICS.items() if metric.source == "memory"}
"""By series of memory, the kind of component whose largest it is."""
FSYNC = "etcd.fsync.p99"
NOT_READY = "nodes.not_ready"
OF_NODES = ("zone.", *(name for name, metric in METRICS.items() if metric.source == "readiness"))
"""What is in an objective for which nodes are asked for each second; NOT_READY alone is known live."""
OBJECTS = {name: name.partition(".")[2] for name in METRICS if name.startswith("objects.")}
"""By series, the kind of objects that it counts: live once a second, and not once a minute."""
LIVE_SERIES = (*AVAILABILITY, HEALTHY, FSYNC, *RSS, NOT_READY, *OBJECTS)
"""What the live figures hold at any moment, beside the loads'; the rest is known only after the drill."""


def spelled_as(objective: Objective) -> str:
    """Return what stands left of an objective's operator."""
    return ".".join(filter(None, (objective.series, objective.statistic)))


def check_is_live(objective: Objective, known_loads: Iterable[str], purpose: str) -> None:
    """Raise ObjectiveError unless this can be known while a drill runs; `purpose` is what it cannot do then.

    `known_loads` are the names of the series of the experiment's loads.
    """
    loads = [*known_loads]
    check(objective, loads)
    watched = objective.series in loads and "." not in objective.series
    # The extremes of a gauge are of a phase, and what is asked here is about now.
    known = objective.statistic in OF_LOADS if watched else spelled_as(objective) in LIVE_SERIES
    if not known or objective.share_of:
        raise ObjectiveError(
            f"{spelled_as(objective)} cannot {purpose}; what is watched while it runs: "
            f"{', '.join(LIVE_SERIES)}, and {' and '.join(OF_LOADS)} of each load"
        )
