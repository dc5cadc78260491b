"""What judge and report need of a run's samples, in a process of its own; prints its cost as JSON."""

import json
import resource
import sys
import time
from pathlib import Path

from bokeh.models import Range1d  # noqa: F401 - what the report imports is none of the cost

from kubedrill.judge.ending import read_ending
from kubedrill.judge.load_files import read_loads
from kubedrill.judge.loads import load_results
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule
from kubedrill.report.load_panels import load_traces
from kubedrill.report.panel import Axis


def main(run: Path) -> None:
    """Compute percentiles per phase and per second of the run's loads, from its files."""
    folder = RunFolder(run)
    schedule = Schedule.read(folder.schedule)
    begun = time.monotonic()
    _, ending = read_ending(folder)
    phases = [
        result
        for load in read_loads(folder, schedule, ending)
        for phase in schedule.phases
        for result in load_results(load, phase)
    ]
    judged = time.monotonic()
    traces = load_traces(folder, Axis(schedule), ending.how == "ended")
    done = time.monotonic()
    said = {
        "requests": sum(phase.requests for phase in phases),
        "p99": [phase.latency_s["p99"] for phase in phases],
        "seconds": sum(len(trace.seconds.p99) for trace in traces),
        "judge_s": judged - begun,
        "report_s": done - judged,
        "took_s": done - begun,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(said), flush=True)


main(Path(sys.argv[1]))
