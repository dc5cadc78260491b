"""The daemon of a cluster of kind's: `python -m kubedrill.cluster.kind.daemon FOLDER`.

There is one at a time: another one that is started meanwhile leaves again.
"""

import fcntl
import os
import sys
from functools import partial
from pathlib import Path

from kubedrill.cluster.daemon import leave_caller, listen, serve
from kubedrill.cluster.files import Files
from kubedrill.cluster.kind.keeper import NodeKeeper


def main() -> None:
    """Be the only one, bind the socket, leave the caller, serve."""
    folder = Path(sys.argv[1])
    os.chdir(folder)
    alone = Path("daemon.lock").open("ab")  # noqa: SIM115 - held until the end
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    Path(Files(Path()).socket.name).unlink(missing_ok=True)  # of one that was killed
    listener = listen()
    leave_caller()
    serve(listener, partial(NodeKeeper, folder))


if __name__ == "__main__":
    main()
