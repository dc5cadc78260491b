"""Load: the master of workers on other machines. It sends nothing itself: it begins and ends what they
do, and writes down what they measure, on its own machine's clock.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import MasterRunner

from kubedrill.clock import SECOND, now
from kubedrill.load.launch import LOAD, MAX_WAIT, PROFILE, RUN
from kubedrill.load.user.in_drill import DRAIN, read_waiting
from kubedrill.load.user.remote import machine
from kubedrill.load.user.remote.handover import OPTION, hand_over
from kubedrill.load.user.remote.messages import (
    ABOUT,
    END,
    GO,
    LAST,
    LINE,
    PING,
    PONG,
    READY,
    RECORDS,
    TAKEN,
)
from kubedrill.load.user.remote.receiving import Receiving
from kubedrill.process.lifeline import ignore_terminal, read_go, say_ready
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.remote import write_accounts
from kubedrill.record.schedule import Schedule

PINGS, BETWEEN_S = 20, 0.02
PREPARE_S = 30.0
"""How long workers may take to prepare what they need."""
LATEST = DRAIN + 5 * SECOND
"""A worker that has not sent its last sample so long after the last phase is lost."""
FLUSH_S = 2.0
"""When the drill is ended, the workers' last samples may come within this."""


class Master:
    """Begins when as many workers as expected have come; ends with the last of them, or with the drill."""

    def __init__(self, environment: Environment, runner: MasterRunner, about: Mapping[str, str]):
        ignore_terminal()
        self._environment, self._runner = environment, runner
        self._folder = RunFolder(Path(about[RUN]))
        self._profile, self._load = about[PROFILE], about[LOAD]
        self._max_wait_s = float(about[MAX_WAIT])
        options = environment.parsed_options
        assert options is not None
        self._expected = int(options.expect_workers)
        self._address = f"{options.master_bind_host}:{options.master_bind_port}"
        self._workers: dict[str, Receiving] = {}
        self._begun, self._ready, self._all_last = Event(), Event(), Event()

    def listen(self) -> None:
        """Listen to Locust, and to the workers."""
        self._environment.events.worker_connect.add_listener(self._connected)
        self._environment.events.test_start.add_listener(self._begin)
        # Locust quits by itself with the last worker that it knows to be there.
        self._environment.events.quitting.add_listener(self._account)
        take = {
            READY: self._take_ready,
            PONG: self._take_pong,
            ABOUT: self._take_about,
            RECORDS: self._take_records,
            LINE: self._take_line,
            LAST: self._take_last,
        }
        for kind, listener in take.items():
            self._runner.register_message(kind, listener)
        gevent.spawn(self._guarded)

    def _guarded(self) -> None:
        try:
            self._run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the load cannot go on
            self._environment.process_exit_code = 1
            sys.stderr.write(f"the load's master has failed: {error!r}\n")
            self._runner.quit()

    def _run(self) -> None:
        if not self._wait(self._begun, self._max_wait_s):
            come = len(self._runner.clients.ready)
            self._give_up(
                f"load {self._load}: {come} of {self._expected} workers came to {self._address} within "
                f"{self._max_wait_s:g} s; start each with: kubedrill worker --master HOST:PORT"
            )
        if not self._wait(self._ready, PREPARE_S):
            late = [name for name, worker in self._workers.items() if not worker.account.name]
            self._give_up(f"load {self._load}: {', '.join(late)} was not ready in {PREPARE_S:g} s")
        self._compare_clocks()
        say_ready()
        schedule = read_go(read_waiting)
        if schedule is not None:
            self._go(schedule)
            self._follow(schedule)
        self._environment.process_exit_code = 0
        self._runner.quit()

    def _wait(self, event: Event, seconds: float) -> bool:
        """Wait for an event, so long at most; leave when the drill ends: only that makes stdin readable."""
        hub = gevent.get_hub()
        ended = gevent.spawn(hub.wait, hub.loop.io(0, 1))
        gevent.wait([event, ended], timeout=seconds, count=1)
        if ended.ready():
            self._leave(0)
        ended.kill()
        return bool(event.is_set())

    def _give_up(self, why: str) -> None:
        self._leave(3, f"{why}\n")

    def _leave(self, code: int, last_words: str = "") -> None:
        self._runner.quit()
        sys.stderr.write(last_words)
        sys.stderr.flush()
        # Locust itself would wait for its workers all the same.
        os._exit(code)

    def _connected(self, client_id: str, **_: Any) -> None:
        # Locust adds it to its workers after this.
        gevent.spawn(self._refuse_if_too_many, client_id)

    def _refuse_if_too_many(self, client_id: str) -> None:
        if client_id in self._workers or len(self._runner.clients) <= self._expected:
            return
        self._runner.send_message("quit", client_id=client_id)
        del self._runner.clients[client_id]
        sys.stderr.write(f"{client_id}: sent away; {self._expected} workers have come before it\n")

    def _begin(self, **_: Any) -> None:
        names = [worker.id for worker in self._runner.clients.ready]
        self._workers = {
            name: Receiving(self._folder, self._load, number) for number, name in enumerate(names)
        }
        record = ClusterRecord.read(self._folder.cluster)
        given = hand_over(record, self._folder.run, self._profile, self._load, names)
        setattr(self._environment.parsed_options, OPTION, given)
        self._begun.set()

    def _compare_clocks(self) -> None:
        for _ in range(PINGS):
            self._ping()
            gevent.sleep(BETWEEN_S)
        for worker in self._workers.values():
            worker.settle_clock(now())

    def _ping(self) -> None:
        for name in self._workers:
            self._runner.send_message(PING, {"sent": now()}, name)

    def _go(self, schedule: Schedule) -> None:
        for name, worker in self._workers.items():
            given = {"schedule": schedule.as_dict(), "offset": worker.account.offset}
            self._runner.send_message(GO, given, name)

    def _follow(self, schedule: Schedule) -> None:
        stdin_ended = gevent.spawn(self._wait_for_end)
        try:
            while not self._all_last.is_set() and now() < schedule.end + LATEST:
                self._ping()
                if gevent.wait([self._all_last, stdin_ended], timeout=1.0, count=1) == [
                    stdin_ended
                ]:
                    break
        finally:
            stdin_ended.kill()
        if not self._all_last.is_set():
            for name in self._workers:
                self._runner.send_message(END, None, name)
            self._all_last.wait(FLUSH_S)

    def _wait_for_end(self) -> None:
        while read_waiting(0, 65536):
            pass

    def _account(self, **_: Any) -> None:
        for worker in self._workers.values():
            worker.close()
        accounts = [worker.account for worker in self._workers.values()]
        write_accounts(self._folder.workers(self._load), accounts)

    def _take_ready(self, msg: Any, **_: Any) -> None:
        there = msg.data["machine"]
        elsewhere = "" if there == machine.which() else there
        self._workers[msg.node_id].take_name(msg.data["name"], elsewhere)
        if all(worker.account.name for worker in self._workers.values()):
            self._ready.set()

    def _take_pong(self, msg: Any, **_: Any) -> None:
        self._workers[msg.node_id].take_pong(msg.data["sent"], msg.data["at"], now())

    def _take_about(self, msg: Any, **_: Any) -> None:
        self._workers[msg.node_id].take_about(msg.data["about"])

    def _take_records(self, msg: Any, **_: Any) -> None:
        taken = self._workers[msg.node_id].take_records(msg.data["data"])
        self._runner.send_message(TAKEN, {"bytes": taken}, msg.node_id)

    def _take_line(self, msg: Any, **_: Any) -> None:
        self._workers[msg.node_id].take_line(msg.data["line"])

    def _take_last(self, msg: Any, **_: Any) -> None:
        self._workers[msg.node_id].take_last(msg.data["whole"], msg.data["bytes"])
        if all(worker.last for worker in self._workers.values()):
            self._all_last.set()
