"""Seed: lets more pods of the workload be wanted while the drill runs. Writes demand.jsonl.

python -m kubedrill.seed.demanding --run RUN

Where there is a demand for pods there is one for nodes: what follows is the cluster's affair.
"""

import argparse
import json
import threading
from collections.abc import Sequence
from pathlib import Path

from kubedrill.clock import SECOND, now
from kubedrill.process.lifeline import ignore_terminal, on_end, read_go, say_ready
from kubedrill.record.autoscaler import Demanded
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import WORKLOAD, namespace_of_workload
from kubedrill.record.lines import JsonLines
from kubedrill.record.schedule import Schedule
from kubedrill.seed.calling import Seeder
from kubedrill.seed.workload import path_of_workloads

_MERGE = {"Content-Type": "application/merge-patch+json"}


def demand(folder: RunFolder, record: ClusterRecord, before: int, schedule: Schedule) -> None:
    """Ask for the pods that are wanted, each time when it is due, until the drill or its runner has ended.

    `before`: how many of the workload there are already. SeedFailed if the API does not take it by the end.
    """
    ended = threading.Event()
    on_end(ended.set)
    lines = JsonLines(folder.demand)
    path = f"{path_of_workloads(namespace_of_workload(folder.run))}/{WORKLOAD}"
    seeder, pods = Seeder(record, schedule.end), before
    for wanted in schedule.fleet.demands if schedule.fleet else ():
        due = schedule.comes(wanted)
        if ended.wait(max(due - now(), 0) / SECOND):
            return
        pods += wanted.pods
        sent = now()
        body = json.dumps({"spec": {"replicas": pods}}).encode()
        seeder.call("PATCH", path, body, headers=_MERGE)
        lines.add(Demanded(time=now(), due=due, sent=sent, pods=pods))
    ended.wait(max(schedule.end - now(), 0) / SECOND)


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask for what the run folder given by --run says."""
    parser = argparse.ArgumentParser(prog="python -m kubedrill.seed.demanding")
    parser.add_argument("--run", required=True, type=Path, help="the run's folder")
    parser.add_argument(
        "--before", type=int, default=0, help="pods of the workload there are already"
    )
    given = parser.parse_args(arguments)
    folder = RunFolder(given.run)
    ignore_terminal()
    record = ClusterRecord.read(folder.cluster)
    say_ready()
    schedule = read_go()
    if schedule is not None:
        demand(folder, record, given.before, schedule)


if __name__ == "__main__":
    main()
