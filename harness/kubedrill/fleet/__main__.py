"""Fleet: one process, the nodes of one zone, or all of KWOK. Writes fleet-ZONE.jsonl, fleet-kwok.jsonl.

python -m kubedrill.fleet --run RUN --zone a
"""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from pathlib import Path  # noqa: E402

from kubedrill.errors import NotStarted  # noqa: E402
from kubedrill.fleet.kwok import KwokFleet  # noqa: E402
from kubedrill.fleet.playing import Playing  # noqa: E402
from kubedrill.fleet.zone import ZoneFleet  # noqa: E402
from kubedrill.process.child import NOT_STARTED  # noqa: E402
from kubedrill.process.lifeline import ignore_terminal  # noqa: E402
from kubedrill.process.limits import check_descriptors  # noqa: E402
from kubedrill.record.cluster import ClusterRecord  # noqa: E402
from kubedrill.record.fleet import Fleet  # noqa: E402
from kubedrill.record.folder import RunFolder  # noqa: E402
from kubedrill.record.lines import read_whole  # noqa: E402


def main(arguments: Sequence[str] | None = None) -> None:
    """Play a part of the fleet of the run folder given by --run."""
    parser = argparse.ArgumentParser(prog="python -m kubedrill.fleet")
    parser.add_argument("--run", required=True, type=Path, help="the run's folder")
    parser.add_argument("--zone", help="whose nodes these are; by default all, where KWOK plays")
    given = parser.parse_args(arguments)
    ignore_terminal()
    try:
        playing = _playing(RunFolder(given.run), given.zone)
    except NotStarted as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_STARTED)
    playing.run()


def _playing(folder: RunFolder, zone: str | None) -> Playing:
    fleet, record = read_whole(folder.fleet, Fleet), ClusterRecord.read(folder.cluster)
    if zone is None:
        return KwokFleet(folder, record, fleet)
    check_descriptors(len([*fleet.everyone(zone)]))
    return ZoneFleet(folder, record, fleet, zone)


if __name__ == "__main__":
    main()
