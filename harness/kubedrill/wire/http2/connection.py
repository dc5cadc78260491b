"""Wire: one TLS connection that carries many HTTP/2 requests at once. Never retries."""

import _socket
from collections.abc import Callable

from kubedrill.clock import now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import NotSent, WireError
from kubedrill.wire.http2.driving import Driving
from kubedrill.wire.http2.frame_connection import FrameConnection
from kubedrill.wire.http2.session import QueuePlace
from kubedrill.wire.http2.streams import Http2Stream, Incoming, Whole
from kubedrill.wire.response import ENDS, Each, Response
from kubedrill.wire.target import Target
from kubedrill.wire.tls_connection import LATE


class Http2Connection(FrameConnection):
    """A TLS connection with streams. A stream that fails leaves it, and the other streams, as they are."""

    __slots__ = ("held",)

    def __init__(self, sock: _socket.socket, target: Target, waiting: Driving) -> None:
        super().__init__(sock, target, waiting)
        self.held: Callable[[int], None] = _nobody_asks
        """Called with the ns that whoever calls has just waited for a stream of its own."""

    @property
    def takes_more(self) -> bool:
        """Whether it takes new streams, at once or when others have ended."""
        return not self._session.gone

    @property
    def has_room(self) -> bool:
        """Whether the server takes another stream now."""
        session = self._session
        return session.free > 0 and not session.gone

    @property
    def streams(self) -> int:
        """How many streams there are, and wait to be."""
        return len(self._session.streams) + len(self._session.queue)

    def exchange(
        self,
        request: bytes,
        deadline: int,
        keep_body: bool = False,
        keep_head: int = ENDS,
        each: Each | None = None,
    ) -> Response:
        """Send a request of `prepare_http2` and return its whole answer, until `deadline` (monotonic ns).

        The body is discarded, but for its first `keep_head` bytes and its last 16; `each` gets all of it.
        WireError RESET, EOF, TLS, MALFORMED end all that is on the connection; TIMEOUT, STREAM_RESET, GOAWAY,
        NO_CONNECTION (the server took no stream in time) this exchange only, and NotSent. What ends a long
        body early is seen at the next `look` or request, at the deadline at the latest.
        """
        answer = Whole(keep_body, keep_head, each)
        self._ask(answer, request, deadline)
        return answer.response(self.peer)

    def stream(self, request: bytes, deadline: int) -> Http2Stream:
        """Send a request and return its answer once its head has come, until `deadline`; as `exchange`."""
        stream = Http2Stream(self)
        self._ask(stream, request, deadline)
        return stream

    # For streams:

    def wait(self, stream: Incoming, deadline: int) -> bool:
        """Wait until something has come; False when `deadline` has passed."""
        return self._waiting.wait(stream, deadline)

    def call(self, stream: Incoming, deadline: int, what: Callable[[], object]) -> None:
        """Call something, from the event loop, once something has come or `deadline` has passed."""
        self._waiting.call(stream, deadline, what)

    def credit(self, stream: Incoming) -> None:
        """Let the server send as much more as was taken."""
        self._session.credit(stream)
        self._flush_soon()

    def cancel(self, stream: Incoming) -> None:
        """Reset the stream, if it has not ended."""
        if not self.closed:
            self._session.cancel(stream)
            self._flush_soon()

    def _ask(self, stream: Incoming, request: bytes, deadline: int) -> None:
        """Send a request and wait until what was asked for is there."""
        self._begin(stream, request, deadline)
        in_time = True
        try:
            while not (stream.is_there or stream.failure) and in_time:
                in_time = self._waiting.wait(stream, deadline)
        except BaseException:
            self.cancel(stream)
            raise
        if not in_time:
            self._catch_up()  # it may say what went wrong
        if not stream.is_there:
            raise self._failed(stream)

    def _begin(self, stream: Incoming, request: bytes, deadline: int) -> None:
        self._catch_up()  # the server may have said that it takes no more
        session = self._session
        if session.gone:
            raise self._not_sent()
        if session.free > 0:
            session.free -= 1
        else:
            self._queue(deadline)
        session.begin(stream, request)
        self._flush_soon()

    def _queue(self, deadline: int) -> None:
        """Wait until the server takes another stream."""
        session, place = self._session, QueuePlace()
        session.queue.append(place)
        self._flush_soon()  # woken for any byte from then on
        began, in_time = now(), True
        try:
            while not (place.granted or session.gone) and in_time:
                in_time = self._waiting.wait(place, deadline)
        except BaseException:
            self._give_up(place)
            raise
        self.held(now() - began)
        if session.gone:
            raise self._not_sent()
        if not place.granted:
            self._give_up(place)
            raise self._failure(Outcome.NO_CONNECTION, "all streams were in use all the time")

    def _give_up(self, place: QueuePlace) -> None:
        self._session.give_up(place)
        self._flush_soon()

    def _not_sent(self) -> NotSent:
        failure = NotSent(Outcome.GOAWAY, self._session.gone)
        failure.peer = self.peer
        return failure

    def _failed(self, stream: Incoming) -> WireError:
        if stream.failure:
            return stream.error(self.peer)
        self.cancel(stream)
        return self._failure(Outcome.TIMEOUT, LATE, stream.first_byte)

    def _failure(self, outcome: Outcome, message: str, first_byte: int = 0) -> WireError:
        failure = WireError(outcome, message, first_byte)
        failure.peer = self.peer
        return failure


def _nobody_asks(_: int) -> None:
    pass
