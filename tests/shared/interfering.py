"""Who ends what a fault does by other means than its undo: by hand, by chance, or out of order."""

import os
import signal
import time
from pathlib import Path

from kubedrill.cluster import unix
from kubedrill.cluster.handle import Quota, present
from kubedrill.cluster.provider import handle_of
from kubedrill.record.cluster import ClusterRecord


def lift(cluster: ClusterRecord, target: str) -> None:
    """Lift all limits."""
    every = Quota(memory_bytes=1, cpus=1, disk_writes_per_s=1)
    present(handle_of(cluster).limiting).lift(target, every)


def end_it(cluster: ClusterRecord, target: str) -> None:
    """Start what is down, and kill what is not: its supervisor starts another one."""
    handle = handle_of(cluster)
    before = handle.components()[target]
    if before.pid is None or before.state == "stopping":
        present(handle.holding).release(target)
        return
    os.kill(before.pid, signal.SIGKILL)
    while handle.components()[target].pid == before.pid:
        time.sleep(0.02)


def restore_flags(cluster: ClusterRecord, target: str) -> None:
    """Give a component its own flags again, as somebody who finds it so may do."""
    present(handle_of(cluster).flagging).restore(target)


def put_back_by_hand(cluster: ClusterRecord, target: str) -> None:
    """Let the balancer serve a backend again, as a person would on its socket."""
    command = f"set server {target} state ready\n".encode()
    unix.ask(Path(cluster.folder) / "haproxy.sock", command, 5)
    zone = target.removeprefix("apiservers/")
    while zone not in present(handle_of(cluster).balancing).served():
        time.sleep(0.02)
