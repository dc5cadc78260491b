"""Observe: how long a file system takes to keep what was written: 4 KiB added to a file, then fdatasync.

Added, as etcd adds to its log: then the journal has to be written as well, behind whatever others write.
"""

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from kubedrill.clock import SECOND, now
from kubedrill.process.priority import is_real_time, prefer
from kubedrill.record.folder import RunFolder
from kubedrill.record.machine import FSYNC_EVERY_S

SIZE = 4096
_WHOLE = 16 * 1024 * 1024
"""The file begins anew at this size: a drill of hours must not fill the disk."""


class Appending:
    """A file without a name in one folder: it is gone with the process, however that ends."""

    def __init__(self, folder: Path) -> None:
        path = folder / f".fsync-{os.getpid()}"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        path.unlink()
        self._block = os.urandom(SIZE)
        self._size = 0

    def once(self) -> float:
        """Add 4 KiB and wait until they are kept; return how many seconds that took."""
        if self._size >= _WHOLE:
            os.ftruncate(self._file, 0)
            self._size = 0
        begun = now()
        os.pwrite(self._file, self._block, self._size)
        os.fdatasync(self._file)
        self._size += SIZE
        return (now() - begun) / SECOND


def disks(folder: RunFolder, cluster: Path | None) -> dict[str, Path]:
    """Return where it is measured: in the run folder, and beside the cluster's data on another disk."""
    if cluster is None or cluster.stat().st_dev == folder.path.stat().st_dev:
        return {"reports": folder.path}
    return {"reports": folder.path, "cluster": cluster}


class FsyncWatch:
    """Does it again and again, in a thread for each disk: one that hangs holds up nothing else."""

    def __init__(self, disks: Mapping[str, Path]) -> None:
        self._files = {name: Appending(path) for name, path in disks.items()}
        self._took: dict[str, list[float]] = {name: [] for name in disks}
        self._begun: dict[str, int | None] = dict.fromkeys(disks)
        self._threads = [
            threading.Thread(target=self._run, args=(name,), name="fsync", daemon=True)
            for name in disks
        ]

    def start(self) -> None:
        """Begin; the threads end with the process."""
        for thread in self._threads:
            thread.start()

    def is_preferred(self) -> bool:
        """Whether what it measures is the disk alone, and not also how long it waited for a core."""
        return all(is_real_time(thread.native_id) for thread in self._threads)

    def take(self) -> tuple[dict[str, tuple[float, ...]], float]:
        """Return what was measured since the last call, and how long the longest under way has lasted."""
        found = {}
        for name, took in self._took.items():
            found[name] = tuple(took[:])
            del took[: len(found[name])]
        begun = [at for at in self._begun.values() if at is not None]
        return found, max(((now() - at) / SECOND for at in begun), default=0.0)

    def _run(self, name: str) -> None:
        prefer()
        file = self._files[name]
        while True:
            self._begun[name] = now()
            took = file.once()
            self._begun[name] = None
            self._took[name].append(took)
            time.sleep(FSYNC_EVERY_S)
