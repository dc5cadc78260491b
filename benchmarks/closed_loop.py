"""What our client does in a drill's load process as fast as it can: benchmarks/gets.py, a connection each."""

from pathlib import Path
from typing import Any

from benchmarks.playing import Played, play
from kubedrill.record.arrivals import Arrivals
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.schedule import ScheduledLoad

PROFILE = Path(__file__).parent / "gets.py"
NO_ARRIVALS = 0.001
"""A second: the users of benchmarks/gets.py do not wait for any."""


def closed_loop(
    cluster: ClusterRecord, path: str, seconds: float, processes: int = 1, **parameters: Any
) -> Played:
    """GET `path` for so long, every request in the samples."""
    given = {"path": path, **parameters}
    load = ScheduledLoad("get", "gets", Arrivals.constant(NO_ARRIVALS), given, processes=processes)
    return play(cluster, PROFILE, load, seconds)
