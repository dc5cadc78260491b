"""Load: clients that keep up with a collection, by watching it as an informer does, or by polling it.

Arrivals are writes to the collection. Each client that sees a write records how long that took.
"""

import random
from abc import abstractmethod
from array import array
from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence
from typing import ClassVar, Literal

import gevent
from gevent.event import Event
from gevent.lock import Semaphore
from pydantic import Field

from kubedrill.client.list_metadata import HEAD, version_json, version_protobuf
from kubedrill.client.watching import DIGITS, NEVER, WRITTEN_AT, Encoding
from kubedrill.clock import MICROSECOND, SECOND, now
from kubedrill.load.flood import text
from kubedrill.load.template import Object, Template, compact, head, placeholder
from kubedrill.load.user import Arrival, Parameters, RequestSeries, Result
from kubedrill.load.user.kubernetes_user import NotPrepared
from kubedrill.load.writing import OBJECT_BYTES, WritingUser, namespaces
from kubedrill.record.catalogue import Makes
from kubedrill.record.sample import Outcome
from kubedrill.record.share import Share
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Each, Response

WRITE, LIST, WATCH, SEEN, LOST = range(5)
"""The series, by index."""
LISTS = {"json": "application/json", "protobuf": "application/vnd.kubernetes.protobuf"}
STARTING = 8
"""Clients of one user that come up at once when the load begins."""
ANSWER = 512
"""Bytes of the answer to a write in which its version stands."""
OK = 200


class InformingParameters(Parameters):
    """Who keeps up with what."""

    clients: int = Field(
        100, ge=1, le=50_000, description="clients that keep up, each on connections of its own"
    )
    objects: int = Field(
        100, ge=1, le=100_000, description="ConfigMaps, made before the load, written in turn"
    )
    size: int = Field(100, ge=0, le=1024 * 1024, description="bytes of data in each")
    encoding: Encoding = Field("protobuf", description="what the server is asked for")
    scope: Literal["own", "all"] = Field(
        "own",
        description='"own": the ConfigMaps of this load; "all": every ConfigMap of the cluster',
    )

    def makes(self) -> Sequence[Makes]:
        """Return the ConfigMaps, which arrivals write again."""
        return namespaces(1), Makes(self.size + OBJECT_BYTES, before=self.objects)

    def asked_connections(self, users: int, share: Share) -> int:
        """Return for how many connections a process is asked; with HTTP/1.1, one for each of its clients."""
        own = share.part(self.clients) if self.http == "1.1" else 0
        return max(super().asked_connections(users, share), own)


class Written:
    """Writes that the server has confirmed, by version: 16 bytes for each."""

    def __init__(self) -> None:
        self._versions = array("Q")
        self._begun = array("Q")

    def add(self, version: str, begun: int) -> None:
        """Take a write that began then (monotonic ns) and has that version; ValueError if it is none."""
        number = int(version)
        # Answers come in nearly the order of their versions.
        at = bisect(self._versions, number)
        self._versions.insert(at, number)
        self._begun.insert(at, begun)

    def after(self, version: str) -> Sequence[int]:
        """Return when those began that are not in the state of that version; "": that knows of nothing."""
        number = int(version) if version.isdigit() else 0
        return self._begun[bisect(self._versions, number) :]


