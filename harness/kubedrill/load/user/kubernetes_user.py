"""Load: the base of every profile, a Locust User whose requests are our own.

A profile is a locustfile with one subclass:

    class Gets(KubernetesUser):
        series = (Series("get", "GET", "transaction"),)
        parameters = GetsParameters

        def prepare(self) -> None:
            self._request = self.identity.request("GET", "/version", "application/json")

        def transact(self, arrival: Arrival) -> Result:
            response = self.send(self._request, arrival.deadline)
            return Result.of(response, response.status)
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import gevent
from gevent import get_hub, getcurrent
from gevent.event import Event
from gevent.pool import Group
from locust import task
from locust.env import Environment
from locust.exception import StopUser

from kubedrill.client.greenlets.http2_pool import Http2Pool
from kubedrill.client.greenlets.pool import Held, Pool
from kubedrill.clock import SECOND, now
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.process import LoadProcess
from kubedrill.load.user.result import Arrival, Result, Series
from kubedrill.load.user.sending import SendingUser
from kubedrill.record.sample import LATE
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import Http

POOLS: dict[Http, type[Pool | Http2Pool]] = {"1.1": Pool, "2": Http2Pool}
"""The connections of a user, by the version of HTTP."""


class NotPrepared(Exception):  # noqa: N818 - the API's answer, not a programming error
    """What a load needs could not be made; the message says what the API answered."""


class KubernetesUser(SendingUser):
    """One identity and its connections; takes a share of the arrivals, each in a greenlet."""

    abstract = True
    parameters: ClassVar[type[Parameters]] = Parameters
    permissions: ClassVar[Mapping[str, str]] = {}
    """What RBAC must allow: by resource, as kubectl has it (`deployments.apps`), the verbs ("create, get").
    `{resource}` is what the parameter of that name says."""
    process: ClassVar[LoadProcess]
    """This profile's load in this process; made when the class is."""
    _parts_only: ClassVar[bool] = False

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if not cls.__dict__.get("abstract", False):
            refused = Series(f"{cls.series[0].name}.refused", cls.series[0].verb, "page")
            if refused not in cls.series:  # there already in what derives from a profile
                cls.series = (*cls.series, refused)
            cls.process = LoadProcess(cls)
            if not KubernetesUser._parts_only:
                cls.process.listen()

    @staticmethod
    @contextmanager
    def as_parts() -> Iterator[None]:
        """Let profiles that are imported now be parts of another one, not loads of their own."""
        KubernetesUser._parts_only = True
        try:
            yield
        finally:
            KubernetesUser._parts_only = False

    @classmethod
    def series_for(cls, given: Parameters) -> tuple[Series, ...]:  # noqa: ARG003 - for mixes
        """Return the series of a load with these parameters."""
        return cls.series

    @classmethod
    def part_of(cls, user: "KubernetesUser", given: Parameters, recorder: Any) -> Self:
        """Return a user that works as part of another: with its identity and its connections."""
        part = cls.__new__(cls)
        part.process, part.given = user.process, given  # type: ignore[misc] # its own is never used
        part.number, part.identity = user.number, user.identity
        part.timeout = round(given.timeout_s * SECOND)
        part._recorder, part._pool = recorder, user._pool  # noqa: SLF001 - of its own kind
        part._beside, part._held = user._beside, user._held  # noqa: SLF001
        return part

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._leaving = Event()
        self._idle: list[Any] = []  # greenlets that wait for an arrival
        self._workers: list[gevent.Greenlet] = []
        self._beside = Group()

    @abstractmethod
    def prepare(self) -> None:
        """Make the requests' bytes from `self.identity` and `self.given`, and what must be there first.

        Runs once, before the first arrival. NotPrepared ends the load.
        """

    @abstractmethod
    def transact(self, arrival: Arrival) -> Result:
        """Do what one arrival does, until `arrival.deadline`. A WireError becomes its result."""

    def beside(self, series: int, transact: Callable[[Arrival], Result]) -> None:
        """Do something beside the arrivals from now on, recorded under the series of that index.

        It has the timeout of an arrival, and is cut when the load ends.
        """
        self._beside.spawn(self._do_beside, series, transact)

    def run_beside(self, work: Callable[..., None], *arguments: object) -> None:
        """Run something beside the arrivals until the load ends; what it raises ends the load."""
        self._beside.spawn(self._guarded, work, *arguments)

    def on_start(self) -> None:
        """Take part in the load."""
        if self.process.generator is None:
            raise StopUser
        self.given = self.process.given
        self.number = self.process.next_user()
        self.identity = self.process.identity_of(self.number)
        self.timeout = round(self.given.timeout_s * SECOND)
        self._recorder = self.process.generator.recorder
        self._held = Held()
        self._pool = POOLS[self.identity.http](
            self.identity.target,
            self.process.targets,
            self._held,
            self.given.connections,
            self.given.keep_alive,
        )
        try:
            self.prepare()
        except NotPrepared as error:
            self.process.fail(error)
            raise StopUser from None
        self.process.generator.join(self)

    @task
    def take_part(self) -> None:
        """Stay until Locust ends this user; the arrivals come from the generator."""
        self._leaving.wait()

    def stop(self, force: bool = False) -> bool:
        """End this user; Locust calls this."""
        self._leaving.set()
        return bool(super().stop(force))

    def on_stop(self) -> None:
        """Take no more part; what is in flight is cut."""
        if self.process.generator is not None:
            self.process.generator.leave(self)
        gevent.killall(self._workers)
        self._beside.kill()
        self._pool.close()

    @property
    def bytes_in(self) -> int:
        """Bytes received so far, TLS included."""
        return self._pool.bytes_in

    def connect(self, deadline: int) -> None:
        """Open a connection ahead of the first arrival, if one can be opened."""
        try:
            self._pool.warm_up(deadline)
        except WireError:
            pass

    def begin(self, arrival: Arrival) -> None:
        """Serve an arrival in a greenlet, one that has served before if there is one."""
        if self._idle:
            get_hub().loop.run_callback(self._idle.pop().switch, arrival)
        else:
            self._workers.append(gevent.spawn(self._work, arrival))

    def _work(self, arrival: Arrival) -> None:
        hub, me = get_hub(), getcurrent()
        try:
            while True:
                self.serve(arrival)
                self._idle.append(me)
                arrival = hub.switch()
        except gevent.GreenletExit:
            self._recorder.cut([arrival])

    def _guarded(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001 - a bug of the profile; ends the load
            self.process.fail(error)
        finally:
            self._held.take()

    def _do_beside(self, series: int, transact: Callable[[Arrival], Result]) -> None:
        arrival = Arrival(now())
        arrival.started, arrival.deadline = arrival.due, arrival.due + self.timeout
        try:
            result = transact(arrival)
        except WireError as error:
            result = Result.failed(error)
        except gevent.GreenletExit:
            result = self.unfinished(arrival.due)
        except Exception as error:  # noqa: BLE001 - a bug of the profile; ends the load
            self.process.fail(error)
            return
        self._hold_back(arrival)
        self._recorder.add(series, arrival.due, arrival.started, result)

    def serve(self, arrival: Arrival) -> bool:
        """Serve an arrival now, to its end; False if no answer has come."""
        arrival.started = started = now()
        arrival.deadline = started + self.timeout
        answered = True
        try:
            result = self.transact(arrival)
        except WireError as error:
            result, answered = Result.failed(error), False
        except Exception as error:  # noqa: BLE001 - a bug of the profile; ends the load
            self._recorder.cut([arrival])
            self.process.fail(error)
            return False
        if self._held:
            self._hold_back(arrival)
        self._recorder.end(arrival, result)
        return answered

    def _hold_back(self, arrival: Arrival) -> None:
        """Let an arrival have started later by what it has waited for connections."""
        waited = self._held.take()
        arrival.started += waited
        if waited > LATE:
            self._recorder.held_back += 1
