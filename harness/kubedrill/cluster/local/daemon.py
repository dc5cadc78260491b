"""The cluster's daemon: `python -m kubedrill.cluster.local.daemon FOLDER`.

Its death, by any signal, kills all components.
"""

import os
import selectors
import sys
from pathlib import Path

from kubedrill.cluster.daemon import leave_caller, listen, serve
from kubedrill.cluster.local.programs import read_programs
from kubedrill.cluster.local.supervisor import Supervisor


def main() -> None:
    """Bind the socket, leave the caller, serve."""
    folder = Path(sys.argv[1])
    os.chdir(folder)
    listener = listen()
    leave_caller()

    def make(selector: selectors.BaseSelector) -> Supervisor:
        return Supervisor(folder, read_programs(folder), selector)

    serve(listener, make)


if __name__ == "__main__":
    main()
