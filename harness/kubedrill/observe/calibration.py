"""Observe: what the machine gives just before the load, in a few seconds: machine.json.

    python -m kubedrill.observe.calibration --run RUN [--shared]

A process of its own, which has ended when the load begins: it has no part in what the drill measures.
"""

import argparse
import os
import random
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from kubedrill.clock import SECOND, now
from kubedrill.cluster.provider import handle_of
from kubedrill.observe.fsync import Appending, FsyncWatch, disks
from kubedrill.observe.machine import MachineMeter
from kubedrill.process import kernel
from kubedrill.process.lifeline import ignore_terminal
from kubedrill.process.priority import demote_when_busy, prefer
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import write_typed
from kubedrill.record.machine import Calibration, Fsync, taken_s

ROUNDS = 10
NUMBERS = 200_000

FSYNC_S = 1.4
_PAUSE_S = 0.01

UNWRITTEN = 64 * 1024 * 1024
"""So much is not waited for: a disk of 100 MB/s has written it within the warm-up's first second."""

FLUSH_S = 20.0
"""For how long is waited at most; what is left then is on record, and the disk is measured as it is."""


def work() -> tuple[float, float]:
    """Sort the same numbers again and again: CPU-seconds of the best round, wall seconds of the median.

    The interpreter's own sort: the same instructions in every version, no vector unit, no hardware for
    one cipher, and 5 MB of memory that it jumps through, as a server does that decodes objects.
    """
    chance = random.Random(1)  # noqa: S311 - the same numbers each time are wanted
    numbers = [chance.random() for _ in range(NUMBERS)]
    cpu, wall = [], []
    for _ in range(ROUNDS):
        begun, used = time.perf_counter(), time.thread_time()
        sorted(numbers)
        cpu.append(time.thread_time() - used)
        wall.append(time.perf_counter() - begun)
    return min(cpu), statistics.median(wall)


def fsync(folder: Path) -> Fsync:
    """Measure one file system, at the priority that it is watched with during the drill."""
    took: list[float] = []

    def measure() -> None:
        prefer()
        file, end = Appending(folder), now() + round(FSYNC_S * SECOND)
        file.once()
        while now() < end or not took:
            took.append(file.once())
            time.sleep(_PAUSE_S)

    thread = threading.Thread(target=measure, name="fsync", daemon=True)
    thread.start()
    thread.join()
    took.sort()
    p50, p90, p99 = (took[-(-len(took) * share // 100) - 1] for share in (50, 90, 99))
    return Fsync(samples=len(took), p50_s=p50, p90_s=p90, p99_s=p99)


def flush(limit: int = UNWRITTEN, patience_s: float = FLUSH_S) -> tuple[int, float]:
    """Let what the page cache holds be written, if it is much; return by how much it shrank, and seconds.

    What a build or a download has left there is written while the drill runs otherwise, before its own.
    """
    before, begun = kernel.dirty_bytes(), now()
    if before <= limit:
        return 0, 0.0
    syncing = threading.Thread(target=os.sync, name="sync", daemon=True)
    syncing.start()
    syncing.join(patience_s)
    return max(before - kernel.dirty_bytes(), 0), (now() - begun) / SECOND


def calibrate(folder: RunFolder, record: ClusterRecord, runner: int, shared: bool) -> Calibration:
    """Measure the machine; `runner` is the drill's first process."""
    flushed, waited = flush()
    handle = handle_of(record)
    machine = MachineMeter(folder.path, runner, handle.processes, FsyncWatch({}))
    fsyncs = {name: fsync(path) for name, path in disks(folder, handle.data()).items()}
    cpu, wall = work()
    look = machine.look()
    return Calibration(
        time=look.time,
        cores=look.cores,
        cpus=look.cpus,
        work_cpu_s=cpu,
        work_wall_s=wall,
        fsync=fsyncs,
        others_share=taken_s([look]) / look.had_s,
        others=look.others,
        dirty_bytes=look.dirty_bytes,
        disk_written_bytes=look.disk_written_bytes,
        flushed_bytes=flushed,
        waited_s=waited,
        shared=shared,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure for the run folder given by --run."""
    parser = argparse.ArgumentParser(prog="python -m kubedrill.observe.calibration")
    parser.add_argument("--run", required=True, type=Path, help="the run's folder")
    parser.add_argument("--shared", action="store_true", help="others share the machine on purpose")
    asked = parser.parse_args(arguments)
    folder = RunFolder(asked.run)
    ignore_terminal()
    demote_when_busy()
    record = ClusterRecord.read(folder.cluster)
    write_typed(folder.machine, calibrate(folder, record, os.getppid(), asked.shared))


if __name__ == "__main__":
    main()
