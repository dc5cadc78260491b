"""The daemon of a cluster of kind's: `python -m kubedrill.cluster.kind.daemon FOLDER`.

There is one at a time: another one that is started meanwhile leaves again.
"""

import atexit
import fcntl
import os
import selectors
import signal
import sys
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    def make(selector: selectors.BaseSelector) -> NodeKeeper:
        keeper = NodeKeeper(folder, selector)
        atexit.register(keeper.leave)
        return keeper

    serve(listener, make)


if __name__ == "__main__":
    main()
