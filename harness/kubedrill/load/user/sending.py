"""Load: how a user of a profile sends requests, and records what becomes of their parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import gevent
from locust import User

from kubedrill.client.greenlets.http2_pool import Http2Pool
from kubedrill.client.greenlets.pool import Pool
from kubedrill.clock import SECOND, now
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.recorder import Recording
from kubedrill.load.user.result import Arrival, RequestSeries, Result
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import ENDS, Each, Response
from kubedrill.wire.stream import Streaming

LEAST_PAUSE_S = 0.001
"""Before what is sent again: a Retry-After of 0 must let others run, and the sockets be looked at."""


class SendingUser(User):
    """Sends requests on its connections, and records what becomes of the parts of its arrivals."""

    abstract = True
    series: ClassVar[tuple[RequestSeries, ...]]
    """What the samples hold; the first one are the arrivals. `.refused` comes on top: what was refused
    with Retry-After, and has been sent again."""
    given: Parameters
    timeout: int
    """Of an arrival, ns."""
    _pool: Pool | Http2Pool
    _recorder: Recording

    def send(
        self, request: bytes, deadline: int, keep_head: int = ENDS, each: Each | None = None
    ) -> Response:
        """Send a request and return its answer; raises WireError. `each` gets its body if it succeeds."""
        while True:
            started = now()
            response = self._pool.exchange(request, deadline, keep_head, each)
            if response.retry_after is None:
                return response
            self._count_retry_after(response)
            if self.given.retry_after == "ignore":
                return response
            pause_s = max(response.retry_after, LEAST_PAUSE_S)
            if now() + round(pause_s * SECOND) > deadline:
                return response
            refused = Result.of(response, response.status)
            self.record(len(self.series) - 1, started, started, refused)
            self.count("sent again after Retry-After")
            gevent.sleep(pause_s)

    def send_part(
        self, series: int, request: bytes, due: int, deadline: int, keep_head: int = ENDS
    ) -> Response:
        """Send a part of a transaction; whatever comes of it is recorded under the series of that index.

        Raises WireError, as `send` does.
        """
        started = now()
        try:
            with self.recorded_if_cut(series, due, started):
                response = self.send(request, deadline, keep_head)
        except WireError as error:
            self.record(series, due, started, Result.failed(error))
            raise
        self.record(series, due, started, Result.of(response, response.status))
        return response

    @contextmanager
    def stream(self, request: bytes, deadline: int) -> Iterator[Streaming]:
        """Send a request, and give its answer as it comes; closed at the end. Raises WireError."""
        stream = self.open_stream(request, deadline)
        try:
            yield stream
        finally:
            self.close_stream(stream)

    def open_stream(self, request: bytes, deadline: int) -> Streaming:
        """Send a request and return its answer as it comes; raises WireError."""
        stream = self._pool.stream(request, deadline)
        if stream.retry_after is not None:
            self._count_retry_after(stream)
        return stream

    def close_stream(self, stream: Streaming) -> None:
        """Close what `open_stream` opened."""
        self._pool.end(stream)

    def rest(self, arrival: Arrival, seconds: float) -> None:
        """Let an arrival pause: if the load ends meanwhile, no answer is missing."""
        arrival.resting = True
        gevent.sleep(seconds)
        arrival.resting = False

    def count(self, what: str, number: int = 1) -> None:
        """Count something that is no request; the sums stand in the process's vitals."""
        self._recorder.counts[what] += number

    def record(self, series: int, due: int, started: int, result: Result) -> None:
        """Record a part of a transaction under the series of that index."""
        self._recorder.add(series, due, started, result)

    def unfinished(self, due: int) -> Result:
        """Return the result of what was due then and is not done at the load's end.

        CUT, unless it has lasted for longer than an arrival may.
        """
        at = now()
        outcome = Outcome.CUT if at - due <= self.timeout else Outcome.TIMEOUT
        return Result(outcome, 0, at, 0)

    @contextmanager
    def recorded_if_cut(self, series: int, due: int, started: int) -> Iterator[None]:
        """Record as `unfinished` what the load's end interrupts."""
        try:
            yield
        except gevent.GreenletExit:
            self.record(series, due, started, self.unfinished(due))
            raise

    def _count_retry_after(self, refused: Response | Streaming) -> None:
        self.count(f"http {refused.status}, Retry-After {refused.retry_after:g} s")
