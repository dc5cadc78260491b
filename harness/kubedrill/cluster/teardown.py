"""Takes a cluster's processes of this machine away, whatever is left of them."""

import os
import signal
import time
from pathlib import Path

from kubedrill.cluster.state import MARK

_DYING_TIMEOUT_S = 15.0


class StillThere(Exception):  # noqa: N818 - reads as what it says
    """Something of the cluster could not be removed; the message says what."""


def kill_all(folder: Path) -> None:
    """Kill every process of the cluster in `folder`, and wait until none is left."""
    deadline = time.monotonic() + _DYING_TIMEOUT_S
    while left := _kill_marked(f"{MARK}={folder}".encode()):
        if time.monotonic() > deadline:
            raise StillThere(f"{folder.name}: these processes do not die: {left}")
        time.sleep(0.02)


def _kill_marked(mark: bytes) -> list[int]:
    """Kill what carries the mark; return the pids. What has died, reaped or not, carries none."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _kill_if_marked(entry, mark)
    ]


def _kill_if_marked(entry: Path, mark: bytes) -> bool:
    try:
        pidfd = os.pidfd_open(int(entry.name))  # so that no other process is hit by its number
    except OSError:
        return False
    try:
        if mark not in (entry / "environ").read_bytes().split(b"\0"):
            return False
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except OSError:  # it ended just now, or is another user's
        return False
    finally:
        os.close(pidfd)
    return True
