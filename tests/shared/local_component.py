"""Commands for a component of a local cluster, which plays somebody else's: `THIS FOLDER WHAT NAME`.

In place of `ssh HOST ...`: what asks the cluster's own supervisor.
"""

import sys
from pathlib import Path

from kubedrill.cluster.asking import SupervisorCaller
from kubedrill.cluster.by_daemon import Programs
from kubedrill.cluster.files import Files

STATES = {"running": "S", "paused": "T"}


def prove(supervisor: SupervisorCaller, name: str) -> int:
    """Print pid and state; return the exit code."""
    found = supervisor.ask("components")["components"][name]
    if found["pid"] is None:
        return 1
    print(found["pid"], STATES.get(found["state"], "S"))
    return 0


def do(supervisor: SupervisorCaller, what: str, name: str) -> None:
    """Break it, or put it right."""
    programs = Programs(supervisor, ())
    deeds = {
        "kill": programs.hold,
        "stop": programs.stop,
        "start": programs.release,
        "pause": programs.pause,
        "proceed": programs.proceed,
        "restart": programs.restart,
    }
    deeds[what](name)


if __name__ == "__main__":
    folder, what, name = sys.argv[1:]
    supervisor = SupervisorCaller(Files(Path(folder)).socket, owner="")
    if what == "proof":
        sys.exit(prove(supervisor, name))
    do(supervisor, what, name)
