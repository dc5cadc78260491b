"""Wire: one TLS connection that carries many HTTP/2 requests at once. Never retries.

The event loop calls it when something has come, and it wakes who has waited for that: the bytes of many
answers are received, decrypted and told apart in one go, those of many requests encrypted and sent in one go.
"""

import _socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Self

from kubedrill.clock import now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import NotSent, WireError, from_os_error
from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.driving import Driving, Waiter
from kubedrill.wire.http2.frames import Cutter
from kubedrill.wire.http2.session import Http2Session, QueuePlace
from kubedrill.wire.http2.silence import Do, Silence
from kubedrill.wire.http2.streams import Http2Stream, Incoming, Whole
from kubedrill.wire.response import ENDS, Each, Response
from kubedrill.wire.target import Target
from kubedrill.wire.tls_connection import CUT_OFF, TlsConnection, borrowed

LATE = "no whole answer in time"
PROTOCOL = "h2"


class Http2Connection(TlsConnection[Driving]):
    """A TLS connection with streams. A stream that fails leaves it, and the other streams, as they are."""

    __slots__ = ("_cutter", "_flushing", "_session", "_silence", "_unsent", "held")

    def __init__(self, sock: _socket.socket, target: Target, waiting: Driving) -> None:
        super().__init__(sock, target, waiting)
        self._session = Http2Session()
        self._cutter = Cutter(self._session)
        self._silence = Silence()
        self._unsent = b""  # encrypted, for which the kernel had no room
        self._flushing = False
        self.held: Callable[[int], None] = _nobody_asks
        """Called with the ns that whoever calls has just waited for a stream of its own."""

    @classmethod
    def open(cls, target: Target, deadline: int, waiting: Callable[[int], Driving]) -> Self:
        """Connect, shake hands and exchange SETTINGS until `deadline` (monotonic ns).

        WireError as for TlsConnection.open; TLS also if the server does not choose HTTP/2, MALFORMED if it
        is none. `target.tls` must offer it.
        """
        self = super().open(target, deadline, waiting)
        try:
            self._greet(deadline)
        except OSError as error:
            self.close()
            raise from_os_error(error) from None
        except BaseException:
            self.close()
            raise
        self._waiting.drive(self)
        return self

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

    def close(self) -> None:
        """Close the connection at once; what is on it fails as RESET. More than once is allowed."""
        self._fail(Outcome.RESET, "closed here")

    def look(self, at: int) -> None:
        """End with UNREACHABLE if the peer is silent, and answers no PING. To be called every few seconds."""
        self._catch_up()
        do = self._silence.look(self.bytes_in, at)
        if do is Do.ASK and not self.closed:
            self._session.out.frames.append(frames.PING_FRAME)
            self._flush_soon()
        elif do is Do.END:
            self._fail(Outcome.UNREACHABLE, "no answer to a PING")

    # For streams:

    def wait(self, stream: Incoming, deadline: int) -> bool:
        """Wait until something has come; False when `deadline` has passed."""
        return self._waiting.wait(stream, deadline)

    def credit(self, stream: Incoming) -> None:
        """Let the server send as much more as was taken."""
        self._session.credit(stream)
        self._flush_soon()

    def cancel(self, stream: Incoming) -> None:
        """Reset the stream, if it has not ended."""
        if not self.closed:
            self._session.cancel(stream)
            self._flush_soon()

    # For the event loop:

    def receive(self) -> None:
        """Take what has come, wake who has waited for it, and send what they send, in one go."""
        try:
            self._receive()
        except (WireError, OSError) as error:
            self._break(error)
        self.flush()

    def flush(self) -> None:
        """Wake who may go on, and send what is to be sent, as far as the kernel has room."""
        self._flushing = True
        self._wake()
        self._flushing = False
        if self.closed:
            return
        try:
            self._flush()
        except OSError as error:
            self._break(error)
        session = self._session
        if session.gone and not (session.streams or self._unsent):
            self.close()
        else:
            self._gather(session.certain)

    def waiters(self) -> Iterable[Waiter]:
        """Return all that somebody may wait for."""
        return self._session.waiters()

    def _greet(self, deadline: int) -> None:
        if self._tls.selected_alpn_protocol() != PROTOCOL:
            raise WireError(Outcome.TLS, "the server does not speak HTTP/2")
        self._encrypt()
        self._send(deadline)
        with borrowed() as scratch:  # may have come together with the end of the handshake
            self._decrypt(scratch, self._cutter.feed)
        self._check_end()
        while not self._session.greeted:
            self._wait_readable(deadline, "no SETTINGS in time")
            self._receive()

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

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._waiting.flush_soon()

    def _catch_up(self) -> None:
        """Take what has come and is too little to be woken for; also in the middle of a flush."""
        if self._least > 1 and not self.closed:
            self.receive()

    def _receive(self) -> None:
        """Take what has come, if anything has."""
        self._take_in(self._cutter.feed)
        self._check_end()

    def _check_end(self) -> None:
        if self._ended:
            raise WireError(Outcome.EOF, CUT_OFF)

    def _encrypt(self) -> None:
        parts = self._session.out.frames
        if parts:
            self._write(b"".join(parts))
            parts.clear()

    def _flush(self) -> None:
        while True:
            if not self._unsent:
                self._encrypt()
                self._unsent = self._outgoing.read()
                if not self._unsent:
                    return
                self.bytes_out += len(self._unsent)
            try:
                sent = self._socket.send(self._unsent)
            except BlockingIOError:
                self._waiting.flush_when_writable()
                return
            self._unsent = self._unsent[sent:]

    def _wake(self) -> None:
        woken = self._session.woken
        while woken:
            batch = woken.copy()
            woken.clear()
            self._waiting.wake(batch)

    def _break(self, error: WireError | OSError) -> None:
        failure = from_os_error(error) if isinstance(error, OSError) else error
        if failure.outcome == Outcome.MALFORMED and not self.closed:
            # So that the server's log shows it, too.
            self._session.out.frames.append(frames.goaway(frames.PROTOCOL_ERROR))
            with suppress(OSError):
                self._flush()
        self._fail(failure.outcome, str(failure))

    def _fail(self, outcome: Outcome, message: str) -> None:
        if not self.closed:
            super().close()
            self._session.go(message)
            self._session.fail(outcome, message)
            self._wake()


def _nobody_asks(_: int) -> None:
    pass
