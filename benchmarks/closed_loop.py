"""What our client does in a drill's load processes as fast as it can: a closed loop, a connection each."""

from pathlib import Path
from typing import Any

from benchmarks.playing import Played, play
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.schedule import ScheduledLoad

PROFILE = Path(__file__).parent / "gets.py"


def closed_loop(
    cluster: ClusterRecord, path: str, seconds: float, processes: int = 1, **parameters: Any
) -> Played:
    """GET `path` for so long, a client for each user of the cluster; every request in the samples."""
    given = {"path": path, **parameters}
    clients = Arrivals.closed(len(cluster.load_identities))
    load = ScheduledLoad("get", "gets", clients, given, processes=processes)
    return play(cluster, PROFILE, load, seconds)
