"""Load: one profile in one Locust process, from Locust's events to the generator."""

import logging
import os
import sys
from typing import Any, Protocol, TypeGuard

import gevent
from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import MasterRunner, Runner, WorkerRunner

from kubedrill.client.identity import ClientIdentity
from kubedrill.client.targets import Targets
from kubedrill.errors import NotStarted
from kubedrill.load.launch import RUN
from kubedrill.load.user.generator import Generator
from kubedrill.load.user.local import LocalSession
from kubedrill.load.user.parameters import Parameters, add_options, from_options
from kubedrill.load.user.recorder import Recorder
from kubedrill.load.user.remote.handover import OPTION
from kubedrill.load.user.remote.master import Master
from kubedrill.load.user.remote.worker import REMOTE, RemoteSession
from kubedrill.load.user.result import RequestSeries
from kubedrill.load.user.session import Session
from kubedrill.load.user.stand_alone import StandAloneSession
from kubedrill.load.user.statistics import LocustStatistics
from kubedrill.load.user.vitals import VitalsMeter
from kubedrill.process.limits import check_descriptors

FLUSH_S = 0.2
STATISTICS_FLUSHES = 3
"""Locust's statistics are brought up to date at every third flush of the samples."""
NOTE_FLUSHES = 5
"""A line of vitals at every fifth: once a second."""

_logger = logging.getLogger("locust.kubedrill")


class Profile(Protocol):
    """What a profile says of itself: a subclass of KubernetesUser."""

    parameters: type[Parameters]

    def series_for(self, given: Any) -> tuple[RequestSeries, ...]:
        """Return the series of a load with these parameters."""
        ...


class LoadProcess:
    """Starts and stops the load with Locust's test; in a drill, with the drill's schedule."""

    def __init__(self, user: Profile) -> None:
        self._user = user
        self.given: Parameters = user.parameters()
        self.generator: Generator | None = None
        """None when no load runs, or when its parameters are wrong."""
        self.session: Session
        """Where the load comes from; there from Locust's init on."""
        self.targets = Targets()
        """The servers that have been met."""
        self.shared: dict[str, Any] = {}
        """What users have in common, by names of their own; nothing at the begin of each load."""
        self._environment: Environment
        self._identities: list[ClientIdentity] = []
        self._made = 0
        self._greenlets: list[gevent.Greenlet] = []
        self._failed = False

    @property
    def name(self) -> str:
        """The profile's name: its file's, as Locust has loaded it."""
        return self._user.__module__.rpartition(".")[2].replace("_", "-")

    def listen(self) -> None:
        """Listen to Locust's events."""
        events.init_command_line_parser.add_listener(self._add_options)
        events.init.add_listener(self._init)

    def next_user(self) -> int:
        """Return the number of a new user, from 0 on."""
        self._made += 1
        return self._made - 1

    def identity_of(self, user: int) -> ClientIdentity:
        """Return who the user of that number is; identities are given out in turn."""
        return self._identities[user % len(self._identities)]

    def fail(self, error: Exception) -> None:
        """End the load, and Locust with an exit code, because of a defect of this process."""
        if self._failed:
            return  # others may fail in the same way until it has ended
        self._failed = True
        _logger.error("the load has failed", exc_info=error)
        self._environment.process_exit_code = 1
        gevent.spawn(self._quit)

    def finish(self) -> None:
        """End the load as planned: requests that failed are results, not a failure of Locust."""
        self._environment.process_exit_code = 0
        self._quit()

    def _quit(self) -> None:
        assert self._environment.runner is not None
        self._environment.runner.quit()

    def _add_options(self, parser: LocustArgumentParser) -> None:
        StandAloneSession.add_options(parser)
        add_options(parser, self._user.parameters)

    def _init(self, environment: Environment, runner: Runner, **_: Any) -> None:
        if isinstance(runner, MasterRunner):
            if RUN in os.environ:
                Master(environment, runner, os.environ).listen()
            return
        self._environment = environment
        options = environment.parsed_options
        assert options is not None
        try:
            self.given = from_options(options, self._user.parameters)
            if _is_remote(runner):
                # Everything else comes with the first users.
                RemoteSession.prepare(runner)
            else:
                local = LocalSession.from_environment(os.environ)
                self.session = local or StandAloneSession(options, self.name)
                self._identities = self.session.identities(self.given.http)
                self._check_descriptors()
        except NotStarted as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(3)
        environment.events.test_start.add_listener(self._start)
        environment.events.spawning_complete.add_listener(self._spawned)
        environment.events.test_stop.add_listener(self._stop)

    def _start(self, environment: Environment, **_: Any) -> None:
        options = environment.parsed_options
        assert options is not None
        try:
            # Locust's web form may have changed them.
            before, self.given = self.given, from_options(options, self._user.parameters)
            if _is_remote(environment.runner):
                self.session = RemoteSession(environment.runner, getattr(options, OPTION))
                self._identities = self.session.identities(self.given.http)
            elif self.given.http != before.http:
                self._identities = self.session.identities(self.given.http)
            self._check_descriptors()
            self.session.begin_test()
        except NotStarted as error:
            _logger.critical("nothing is sent: %s", error)
            return
        self.shared.clear()
        session, series = self.session, self._user.series_for(self.given)
        statistics = LocustStatistics(environment, series)
        recorder = Recorder(statistics, session.samples(series, self.given), self.targets)
        self.generator = Generator(recorder, self.given.max_in_flight)
        self._statistics, self._vitals = statistics, VitalsMeter(self.generator, session.vitals())
        self._greenlets = [
            gevent.spawn(self._guarded, work)
            for work in (self._vitals.watch, self._flush_always, self._run)
        ]

    def _check_descriptors(self) -> None:
        session = self.session
        check_descriptors(self.given.asked_connections(session.users, session.share))

    def _spawned(self, **_: Any) -> None:
        self.session.spawned()

    def _stop(self, **_: Any) -> None:
        if self.generator is None:
            return
        gevent.killall([other for other in self._greenlets if other is not gevent.getcurrent()])
        recorder = self.generator.recorder
        recorder.cut()
        try:
            recorder.flush()
        finally:
            self._statistics.flush()
            self._vitals.close()
            recorder.close()
        self.generator = None

    def _run(self) -> None:
        assert self.generator is not None
        if self.session.run(self.generator):
            self.finish()

    def _flush_always(self) -> None:
        assert self.generator is not None
        flushes = 0
        while True:
            gevent.sleep(FLUSH_S)
            flushes += 1
            self.generator.recorder.flush()
            if flushes % STATISTICS_FLUSHES == 0:
                self._statistics.flush()
            if flushes % NOTE_FLUSHES == 0:
                self._vitals.note()

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the load cannot go on
            self.fail(error)


def _is_remote(runner: Runner | None) -> TypeGuard[WorkerRunner]:
    """Whether this process takes part in a drill of another machine."""
    return isinstance(runner, WorkerRunner) and REMOTE in os.environ