class Informing(WritingUser):
    """PUTs one ConfigMap an arrival, while its clients look on."""

    abstract = True
    series = (
        RequestSeries("write", "PUT", "transaction"),
        RequestSeries("write.list", "LIST", "part"),
        RequestSeries("write.watch", "WATCH", "part"),
        RequestSeries("write.seen", "WATCH", "part"),
        RequestSeries("write.lost", "WATCH", "moment"),
    )
    parameters = InformingParameters
    _all_written: ClassVar[dict[str, Written]] = defaultdict(Written)
    """What this process has written, by the names' prefix: parts of a mix have collections of their own."""

    def prepare(self) -> None:
        """Make the ConfigMaps, and bring up this user's clients."""
        given = self.given
        assert isinstance(given, InformingParameters)
        self._given = given
        self._written = self._all_written[self.prefix]
        path = f"/api/v1/namespaces/{self.make_namespaces(1)[0]}/configmaps"
        data = text(random.Random(given.size).randbytes(given.size))  # noqa: S311 - for bulk
        names = (self.name(number).decode() for number in range(given.objects))
        self.once("configmaps", (("POST", path, self._configmap(name, data)) for name in names))
        self._prepare_write(path, data)
        self.collection = path if given.scope == "own" else "/api/v1/configmaps"
        self.prepare_clients()
        self._begin_clients()

    def transact(self, arrival: Arrival) -> Result:
        """Write one ConfigMap; it says when."""
        _, number = self.next_turn(self._given.objects)
        name = self.name(number)
        begin, end = self._body
        at = f"{arrival.started - self.process.session.ahead:0{DIGITS}}".encode("ascii")
        request = self._put.named(name) + begin.named(name) + at + end.named(name)
        response = self.send(request, arrival.deadline, ANSWER)
        if response.status == OK:
            try:
                self._written.add(version_json(response.head), arrival.started)
            except ValueError:
                return Result.of(response, Outcome.MALFORMED)
        return Result.of(response, response.status)

    def prepare_clients(self) -> None:
        """Make what all clients have in common, if there is anything."""

    @abstractmethod
    def keep_up(self, client: int, begun: Event) -> None:
        """Be one client until killed; set `begun` when it is up."""

    def list_request(self, version: str) -> bytes:
        """Return a LIST that is at least as recent as that version; "": the most recent."""
        query = f"?resourceVersion={version}" if version else ""
        return self.identity.request("GET", self.collection + query, LISTS[self._given.encoding])

    def list_once(self, due: int, request: bytes, each: Each) -> Response:
        """LIST and record it; WireError. `each` gets the body if it succeeds."""
        started = now()
        try:
            with self.recorded_if_cut(LIST, due, started):
                response = self.send(request, started + self.timeout, HEAD, each)
        except WireError as error:
            self.record(LIST, due, started, Result.failed(error))
            raise
        self.record(LIST, due, started, Result.of(response, response.status))
        return response

    def version_in(self, response: Response) -> str:
        """Return the version of a list; "" if it says none."""
        read = version_json if self._given.encoding == "json" else version_protobuf
        try:
            return read(response.head)
        except ValueError:
            return ""

    def saw(self, written: int, size: int) -> None:
        """Record that a client has just seen what was written then (ns of the load's clock)."""
        at = now()
        # Written on another machine, it may seem to be to come: by as little as clocks are known to.
        begun = min(written + self.process.session.ahead, at - MICROSECOND)
        self.record(SEEN, begun, begun, Result(OK, at, at, size))

    def miss(self, version: str) -> None:
        """Record what this process has written that a client has not seen, which ends at that version."""
        for begun in self._written.after(version):
            self.record(SEEN, begun, begun, self.unfinished(begun))

    def _begin_clients(self) -> None:
        begun = [Event() for _ in self._own_clients()]
        starting, until = Semaphore(STARTING), now() + self.timeout
        for client, event in zip(self._own_clients(), begun, strict=True):
            event.rawlink(lambda _: starting.release())
            if not starting.acquire(timeout=max(until - now(), 0) / SECOND):
                break
            self.run_beside(self.keep_up, client, event)
        gevent.wait(begun, max(until - now(), 0) / SECOND)
        missing = sum(not event.is_set() for event in begun)
        if missing:
            seconds = self.given.timeout_s
            raise NotPrepared(f"{missing} of {len(begun)} clients are not up after {seconds:g} s")

    def _own_clients(self) -> range:
        session = self.process.session
        users = session.share.processes * session.users
        return range(
            session.share.number + self.number * session.share.processes, self._given.clients, users
        )

    def _prepare_write(self, path: str, data: str) -> None:
        length, name = self.name_length, placeholder(self.name_length)
        body = compact(self._configmap(name, data))
        begin, _, end = body.partition(NEVER.encode("ascii"))
        self._body = (Template(begin, length), Template(end, length))
        self._put = Template(head(self.identity, "PUT", f"{path}/{name}", body), length)

    def _configmap(self, name: str, data: str) -> Object:
        metadata = self.metadata(name, annotations={WRITTEN_AT: NEVER})
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {"value": data},
        }
