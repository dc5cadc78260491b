"""The child's end of the lifeline: say `ready`, read one GO line, stop when stdin ends.

The runner's death, by any signal, is seen as end of file. Nothing here imports gevent; under
gevent's monkey-patching the same code is cooperative, but stdin must be read by `wait_readable`.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from kubedrill.record.schedule import Schedule


def ignore_terminal() -> None:
    """Ignore Ctrl-C and hang-up: the runner alone decides when a child ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def say_ready() -> None:
    """Tell the runner that GO may come. What is printed from here on goes to the log.

    The runner reads the pipe no more: left open, it would fill and block.
    """
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    os.dup2(2, 1)


def read_go(read: Callable[[int, int], bytes] = os.read) -> Schedule | None:
    """Wait for the GO line and return its schedule; None if stdin ended first.

    `read(fd, size)` may be a cooperative one (gevent.os.tp_read).
    """
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = read(0, 65536)
        if not piece:
            return None
        line += piece
    message: dict[str, Any] = json.loads(line)
    return Schedule.from_dict(message["schedule"])


def on_end(callback: Callable[[], None]) -> None:
    """Call `callback` from a thread of its own when stdin ends. Not for gevent's processes."""

    def wait() -> None:
        while os.read(0, 65536):
            pass
        callback()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
