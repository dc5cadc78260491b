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
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import gevent
from gevent import get_hub, getcurrent
from gevent.event import Event
from gevent.pool import Group
from locust import task
from locust.env import Environment
from locust.exception import StopUser

from kubedrill.client.greenlets.http2_pool import Http2Pool
from kubedrill.client.greenlets.pool import HeldTimes, Pool
from kubedrill.client.identity import ClientIdentity
from kubedrill.clock import SECOND, now
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.process import LoadProcess
from kubedrill.load.user.recorder import Recorder, Recording
from kubedrill.load.user.result import Arrival, RequestSeries, Result
from kubedrill.load.user.sending import SendingUser
from kubedrill.record.sample import LATE
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import Http

POOLS: dict[Http, type[Pool | Http2Pool]] = {"1.1": Pool, "2": Http2Pool}
"""The connections of a user, by the version of HTTP."""


class NotPrepared(Exception):  # noqa: N818 - the API's answer, not a programming error
    """What a load needs could not be made; the message says what the API answered."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a user works with, and lends to its parts."""

    process: LoadProcess
    number: int
    """The user's, from 0 on."""
    identity: ClientIdentity
    pool: Pool | Http2Pool
    held: HeldTimes
    beside: Group
    """Greenlets that run beside the arrivals, until the load ends."""
    arrivals: Recorder
    """The load's, whose arrivals the user serves."""

    @classmethod
    def of(cls, process: LoadProcess, arrivals: Recorder) -> "Means":
        """Return the means of a new user."""
        number, held, given = process.next_user(), HeldTimes(), process.given
        identity = process.identity_of(number)
        pool = POOLS[identity.http](
            identity.target, process.targets, held, given.connections, given.keep_alive
        )
        return cls(process, number, identity, pool, held, Group(), arrivals)


class KubernetesUser(SendingUser):
    """One identity and its connections; takes a share of the arrivals, each in a greenlet."""

    abstract = True
    parameters: ClassVar[type[Parameters]] = Parameters
    permissions: ClassVar[Mapping[str, str]] = {}
    """What RBAC must allow: by resource, as kubectl has it (`deployments.apps`), the verbs ("create, get").
    `{resource}` is what the parameter of that name says."""
    process: LoadProcess
    """This profile's load in this process; made when the class is. A part of a mix has the mix's."""
    _parts_only: ClassVar[bool] = False

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if not cls.__dict__.get("abstract", False):
            refused = RequestSeries(f"{cls.series[0].name}.refused", cls.series[0].verb, "part")
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
    def series_for(cls, given: Parameters) -> tuple[RequestSeries, ...]:  # noqa: ARG003 - for mixes
        """Return the series of a load with these parameters."""
        return cls.series

    @classmethod
    def permissions_for(cls, given: Parameters) -> dict[str, str]:
        """Return what RBAC must allow for a load with these parameters."""
        grouped = getattr(given, "grouped", "")
        return {name.format(resource=grouped): verbs for name, verbs in cls.permissions.items()}

    @classmethod
    def part_of(cls, whole: "KubernetesUser", given: Parameters, recorder: Recording) -> Self:
        """Return a user that works as part of another: with its identity and its connections."""
        part = cls(whole.environment)
        part.work_with(whole.means, given, recorder)
        return part

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._leaving = Event()
        self._idle: list[Any] = []  # greenlets that wait for an arrival
        self._serving: list[gevent.Greenlet] = []

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
        self.means.beside.spawn(self._do_beside, series, transact)

    def run_beside(self, work: Callable[..., None], *arguments: object) -> None:
        """Run something beside the arrivals until the load ends; what it raises ends the load."""
        self.means.beside.spawn(self._guarded, work, *arguments)

    def on_start(self) -> None:
        """Take part in the load."""
        if self.process.generator is None:
            raise StopUser
        recorder = self.process.generator.recorder
        self.work_with(Means.of(self.process, recorder), self.process.given, recorder)
        try:
            self.prepare()
        except NotPrepared as error:
            self.process.fail(error)
            raise StopUser from None
        self.process.generator.join(self)

    def work_with(self, means: Means, given: Parameters, recorder: Recording) -> None:
        """Take what is needed before `prepare`: who to be and how to send, as what, and where to record."""
        self.means, self.given = means, given
        self.process, self.number, self.identity = means.process, means.number, means.identity
        self.timeout = round(given.timeout_s * SECOND)
        # By these names they cost a request one look-up less.
        self._pool, self._held = means.pool, means.held
        self._arrivals, self._recorder = means.arrivals, recorder

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
        gevent.killall(self._serving)
        self.means.beside.kill()
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
            self._serving.append(gevent.spawn(self._serve_always, arrival))

    def _serve_always(self, arrival: Arrival) -> None:
        hub, me = get_hub(), getcurrent()
        try:
            while True:
                self.serve(arrival)
                self._idle.append(me)
                arrival = hub.switch()
        except gevent.GreenletExit:
            self._arrivals.cut([arrival])

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
            self._arrivals.cut([arrival])
            self.process.fail(error)
            return False
        if self._held:
            self._hold_back(arrival)
        self._arrivals.end(arrival, result)
        return answered

    def _hold_back(self, arrival: Arrival) -> None:
        """Let an arrival have started later by what it has waited for connections."""
        waited = self._held.take()
        arrival.started += waited
        if waited > LATE:
            self._arrivals.held_back += 1
