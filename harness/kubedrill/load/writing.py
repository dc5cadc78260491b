"""Load: the base of profiles that write. What they make is labelled, in namespaces of their own, and swept.

Namespaces carry the labels of the run, so that one sweep finds everything that any load has made:
kubedrill.seed.sweep after a drill, `kubedrill heal` after a crash.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import ClassVar

import gevent

from kubedrill.client.insisting import SAID, Patience, Refused, insist
from kubedrill.clock import SECOND, now
from kubedrill.load.template import Object, compact
from kubedrill.load.user import KubernetesUser, Result
from kubedrill.load.user.kubernetes_user import NotPrepared
from kubedrill.record.catalogue import Makes
from kubedrill.record.labels import RUN, labels_of
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import ENDS, Response

OK = 200
NOT_FOUND = 404
CONFLICT = 409
"""There already, from an attempt whose answer was lost, or made by another process of this load."""

DIGITS = 8
"""Of the number in a name: names of one length, for requests that are prepared once."""

PATIENCE = Patience(0.2, 2.0, attempts=5)
CALL_TIMEOUT = 30 * SECOND
PREPARING = 16
"""Calls at once while the load prepares."""
LOOK_S = 0.25
"""How often is looked for what the cluster does."""

IN_A_NAMESPACE = 3
"""Objects: the namespace, and what controllers put into it, its default account and the CA's certificate."""
NAMESPACE_BYTES = 1000
"""Of each of them, about: in etcd 560, 210 and 1,250; a ResourceQuota has 900."""
OBJECT_BYTES = 900
"""What an object has beside what it is made for: key, names, labels, `managedFields`.

In etcd, of Kubernetes 1.37.2, a ConfigMap has 500, a Secret 510, a Lease 600, an Event 750, where the load's
name has 4 letters (tests/load/test_writing.py); the longest, of 20, stands in each five times.
"""

_logger = logging.getLogger("locust.kubedrill")


class WritingUser(KubernetesUser):
    """A user that makes objects."""

    abstract = True
    numbers = count()
    """Of the objects; a part of a mix has a count of its own."""
    stem: str
    """What the names of objects begin with."""
    _made: ClassVar[dict[str, gevent.Greenlet]] = {}

    def on_start(self) -> None:
        """Take part in the load, and say how what it makes is deleted, where nobody else does it."""
        self.stem = self.process.session.load[:20]
        super().on_start()
        tell_what_stays(self)

    @property
    def prefix(self) -> str:
        """What the names of this load begin with; its namespaces' names, too."""
        return f"kubedrill-{self.process.session.run_name.lower()}-{self.stem}"

    @property
    def labels(self) -> dict[str, str]:
        """What everything is labelled with that this load makes."""
        return labels_of(self.process.session.run_name)

    @property
    def name_length(self) -> int:
        """How long the names are that `next_name` gives."""
        return len(self.stem) + 1 + DIGITS

    def next_turn(self, total: int = 0) -> tuple[int, int]:
        """Return (round, number) of the next object: below `total` in turn, or ever new ones (0).

        No other user and no other process of this load gets the same in the same round.
        """
        return self.process.session.share.turn(next(self.numbers), total)

    def name(self, number: int) -> bytes:
        """Return an object's name, `name_length` bytes."""
        return f"{self.stem}-{number:0{DIGITS}}".encode("ascii")

    def namespace(self, number: int) -> str:
        """Return the name of one of this load's namespaces."""
        return f"{self.prefix}-{number:05}"

    def namespace_object(self, name: str) -> Object:
        """Return a namespace that the sweep will find."""
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": self.metadata(name)}

    def metadata(self, name: str, **more: object) -> Object:
        """Return an object's metadata with the labels."""
        return {"name": name, "labels": self.labels, **more}

    def make_namespaces(self, number: int) -> list[str]:
        """Make sure that that many namespaces are there, and return their names."""
        names = [self.namespace(index) for index in range(number)]
        calls = (("POST", "/api/v1/namespaces", self.namespace_object(name)) for name in names)
        self.once("namespaces", calls)
        return names

    def once(self, what: str, calls: Iterable[tuple[str, str, Object]]) -> None:
        """Make the calls (method, path, object), a few at once; only the first user does, all wait."""
        what = f"{self.stem} {what}"
        made = self._made.get(what)
        if made is None:
            made = self._made[what] = gevent.spawn(self._make_all, iter(calls))
        made.get()

    def look_until(
        self,
        series: int,
        request: bytes,
        there: Callable[[Response], bool],
        deadline: int,
        keep_head: int = ENDS,
    ) -> Result:
        """Ask until an answer is as wanted, which is then 200; each look is recorded under that series."""
        while (due := now()) < deadline:
            try:
                response = self.send_part(series, request, due, deadline, keep_head)
            except WireError as error:
                return Result.failed(error)
            if there(response):
                return Result.of(response, OK)
            if response.status not in {OK, NOT_FOUND}:
                return Result.of(response, response.status)
            gevent.sleep(min(LOOK_S, max(deadline - now(), 0) / SECOND))
        return Result(Outcome.TIMEOUT, 0, now(), 0)

    def await_there(self, path: str, seconds: float) -> None:
        """Wait until something is there that the cluster makes; NotPrepared if it does not."""
        request, until = self.identity.request("GET", path), now() + round(seconds * SECOND)
        while now() < until:
            if self.send(request, until).status == OK:
                return
            gevent.sleep(0.1)
        raise NotPrepared(f"{path} has not come within {seconds:g} s")

    def call(self, method: str, path: str, body: Object | None = None) -> Response:
        """Return an answer while preparing; NotPrepared for all but success and 409."""
        request = self.identity.request(method, path, body=compact(body) if body else b"")

        def once() -> Response:
            return self.send(request, now() + CALL_TIMEOUT, SAID)

        try:
            return insist(once, PATIENCE, (CONFLICT,), gevent.sleep)
        except Refused as refused:
            raise NotPrepared(f"{method} {path}: {refused}") from None

    def _make_all(self, calls: Iterator[tuple[str, str, Object]]) -> None:
        making = [gevent.spawn(self._make, calls) for _ in range(PREPARING)]
        gevent.joinall(making, raise_error=True)

    def _make(self, calls: Iterator[tuple[str, str, Object]]) -> None:
        for method, path, value in calls:
            self.call(method, path, value)


def namespaces(number: int) -> Makes:
    """Return what so many namespaces are that are made before the load."""
    return Makes(NAMESPACE_BYTES, before=IN_A_NAMESPACE * number)


def tell_what_stays(user: KubernetesUser) -> None:
    """Say once how what a load makes is deleted, where nobody else does it."""
    session = user.process.session
    if user.number == 0 and not session.swept:
        selector = f"{RUN}={session.run_name}"
        _logger.warning("what this makes stays: kubectl delete namespaces -l %s", selector)
