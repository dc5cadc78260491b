"""Load: how the generator itself is doing, a line a second."""

import os
import resource
import time
from typing import Protocol

import gevent
import psutil
from gevent.event import Event

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.load.user.generator import Generator
from kubedrill.record.vitals import GeneratorVitals

LOOK = 20 * MILLISECOND
"""How often the event loop's lag is measured: an overshoot longer than this is seen."""


class Lines(Protocol):
    """Where lines go: record.lines.JsonLines, or what takes them to another machine."""

    def add(self, line: GeneratorVitals) -> None:
        """Take one line."""
        ...

    def close(self) -> None:
        """No more come."""
        ...


class VitalsMeter:
    """Measures the event loop's lag all the time; `note` writes a line."""

    def __init__(self, generator: Generator, lines: Lines | None) -> None:
        self._generator = generator
        self._lines = lines
        self._process = psutil.Process()
        self._lag = self._looked = 0

    def watch(self) -> None:
        """See how late a timer goes off; runs until it is killed."""
        # For an idle process a greenlet that sleeps would be most of what it costs.
        timer = gevent.get_hub().loop.timer(LOOK / SECOND, LOOK / SECOND)
        self._looked = now()
        timer.start(self._look)
        try:
            Event().wait()
        finally:
            timer.stop()
            timer.close()

    def _look(self) -> None:
        looked, self._looked = self._looked, now()
        self._lag = max(self._lag, self._looked - looked - LOOK)

    def note(self) -> None:
        """Write what was seen since the last line; the counts are cumulative."""
        lag, self._lag = self._lag, 0
        if self._lines is None:
            return
        recorder = self._generator.recorder
        self._lines.add(
            GeneratorVitals(
                time=now(),
                pid=os.getpid(),
                lag_max_us=lag // 1000,
                cpu_s=time.process_time(),
                rss_bytes=self._process.memory_info().rss,
                in_flight=recorder.in_flight,
                due=recorder.due,
                sent=recorder.sent,
                dropped=recorder.dropped,
                held_back=recorder.held_back,
                bytes_in=self._generator.bytes_in,
                counts=dict(recorder.counts),
                descriptors=self._process.num_fds(),
                descriptors_limit=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            )
        )

    def close(self) -> None:
        """Write the last line."""
        self.note()
        if self._lines is not None:
            self._lines.close()
