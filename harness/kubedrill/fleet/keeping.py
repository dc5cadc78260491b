"""Fleet: keeps the nodes of a cluster that has some without a drill, as long as the cluster stands.

python -m kubedrill.fleet.keeping --run FOLDER

What `cluster down` kills ends with the cluster; where that is not done in order, it ends by itself.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from kubedrill.errors import NotStarted
from kubedrill.process.child import NOT_STARTED, Child, ChildFailed
from kubedrill.process.lifeline import ignore_terminal, say_ready
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import Fleet, patience_s
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import read_whole

LOOK_S = 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Keep the fleet of the folder given by --run."""
    parser = argparse.ArgumentParser(prog="python -m kubedrill.fleet.keeping")
    parser.add_argument("--run", required=True, type=Path, help="the fleet's folder")
    folder = RunFolder(parser.parse_args(arguments).run)
    ignore_terminal()
    record, fleet = ClusterRecord.read(folder.cluster), read_whole(folder.fleet, Fleet)
    playing = {zone: _start(folder, zone) for zone in fleet.zones}
    try:
        for child in playing.values():
            child.wait_ready(patience_s(fleet))
    except (ChildFailed, NotStarted) as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_STARTED)
    say_ready()
    while record.stands():
        time.sleep(LOOK_S)
        for zone, child in playing.items():
            if child.poll() is not None:
                print(f"fleet-{zone} ended with {child.poll()}, and is started again")
                playing[zone] = _start(folder, zone)


def _start(folder: RunFolder, zone: str) -> Child:
    command = [sys.executable, "-m", "kubedrill.fleet", "--run", str(folder.path), "--zone", zone]
    return Child.start(f"fleet-{zone}", command, folder.logs / f"fleet-{zone}.log")


if __name__ == "__main__":
    main()
