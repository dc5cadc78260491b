"""Observe: what the prober writes: samples/probe.bin, and how late it was itself."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from kubedrill.clock import now
from kubedrill.observe.probe import Probed
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.probing import Lane, sidecar, targets
from kubedrill.record.sample import PROBE_RECORD, SampleWriter
from kubedrill.record.schedule import Probing
from kubedrill.record.vitals import ProberVitals

_LARGEST = 2**32 - 1


class ProbeLog:
    """Appends a record a probe, and a line a second about the prober's own process."""

    def __init__(self, folder: RunFolder, series: Sequence[Lane], probing: Probing) -> None:
        names = targets(series)
        self._targets = [names.index(asked.path) if asked.path in names else 0 for asked in series]
        self._samples = SampleWriter(
            folder.samples, "probe", sidecar(series, probing), PROBE_RECORD
        )
        self._vitals = JsonLines(folder.samples / "probe.workers.jsonl")
        self._lag = 0

    def add(self, due: int, index: int, started: int, probed: Probed) -> None:
        """Record the one outcome of the probe of series `index` that was due at `due`."""
        self._samples.add(
            due,
            _microseconds(started - due),
            _microseconds(probed.first_byte - due) if probed.first_byte else 0,
            _microseconds(probed.end - due),
            min(probed.size, _LARGEST),
            probed.outcome,
            index,
            self._targets[index],
            _microseconds(probed.staleness),
        )

    def flush(self) -> None:
        """Hand the records to the kernel; OSError if the disk is full."""
        self._samples.flush()

    def late(self, ns: int) -> None:
        """Note that the event loop did something `ns` later than intended."""
        self._lag = max(self._lag, ns)

    def note(self, **counts: int) -> None:
        """Write the line about this process, with its largest lateness since the last one."""
        line = ProberVitals(
            time=now(),
            pid=os.getpid(),
            lag_max_us=_microseconds(self._lag),
            cpu_s=time.process_time(),
            rss_bytes=_resident(),
            **counts,
        )
        self._vitals.add(line)
        self._lag = 0

    def close(self) -> None:
        """Flush and close."""
        self._samples.close()
        self._vitals.close()


def _microseconds(ns: int) -> int:
    return min(max(ns, 0) // 1000, _LARGEST)


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")
