"""Observe: the independent prober, one process, open-loop. Writes samples/probe.bin.

    python -m kubedrill.observe.prober --run RUN

Each probe starts at its intended time whether or not earlier ones have ended.
"""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import gc  # noqa: E402
import os  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402
from gevent.event import Event  # noqa: E402
from gevent.hub import get_hub  # noqa: E402

from kubedrill.clock import MILLISECOND, SECOND, now  # noqa: E402
from kubedrill.observe.probe import Probe, Probed  # noqa: E402
from kubedrill.observe.probe_log import ProbeLog  # noqa: E402
from kubedrill.observe.staleness import ProbeObjects  # noqa: E402
from kubedrill.process.lifeline import ignore_terminal, read_go, say_ready  # noqa: E402
from kubedrill.process.limits import raise_descriptors  # noqa: E402
from kubedrill.process.priority import demote_when_busy, prefer  # noqa: E402
from kubedrill.record.cluster import ClusterRecord  # noqa: E402
from kubedrill.record.folder import RunFolder  # noqa: E402
from kubedrill.record.probing import all_lanes, arrivals, written  # noqa: E402
from kubedrill.record.sample import Outcome  # noqa: E402
from kubedrill.record.schedule import Schedule  # noqa: E402
from kubedrill.wire.target import identity_target  # noqa: E402

MOST_IN_FLIGHT = 1000
"""Bound on the probes in flight; an outage holds their rate times the deadline, about 50."""

FLUSH = 200 * MILLISECOND


class Prober:
    """Sends the probes of one schedule and records each of them exactly once."""

    def __init__(self, folder: RunFolder, record: ClusterRecord, schedule: Schedule) -> None:
        self._schedule = schedule
        self._deadline = int(schedule.probing.deadline * SECOND)
        self._series = all_lanes(record, schedule.probing)
        objects = ProbeObjects(written(self._series, record.probe_objects))
        servers = max(1, len(record.of_kind("kube-apiserver")))
        self._probes = [
            Probe(record, series, objects, keep=servers if series.path == "balancer" else 1)
            for series in self._series
        ]
        self._log = ProbeLog(folder, self._series, schedule.probing)
        self._pending: dict[int, tuple[int, int, int]] = {}
        """Number of the probe: when it was due, its series, when it started (0: not yet)."""
        self._due = self._dropped = 0
        self._error: Exception | None = None
        self._ended = Event()

    def run(self) -> None:
        """Probe until the schedule or stdin ends; raise what went wrong in here."""
        gevent.spawn(self._watch_stdin)
        self._warm_up()
        gevent.spawn(self._flush_always)
        self._send()
        self._cut(now())
        self._note()
        self._log.close()
        if self._error is not None:
            raise self._error

    def _watch_stdin(self) -> None:
        while _read(0, 65536):
            pass
        self._ended.set()

    def _warm_up(self) -> None:
        # The first samples are not to measure imports, caches and the kept connections' handshakes.
        deadline = min(now() + SECOND, self._schedule.start - 50 * MILLISECOND)
        left = (deadline - now()) / SECOND
        if left > 0:
            asking = [gevent.spawn(probe.warm_up, deadline) for probe in self._probes]
            gevent.joinall(asking, timeout=left)
            gevent.killall(asking)
        gc.collect()
        gc.freeze()

    def _send(self) -> None:
        for due, index in arrivals(self._series, self._schedule.start, self._schedule.end):
            if self._wait_until(due):
                self._launch(due, index)
            elif due <= now():
                self._due += 1
                self._pending[self._due] = (due, index, 0)
            else:
                return
        # The last probe is due some time before the end; who ends before the drill has been lost.
        self._wait_until(self._schedule.end)
        self._let_finish()

    def _wait_until(self, due: int) -> bool:
        while (left := due - now()) > 0 and not self._ended.is_set():
            self._ended.wait(left / SECOND)
        return not self._ended.is_set()

    def _launch(self, due: int, index: int) -> None:
        self._due += 1
        if len(self._pending) < MOST_IN_FLIGHT:
            self._pending[self._due] = (due, index, 0)
            gevent.spawn(self._probe, self._due)
        else:
            self._dropped += 1
            at = now()
            self._log.add(due, index, at, Probed(Outcome.DROPPED, 0, at, 0))

    def _probe(self, number: int) -> None:
        if number not in self._pending:
            return  # the drill was ended before this one could begin
        due, index, _ = self._pending[number]
        started = now()
        self._pending[number] = (due, index, started)
        self._log.late(started - due)
        try:
            probed = self._probes[index].ask(started, started + self._deadline)
            if self._pending.pop(number, None):  # else it was cut off, and stands there as that
                self._log.add(due, index, started, probed)
        except Exception as error:  # noqa: BLE001 - raised again where the process ends
            self._fail(error)

    def _let_finish(self) -> None:
        latest = now() + self._deadline + SECOND // 2
        while self._pending and now() < latest:
            gevent.sleep(0.01)

    def _cut(self, at: int) -> None:
        for due, index, started in self._pending.values():
            self._log.add(due, index, started or at, Probed(Outcome.CUT, 0, at, 0))
        self._pending.clear()

    def _flush_always(self) -> None:
        due = noted = now()
        try:
            while True:
                due = max(due + FLUSH, now())
                gevent.sleep((due - now()) / SECOND)
                self._log.late(now() - due)
                self._log.flush()
                if now() - noted >= SECOND - FLUSH // 2:
                    noted = now()
                    self._note()
        except Exception as error:  # noqa: BLE001 - raised again where the process ends
            self._fail(error)

    def _note(self) -> None:
        self._log.note(
            in_flight=len(self._pending),
            due=self._due,
            sent=self._due - self._dropped,
            dropped=self._dropped,
            bytes_in=sum(probe.bytes_in for probe in self._probes),
            bytes_out=sum(probe.bytes_out for probe in self._probes),
        )

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._ended.set()


def _read(descriptor: int, size: int) -> bytes:
    hub = get_hub()
    hub.wait(hub.loop.io(descriptor, 1))
    return os.read(descriptor, size)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the prober of the run folder given by --run."""
    parser = argparse.ArgumentParser(prog="python -m kubedrill.observe.prober")
    parser.add_argument("--run", required=True, type=Path, help="the run's folder")
    folder = RunFolder(parser.parse_args(arguments).run)
    ignore_terminal()
    demote_when_busy()
    raise_descriptors()
    record = ClusterRecord.read(folder.cluster)
    for identity in ("prober", "victim"):
        identity_target(record, identity)  # what is missing is to be found before GO
    say_ready()
    schedule = read_go(_read)
    if schedule is not None:
        drill = Prober(folder, record, schedule)
        prefer()  # on a saturated machine a late prober would report its own outage
        drill.run()


if __name__ == "__main__":
    main()
